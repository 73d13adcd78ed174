"""Look inside: the channels of any layer as a wall of maps, what their cells see, and where a channel answers most."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.labs.heatmaps import kept
from app.labs.heatmaps.inside_text import LayerAnswer, inside_questions, measured
from app.labs.heatmaps.patches import patches
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.seen import Seen, seen
from app.labs.shared.waited import waited
from app.labs.shared.wall import Extent, Field, Tile, ticks, wall
from app.parts.words import number
from app.visitor import session, widgets
from fcn_core.analysis.evidence.layers import Layer, layer_map, strongest_cells, truncated_forward
from fcn_core.analysis.fields.receptive_field import LayerField, receptive_field

MOST_SIDE = 640
ON_A_PAGE = 24
PATCHES = 8


def show(case: Case) -> None:
    look = seen(case, MOST_SIDE, why="the maps of early layers are large")
    known = kept.layers(look.segmenter)
    layer = _layer_picker(known)
    answer = waited(
        (*look.key, "layer", layer.key), lambda _: measured(look.model, layer, look.network_input()), "Running …"
    )
    if answer is None:
        return
    field = labs_kept.fields(look.segmenter, look.size).layer(layer.path) if not layer.call else None
    st.fragment(_channels)(look, layer, answer, field, session.bench())
    if answer.check is None:
        st.caption("This layer lies inside a block or among the score layers, so its map has no simple row of layers.")
    else:
        lab.check(f"the map of {layer.title}, and the layers up to it called in a row", answer.check, 1e-6)
    lab.questions("inside", inside_questions(layer, answer, field, look.size))
    lab.show_code(layer_map, truncated_forward, strongest_cells, receptive_field)


def _layer_picker(known: tuple[Layer, ...]) -> Layer:
    by_key = {layer.key: layer for layer in known}
    usual = next((key for key, layer in by_key.items() if layer.title == "pool4"), list(by_key)[len(by_key) // 2])
    held = session.setting("h_layer")
    if held and held not in by_key:
        st.caption(f":material/info: These weights have no layer `{held}`; {by_key[usual].title} is shown.")
    value = held if held in by_key else usual
    st.session_state["control-h_layer"] = value
    with st.container(width=420):
        st.selectbox(
            "Layer, in the order of the pass",
            list(by_key),
            format_func=lambda key: f"{by_key[key].title} · {by_key[key].kind}, {by_key[key].channels} channels",
            key="control-h_layer",
            on_change=_change_layer,
        )
    return by_key[value]


def _change_layer() -> None:
    session.change_setting("h_layer", st.session_state["control-h_layer"])
    session.change_setting("h_ch", -1)
    session.change_setting("h_page", 1)


def _channels(look: Seen, layer: Layer, answer: LayerAnswer, field: LayerField | None, drawn: session.Bench) -> None:
    """The wall and the chosen channel; everything here answers from the kept map."""
    if session.bench() != drawn:
        st.rerun()
    values = answer.values
    count, rows, columns = values.shape
    pages = math.ceil(count / ON_A_PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = widgets.pick_one("h_sort", "Sort by", {"mean": "Mean", "max": "Largest value", "number": "Number"})
        widgets.pick_one("h_range", "Colour range", {"shared": "Shared", "own": "Each its own"})
        page = min(session.setting("h_page"), pages)
        with st.container(horizontal=True, vertical_alignment="bottom", width="content", gap="small"):
            st.button("Previous", disabled=page <= 1, on_click=_turn, args=(page - 1,), icon=":material/chevron_left:")
            st.markdown(f"Page {page} of {pages}", width="content")
            st.button("Next", disabled=page >= pages, on_click=_turn, args=(page + 1,), icon=":material/chevron_right:")
    order = answer.order(by)[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    held = session.setting("h_ch")
    channel = held if 0 <= held < count else int(order[0])
    extent = _extent(look, field, rows, columns)
    cell = _cell(look, extent, rows, columns)
    strong = strongest_cells(values[channel], PATCHES, apart=_apart(field, rows, columns))
    box = _box(field, *cell) if cell else ()
    photo = Tile(
        "What the marked cell sees" if box else "Photo",
        note="click a cell" if not cell else f"cell {cell[1]}, {cell[0]}",
        photo=look.photo,
        boxes=box,
        large=True,
    )
    wall(
        [photo, _tile(values, channel, answer, extent, large=True)]
        + [_tile(values, int(index), answer, extent) for index in order],
        key="channels",
        label=f"Channels of {layer.title}",
        size=look.size,
        pixel=look.pixel,
        on_pixel=lambda x, y, name: _hold(look, x, y, name),
        chosen=f"{channel}",
        narrow=2,
        side=150 if not session.setting("large") else 210,
        bar=None if session.setting("h_range") == "own" else _bar(answer),
        field=_field(field),
    )
    st.caption(_in_words(layer, field, values, by))
    patches(look, field, channel, strong)


def _tile(values: np.ndarray, channel: int, answer: LayerAnswer, extent: Extent, *, large: bool = False) -> Tile:
    one = values[channel]
    own = session.setting("h_range") == "own"
    low, high = (float(one.min()), float(one.max())) if own else (float(answer.low), float(answer.high))
    signed = answer.low < 0
    most = max(abs(low), abs(high)) or 1.0
    return Tile(
        f"Channel {channel}",
        key=None if large else str(channel),
        note=f"mean {number(float(one.mean()))}",
        values=one,
        shown=(-most, most) if signed else (0.0, high or 1.0),
        table="diverging" if signed else "viridis",
        extent=extent,
        cells=max(one.shape) <= 100,
        fine=large,
        own=own,
        field=True,
        large=large,
    )


def _bar(answer: LayerAnswer) -> tuple[str, tuple[str, ...], str]:
    """The scale that all channels share."""
    most = max(abs(answer.low), abs(answer.high)) or 1.0
    if answer.low < 0:
        return "diverging", ticks(-most, most, 1), "value, the same scale for all channels"
    return "viridis", ticks(0, answer.high or 1.0, 1), "value, the same scale for all channels"


def _turn(page: int) -> None:
    session.change_setting("h_page", page)
    session.change_setting("h_ch", -1)


def _hold(look: Seen, x: int, y: int, name: str) -> None:
    if name:
        session.change_setting("h_ch", int(name))
    session.hold(**look.held(x, y))


def _extent(look: Seen, field: LayerField | None, rows: int, columns: int) -> Extent:
    """Where the cells lie on the picture; they cover it where their places are not known."""
    if field is None or field.is_whole:
        return 0, 0, look.size[1], look.size[0]
    top, left = (float(axis.first_centre - axis.stride / 2) + 0.5 for axis in field.axes)
    down, right = (float(axis.stride) for axis in field.axes)
    return left, top, left + right * columns, top + down * rows


def _cell(look: Seen, extent: Extent, rows: int, columns: int) -> tuple[int, int] | None:
    """The cell (row, column) that lies at the pixel in hand, as the wall draws the map."""
    if look.pixel is None:
        return None
    left, top, right, bottom = extent
    column = int((look.pixel[0] + 0.5 - left) // ((right - left) / columns))
    row = int((look.pixel[1] + 0.5 - top) // ((bottom - top) / rows))
    return (row, column) if 0 <= row < rows and 0 <= column < columns else None


def _box(field: LayerField | None, row: int, column: int) -> tuple:
    if field is None or field.is_whole:
        return ()
    found = field.box(row, column)
    return (((found.left, found.top, found.right, found.bottom), f"{found.width}×{found.height}"),)


def _field(field: LayerField | None) -> Field | None:
    if field is None or field.is_whole:
        return None
    first = field.box(0, 0)
    rows, columns = field.axes
    return Field((first.top, first.left), (first.height, first.width), (float(rows.stride), float(columns.stride)))


def _apart(field: LayerField | None, rows: int, columns: int) -> int:
    """Cells between two patches: half a receptive field, but never so much that one fills the map."""
    most = max(2, min(rows, columns) // 3)
    if field is None or field.is_whole or not field.axes[0].size:
        return most
    return min(most, max(2, math.ceil(field.axes[0].size / float(field.axes[0].stride) / 2)))


def _in_words(layer: Layer, field: LayerField | None, values: np.ndarray, by: str) -> str:
    count, rows, columns = values.shape
    size = f"**{layer.title}** of this picture: {count} channels of {columns}×{rows} cells."
    if field is None or field.is_whole or field.axes[0].size is None:
        return f"{size} Every cell sees the whole picture, or what it sees is no box."
    sees = f"Each cell sees {field.axes[1].size}×{field.axes[0].size} pixels, and the next one looks "
    return f"{size} {sees}{number(float(field.axes[1].stride), 0)} pixels further on. Point at a cell to see its box."
