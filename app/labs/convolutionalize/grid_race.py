"""An n×n grid of answers, window by window and from the whole picture, timed on this machine."""

from __future__ import annotations

import time
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.convolutionalize import kept
from app.labs.convolutionalize.nets import LabNet, own_net
from app.labs.shared.waited import waited
from app.parts.words import figures, in_units, megabytes, milliseconds
from app.settings.convolutionalize import GRID_SIDES
from app.visitor import session, widgets
from fcn_core.analysis.dense.pass_cost import Counted, GridCost, grid_costs
from fcn_core.analysis.dense.window_classifier import WindowClassifier

WAYS = {"one_by_one": "one by one", "batched": "in batches", "whole": "one pass"}
COLOURS = {"one_by_one": "#e69f00", "batched": "#999999", "whole": "#56b4e9"}
PAPER = """
| AlexNet in the paper, on its GPU | forward | backward |
|:--|--:|--:|
| one 227×227 crop | 1.2 ms | 2.4 ms |
| 10×10 answers from 500×500, one pass | 22 ms | 37 ms |
| 100 crops, reckoned | 120 ms | 240 ms |
"""


@st.fragment
def race(case: Case, small: LabNet) -> None:
    """The section: which network, how large a grid, what was counted, and what was measured here."""
    st.subheader("The same for a grid of n×n answers")
    title, pair = _network(case, small)
    with st.container(width=320):
        names = {n: str(n) for n in GRID_SIDES}
        n = widgets.slide_steps("c_n", "n", names, help="The picture is made just large enough for n×n windows.")
    costs = _measured(pair)
    side = pair.picture_side(n)
    window = kept.pass_counts(pair, "full", (pair.side, pair.side))
    whole = kept.pass_counts(pair, "whole", (side, side))
    found = next((cost for cost in costs if cost.n == n), None)
    ours, theirs = st.columns([3, 2], gap="large")
    with ours:
        st.markdown(f"**{title}**, {n}×{n} answers from a picture of **{side}×{side}** pixels:")
        st.markdown(_table(n, window, whole, found))
    with theirs:
        st.markdown("**The paper**, section 3.1:")
        st.markdown(PAPER)
        st.caption("More than 5 times faster than crops in batches; one by one a crop took 5.4 ms.")
    if costs:
        _times(costs)
        st.caption(
            "Time for n×n answers on this machine: window by window and in batches it grows with n², in one pass with "
            "the picture's area, and neighbouring windows share most of that."
        )


def _network(case: Case, small: LabNet) -> tuple[str, WindowClassifier]:
    """(title, both forms) of the network that is raced."""
    options = {"patch": small.title, "alexnet": "AlexNet"}
    try:
        own = own_net(case)
        options = {"own": f"{case.record.name} as a classifier", **options}
    except ValueError:
        pass
    chosen = widgets.pick_one("c_race", "Network", options)
    if chosen == "alexnet":
        st.caption(
            "AlexNet's layers with weights drawn at random: what a pass costs does not depend on them. torchvision's, "
            "with windows of 224 pixels where the paper's had 227."
        )
        return "AlexNet", kept.alexnet_pair()
    net = own if chosen == "own" else small
    return widgets.plain(net.title), net.pair


def _measured(pair: WindowClassifier) -> tuple[GridCost, ...]:
    """What was measured here so far; measures when the button is pressed."""
    known = kept.grid_costs(pair)
    if st.button(
        "Measure on this machine", icon=":material/timer:", key="convolutional-race",
        help="All three ways for n = 1 to 10, window by window, in batches, and in one pass: half a minute at most on "
        "an idle machine",
    ):  # fmt: skip
        turn = ("race", pair.key, time.monotonic_ns())  # measured anew each time
        costs = waited(
            turn,
            lambda progress: Race(grid_costs(pair, GRID_SIDES, bench_kept.device(), progress=progress)),
            "Measuring:",
        )
        if costs is not None:
            known["times"] = costs.costs
    return known.get("times", ())


def _table(n: int, window: Counted, whole: Counted, found: GridCost | None) -> str:
    """Markdown: the ways, what they cost, and how that compares."""
    batch = found.batch if found else 16
    counts = {
        "one_by_one": (window.multiply_adds * n * n, window.peak_bytes),
        "batched": (window.multiply_adds * n * n, window.peak_bytes * min(batch, n * n)),
        "whole": (whole.multiply_adds, whole.peak_bytes),
    }
    lines = ["| | time here | multiply-adds | memory |", "|:--|--:|--:|--:|"]
    for way, (adds, peak) in counts.items():
        took = milliseconds(getattr(found, way)) if found else "not measured yet"
        if found and way != "whole" and found.timed[way == "batched"] < n * n:
            took = f"≈ {took}"
        lines.append(f"| {WAYS[way]} | {took} | {in_units(adds)} | {megabytes(peak)} |")
    ratio = window.multiply_adds * n * n / whole.multiply_adds
    work = f"Window by window takes **{figures(ratio)} times** the multiply-adds"
    lines += ["", f"{work} of one pass. Memory: the most that input and maps take at once, weights apart."]
    if found:
        faster = f"One pass is **{figures(found.one_by_one / found.whole, 2)} times as fast** as one by one"
        lines += [
            "",
            f"{faster}, {figures(found.batched / found.whole, 2)} times as fast as in batches of {found.batch}.",
        ]
        if min(found.timed) < n * n:
            lines += [f"≈: {found.timed[0]} and {found.timed[1]} of the {n * n} windows were timed, and multiplied up."]
    return "\n".join(lines)


def _times(costs: tuple[GridCost, ...]) -> None:
    chart = go.Figure(layout={"height": 300, "margin": {"l": 60, "r": 10, "t": 10, "b": 40}})
    for way, name in WAYS.items():
        chart.add_scatter(
            x=[cost.n for cost in costs], y=[1e3 * getattr(cost, way) for cost in costs], name=name,
            mode="lines+markers", line={"color": COLOURS[way]},
            hovertemplate=f"n = %{{x}}: %{{y:.3g}} ms<extra>{name}</extra>",
        )  # fmt: skip
    chart.update_layout(
        xaxis={"title": "n, answers along one side"},
        yaxis={"title": "milliseconds here, log scale", "type": "log", "dtick": 1},
        legend={"orientation": "h", "y": 1.15}, font={"size": 18 if session.setting("large") else 12},
    )  # fmt: skip
    st.plotly_chart(chart, key="convolutional-times", config={"displayModeBar": False})


class Race:
    """What was measured, as the store of answers keeps it."""

    def __init__(self, costs: Any) -> None:
        self.costs: tuple[GridCost, ...] = costs
