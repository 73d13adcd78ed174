"""A wall of maps: numbers as colours, with cells that can be seen, values under the pointer, pixels to be clicked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from app.labs.shared.packing import pack, pack_grid, pack_indices, palette_text, table_text
from app.parts.browser_parts import FOLDER
from app.parts.words import number
from app.visitor import session
from fcn_core.analysis.evidence.heatmaps import CoarseGrid
from fcn_core.labels import Colour

Extent = tuple[float, float, float, float]  # left, top, right, bottom, pixels of the picture
CLASSES = "classes"

_heat = st.components.v2.component(
    "fcn_lab_heat", **{kind: (FOLDER / f"heat.{kind}").read_text("utf-8") for kind in ("html", "css", "js")}
)


@dataclass(frozen=True)
class Tile:
    """One map, or a photo, or both.

    key     what a click on it chooses; None for nothing
    note    stands beside the title while the pointer is elsewhere; then the value under it takes its place
    values  h×w numbers drawn between `shown`, or class indices when `names` (index -> name) are given
    extent  where the map lies on the picture; None covers it
    cells   draw every number as a square with lines between
    fine    keep values to 16 bits for the pointer; 8 bits are enough for small tiles
    own     print the range under the tile
    boxes   (extent, label) drawn over it
    field   whether the cells of this map have the wall's receptive field
    """

    title: str
    key: str | None = None
    note: str = ""
    values: np.ndarray | None = None
    shown: tuple[float, float] = (0.0, 1.0)
    table: str = "viridis"
    names: Mapping[int, str] | None = None
    extent: Extent | None = None
    cells: bool = False
    fine: bool = True
    own: bool = False
    colour: str | None = None
    photo: str | None = None
    boxes: tuple[tuple[Extent, str], ...] = ()
    field: bool = False
    large: bool = False
    live: Live | None = None


@dataclass(frozen=True)
class Live:
    """What a live tile shows: a class of one of the wall's grids, at the cells or upsampled, drawn in the browser."""

    grid: str
    index: int
    up: bool


@dataclass(frozen=True)
class LiveGrids:
    """Logits that the browser upsamples and puts through the softmax itself, so that a temperature answers at once.

    grids: by name, with whether zeros lie beyond their rim (as for a transposed convolution) or their last cell again.
    digest: of what they depend on. temperature: step of the slider, None for raw logits. own: a range for each tile.
    """

    grids: Mapping[str, tuple[CoarseGrid, bool]]
    digest: str
    temperature: int | None
    own: bool


@dataclass(frozen=True)
class Field:
    """What cell (0, 0) sees and the step to the next, (rows, columns), in pixels of the picture."""

    start: tuple[float, float]
    size: tuple[float, float]
    stride: tuple[float, float]


def wall(
    tiles: Sequence[Tile],
    *,
    key: str,
    label: str,
    size: tuple[int, int],
    pixel: tuple[int, int] | None = None,
    on_pixel: Callable[[int, int, str], None] | None = None,
    chosen: str | None = None,
    side: int = 200,
    columns: int | None = None,
    narrow: int = 1,
    decimals: int = 2,
    bar: tuple[str, tuple[str, ...], str] | None = None,
    palette: tuple[Colour, ...] = (),
    field: Field | None = None,
    live: LiveGrids | None = None,
    on_temperature: Callable[[int], None] | None = None,
) -> None:
    """Draw the tiles; all cover the same picture of `size` (height, width).

    on_pixel(x, y, key of the tile) is called before the page runs again. side: narrowest tile in CSS pixels, or
    a fixed number of `columns`, `narrow` of them on a phone. bar: (colour map, tick labels, label) of a shared scale.
    """
    height, width = size

    def clicked() -> None:
        value = (st.session_state.get(key) or {}).get("pixel")
        if on_pixel and isinstance(value, dict):
            x, y = int(value.get("x", -1)), int(value.get("y", -1))
            if 0 <= x < width and 0 <= y < height:
                on_pixel(x, y, str(value.get("key", "")))

    def moved() -> None:
        value = (st.session_state.get(key) or {}).get("temperature")
        if on_temperature and isinstance(value, int | float):
            on_temperature(int(value))

    names = {tile.table for tile in tiles} | ({bar[0]} if bar else set())
    tables = {name: table_text(name) for name in names - {CLASSES}}
    if palette:
        tables[CLASSES] = palette_text(palette)
    _heat(
        key=key,
        data={
            "label": label,
            "width": width,
            "height": height,
            "side": side,
            "columns": columns,
            "narrow": narrow,
            "decimals": decimals,
            "tables": tables,
            "tiles": [_sent(tile, size, decimals) for tile in tiles],
            "pixel": {"x": pixel[0], "y": pixel[1]} if pixel else None,
            "chosen": chosen,
            "bar": {"table": bar[0], "ticks": bar[1], "label": bar[2]} if bar else None,
            "field": vars(field) if field else None,
            "grids": {name: _grid(*grid) for name, grid in live.grids.items()} if live else {},
            "digest": live.digest if live else "",
            "signed": live is not None and live.temperature is None,
            "own": live is not None and live.own,
            "temperature": {"value": live.temperature, "way": session.control("h_temp")}
            if live and live.temperature is not None
            else None,
            "still": session.control("pixel") != "free",
        },
        on_pixel_change=clicked,
        on_temperature_change=moved,
    )


def _sent(tile: Tile, size: tuple[int, int], decimals: int) -> dict[str, Any]:
    """A tile as the browser takes it."""
    src, low, high = None, 0.0, 1.0
    if tile.values is not None and tile.names is not None:
        src = pack_indices(tile.values)
    elif tile.values is not None:
        low, high = float(tile.values.min()), float(tile.values.max())
        src = pack(tile.values, low, high, fine=tile.fine)
    return {
        "title": tile.title,
        "key": tile.key,
        "note": tile.note,
        "src": src,
        "low": low,
        "high": high,
        "shown": tile.shown,
        "table": tile.table,
        "names": {str(index): name for index, name in tile.names.items()} if tile.names is not None else None,
        "extent": tile.extent or (0, 0, size[1], size[0]),
        "cells": tile.cells,
        "own": [number(value, decimals) for value in tile.shown] if tile.own else None,
        "colour": tile.colour,
        "photo": tile.photo,
        "boxes": [{"extent": extent, "label": text} for extent, text in tile.boxes],
        "fieldless": not tile.field,
        "large": tile.large,
        "live": vars(tile.live) if tile.live else None,
    }


def _grid(grid: CoarseGrid, zeros: bool) -> dict[str, Any]:
    """A grid of logits as the browser takes it."""
    packed, low, high = pack_grid(grid.logits)
    classes, rows, columns = grid.logits.shape
    return {
        "packed": packed, "low": low, "high": high, "classes": classes, "rows": rows, "columns": columns,
        "zeros": zeros,
        "start": [float(grid.rows(0)), float(grid.columns(0))],
        "step": [float(grid.rows.scale), float(grid.columns.scale)],
    }  # fmt: skip


def ticks(low: float, high: float, decimals: int = 2) -> tuple[str, ...]:
    """Five labels spread evenly under a colour bar."""
    return tuple(number(value, decimals) for value in np.linspace(low, high, 5))
