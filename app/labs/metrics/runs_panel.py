"""The project's runs with and without class weights side by side, and the two opinions on balancing."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.labs.metrics.bars import BarRow, bar_table
from app.labs.metrics.stored_runs import StoredRun, runs_on, stored_runs
from app.labs.metrics.weighting import KINDS
from app.parts.colours import hex_colour
from app.parts.tables import table
from app.parts.words import percent
from app.visitor import widgets
from fcn_core.labels import CAMVID

SETS = {"streets": "Drawn streets", "camvid": "CamVid"}
BARS = {"iou": "IoU", "recall": "Found (recall)", "precision": "Right when said (precision)"}
RARE = 0.02  # share of the training pixels


OPINIONS = (
    "**Two opinions.** The paper calls balancing the classes unnecessary, though about three quarters of its pixels "
    "are background, and reports no comparison :small[:gray[(CVPR 2015, section 4.3)]]; its network starts from "
    "ImageNet and learns for at least 175 epochs. Later systems for street scenes weight rare classes: SegNet by "
    "median frequency, ENet by 1 / ln(1.02 + share) :small[:gray[(from memory, not verified)]]. Our short runs show "
    "what is at stake on both sides: weights make a network predict rare classes sooner. That raises their "
    "accuracy, and their IoU as long as they were rarely predicted before; look at the precision for what it costs."
)


def runs_panel() -> None:
    """The runs side by side, then what others found."""
    st.subheader("What weights did to three trainings", anchor=False)
    _compared()
    st.markdown(OPINIONS)


@st.fragment
def _compared() -> None:
    """Choice of data set and measure, the bars a class, the totals, and what follows."""
    there = {name: title for name, title in SETS.items() if runs_on(name)}
    if not there:
        st.info(
            "The stored runs are missing: `assets/imbalance/runs.json`. `python -m benchmarks.imbalance --data "
            "streets` makes them, `--collect` writes the file."
        )
        return
    with st.container(horizontal=True, gap="medium"):
        data = widgets.pick_one("m_set", "Trained and measured on", there)
        measure = widgets.pick_one("m_bars", "Of each class", BARS)
    runs = runs_on(data)
    first = next(iter(runs.values()))
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        st.html(bar_table(("class", "of the pixels", "percent"), [KINDS[kind] for kind in runs], _rows(runs, measure)))
    with right:
        st.html(table(("", *(KINDS[kind] for kind in runs)), _totals(runs)))
        st.markdown(verdict(runs))
        facts = first.facts
        height, width = facts["crop"]
        st.caption(
            f"Measured on {first.measured_on}. One run a column, the same start ({facts['start']}), pictures and "
            f"{facts['steps']} steps of {facts['batch_size']} crops of {width}×{height}; only the class weights "
            f"differ. {_seeds(data) or 'One seed: a difference of a point or two says little.'}"
        )


def verdict(runs: dict[str, StoredRun]) -> str:
    """What the numbers say, in points against the run without weights."""
    if "none" not in runs or len(runs) < 2:
        return ""
    base, lines = runs["none"], []
    rare = base.shares < RARE
    for kind, run in runs.items():
        if kind == "none":
            continue
        changes = [
            f"{name} {_points(getattr(run.scores, key) - getattr(base.scores, key))}"
            for key, name in (("miou", "mIoU"), ("mpa", "MPA"), ("pa", "PA"))
        ]
        gains = np.array(run.scores.iou) - np.array(base.scores.iou)
        of_rare, of_others = (_points(float(np.nanmean(gains[which]))) for which in (rare, ~rare))
        lines.append(
            f"**{KINDS[kind]}**: {', '.join(changes)}; IoUs of rare classes {of_rare} on average, of the others "
            f"{of_others}."
        )
    better = [kind for kind in runs if runs[kind].scores.miou > base.scores.miou + 0.01]
    worse = [kind for kind in runs if runs[kind].scores.miou < base.scores.miou - 0.01]
    if better and not worse:
        end = "Here, from so short a training, weights help the mean IoU."
    elif worse and not better:
        end = "Here weights cost mean IoU: the paper's side."
    elif better and worse:
        end = f"Here it depends on the weights: {_named(better)} helped the mean IoU, {_named(worse)} cost some."
    else:
        end = "Here weights neither help nor harm the mean IoU by more than a point: the paper's side."
    head = f"In points against the run without weights (rare: under {100 * RARE:.0f} % of the pixels):"
    return "\n\n".join((head, "\n".join(f"- {line}" for line in lines), end))


def _rows(runs: dict[str, StoredRun], measure: str) -> list[BarRow]:
    first = next(iter(runs.values()))
    values = {
        "iou": lambda run: run.scores.iou,
        "recall": lambda run: run.scores.accuracy,
        "precision": lambda run: run.precision,
    }[measure]
    listed = [values(run) for run in runs.values()]
    return [
        BarRow(
            first.classes[i],
            hex_colour(CAMVID.palette[i]) if first.classes == CAMVID.classes else "",
            (percent(first.shares[i]),),
            tuple(float(of_run[i]) for of_run in listed),
        )
        for i in np.argsort(-first.shares, kind="stable")
    ]


def _totals(runs: dict[str, StoredRun]) -> list[tuple[str, ...]]:
    names = (("miou", "mean IoU"), ("mpa", "mean accuracy"), ("pa", "pixel accuracy"), ("fwiou", "weighted IoU"))
    return [(name, *(f"{100 * getattr(run.scores, key):.1f}" for run in runs.values())) for key, name in names]


def _seeds(data: str) -> str:
    """Mean IoU of further seeds, if there are any."""
    others = sorted({run.seed for run in stored_runs() if run.data == data} - {0})
    told = []
    for seed in others:
        scores = ", ".join(f"{KINDS[k]} {100 * run.scores.miou:.1f}" for k, run in runs_on(data, seed).items())
        told.append(f"Seed {seed}, mean IoU: {scores}.")
    return " ".join(told)


def _named(kinds: list[str]) -> str:
    return " and ".join(KINDS[kind] for kind in kinds)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
