"""The whole chain as a table: every number of every layer, the size of its map, where its cells look; all to change."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from app.bench.strip import Strip
from app.labs.alignment import hand as in_hand
from app.labs.alignment import parts
from app.labs.alignment.hand import Hand
from app.labs.alignment.words import looks_in_words
from app.labs.shared import lab
from app.visitor import session, widgets
from fcn_core.analysis.aligning.chain import ChainLayer, Placed, Walked, derived_crops, looks_at, places, text, walk
from fcn_core.analysis.aligning.probe import probed_places, torch_sizes
from fcn_core.ops.conv_arithmetic import CoordinateMap, convolution_size, transposed_size

HEADS = ("layer", "kernel", "stride", "pad", "crop", "map, w×h", "a cell every", "cell 0 looks at")
SLIDERS = {
    "padding": ("Padding, on every side", 0, 128),
    "kernel": ("Kernel", 1, 128),
    "stride": ("Stride", 1, 64),
    "crop": ("Crop, off the top and the left", 0, 128),
}


def show(strip: Strip) -> None:
    """The controls of the network, and its chain."""
    _live(in_hand.pick(strip))
    lab.show_code(walk, derived_crops, convolution_size, transposed_size, probed_places, torch_sizes)


@st.fragment
def _live(picked: Hand) -> None:
    """Only this is drawn again while a slider moves."""
    hand = in_hand.with_changes(picked)
    walked = hand.walked
    large = session.setting("large")  # the table then needs more of the width
    controls, board = st.columns([1, 2.9], gap="small") if large else st.columns([1, 2.1], gap="large")
    open_names = [layer.name for layer in hand.chain.layers if layer.kind not in ("sum", "block")]
    asked = session.setting("a_layer")
    chosen = asked if asked in open_names else open_names[0]
    where = {name: next(iter(streams.values())) for name, streams in places(hand.chain).items()}
    with board:
        rows = [_row(hand, layer, walked, where[layer.name]) for layer in hand.chain.layers]
        parts.chain_table(
            HEADS, [*rows, _output(walked, hand.photo)],
            key="alignment-chain", chosen=chosen, on_layer=lambda name: session.change_setting("a_layer", name),
        )  # fmt: skip
        st.caption(
            "Click a layer to change its numbers; changed ones are in colour. *Map*: its size before the crop. *A cell "
            "every*: pixels of the photo from one cell to the next. *Cell 0 looks at*: the pixel under its centre, "
            "after the crop; 0 is the middle of the photo's first pixel. Poolings round sizes up, as Caffe's do; "
            "kernels and crops are square."
        )
    with controls:
        _sliders(hand, hand.chain.layer(chosen))
        st.markdown("**Where does output pixel i look?**")
        looks_in_words(hand.chain, walked)
        _buttons(hand)
    if not walked.problem:
        check_sizes(hand, walked)
    check_places(hand)


def _row(hand: Hand, layer: ChainLayer, walked: Walked, where: CoordinateMap) -> dict[str, Any]:
    usual = hand.usual.layer(layer.name)
    numbers = ("kernel", "stride", "padding", "crop")
    bare = layer.kind in ("sum", "block")
    shown = ["" if bare or (n == "crop" and not layer.may_crop) else str(getattr(layer, n)) for n in numbers]
    if bare:
        shown[0] = "+" if layer.kind == "sum" else "block"
    found: Placed | None = next((p for p in walked.maps if p.layer.name == layer.name), None)
    size = "–" if found is None else f"{found.full[1]}×{found.full[0]}"
    marks = [i + 1 for i, n in enumerate(numbers) if getattr(layer, n) != getattr(usual, n)]
    cells = [layer.name, *shown, size, f"{text(where.scale)} px", text(where.offset)]
    wrong = walked.problem.startswith(f"{layer.name}:")
    return {
        "name": layer.name, "cells": cells, "changed": marks, "kind": layer.kind, "wrong": wrong,
        "open": not bare and not (widgets.hidden("a_layer") or widgets.locked("a_layer")),
    }  # fmt: skip


def _output(walked: Walked, photo: tuple[int, int]) -> dict[str, Any]:
    output = walked.output
    size, each, first = "–", "–", "–"
    if output is not None:
        size, each = f"{photo[1]}×{photo[0]}", f"{text(output.coordinates.scale)} px"
        first = text(output.coordinates.offset)
    cells = ["label map", "", "", "", "", size, each, first]
    return {"name": "label map", "cells": cells, "changed": [], "kind": "sum", "open": False, "wrong": False}


def _sliders(hand: Hand, layer: ChainLayer) -> None:
    st.markdown(f"**{layer.name}**: {_kind(layer)}")
    for what, (label, low, high) in SLIDERS.items():
        if what == "crop" and not layer.may_crop:
            continue
        now = getattr(layer, what)
        if layer.kind == "pooling" and what == "padding":
            high = max(layer.kernel // 2, now, 1)
        _slider(hand, layer.name, what, label, low, max(high, now), now)


def _slider(hand: Hand, name: str, what: str, label: str, low: int, high: int, now: int) -> None:
    """A slider over one number of one layer; it lives in the setting a_set, together with all other changes."""
    if widgets.hidden("a_set"):
        return
    key = f"alignment-{what}"
    st.session_state[key] = now
    usual = getattr(hand.usual.layer(name), what)
    st.slider(
        label if now == usual else f"{label} :gray[(built with {usual})]", low, high, key=key,
        on_change=partial(_moved, hand, name, what, key), disabled=widgets.locked("a_set"),
    )  # fmt: skip


def _moved(hand: Hand, name: str, what: str, key: str) -> None:
    changes = {layer: dict(values) for layer, values in hand.changes.items()}
    changes.setdefault(name, {})[what] = int(st.session_state[key])
    in_hand.hold_changes(changes, hand)


def _kind(layer: ChainLayer) -> str:
    if layer.kind == "transposed":
        return "transposed convolution, bilinear"
    return "max pooling" if layer.kind == "pooling" else "convolution"


def _buttons(hand: Hand) -> None:
    if widgets.hidden("a_set"):
        return
    crops, why_not = {}, ""
    try:
        crops = derived_crops(hand.chain)
    except ValueError as problem:
        why_not = str(problem)
    own = {layer.name: layer.crop for layer in hand.chain.layers if layer.may_crop}
    locked = widgets.locked("a_set")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Derive the crops anew", key="alignment-derive", disabled=bool(why_not) or crops == own or locked,
            on_click=_take_crops, args=(hand, crops), help="Sets every crop to what follows from the layers",
        )  # fmt: skip
        st.button(
            "All as built", key="alignment-reset", disabled=not hand.changes or locked,
            on_click=lambda: session.change_setting("a_set", ""),
        )  # fmt: skip
    if why_not:
        st.caption(f":material/info: No crop puts these layers in place: {why_not}.")


def _take_crops(hand: Hand, crops: dict[str, int]) -> None:
    changes = {layer: dict(values) for layer, values in hand.changes.items()}
    for name, crop in crops.items():
        changes.setdefault(name, {})["crop"] = crop
    in_hand.hold_changes(changes, hand)


def check_sizes(hand: Hand, walked: Walked) -> None:
    """Sizes against PyTorch's own layers."""
    torch = in_hand.sizes_in_torch(hand.chain, hand.photo)
    worst = max(abs(a - b) for p in walked.maps for a, b in zip(p.full, torch[p.layer.name], strict=True))
    lab.check("the sizes of all maps, and those of PyTorch's layers, in cells", float(worst), 0.5)


def check_places(hand: Hand) -> None:
    """Where the output looks, against a ramp sent through PyTorch's layers."""
    measured = in_hand.probed(hand.chain)
    worst, compared = 0.0, []
    for stream, where in looks_at(hand.chain).items():
        if stream in measured:
            scale, offset = measured[stream]
            ends = (0, max(hand.photo) - 1)
            worst = max(worst, *(abs(scale * i + offset - float(where(i))) for i in ends))
            compared.append(stream)
    if compared:
        lab.check(
            f"the pixels that the output looks at ({', '.join(compared)}), and what comes out there when a photo that "
            "holds its own coordinates goes through PyTorch's layers, in pixels", worst, 1e-6,
        )  # fmt: skip
    else:
        st.caption(
            ":material/info: Not measured: an enlargement leaves gaps (its stride is larger than its kernel), or the "
            "strides are too large for a ramp of 65,536 pixels."
        )
