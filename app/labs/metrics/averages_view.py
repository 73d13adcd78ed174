"""Global, per-picture and per-batch mean IoU of the same label maps: the bundled samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import streamlit as st

from app.bench.strip import Strip
from app.labs.metrics import kept
from app.labs.metrics.averages_figure import averages_figure
from app.labs.metrics.formulas import STYLE
from app.labs.metrics.sample_maps import SampleMap, sample_maps
from app.labs.shared import lab
from app.labs.shared.chart_json import chart_json
from app.labs.shared.question_panel import Question, questions
from app.parts.browser_figures import figure, plotly_library
from app.parts.words import percent
from app.visitor import widgets
from fcn_core.analysis.measuring.averages import Absent, absent_classes, batch_mean, batches, mean_iou, spreads
from fcn_core.analysis.measuring.torch_measures import torch_measures
from fcn_core.labels import CAMVID

ABSENT = {"out": "is left out of the mean", "zero": "counts 0", "one": "counts 100 %"}


def show(strip: Strip) -> None:
    """Whose label maps, then the three averages of them."""
    case = lab.case(strip)
    plotly_library()
    st.html(STYLE)
    maps = sample_maps(case)
    if maps is None:
        return
    counts = np.stack([one.counts for one in maps])
    _averages(maps, counts)
    truth, prediction = (
        np.concatenate([getattr(one, name).ravel() for one in maps]) for name in ("truth", "prediction")
    )
    gap = abs(float(mean_iou(counts.sum(0))) - torch_measures(truth, prediction, len(CAMVID))["miou"])
    lab.check("global mean IoU, from the pixels of all pictures laid end to end", gap, 1e-9)
    lab.show_code(mean_iou, batches, batch_mean, spreads)
    questions("metrics-averages", _asked(counts))


@st.fragment
def _averages(maps: Sequence[SampleMap], counts: np.ndarray) -> None:
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        absent = cast(
            Absent, widgets.pick_one("m_absent", "A class in neither truth nor prediction of a batch", ABSENT)
        )
        most = len(maps)
        size = min(widgets.slide("m_batch", "Pictures a batch", 1, 6), most)
        whole, single = float(mean_iou(counts.sum(0), absent)), batch_mean(counts, 1, absent)
        batched = batch_mean(counts, size, absent)
        st.html(_three(whole, single, batched, size, -(-most // size), most))
        st.caption(_story(counts, whole, single))
    with right:
        by_size = kept.spreads_of(counts, absent)
        drawn = averages_figure(by_size, whole, size)
        figure(chart_json(drawn), key="measures-averages", alt="Mean IoU over the number of pictures a batch")
        rest = most % size
        last = f" Here the last batch holds {rest} of {size} and weighs as much as a full one." if rest else ""
        st.caption(
            "The same label maps in batches of 1 to all of them: only the averaging changes. Diamonds: the samples in "
            f"their order. Blue: mean and 5 to 95 % of 200 random orders.{last}"
        )
    st.subheader("Every batch", anchor=False)
    st.html(_table(maps, counts, size, absent, whole, batched))


def _three(whole: float, single: float, batched: float, size: int, number: int, most: int) -> str:
    shown = (
        ("Global", "the paper's", whole, f"1 matrix of {most} pictures"),
        ("Per picture", "", single, f"mean over {most} matrices"),
        ("Per batch", f"of {size}", batched, f"mean over {number} matri{'x' if number == 1 else 'ces'}"),
    )
    tiles = "".join(
        f"<div class='fcn-tile' data-measure='{name}'><div class='name'>{name}<span>{words}</span></div>"
        f"<b>{percent(value)}</b><span class='change'>"
        f"{'' if name == 'Global' else _signed(value - whole)}</span><div class='filled'>{how}</div></div>"
        for name, words, value, how in shown
    )
    return f"<div class='fcn-tiles' style='grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr))'>{tiles}</div>"


def _story(counts: np.ndarray, whole: float, single: float) -> str:
    lacking = absent_classes(list(counts))
    return (
        f"In brackets: points against global. On average {np.mean(lacking):.1f} of {counts.shape[-1]} classes are in "
        "neither map of a picture. A rare class counts in every picture that has a few pixels of it, and in no other: "
        "averages of parts weigh pictures alike, not pixels. Report the global one, and say so."
    )


def _table(
    maps: Sequence[SampleMap], counts: np.ndarray, size: int, absent: Absent, whole: float, batched: float
) -> str:
    there = [i for i in range(counts.shape[-1]) if counts.sum(0)[i].sum() + counts.sum(0)[:, i].sum()]
    heads = ["batch", "mean IoU", *(CAMVID.classes[i] for i in there)]
    rows = []
    for number, matrix in enumerate(batches(counts, size)):
        names = [one.name.rpartition("-")[2] for one in maps[number * size : (number + 1) * size]]
        rows.append([f"samples {', '.join(names)}", percent(float(mean_iou(matrix, absent))), *_ious(matrix, there)])
    rows.append(["mean of the batches", percent(batched), *[""] * len(there)])
    rows.append(["global", percent(whole), *_ious(counts.sum(0), there)])
    top = "<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='fcn-classes'><table>{top}{body}</table></div>"


def _ious(matrix: np.ndarray, classes: Sequence[int]) -> list[str]:
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return [f"{100 * matrix[i, i] / union[i]:.1f}" if union[i] else "–" for i in classes]


def _signed(value: float) -> str:
    return "" if math.isnan(value) else f"({100 * value:+.1f})".replace("-", "−")


def _asked(counts: np.ndarray) -> list[Question]:
    whole, single, zero = float(mean_iou(counts.sum(0))), batch_mean(counts, 1), batch_mean(counts, 1, "zero")
    return [
        Question(
            "A training loop logs the mean of its batches' mean IoU. You double the batch size and change nothing "
            "else. What happens to that number on the same predictions?",
            ("It changes", "Nothing: the predictions are the same", "It doubles"),
            0,
            "IoU is a ratio of sums, and a mean of ratios depends on how the sums are cut. Only with one batch of all "
            "pictures it is the global mean IoU.",
        ),
        Question(
            f"On average {np.mean(absent_classes(list(counts))):.1f} of the {counts.shape[-1]} classes are in neither "
            "map of a picture. What does it do to the per-picture mean here to count such a class as 0?",
            ("It falls a lot", "It stays about the same", "It rises"),
            0 if single - zero > 0.02 else 1 if single - zero > -0.02 else 2,
            f"From {percent(single)} to {percent(zero)}, and the global value is {percent(whole)}: a convention about "
            "classes that are not there can outweigh the network.",
        ),
    ]
