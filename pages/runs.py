"""All training runs: compare up to eight, take notes, download, start again from one, delete."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.runs import kept as runs_kept
from app.runs import table
from app.runs.compare_panel import compare_panel
from app.runs.run_panel import run_panel
from app.runs.settings_compared import MOST_RUNS
from app.visitor import widgets
from app.visitor.permission import may_launch, why_not
from fcn_core.training.places.run_state import runs_root

st.title("Runs")
table.go_where_clicked()
widgets.show_notices()
infos = runs_kept.runs(str(runs_root()))
if not may_launch():
    st.caption(f":material/lock: {why_not()}")
if not infos:
    st.subheader("No run yet")
    st.markdown(f"Runs appear here as soon as one is started; they lie in `{runs_root()}`.")
    if may_launch():
        st.page_link(page_list.find("train.py").path, label="Start one on the Train page", icon=":material/play_arrow:")
    st.stop()

table.runs_table(infos)
table.watch_for_changes(infos)
chosen = table.chosen_runs(infos)
if not chosen:
    st.caption(
        f"Choose a run by the box at its left for its notes and files; choose two to {MOST_RUNS} to compare them."
    )
if len(chosen) > 1:
    compare_panel(chosen)
for info in chosen:
    with st.expander(info.id, expanded=len(chosen) == 1, key=f"panel-{info.id}"):
        run_panel(info)
