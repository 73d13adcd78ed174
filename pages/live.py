"""Watch a training run: loss, accuracy and pictures grow; stop it, resume it, use its weights."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.parts import browser_figures
from app.runs import kept as runs_kept
from app.runs import live_panel
from app.runs.live_panel import ShownRun, refreshing
from app.runs.view import held_view, view_controls
from app.visitor import session, widgets
from app.visitor.permission import may_launch, why_not
from fcn_core.training.places.run_state import runs_root

st.title("Live")
infos = runs_kept.runs(str(runs_root()))
if not infos:
    widgets.show_notices()
    st.subheader("No run yet")
    st.markdown(
        f"Runs appear here as soon as one is started; they lie in `{runs_root()}`. "
        "On the command line: `python -m fcn_core train classroom`."
    )
    if may_launch():
        st.page_link(page_list.find("train.py").path, label="Start one on the Train page", icon=":material/play_arrow:")
    else:
        st.caption(why_not())
    st.stop()

info = live_panel.choose(infos)
with st.container():  # takes a place even when it is empty: what moves is drawn anew, and a click on it would be lost
    widgets.show_notices()
st.session_state["control-run"] = info.id
st.selectbox(
    "Run",
    [each.id for each in infos],  # as they are: Streamlit knows a choice by its words, so a state among them would
    key="control-run",  # make another choice of it whenever it changes
    on_change=lambda: session.change_setting("run", st.session_state["control-run"]),
)
browser_figures.plotly_library()
shown = ShownRun(info.path, info.state, held_view(info.id))
with st.container(key="live"):
    refreshing(live_panel.status, shown)
    view_controls(colours=True)
    refreshing(live_panel.main_charts, shown)
    refreshing(live_panel.previews, shown, live_panel.PREVIEW_SECONDS)
    refreshing(live_panel.more_charts, shown)
    refreshing(live_panel.log, shown)
if not may_launch():
    st.caption(why_not())
