"""The lab's pieces that run in the browser: the network as a picture, the addition step by step, the skip sliders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from app.parts.browser_parts import register
from app.parts.pictures import Shown

_network = register("network")
_addition = register("addition")
_scaling = register("scaling")


def network(boxes: Sequence[Mapping[str, Any]], *, key: str, chosen: str, on_box: Callable[[str], None]) -> None:
    """Boxes and arrows; a click on a box calls `on_box(name)` before the page runs."""

    def clicked() -> None:
        name = (st.session_state.get(key) or {}).get("box")
        if name in [box["name"] for box in boxes]:
            on_box(name)

    _network(key=key, data={"boxes": list(boxes), "chosen": chosen}, on_box_change=clicked)


def addition(
    data: Mapping[str, Any], *, key: str, on_step: Callable[[int], None], on_cell: Callable[[str, int, int], None]
) -> None:
    """The steps from the first scores to the label map; reports the step in view and the chosen cell of a map."""

    def stepped() -> None:
        step = (st.session_state.get(key) or {}).get("step")
        if isinstance(step, int | float) and 1 <= step <= len(data["steps"]):
            on_step(int(step))

    def clicked() -> None:
        cell = (st.session_state.get(key) or {}).get("cell")
        if isinstance(cell, dict) and cell.get("name") in data["maps"]:
            of = data["maps"][cell["name"]]
            column, row = int(cell.get("column", -1)), int(cell.get("row", -1))
            if 0 <= column < of["width"] and 0 <= row < of["height"]:
                on_cell(cell["name"], column, row)

    _addition(key=key, data=dict(data), on_step_change=stepped, on_cell_change=clicked)


def scaling(
    shown: Shown,
    skips: Sequence[tuple[str, str, int, str]],
    *,
    key: str,
    alt: str,
    milliseconds: float,
    on_scales: Callable[[dict[str, int]], None],
) -> None:
    """A picture over sliders; skips are (name, colour, percent, way), way being free, lock or hide.

    `on_scales` gets name -> percent, -100 to 200.
    """
    turn = st.session_state.setdefault(f"{key}-turn", 0)

    def moved() -> None:
        wish = (st.session_state.get(key) or {}).get("scales")
        st.session_state[f"{key}-turn"] += 1  # an answer with unchanged values must reach the browser too
        if isinstance(wish, dict):
            named = {name: wish[name] for name, *_ in skips if isinstance(wish.get(name), int | float)}
            on_scales({name: int(min(200, max(-100, value))) for name, value in named.items()})

    _scaling(
        key=key,
        data={
            "src": shown.src,
            "width": shown.width,
            "height": shown.height,
            "alt": alt,
            "skips": [
                {"name": name, "colour": colour, "value": value, "way": way} for name, colour, value, way in skips
            ],
            "milliseconds": round(milliseconds),
            "turn": turn,
        },
        on_scales_change=moved,
    )
