"""What the run in hand will cost: parameters at once, the rest measured with real steps at one click."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.data.places import not_offered
from app.parts.jobs import Job
from app.parts.waiting import watch
from app.parts.words import UNKNOWN, about, megabytes
from app.train import draft_in_hand, kept
from app.train.cost import measurable, measure_cost
from app.visitor import widgets
from app.visitor.permission import may_launch
from fcn_core.data.datasets import DATASETS
from fcn_core.training.loop.preflight import Cost
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.stages import expand

TABLE = """
.fcn-costs { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.fcn-costs td { padding: .32rem 0; border: 0; border-bottom: 1px solid rgb(128 128 128 / 22%); vertical-align: top; }
.fcn-costs td:last-child { text-align: right; }
@media (min-width: 900px) {
  [data-testid=stLayoutWrapper]:has(> .st-key-costs) { position: sticky; top: 4rem; }
}
"""


def cost_panel() -> None:
    """Draw the figures; those that need a measurement stand as a dash until there was one."""
    st.subheader("What it costs")
    config = draft_in_hand.draft().config
    if config is None:
        _figures(None, UNKNOWN)
        st.caption("The cost is known once the settings fit together.")
        return
    settings = measurable(config).to_yaml()
    known = kept.measurements().of(settings)
    try:
        parameters = f"{_parameters(config, settings):,}"
    except ValueError as problem:
        parameters = UNKNOWN
        st.error(widgets.plain(str(problem)))
    cost: Cost | None = known.result if known is not None else None
    _figures(cost, parameters)
    if not may_launch():
        st.caption("Time and memory are measured with real steps on this machine, which is off here.")
        return
    refused = not_offered(draft_in_hand.draft().values)
    st.button(
        "Measure with a few real steps",
        icon=":material/timer:",
        disabled=bool(refused) or (known is not None and known.running),
        on_click=lambda: kept.measurements().start(settings, lambda job: measure_cost(settings)),
    )
    if refused:
        st.caption(f":material/lock: {widgets.plain(refused)}")
    elif known is None:
        st.caption("This takes a few seconds, in a process of its own.")
    elif known.problem:
        st.error(widgets.plain(known.problem), icon=":material/error:")
    elif cost is None:
        watch(kept.measurements(), settings, _measuring)
    else:
        st.caption(_length_sentence(cost, len(expand(config))))


def _measuring(job: Job) -> None:
    st.caption(f":material/hourglass_top: Measuring … {job.seconds:.0f} s")


def _parameters(config: TrainConfig, settings: str) -> int:
    part = config.train[0]
    channels = DATASETS[part.kind].channels.get(part.images, 3)
    return kept.parameters(settings, max(1, len(draft_in_hand.known_classes())), channels)


def _figures(cost: Cost | None, parameters: str) -> None:
    """The same lines before and after the measurement, so that nothing moves."""
    rows = [("Parameters", parameters)]
    if cost is None:
        rows += [(name, UNKNOWN) for name in ("Memory", "An epoch", "The whole run", "Disk")]
    else:
        whole = about(cost.seconds_total)
        rows += [
            ("Memory", _of(cost.memory_mb, cost.free_memory_mb)),
            ("An epoch", f"{about(cost.seconds_an_epoch)} ({cost.epoch_pictures:,} pictures)"),
            ("The whole run", f"{whole} ({cost.steps:,} steps)" if cost.steps else whole),
            ("Disk", _of(cost.disk_mb, cost.free_disk_mb)),
        ]
        if cost.trained_parameters != cost.parameters:
            rows[0] = ("Parameters", f"{cost.parameters:,}, of which {cost.trained_parameters:,} learn")
    lines = "".join(f"<tr><td>{name}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    st.html(f"<style>{TABLE}</style><table class='fcn-costs'>{lines}</table>")


def _length_sentence(cost: Cost, runs: int) -> str:
    tight = [
        f"there is not enough {name}"
        for name, wanted, free in (
            ("memory", cost.memory_mb, cost.free_memory_mb),
            ("disk", cost.disk_mb, cost.free_disk_mb),
        )
        if wanted is not None and free is not None and wanted > free
    ]
    if tight:
        return f":red[:material/warning: As things stand, {' and '.join(tight)}.]"
    each = f" Each of the {runs} linked runs takes about this much." if runs > 1 else ""
    return f":material/check: Measured: {cost.seconds_a_step:.2g} s a step.{each}"


def _of(wanted: float | None, free: float | None) -> str:
    if wanted is None:
        return UNKNOWN
    return megabytes(1e6 * wanted) + (f" of {megabytes(1e6 * free)} free" if free is not None else "")
