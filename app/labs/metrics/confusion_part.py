"""The confusion matrix as buttons: a click on a cell asks for its pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from app.labs.metrics.counts import CountedPixels
from app.parts.browser_parts import register
from app.parts.colours import hex_colour
from app.visitor import session
from fcn_core.labels import Colour

CELL = re.compile(r"(\d{1,3})\.(\d{1,3})")
_confusion = register("confusion")


def cell_of(text: str, counted: CountedPixels) -> tuple[int, int] | None:
    """(true class, predicted class) of `truth.prediction`, if the matrix shows such a cell."""
    found = CELL.fullmatch(text)
    if found is None:
        return None
    cell = int(found[1]), int(found[2])
    return cell if set(cell) <= set(counted.present) else None


def confusion(
    counted: CountedPixels, classes: Sequence[str], colours: Sequence[Colour], cell: tuple[int, int] | None
) -> None:
    """The rows and columns of the classes that are there."""
    present = counted.present

    def clicked() -> None:
        wish = (st.session_state.get("measures-confusion") or {}).get("cell")
        if isinstance(wish, dict) and {wish.get("truth"), wish.get("said")} <= set(present):
            session.change_setting("m_cell", f"{wish['truth']}.{wish['said']}")
        else:
            session.change_setting("m_cell", "")

    _confusion(
        key="measures-confusion",
        data={
            "classes": [{"index": i, "name": classes[i], "colour": hex_colour(colours[i])} for i in present],
            "counts": counted.matrix[present][:, present].tolist(),
            "cell": {"truth": cell[0], "said": cell[1]} if cell else None,
        },
        on_cell_change=clicked,
    )
