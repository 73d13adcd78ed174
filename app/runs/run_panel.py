"""One run on the Runs page: its facts, notes, files to take away, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.parts.words import duration, megabytes, percent
from app.runs import actions
from app.runs.words import state_words
from app.visitor import session
from app.visitor.permission import may_launch
from app.visitor.widgets import plain
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.run_folder.metrics_table import metrics_csv
from fcn_core.training.run_folder.runs import RunFolder


def run_panel(info: RunInfo) -> None:
    """Draw the panel of one run."""
    words, place = state_words(info.state), f"runs-{info.id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(info.state, icon=words.icon, color=words.colour)  # type: ignore[arg-type]
        st.markdown(plain(info.message or words.meaning), width="stretch")
    if info.problem:
        st.warning(f"Damaged files of this run: {plain(info.problem)}.", icon=":material/warning:")
    st.caption(
        f"{plain(info.recipe or 'own settings')} on {plain(info.data or 'unknown data')} · step {info.step or 0:,} · "
        f"{duration(info.elapsed)} · best mIoU {percent(info.best_miou)} · `{info.path}`"
    )
    with st.container(horizontal=True, gap="small"):
        actions.use_button(info, place=place, primary=info.state == "finished")
        if st.button("Watch", icon=":material/monitoring:", key=f"{place}-watch"):
            session.change_setting("run", info.id)
            st.switch_page(page_list.find("live.py").path)
        actions.clone_button(info, place=place)
        actions.delete_button(info, place=place)
    _downloads(info, place)
    _notes(info, place)


def _downloads(info: RunInfo, place: str) -> None:
    folder = RunFolder(info.path)
    weights = folder.weights()
    with st.container(horizontal=True, gap="small"):
        if folder.metrics_file.is_file():
            st.download_button(
                "Metrics (.csv)",
                lambda: metrics_csv(info.path),
                file_name=f"{info.id}-metrics.csv",
                mime="text/csv",
                icon=":material/download:",
                key=f"{place}-csv",
                on_click="ignore",
            )
        if weights is not None:
            st.download_button(
                f"Weights (.safetensors, {megabytes(weights.stat().st_size)})",
                weights.read_bytes,
                file_name=f"{info.id}.safetensors",
                mime="application/octet-stream",
                icon=":material/download:",
                key=f"{place}-weights",
                on_click="ignore",
            )
        if folder.config_file.is_file():
            st.download_button(
                "Settings (.yaml)",
                folder.config_file.read_bytes,
                file_name=f"{info.id}.yaml",
                mime="application/yaml",
                icon=":material/download:",
                key=f"{place}-yaml",
                on_click="ignore",
            )


def _notes(info: RunInfo, place: str) -> None:
    key = f"{place}-notes"
    written = RunFolder(info.path).notes()
    if not may_launch():
        if written:
            st.markdown("**Notes**")
            st.text(written)
        return
    st.session_state[key] = written

    def save() -> None:
        try:
            RunFolder(info.path).write_notes(st.session_state[key])
        except OSError as problem:
            st.session_state[f"{key}-problem"] = f"The notes could not be saved: {problem.strerror or problem}."
        else:
            st.session_state.pop(f"{key}-problem", None)
            st.toast("Notes saved.")

    st.text_area("Notes", key=key, on_change=save, placeholder="What was tried, what came out", height=96)
    if problem := st.session_state.get(f"{key}-problem"):
        st.error(problem, icon=":material/error:")
