"""The cell in question: which map it lies on, and where, from the pixel in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app.labs.receptive_fields.nets import Net
from app.visitor import session, widgets
from fcn_core.analysis.fields.effective_field import FieldTarget
from fcn_core.analysis.fields.receptive_field import Box, LayerField

LAYER = "layer"
HEAD = "logits."  # what the names of heads begin with


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
    def target(self) -> FieldTarget:
        # A sum or concatenation ends the block that it stands in, so the block's output stands for it.
        return FieldTarget(self.map.name.split(": ")[0], self.row, self.column)

    @property
    def cell(self) -> str:
        """What kind of cell it is: "a pixel of the 8s head", "a cell of pool4"."""
        name = title(self.map)
        return name.replace("Pixels of", "a pixel of") if is_head(self.map) else f"a cell of {name}"

    @property
    def words(self) -> str:
        return f"{self.cell}, row {self.row}, column {self.column}"


def is_head(layer: LayerField) -> bool:
    """Whether a map is a head's, with one cell a pixel."""
    return layer.name.startswith(HEAD)


def title(layer: LayerField) -> str:
    """What a map is called."""
    return (
        f"Pixels of the {layer.name.removeprefix(HEAD)}s head" if is_head(layer) else layer.label.removeprefix("maps.")
    )


def place_picker(net: Net, size: tuple[int, int], pixel: tuple[int, int] | None) -> Place:
    """The map to look from: a head's pixels, or any layer; its cell at the pixel (x, y), by default the middle's.

    size: (H, W) of the picture. The head in hand is looked from until a layer is chosen.
    """
    maps = net.maps
    heads = {name: f"{name.removeprefix(HEAD)}s" for name in maps if name.startswith(HEAD)}
    layers = [name for name in maps if name not in heads]
    usual = f"{HEAD}{session.bench().head}"
    usual = usual if usual in heads else list(heads)[-1]
    held = session.setting("r_map")
    if held and held not in layers:
        st.caption(f":material/info: This network has no map `{held}`; {title(maps[usual])[:1].lower()}"
                   f"{title(maps[usual])[1:]} are shown.")  # fmt: skip
    chosen = held if held in layers else usual
    st.session_state["control-r_from"] = chosen if chosen in heads else LAYER
    st.segmented_control(
        "Look from a pixel of head", [*heads, LAYER], format_func=lambda name: heads.get(name, "a layer's cell"),
        required=True, wrap=True, key="control-r_from", on_change=_choose_from, args=(_middle(layers),),
    )  # fmt: skip
    if chosen in layers:
        st.session_state["control-r_map"] = chosen
        st.selectbox(
            "Layer, in the order of the pass", layers, format_func=lambda name: _option(maps[name]),
            key="control-r_map", on_change=_choose_map,
        )  # fmt: skip
    x, y = pixel or (size[1] // 2, size[0] // 2)
    found = maps[chosen]
    cell = (y, x) if chosen in heads else found.cell_at(y, x)  # a head's pixels are the photo's
    return Place(net, found, *cell)


def _middle(layers: list[str]) -> str:
    return next((name for name in ("pool4", "inception4e") if name in layers), layers[len(layers) // 2])


def _choose_from(layer: str) -> None:
    name = st.session_state["control-r_from"]
    if name != LAYER:
        session.hold(head=int(name.removeprefix(HEAD)))
    session.change_setting("r_map", layer if name == LAYER else "")


def _choose_map() -> None:
    session.change_setting("r_map", st.session_state["control-r_map"])


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
