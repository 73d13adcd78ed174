"""What can be done with a run: stop, kill, resume, use, clone, delete. Hidden from who may only look."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import page_list
from app.bench import kept as bench_kept
from app.runs import kept
from app.visitor import session
from app.visitor.permission import may_launch
from fcn_core.training.places import launch
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.run_folder.run_weights import weights_name
from fcn_core.training.run_folder.runs import RunFolder


def control_buttons(info: RunInfo, *, place: str) -> None:
    """Stop and Kill of a living run, Resume of one that can go on."""
    if not may_launch():
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", width="content"):
        if info.living:
            asked = RunFolder(info.path).stop_asked()
            st.button(
                "Stopping …" if asked else "Stop",
                icon=":material/stop:",
                key=f"{place}-stop",
                disabled=asked,
                help="Finishes the current step, saves everything, and ends. It can be resumed later.",
                on_click=_act,
                args=(info, launch.request_stop, "Asked to stop: it finishes its step and saves."),
            )
            with st.popover("Kill", type="tertiary", key=f"{place}-kill"):
                st.markdown("Ends the processes at once. What came after the last checkpoint is lost.")
                st.button(
                    "Kill now",
                    key=f"{place}-kill-now",
                    type="primary",
                    on_click=_act,
                    args=(info, launch.kill, "Killed."),
                )
        elif info.resumable:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                type="primary",
                key=f"{place}-resume",
                help="Goes on from the last checkpoint.",
                on_click=_act,
                args=(info, launch.resume_run, "Resumed."),
            )
    if done := st.session_state.pop("run-done", None):
        st.toast(done)
    if complaint := st.session_state.get(_complaint(info)):
        st.error(complaint, icon=":material/error:")


def use_button(info: RunInfo, *, place: str, primary: bool = False) -> None:
    """One click to Segment with this run's best weights, if it has any."""
    if weights_name(info.id) in bench_kept.weight_records():
        if st.button(
            "Use in Segment",
            icon=":material/layers:",
            key=f"{place}-use",
            type="primary" if primary else "secondary",
        ):
            use_in_segment(info.id)


def use_in_segment(run_id: str) -> None:
    """Put the run's weights on the bench and open Segment."""
    session.hold(weights=weights_name(run_id))
    st.switch_page(page_list.find("segment.py").path)


def clone_button(info: RunInfo, *, place: str) -> None:
    """One click to the Train page with this run's settings in its form."""
    if info.config is not None and may_launch():
        if st.button("Clone", icon=":material/content_copy:", key=f"{place}-clone", help="A new run from its settings"):
            st.session_state["clone"] = info.config.to_yaml()
            st.switch_page(page_list.find("train.py").path)


def delete_button(info: RunInfo, *, place: str) -> None:
    """Delete, after a question."""
    if may_launch():
        reason = "Stop it before you delete it." if info.living else None
        if st.button("Delete", icon=":material/delete:", key=f"{place}-delete", disabled=info.living, help=reason):
            _confirm_delete(info)


@st.dialog("Delete this run?")
def _confirm_delete(info: RunInfo) -> None:
    with st.container(key="confirm-delete"):
        st.markdown(f"`{info.id}` with its metrics, previews, checkpoints and weights. This cannot be undone.")
        with st.container(horizontal=True, gap="small"):
            done = st.button(
                "Delete", type="primary", icon=":material/delete:", key="delete-now", on_click=_delete, args=(info,)
            )
            if (done and not st.session_state.get(_complaint(info))) or st.button("Keep it", key="delete-not"):
                st.rerun()
        if complaint := st.session_state.get(_complaint(info)):
            st.error(complaint, icon=":material/error:")


def _delete(info: RunInfo) -> None:
    st.session_state.pop(_complaint(info), None)
    try:
        launch.delete_run(RunFolder(info.path))
    except (OSError, ValueError) as problem:
        st.session_state[_complaint(info)] = str(problem)
    else:
        forget(info.id)


def forget(run_id: str) -> None:
    """Take a deleted run off the bench and out of what is chosen."""
    kept.runs.clear()
    bench_kept.weight_records.clear()
    if session.bench().weights == weights_name(run_id):
        session.hold(weights=None)
    if session.setting("run") == run_id:
        session.change_setting("run", "")
    session.change_setting("runs", tuple(chosen for chosen in session.setting("runs") if chosen != run_id))


def _act(info: RunInfo, action: Callable[[RunFolder], object], done: str) -> None:
    """Do it and say so; a refusal stays on the page until the next try."""
    st.session_state.pop(_complaint(info), None)
    try:
        action(RunFolder(info.path))
    except (OSError, ValueError) as problem:
        st.session_state[_complaint(info)] = str(problem)
        return
    kept.runs.clear()
    st.session_state["run-done"] = done


def _complaint(info: RunInfo) -> str:
    return f"run-complaint-{info.id}"
