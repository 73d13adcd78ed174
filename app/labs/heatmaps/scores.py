"""Heatmaps as scores: every class of a head, one class large, or one class in every head; cells and upsampled.

The maps are drawn live: logits go to the browser once, and temperature, upsampling and softmax happen there. Learned
upsamplings are no bilinear ones, so their maps are made here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
import torch

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.heatmaps.score_checks import score_checks
from app.labs.heatmaps.score_numbers import pixel_numbers, score_questions
from app.labs.heatmaps.temperature import temperature, temperature_of
from app.labs.shared import lab
from app.labs.shared.wall import Live, LiveGrids, Tile, ticks, wall
from app.parts.colours import hex_colour
from app.parts.words import covered
from app.visitor import session, widgets
from fcn_core.analysis.evidence.heatmaps import (
    CoarseGrid,
    check_upsampling,
    class_heatmap,
    coarse_grid,
    every_nth,
    full_logits,
    temperature_softmax,
)
from fcn_core.segmenting.scores import GridScores

MOST_NUMBERS = 1_000_000  # logits of a grid that are sent to the browser, 2 bytes each
SIDE = 420  # pixels of the longer side of a map that is not drawn live


def show(case: Case) -> None:
    st.fragment(_scores)(case, session.bench())
    score_checks(case, _temperature())
    lab.questions("heatmaps", score_questions(case))
    lab.show_code(class_heatmap, temperature_softmax, coarse_grid, check_upsampling)


def _scores(case: Case, drawn: session.Bench) -> None:
    """All that answers without a pass; `drawn` is the bench that the rest of the page shows."""
    if session.bench() != drawn:
        st.rerun()  # class, head or pixel changed here: the strip above follows
    learned = any(_model(case).learned_upsampling(head) for head in case.heads) and not case.result.tiled
    mode, kind = _controls(case, learned)
    signed, own = kind == "logit", session.setting("h_range") == "own"
    tiles = {"all": _all_classes, "one": _one_class, "heads": _all_heads}[mode](case)
    table = "diverging" if signed else "viridis"
    tiles = [replace(tile, table=table) for tile in tiles]
    live = None
    if learned:
        tiles = _made_here(case, tiles, signed=signed, own=own)
    else:
        live = LiveGrids(_grids(case, tiles), case.result.key, None if signed else session.setting("h_temp"), own)
    what = "logit, before softmax" if signed else "probability, softmax(z / T)"
    wall(
        tiles,
        key=f"heat-{mode}",
        label=f"{what} of {'every class' if mode == 'all' else case.cls}",
        size=case.result.image.shape[:2],
        pixel=case.pixel,
        on_pixel=_hold,
        chosen=case.cls if mode == "all" else None,
        side=300 if session.setting("large") else 215,
        columns={"all": None, "one": 2, "heads": len(case.heads)}[mode],
        narrow={"all": 2, "one": 1, "heads": len(case.heads)}[mode],
        decimals=2 if signed else 3,
        bar=None if own else (table, ticks(*tiles[0].shown, 1 if signed else 2), what),
        live=live,
        on_temperature=lambda step: session.change_setting("h_temp", max(-20, min(20, step))),
    )
    pixel_numbers(case, _temperature())


def _controls(case: Case, learned: bool) -> tuple[str, str]:
    """(what is shown, softmax or logit)."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        heads = {"heads": "All heads"} if len(case.heads) > 1 else {}
        mode = widgets.pick_one("h_show", "Show", {"all": "All classes", "one": "One class", **heads})
        if len(case.heads) > 1 and mode != "heads":
            widgets.head_picker(case.heads, place="-heat")
        if mode == "all":
            widgets.pick_one("h_map", "Map", {"coarse": "Cells as computed", "up": "Upsampled"})
        else:
            with st.container(width=190):
                widgets.class_picker(case.labels.classes, case.largest_class, place="-heat")
        kind = widgets.pick_one("h_values", "Values", {"softmax": "Softmax", "logit": "Raw logit"})
        widgets.pick_one("h_range", "Colours", {"shared": "Shared", "own": "Each its own"})
    if kind == "logit":
        st.caption("A raw logit has no temperature: it is the softmax that divides by it.")
    elif learned:
        with st.container(width=320):
            temperature()
    return mode, kind


