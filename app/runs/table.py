"""The table of all runs: state, data, recipe, best mIoU, duration; choose rows, open or use a run with one click."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from app import page_list
from app.bench import kept as bench_kept
from app.parts.words import duration
from app.runs import actions, kept
from app.runs.settings_compared import MOST_RUNS
from app.visitor import session
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.run_state import runs_root
from fcn_core.training.run_folder.run_weights import weights_name

KEY = "runs-table"
REFRESH_SECONDS = 3.0
WATCH, USE = ":material/monitoring: Live", ":material/layers: Segment"


def chosen_runs(infos: Sequence[RunInfo]) -> list[RunInfo]:
    """The chosen runs that exist, in the order of the table, at most as many as can be compared."""
    return [info for info in infos if info.id in session.setting("runs")][:MOST_RUNS]


def runs_table(infos: Sequence[RunInfo]) -> None:
    """Draw the table; the choice of rows goes into the setting `runs`."""
    rows = [place for place, info in enumerate(infos) if info.id in session.setting("runs")][:MOST_RUNS]
    if sorted(_rows()) != rows:  # written only where it differs, so that quick clicks do not overtake each other
        st.session_state[KEY] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    column = st.column_config
    st.dataframe(
        _frame(infos),
        key=KEY,
        hide_index=True,
        on_select=lambda: _chosen(infos),
        selection_mode="multi-row",
        alt="Table of all training runs",
        column_config={
            "best mIoU": column.NumberColumn(format="%.1f %%"),
            "started": column.DatetimeColumn(format="D MMM, HH:mm"),
            "open": column.ButtonColumn(
                "", type="tertiary", key="runs-open", on_click=_clicked, args=(infos, "runs-open")
            ),
            "use": column.ButtonColumn(
                "", type="tertiary", key="runs-use", on_click=_clicked, args=(infos, "runs-use")
            ),
        },
    )


def _frame(infos: Sequence[RunInfo]) -> pd.DataFrame:
    usable = bench_kept.weight_records()
    return pd.DataFrame(
        [
            {
                "run": info.id,
                "state": info.state,
                "data": info.data,
                "recipe": info.recipe,
                "best mIoU": None if info.best_miou is None else 100 * info.best_miou,
                "duration": duration(info.elapsed),
                "open": WATCH,
                "use": USE if weights_name(info.id) in usable else None,
                "started": datetime.fromtimestamp(info.launched) if info.launched else None,
                "remark": _remark(info),
            }
            for info in infos
        ]
    )


def _remark(info: RunInfo) -> str:
    if info.state == "queued" and info.waiting_for:
        return f"waits for {info.waiting_for}"
    return info.problem or (info.message if info.state in ("failed", "crashed") else "")


def _chosen(infos: Sequence[RunInfo]) -> None:
    ids = [infos[row].id for row in _rows() if row < len(infos)]
    if len(ids) > MOST_RUNS:
        st.toast(f"At most {MOST_RUNS} runs can be compared at once; the first {MOST_RUNS} in the table are shown.")
    session.change_setting("runs", tuple(ids[:MOST_RUNS]))


def _rows() -> list[int]:
    """The rows that are chosen in the table; none before it was drawn."""
    state: Any = st.session_state.get(KEY) or {"selection": {"rows": []}}
    return list(state["selection"]["rows"])


def _clicked(infos: Sequence[RunInfo], key: str) -> None:
    """Remember which page a button in the table leads to; pages cannot be switched before the script runs."""
    row = st.session_state[key]["row"]
    if row < len(infos):
        st.session_state["runs-go"] = (key, infos[row].id)


def go_where_clicked() -> None:
    """Follow a click on a button in the table."""
    key, run = st.session_state.pop("runs-go", ("", ""))
    if key == "runs-open":
        session.change_setting("run", run)
        st.switch_page(page_list.find("live.py").path)
    if key == "runs-use":
        actions.use_in_segment(run)


def watch_for_changes(infos: Sequence[RunInfo]) -> None:
    """Draw the page anew when a run has changed its state, appeared or gone; only while one goes on."""
    shown = signature(infos)

    @st.fragment(run_every=REFRESH_SECONDS if any(info.living for info in infos) else None)
    def watch() -> None:
        if signature(kept.runs(str(runs_root()))) != shown:
            st.rerun()

    watch()


def signature(infos: Sequence[RunInfo]) -> tuple[tuple[Any, ...], ...]:
    """What of the runs the table shows and is worth drawing anew."""
    return tuple((info.id, info.state, info.best_miou, info.waiting_for) for info in infos)
