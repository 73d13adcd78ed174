"""Shift-and-stitch: dense answers from a coarse network, equal to those of spread kernels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.convolutionalize.cut_picture import CutPicture, class_line, cut_picture
from app.labs.convolutionalize.dense_questions import stitch_questions
from app.labs.convolutionalize.stitching_player import stitching_player
from app.labs.shared import lab
from app.labs.shared.needs import lacks
from app.labs.shared.waited import waited
from app.parts.pictures import colour_bar, encode
from app.parts.words import covered, in_units, milliseconds, relative
from app.visitor import widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.dense.stitching import (
    DenseScores,
    dense_costs,
    dense_scores,
    field_size,
    streams_of,
)
from fcn_core.draw import colour_map, colourise
from fcn_core.ops.shift_stitch import LayerWork, SpreadLayer, shift_and_stitch

EXACT = 1e-5
EDGE_TEXTS = {"wrap": "Joined", "zero": "Zeros"}
EDGE_STORY = (
    "Borders joined: each one touches the opposite one, in every layer, so that a shift loses nothing. Zeros: layers "
    "pad as in training; a shift moves the border, and cells that see it differ."
)


def show(strip: Strip) -> None:
    """Draw the view."""
    case = lab.case(strip)
    streams = streams_of(case.segmenter.loaded.model)
    if not streams and lacks(case, "skips"):
        return
    cut = cut_picture(case, why="the network runs many times")
    if cut is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        stream = widgets.pick_one("c_stream", "Scores of", {name: name for name in streams})
        factor = int(widgets.pick_one("c_f", "Factor f", {f: f for f in ("2", "4", "8")}))
        edge = widgets.pick_one("c_edge", "Borders", EDGE_TEXTS)
    st.caption(EDGE_STORY)
    found: DenseScores | None = waited(
        (*cut.key, "stitch", stream, factor, edge),
        lambda progress: dense_scores(
            cut.look.model, stream, cut.network_input(), factor=factor, edge=edge, progress=progress  # type: ignore[arg-type]
        ),
        "Pass",
    )  # fmt: skip
    if found is None:
        return
    step = found.stride // factor
    pixels = f"{step} pixel{'s' * (step > 1)}"
    st.markdown(
        f"{stream} answers once for every {found.stride} pixels. Moved by {pixels} at a time, the photo goes "
        f"through the network {factor}² = **{factor**2} times**; interlaced, the answers lie **{pixels}** apart."
    )
    if stream != streams[0]:
        st.caption(f"{stream} by itself labels poorly: its scores were trained to be added to those of {streams[0]}.")
    _player(case, cut, found)
    _check(found, stream)
    _pictures(case, cut, found)
    _ways(found, cut.size)
    _costs(found, cut.size)
    lab.questions("convolutional-stitch", stitch_questions(found))
    lab.show_code(shift_and_stitch, SpreadLayer, LayerWork.denser)


def _player(case: Case, cut: CutPicture, found: DenseScores) -> None:
    labels = colourise(found.stitched.argmax(0).astype(np.uint8), case.colours)
    stitching_player(
        encode(cut.image, photo=True), encode(labels), key="stitching", factor=found.factor, stride=found.stride,
        edge=found.edge, alt="Label map from shift-and-stitch, the most likely class of every cell",
    )  # fmt: skip


def _check(found: DenseScores, stream: str) -> None:
    text = f"shift-and-stitch of {stream} by {found.factor}, and one pass with spread kernels, relative to the largest"
    if found.edge == "wrap":
        lab.check(f"{text} score, all {found.stitched.shape[1] * found.stitched.shape[2]:,} cells",
                  found.difference(), EXACT)  # fmt: skip
        return
    whole = f"{relative(found.difference())} of the largest score" if found.difference() > EXACT else "nothing"
    if found.inside.any():
        lab.check(f"{text} score, the {int(found.inside.sum()):,} cells that see no border",
                  found.difference(inside=True), EXACT)  # fmt: skip
        st.caption(f"Over all cells, borders included, they differ by up to {whole}.")
    else:
        st.info(
            f"One cell sees {field_size(found.works, 1, spread=True)} pixels: in this picture every cell sees a "
            f"border, and the two ways differ by up to {whole}. Join the borders, or take scores that see less.",
            icon=":material/info:",
        )


def _pictures(case: Case, cut: CutPicture, found: DenseScores) -> None:
    step = found.stride // found.factor
    maps = (
        ("coarse", f"As it is, one answer for {found.stride} pixels", found.coarse),
        ("spread", f"Kernels spread, one for {step}", found.spread),
        ("unspread", f"Strides smaller, kernels not spread, one for {step}", found.unspread),
    )
    for column, (name, title, scores) in zip(st.columns(3), maps, strict=True):
        with column:
            drawn = colourise(scores.argmax(0).astype(np.uint8), case.colours)
            picture(
                encode(drawn, full_size=cut.size), key=f"stitch-{name}", title=title, alt=f"Label map. {title}",
                cells=True, most_height="40vh",
            )  # fmt: skip
    st.markdown(class_line(case, np.concatenate([scores.argmax(0).ravel() for _, _, scores in maps])))
    fields = [field_size(found.works, step, spread=spread) for spread in (False, True)]
    wrong = float((found.unspread.argmax(0) != found.spread.argmax(0)).mean())
    others = covered(wrong) if wrong else "here none"
    if fields[0] == fields[1]:
        st.markdown(
            "Here the third is still the same network: nothing but the 1×1 score layer lies behind the stride that was "
            "taken out, and there is nothing to spread. Choose a larger f, or fc7."
        )
    else:
        st.markdown(
            f"The third is **not the same network**: {others} of its labels differ from those with spread "
            f"kernels. Its kernels lie closer together than they were trained for: one cell sees {fields[0]} pixels "
            f"instead of {fields[1]}."
        )
    if found.edge == "zero":
        gap = np.abs(found.stitched - found.spread).max(0)
        shown = colour_map((gap / max(float(gap.max()), 1e-12)).astype(np.float32))
        picture(
            encode(shown, full_size=cut.size), key="stitch-gap", cells=True, most_height="36vh",
            title="Shift-and-stitch against spread kernels, with zeros at the borders",
            alt="Difference of both ways at every cell",
            bar=colour_bar("viridis", ("0", f"{gap.max() / 2:.2g}", f"{gap.max():.2g}"), "difference of the scores"),
        )  # fmt: skip


def _other(scores: np.ndarray, found: DenseScores) -> float:
    return float((scores.argmax(0) != found.stitched.argmax(0)).mean())


def _ways(found: DenseScores, size: tuple[int, int]) -> None:
    cost = next(c for c in dense_costs(found.works, size[0] * size[1]) if c.factor == found.factor)
    step = found.stride // found.factor
    cells = found.coarse.shape[1] * found.coarse.shape[2]
    rows = [
        ("as it is", 1, cells, dense_costs(found.works, size[0] * size[1])[0].stitched, "coarse", found.stride, True),
        ("shift-and-stitch", found.factor**2, cost.answers, cost.stitched, "stitched", found.stride, True),
        ("kernels spread", 1, cost.answers, cost.spread, "spread", step, True),
        ("strides smaller only", 1, cost.answers, cost.spread, "unspread", step, False),
    ]
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "way": way,
                    "passes": passes,
                    "answers": f"{answers:,}",
                    "multiply-adds": in_units(round(work)),
                    "measured here": milliseconds(found.seconds[name]),
                    "one cell sees": f"{field_size(found.works, stride, spread=spread)} pixels",
                    "labels unlike stitched": "–" if name == "coarse" else covered(_other(getattr(found, name), found)),
                }
                for way, passes, answers, work, name, stride, spread in rows
            ]
        ),
        hide_index=True, width="stretch", key="stitch-ways",
    )  # fmt: skip


def _costs(found: DenseScores, size: tuple[int, int]) -> None:
    costs = dense_costs(found.works, size[0] * size[1])
    once = costs[0].stitched
    st.markdown("**What each factor costs**, counted from the layers of these weights")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "f": cost.factor,
                    "one answer for": f"{found.stride // cost.factor} px" if cost.factor < found.stride else "1 px",
                    "answers": f"{cost.answers:,}",
                    "passes to stitch": cost.factor**2,
                    "shift-and-stitch": in_units(round(cost.stitched)),
                    "times one pass": f"{cost.stitched / once:,.0f}",
                    "kernels spread": in_units(round(cost.spread)),
                    "times one pass ": f"{cost.spread / once:,.3g}",
                    "saved": covered(1 - cost.spread / cost.stitched) if cost.factor > 1 else "–",
                }
                for cost in costs
            ]
        ),
        hide_index=True, width="stretch", key="stitch-costs",
    )  # fmt: skip
    st.caption(
        "Multiply-adds for this picture. Spreading repeats only what lies behind the removed strides, stitching "
        "everything. The paper used neither: it found the benefit for the cost worse than that of skips."
    )
