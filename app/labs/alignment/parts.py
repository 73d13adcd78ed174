"""The lab's pieces that run in the browser: the chain as a table of rows to click, and where a pixel looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from app.parts.browser_parts import register

_chain = register("chain")
_looking = register("looking")
_drawing = register("drawing")


def chain_table(
    heads: Sequence[str], rows: Sequence[Mapping[str, Any]], *, key: str, chosen: str, on_layer: Callable[[str], None]
) -> None:
    """Rows have a `name`, `cells` (texts), `changed` (numbers of cells) and `kind`; a click calls `on_layer(name)`."""

    def clicked() -> None:
        name = (st.session_state.get(key) or {}).get("layer")
        if isinstance(name, str) and name in [row["name"] for row in rows if row["open"]]:
            on_layer(name)

    _chain(key=key, data={"heads": list(heads), "rows": list(rows), "chosen": chosen}, on_layer_change=clicked)


def looking(data: Mapping[str, Any], *, key: str, most: int, on_pixel: Callable[[int], None]) -> None:
    """Maps above each other where their cells look, and a slider over the output's pixels from 0 to `most`."""

    def moved() -> None:
        pixel = (st.session_state.get(key) or {}).get("pixel")
        if isinstance(pixel, int | float) and 0 <= pixel <= most:
            on_pixel(int(pixel))

    _looking(key=key, data={**data, "most": most}, on_pixel_change=moved)


def drawing(svg: str, *, key: str) -> None:
    """A chart as SVG, made by this project's own code."""
    _drawing(key=key, data={"svg": svg})
