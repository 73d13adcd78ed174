"""Where the run shall go, and Start."""

from __future__ import annotations

import os
from typing import Any

import streamlit as st

from app.runs import kept as runs_kept
from app.train import draft_in_hand, launching
from app.train import kept as train_kept
from app.train.draft import Draft
from app.train.form import leaf_fields
from app.train.queue_panel import watch
from app.train.titles import TITLES
from app.visitor import widgets
from app.visitor.permission import why_not
from fcn_core.training.settings.stages import expand

SHOWN_PROBLEMS = 6


def start_panel() -> None:
    """Draw the choice of a place and the Start button, or say why nothing can be started here."""
    reason = why_not()
    if reason:
        st.info(reason, icon=":material/lock:")
        return
    draft = draft_in_hand.draft()
    problems = list_problems(draft)
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        lines = problems[:SHOWN_PROBLEMS] + ([f"… and {more} more"] if more > 0 else [])
        st.error("Before it can start:\n" + "\n".join(f"- {widgets.plain(line)}" for line in lines))
    wanted = _place()
    stages = expand(draft.config) if draft.config is not None else ()
    if len(stages) > 1:
        names = ", ".join(widgets.plain(stage.name) for stage in stages)
        st.caption(f"Starts {len(stages)} linked runs, each from the one before: {names}.")
    if st.button("Start", type="primary", icon=":material/play_arrow:", width="stretch", disabled=bool(problems)):
        _start(draft, wanted)
    failed = st.session_state.pop("start-problem", "")
    if failed:
        st.error(widgets.plain(failed), icon=":material/error:")


def list_problems(draft: Draft) -> list[str]:
    """Everything that keeps these settings from starting, each in a sentence with the setting's title."""
    titles = {path: field.title for path, field in leaf_fields().items()}
    said = []
    for path, problem in draft.problems.items():
        words = [word for word in path.split(".") if not word.isdigit()]
        title = next((titles[p] for p in (path, path.rpartition(".")[0]) if p in titles), "")
        if not title and words:
            title = TITLES.get(words[0], words[0].capitalize())
        said.append(f"{title}: {problem}" if title else problem)
    if not said:
        try:
            launching.check_name(str(draft.values["name"]))
        except ValueError as problem:
            said.append(str(problem))
    known = draft_in_hand.known_classes()
    strangers = [name for name in draft.value("augment.rare_classes") if known and name not in known]
    if strangers:
        said.append(f"{titles['augment.rare_classes']}: the data have no class {', '.join(strangers)}.")
    return list(dict.fromkeys(said))


def _place() -> dict[str, Any]:
    """Where to: {"processes": n} on this machine, {"slurm": settings} on a cluster."""
    kept = st.session_state.setdefault("place", {"where": "here", "processes": 1, "slurm": {}})
    if train_kept.slurm_is_here():
        _mirror("where", kept, "where")
        st.segmented_control(
            "Where",
            ["here", "slurm"],
            format_func={"here": "This machine", "slurm": "Slurm cluster"}.__getitem__,
            required=True,
            key="place-where",
            on_change=lambda: kept.update(where=st.session_state["place-where"]),
        )
        if kept["where"] == "slurm":
            return {"slurm": _slurm(kept["slurm"])}
    _mirror("processes", kept, "processes")
    st.number_input(
        "Processes on this machine",
        min_value=1,
        max_value=max(1, os.cpu_count() or 1),
        step=1,
        key="place-processes",
        help="Several share each batch: one a GPU, or a few on a processor of many cores.",
        on_change=lambda: kept.update(processes=st.session_state["place-processes"]),
    )
    return {"processes": int(kept["processes"])}


def _mirror(name: str, kept: dict[str, Any], key: str) -> None:
    st.session_state[f"place-{name}"] = kept[key]


def _slurm(kept: dict[str, Any]) -> dict[str, Any]:
    """What the job asks Slurm for, one field each from its own model."""
    from fcn_core.training.places.slurm_settings import SlurmSettings

    with st.container(border=True, gap="small"):
        for name, info in SlurmSettings.model_fields.items():
            if name == "extra":
                continue
            key, default = f"slurm-{name}", info.default
            value = kept.get(name, default)
            st.session_state[key] = value
            title, about = name.replace("_", " ").capitalize(), info.description
            change = lambda name=name, key=key: kept.update({name: st.session_state[key] or None})  # noqa: E731
            if name == "partition":
                options = train_kept.slurm_partitions()
                st.session_state[key] = value if value in options else None
                st.selectbox(title, options, key=key, help=about, placeholder="the cluster's default", on_change=change)
            elif isinstance(default, int):
                change = lambda name=name, key=key: kept.update({name: st.session_state[key]})  # noqa: E731
                st.number_input(title, step=1, min_value=0, key=key, help=about, on_change=change)
            elif name == "memory_gb":
                st.number_input(title, step=1.0, min_value=0.0, key=key, help=about, on_change=change)
            else:
                st.session_state[key] = value or ""
                st.text_input(title, key=key, help=about, on_change=change)
    return dict(kept)


def _start(draft: Draft, wanted: dict[str, Any]) -> None:
    try:
        with st.spinner("Starting …"):
            launched = launching.start(draft, before=st.session_state.get("launched"), **wanted)
    except (ValueError, OSError) as problem:
        st.session_state["start-problem"] = str(problem)
        return
    st.session_state["launched"] = launched
    runs_kept.runs.clear()
    watch(launched.run_id)
