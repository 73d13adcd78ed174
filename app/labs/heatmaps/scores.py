"""Heatmaps as scores: every class of a head, one class large, or one class in every head; cells and upsampled."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from app import cache, lab, session, widgets
from app.case import Case
from app.labs.heatmaps.controls import temperature
from app.labs.heatmaps.score_numbers import pixel_numbers, score_questions
from app.labs.heatmaps.wall import Tile, number, ticks, wall
from app.overlays import hex_colour
from fcn_core.analysis.heatmaps import (
    check_upsampling,
    class_heatmap,
    coarse_grid,
    full_logits,
    learned_upsampling,
    temperature_softmax,
)
from fcn_core.scores import GridScores

SMALL, MIDDLE, LARGE = 280, 420, 900  # pixels of the longer side of a map as it is sent


def show(case: Case) -> None:
    st.fragment(_scores)(case, session.bench())
    _checks(case)
    lab.questions("heatmaps", score_questions(case))
    lab.show_code(class_heatmap, temperature_softmax, coarse_grid, check_upsampling)


def _scores(case: Case, drawn: session.Bench) -> None:
    """All that answers without a pass; `drawn` is the bench that the rest of the page shows."""
    if session.bench() != drawn:
        st.rerun()  # class, head or pixel changed here: the strip above follows
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        heads = {"heads": "All heads"} if len(case.heads) > 1 else {}
        mode = widgets.pick_one("h_show", "Show", {"all": "All classes", "one": "One class", **heads})
        if len(case.heads) > 1 and mode != "heads":
            widgets.head_picker(case.heads, place="-heat")
        if mode == "all":
            widgets.pick_one("h_map", "Map", {"coarse": "Cells as computed", "up": "Upsampled"})
        else:
            with st.container(width=220):
                widgets.class_picker(case.labels.classes, case.largest_class, place="-heat")
        kind = widgets.pick_one("h_values", "Values", {"softmax": "Softmax", "logit": "Raw logit"})
        widgets.pick_one("h_range", "Colour range", {"shared": "Shared", "own": "Each its own"})
        with st.container(width=260):
            if kind == "softmax":
                temperature()
            else:
                st.caption("A raw logit has no temperature: the softmax divides by it.")
    tiles = _ranged({"all": _all_classes, "one": _one_class, "heads": _all_heads}[mode](case))
    own, signed = session.setting("h_range") == "own", kind == "logit"
    what = "logit, before softmax" if signed else f"probability, softmax(z / {_temperature():.2g})"
    bar = None if own else ("diverging" if signed else "viridis", ticks(*tiles[0].shown, 1 if signed else 2), what)
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
        bar=bar,
    )
    pixel_numbers(case, _temperature())


def _hold(x: int, y: int, name: str) -> None:
    session.hold(x=x, y=y, **({"cls": name} if name else {}))


def _temperature() -> float:
    return 10 ** (session.setting("h_temp") / 20)


def _values(logits: np.ndarray, index: int) -> np.ndarray:
    """One class of K×h×w logits as the settings say."""
    if session.setting("h_values") == "logit":
        return np.asarray(logits[index], np.float32)
    return class_heatmap(logits, index, _temperature())


def _all_classes(case: Case) -> list[Tile]:
    head = case.head
    coarse = session.setting("h_map") == "coarse"
    grid = coarse_grid(case.result, head, model_of(case)) if coarse else None
    logits = grid.logits if grid else full_logits(case.result, head, most_side=SMALL)
    if session.setting("h_values") == "softmax":
        logits = temperature_softmax(logits, _temperature())
    shares = cache.shares(case.key, case.result, head)
    return [
        Tile(
            name,
            key=name,
            note=f"{100 * shares[index]:.1f} %" if shares[index] >= 0.0005 else "–",
            values=logits[index],
            extent=grid.extent if grid else _extent(case, head, logits),
            cells=coarse,
            fine=coarse,
            colour=hex_colour(case.colours[index]),
        )
        for index, name in enumerate(case.labels.classes)
    ]


def _one_class(case: Case) -> list[Tile]:
    return _pair(case, case.head, LARGE)


def _all_heads(case: Case) -> list[Tile]:
    pairs = [_pair(case, head, MIDDLE) for head in case.heads]
    return [pair[0] for pair in pairs] + [pair[1] for pair in pairs]


def _pair(case: Case, head: int, most_side: int) -> list[Tile]:
    """The class in hand in one head: as computed, and upsampled."""
    index = case.labels.index(case.cls)
    grid = coarse_grid(case.result, head, model_of(case))
    rows, columns = grid.logits.shape[1:]
    logits = full_logits(case.result, head, most_side=most_side)
    height, width = case.result.image.shape[:2]
    kept = "as computed" if grid.kept else "of 8×8 pixels, all that is kept of a photo in tiles"
    size = f"{columns}×{rows} cells"
    return [
        Tile(f"{head}s · {size} {kept}", values=_values(grid.logits, index), extent=grid.extent, cells=True),
        Tile(
            f"{head}s · upsampled to {width}×{height}",
            values=_values(logits, index),
            extent=_extent(case, head, logits),
        ),
    ]


def _extent(case: Case, head: int, logits: np.ndarray) -> tuple[float, float, float, float]:
    """Where every n-th pixel's values lie; the last may reach over the photo's edge."""
    height, width = case.result.image.shape[:2]
    if isinstance(case.result.scores[head], GridScores):
        step = 8 * -(-max(-(-height // 8), -(-width // 8)) // max(logits.shape[1:]))
    else:
        step = -(-max(height, width) // max(logits.shape[1:]))
    return 0, 0, step * logits.shape[2], step * logits.shape[1]


def _ranged(tiles: list[Tile]) -> list[Tile]:
    """Tiles with the range of their colours: shared or each its own, centred at zero for logits."""
    own, signed = session.setting("h_range") == "own", session.setting("h_values") == "logit"

    def span(values: list[np.ndarray]) -> tuple[float, float]:
        if signed:
            most = max(float(np.abs(v).max()) for v in values) or 1.0
            return -most, most
        return (0.0, max(float(v.max()) for v in values) or 1.0) if own else (0.0, 1.0)

    all_values = [tile.values for tile in tiles if tile.values is not None]
    shared = span(all_values)
    return [
        Tile(
            **{
                **vars(tile),
                "shown": span([tile.values]) if own and tile.values is not None else shared,
                "own": own,
                "table": "diverging" if signed else "viridis",
            }
        )
        for tile in tiles
    ]


def model_of(case: Case) -> torch.nn.Module:
    """The network itself; it is only asked where its cells lie."""
    return cache.segmenter(case.record).loaded.model


def _checks(case: Case) -> None:
    """The page's numbers against PyTorch's."""
    head, index = case.head, case.labels.index(case.cls)
    shown = full_logits(case.result, head, most_side=SMALL)
    ours = class_heatmap(shown, index, _temperature())
    theirs = torch.softmax(torch.from_numpy(shown) / _temperature(), 0)[index].numpy()
    lab.check("softmax(z / T) of the class in hand and `torch.softmax`", float(np.abs(ours - theirs).max()), 1e-5)
    if case.result.tiled:
        st.caption("This photo was cut into tiles; the logits of every pixel, to check the upsampling, are not kept.")
        return
    model = model_of(case)
    if learned_upsampling(model, head):
        st.caption(
            "These weights learned their last upsampling, so it is no longer bilinear: there is nothing to check."
        )
        return
    found = cache.upsampling_check(case.key, case.result, head, model, index)
    scale = float(np.abs(shown).max())
    bound = max(1e-4, scale * (2e-3 if case.result.scores[head].logits.dtype == np.float16 else 1e-5))  # type: ignore[union-attr]
    if found.everywhere is not None:
        text = f"{head}s upsampled, and `F.conv_transpose2d` of the cells with the bilinear kernel, in logits"
        lab.check(text, found.everywhere, bound)
    if found.inside is not None:
        lab.check(f"{head}s upsampled and `F.interpolate` of the cells, half a cell from the rim", found.inside, bound)
    if found.rim is not None:
        st.caption(
            f"At the rim the two differ by up to {number(found.rim, 1)}: beyond the last cell the transposed "
            "convolution meets zeros, where `F.interpolate` repeats the cell."
        )
