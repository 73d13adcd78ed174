"""Where does output pixel i look? Every map drawn where its cells look, and the way down from a pixel."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.bench.strip import Strip
from app.labs.alignment import hand as in_hand
from app.labs.alignment import parts
from app.labs.alignment.chain_view import check_places
from app.labs.alignment.hand import Hand
from app.labs.alignment.words import looks_in_words
from app.labs.shared import lab
from app.labs.shared.streams import STREAM_COLOURS
from app.parts.colours import hex_colour
from app.visitor import session, widgets
from fcn_core.analysis.aligning.chain import Chain, ChainLayer, Walked, places
from fcn_core.analysis.aligning.probe import probed_places
from fcn_core.models.spec import STREAMS, score_of
from fcn_core.ops.conv_arithmetic import CoordinateMap, convolution_map, transposed_map

STREAM_OF_SCORE = {score_of(stream): stream for stream in STREAMS}


def show(strip: Strip) -> None:
    """The controls of the network, and the picture."""
    _live(in_hand.pick(strip))
    lab.show_code(CoordinateMap, convolution_map, transposed_map, places, probed_places)


@st.fragment
def _live(picked: Hand) -> None:
    """Only this is drawn again while a control changes; the pixel itself moves in the browser."""
    hand = in_hand.with_changes(picked)
    walked = hand.walked
    looks_in_words(hand.chain, walked)
    if walked.problem:
        st.caption("Change its layers, or take them all as built, under **The chain**.")
        return
    widgets.switch("a_near", "Close up", help="72 pixels on both sides of the pixel, or the photo's whole width")
    parts.looking(
        picture_data(hand.chain, walked) | {"near": session.setting("a_near"), "pixel": session.setting("a_i")},
        key="alignment-looking", most=hand.photo[1] - 1,
        on_pixel=lambda pixel: session.change_setting("a_i", pixel),
    )  # fmt: skip
    st.caption(
        "One axis, from the label map (top) to the photo (bottom). Every cell is drawn where it looks on the photo, as "
        "wide as its stride; a map of two streams is drawn where fc7 put it. The dotted line is the pixel's own "
        "column: a chain in place goes straight down it. A score cell sees far more than its own width, its receptive "
        "field; here only the middle of it is followed."
    )
    if hand.changes:
        names = ", ".join(hand.changes)
        st.caption(f":material/edit: Changed under **The chain**: {widgets.plain(names)}.")
    check_places(hand)


def picture_data(chain: Chain, walked: Walked) -> dict[str, Any]:
    """What the picture draws: rows from top to bottom, the steps down, and one ray a stream."""
    ups = [layer for layer in chain.layers if layer.kind == "transposed"][::-1]
    rows = [_row("label map", CoordinateMap(), walked.photo[1], "")]
    way: list[dict[str, Any]] = []
    rays: dict[str, list[str]] = {}
    here, passed = "label map", ["label map"]
    for up in ups:
        below = chain.layer(up.sources[0])
        placed = walked.find(below.name)
        stream = STREAM_OF_SCORE.get(below.name, "")
        rows.append(_row(below.name, placed.coordinates, placed.size[1], stream))
        way.append(_step("enlarge", up, here, below.name))
        here, passed = below.name, [*passed, below.name]
        if below.kind == "sum":
            skip = chain.layer(below.sources[1])
            mine = walked.find(skip.name)
            bare = CoordinateMap(mine.coordinates.scale, mine.coordinates(-skip.crop))
            rows.append(_row(skip.name, bare, mine.full[1], STREAM_OF_SCORE[skip.name]))
            way.append(_step("skip", skip, below.name, skip.name))
            rays[STREAM_OF_SCORE[skip.name]] = [*passed, skip.name]
    rays["fc7"] = passed
    rows.append(_row("photo", CoordinateMap(), walked.photo[1], ""))
    order = [stream for stream in STREAM_COLOURS if stream in rays]
    return {
        "rows": [row | {"level": level} for level, row in enumerate(rows)],
        "way": way,
        "rays": [{"name": name, "rows": rays[name], "colour": hex_colour(STREAM_COLOURS[name])} for name in order],
        "width": walked.photo[1],
    }


def _row(name: str, where: CoordinateMap, cells: int, stream: str) -> dict[str, Any]:
    title = f"{name} (of {stream})" if stream else name
    return {
        "name": name, "title": title, "scale": float(where.scale), "offset": float(where.offset), "cells": cells,
        "colour": hex_colour(STREAM_COLOURS[stream]) if stream else "",
    }  # fmt: skip


def _step(kind: str, layer: ChainLayer, start: str, stop: str) -> dict[str, Any]:
    return {
        "kind": kind, "name": layer.name, "from": start, "to": stop, "kernel": layer.kernel, "stride": layer.stride,
        "padding": layer.padding, "crop": layer.crop,
    }  # fmt: skip
