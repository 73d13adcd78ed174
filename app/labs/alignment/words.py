"""Where the output looks, in words."""

from __future__ import annotations

import streamlit as st

from app.visitor import widgets
from fcn_core.analysis.aligning.chain import Chain, Walked, looks_at, text
from fcn_core.ops.conv_arithmetic import CoordinateMap


def formula(where: CoordinateMap) -> str:
    """`i − 3`, `2·i + 0.5`."""
    slope = "i" if where.scale == 1 else f"{text(where.scale)}·i"
    if where.offset == 0:
        return slope
    return f"{slope} {'−' if where.offset < 0 else '+'} {text(abs(where.offset))}"


def looks_in_words(chain: Chain, walked: Walked) -> None:
    """Where the output looks, one line a stream, or what is wrong."""
    if walked.problem:
        st.warning(f"This chain breaks off at {widgets.plain(walked.problem)}.", icon=":material/warning:")
        return
    streams = looks_at(chain)
    for where in dict.fromkeys(streams.values()):
        *first, last = (f"**{stream}**" for stream, its in streams.items() if its == where)
        names = f"{', '.join(first)} and {last}" if first else last
        if where == CoordinateMap():
            st.markdown(f":green[:material/check_circle:] through {names}: at pixel i, its own")
        elif where.scale == 1:
            side = "left and above" if where.offset < 0 else "right and below"
            st.markdown(
                f":orange[:material/error:] through {names}: at pixel **{formula(where)}**, "
                f"{text(abs(where.offset))} px too far {side}"
            )
        else:
            st.markdown(
                f":orange[:material/error:] through {names}: at pixel **{formula(where)}**: the strides down and up do "
                "not cancel, so it drifts off"
            )