def _hold(x: int, y: int, name: str) -> None:
    session.hold(x=x, y=y, **({"cls": name} if name else {}))


def _temperature() -> float:
    return temperature_of(session.setting("h_temp"))


def _model(case: Case) -> torch.nn.Module:
    """The network itself; it is only asked where its cells lie."""
    return case.segmenter.loaded.model


def _grid(case: Case, head: int) -> tuple[CoarseGrid, int]:
    """The cells that are sent to the browser, and whether all (1) or every n-th of them."""
    return every_nth(coarse_grid(case.result, head, _model(case)), MOST_NUMBERS)


def _all_classes(case: Case) -> list[Tile]:
    coarse = session.setting("h_map") == "coarse"
    grid, _ = _grid(case, case.head)
    shares = bench_kept.shares(case.result, case.head)
    return [
        Tile(
            name,
            key=name,
            note=covered(shares[index]),
            extent=grid.extent if coarse else None,
            cells=coarse,
            colour=hex_colour(case.colours[index]),
            live=Live(str(case.head), index, up=not coarse),
        )
        for index, name in enumerate(case.labels.classes)
    ]


def _one_class(case: Case) -> list[Tile]:
    return _pair(case, case.head)


def _all_heads(case: Case) -> list[Tile]:
    pairs = [_pair(case, head) for head in case.heads]
    return [pair[0] for pair in pairs] + [pair[1] for pair in pairs]


def _pair(case: Case, head: int) -> list[Tile]:
    """The class in hand in one head: as computed, and upsampled."""
    index = case.labels.index(case.cls)
    grid, step = _grid(case, head)
    rows, columns = grid.logits.shape[1:]
    height, width = case.result.image.shape[:2]
    kept = "as computed" if grid.kept else "kept of a photo in tiles"
    kept += f", one in {step}×{step}" if step > 1 else ""
    return [
        Tile(
            f"{head}s · {columns}×{rows} cells {kept}",
            extent=grid.extent,
            cells=True,
            live=Live(str(head), index, up=False),
        ),
        Tile(f"{head}s · upsampled to {width}×{height}", live=Live(str(head), index, up=True)),
    ]


def _grids(case: Case, tiles: list[Tile]) -> dict[str, tuple[CoarseGrid, bool]]:
    """The grids that the tiles are drawn from; a transposed convolution meets zeros beyond the rim."""
    heads = {int(tile.live.grid) for tile in tiles if tile.live}
    model, tiled = _model(case), case.result.tiled
    return {
        str(head): (_grid(case, head)[0], not tiled and model.final_upsampling(head) is not None)
        for head in sorted(heads)
    }


def _made_here(case: Case, tiles: list[Tile], *, signed: bool, own: bool) -> list[Tile]:
    """The same tiles with their numbers from here, for a network that learned its upsampling."""
    made = []
    for tile in tiles:
        assert tile.live is not None
        head, index = int(tile.live.grid), tile.live.index
        grid = coarse_grid(case.result, head, _model(case))
        logits = full_logits(case.result, head, most_side=SIDE) if tile.live.up else grid.logits
        values = np.asarray(logits[index], np.float32) if signed else class_heatmap(logits, index, _temperature())
        extent = _extent(case, head, logits) if tile.live.up else tile.extent
        made.append(replace(tile, values=values, extent=extent, live=None, own=own))
    most = [float(np.abs(tile.values).max()) or 1.0 for tile in made if tile.values is not None]
    shared = max(most) if signed else 1.0
    highs = most if own else [shared] * len(made)
    return [replace(tile, shown=(-high if signed else 0.0, high)) for tile, high in zip(made, highs, strict=True)]


def _extent(case: Case, head: int, logits: np.ndarray) -> tuple[float, float, float, float]:
    """Where every n-th pixel's values lie; the last may reach over the photo's edge."""
    height, width = case.result.image.shape[:2]
    assert not isinstance(case.result.scores[head], GridScores)
    step = -(-max(height, width) // SIDE)
    return 0, 0, step * logits.shape[2], step * logits.shape[1]
