"""What this machine is training, and who waits for whom."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.parts.words import about
from app.runs import kept as runs_kept
from app.visitor import session, widgets
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.run_state import runs_root

MOST = 8
AT_WORK = ("launching", "preparing", "running")


@st.fragment(run_every=4)
def queue_panel() -> None:
    """Draw the runs at work and those that wait; looks again every few seconds."""
    living = [info for info in runs_kept.runs(str(runs_root())) if info.living]
    st.subheader("Queue")
    if not living:
        st.caption("Nothing is training. One run uses a device at a time; others wait for it.")
        return
    names = {info.id: info.name for info in living}
    living.sort(key=lambda info: (info.state not in AT_WORK, info.launched))
    for info in living[:MOST]:
        _line(info, names)
    if len(living) > MOST:
        st.caption(f"… and {len(living) - MOST} more")


def _line(info: RunInfo, names: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None):
            st.markdown(f"**{widgets.plain(info.name)}** :small[{_standing(info, names)}]")
            if info.state in AT_WORK:
                st.progress(min(1.0, max(0.0, info.fraction)))
        # A link, not a button: this part refreshes by itself, and a click in that moment must not get lost.
        address = {**dict(st.query_params), "run": info.id}
        st.page_link(page_list.find("live.py").path, label="Watch", icon=":material/monitoring:", query_params=address)


def _standing(info: RunInfo, names: dict[str, str]) -> str:
    if info.state in AT_WORK:
        left = f", {about(info.eta)} left" if info.eta else ""
        return f"{info.state}{left}"
    if info.waiting_for:
        return widgets.plain(f"waits for {names.get(info.waiting_for, info.waiting_for)}")
    return widgets.plain(info.message or "waits for its turn")


def watch(run_id: str) -> None:
    """Go to the live page of a run."""
    session.change_setting("run", run_id)
    st.switch_page(page_list.find("live.py").path)
