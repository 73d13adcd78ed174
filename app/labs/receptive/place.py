"""The cell in question: which map it lies on, and where, from the pixel in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app import session, widgets
from app.labs.receptive.nets import Net
from fcn_core.analysis.effective_field import Target
from fcn_core.analysis.receptive_field import Box, LayerField

PLAIN = {
    "logits.32": "Pixels of the 32s head",
    "logits.16": "Pixels of the 16s head",
    "logits.8": "Pixels of the 8s head",
}


@dataclass(frozen=True)
class Place:
    """One cell of one map of a network. `target` names it for gradients."""

    net: Net
    map: LayerField
    row: int
    column: int

    @property
    def box(self) -> Box:
        return self.map.box(self.row, self.column)

    @property
    def target(self) -> Target:
        # A sum or concatenation ends the block that it stands in, so the block's output stands for it.
        return Target(self.map.name.split(": ")[0], self.row, self.column)

    @property
    def words(self) -> str:
        name = title(self.map).replace("Pixels of", "a pixel of")
        return f"{name if self.map.name in PLAIN else f'a cell of {name}'}, row {self.row}, column {self.column}"


def title(layer: LayerField) -> str:
    return PLAIN.get(layer.name, layer.label.removeprefix("maps."))


def place_picker(net: Net, size: tuple[int, int], pixel: tuple[int, int] | None) -> Place:
    """The map to look from, as a list, and its cell at the pixel (x, y), by default in the middle of size (H, W).

    The head in hand is looked from until another map is chosen.
    """
    maps = net.maps
    heads = [name for name in maps if name.startswith("logits.")]
    usual = f"logits.{session.bench().head}"
    usual = usual if usual in heads else heads[-1]
    held = session.setting("r_map")
    chosen = held if held in maps else usual
    if held and held not in maps:
        st.caption(f":material/info: This network has no map `{held}`; {title(maps[chosen])} is shown.")
    st.session_state["control-r_map"] = chosen
    st.selectbox(
        "Look from a cell of", list(maps), format_func=lambda name: _option(maps[name]), key="control-r_map",
        on_change=_choose_map, args=(usual,),
    )  # fmt: skip
    x, y = pixel or (size[1] // 2, size[0] // 2)
    return Place(net, maps[chosen], *maps[chosen].cell_at(y, x))


def _choose_map(usual: str) -> None:
    name = st.session_state["control-r_map"]
    if name.startswith("logits."):
        session.hold(head=int(name.removeprefix("logits.")))
        name = ""
    session.change_setting("r_map", name)


def _option(layer: LayerField) -> str:
    axes = layer.axes
    size = "the whole picture" if layer.is_whole else f"sees {axes[1].size}×{axes[0].size}"
    return f"{title(layer)} · {axes[1].cells}×{axes[0].cells} cells, {size}"


def hold_from_canvas(size: tuple[int, int], room: int) -> Callable[[int, int], None]:
    """What a click on a canvas with `room` pixels of padding does: the nearest pixel of the photo (H, W) is held."""
    height, width = size

    def hold(x: int, y: int) -> None:
        widgets.hold_pixel(min(max(x - room, 0), width - 1), min(max(y - room, 0), height - 1))

    return hold
