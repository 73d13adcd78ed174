"""Boundary accuracy over a whole labelled set, measured beside the page; what was measured is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import streamlit as st

from app.data import kept as data_kept
from app.data.found import DataFound
from app.data.picker import found_notice, kind_picker, root_picker
from app.data.places import may_read
from app.labs.fusion import kept
from app.labs.shared.fusion_case import FusionCase
from app.parts.jobs import Job
from app.parts.waiting import share, watch
from app.visitor import session, widgets
from fcn_core.analysis.measuring.boundary_job import SetResult, measure_set
from fcn_core.data.datasets import DATASETS

Chart = Callable[..., None]


def set_panel(found: FusionCase, chart: Chart) -> None:
    """Choose a set, start, watch, stop, and read the result."""
    st.subheader("A whole data set", anchor=False)
    kind = session.setting("f_data")
    left, right = st.columns([1, 2], gap="large")
    with left:
        kind_picker(kind, lambda name: session.change_setting("f_data", name), place="fusion")
        root = _root(kind)
        root_picker(kind, root, lambda folder: _roots().__setitem__(kind, folder), place="fusion")
        there = found_notice(kind, root) if DATASETS[kind].needs_root else data_kept.data_found(kind, None)
        if not there.pictures:
            return
        split = _split_and_count(there)
    key = (found.segmenter.loaded.key, kind, there.root, split, session.setting("f_n"))
    with right:
        _watch(found, there, split, key, chart)


def _root(kind: str) -> str | None:
    root = _roots().get(kind)
    return root if DATASETS[kind].needs_root and may_read(root) else None


def _roots() -> dict[str, str | None]:
    return st.session_state.setdefault("roots", {})


def _split_and_count(there: DataFound) -> str:
    splits = [name or "all" for name in there.pictures]
    usual = "val" if "val" in splits else splits[0]
    split = session.setting("f_split") if session.setting("f_split") in splits else usual
    if len(splits) > 1:
        split = widgets.pick_one("f_split", "Split", {name: name for name in splits}, fallback=usual)
    most = there.pictures["" if split == "all" and "" in there.pictures else split]
    st.session_state["fusion-count"] = min(session.setting("f_n"), most)
    st.number_input(
        "Pictures, evenly spread", 1, most, step=1, key="fusion-count",
        on_change=lambda: session.change_setting("f_n", st.session_state["fusion-count"]),
    )  # fmt: skip
    return split


def _watch(found: FusionCase, there: DataFound, split: str, key: Hashable, chart: Chart) -> None:
    job = kept.boundary_jobs().of(key)
    if job is not None and job.running:
        watch(kept.boundary_jobs(), key, _running)
        return
    if st.button(
        "Measure again" if job is not None else "Measure this set", key="fusion-measure", icon=":material/play_arrow:"
    ):
        _start(found, there, split, key)
        st.rerun()
    if job is None:
        st.caption(
            "One pass for each picture, about a second each without a GPU. It goes on beside the page, and the result "
            "is kept."
        )
    elif job.problem:
        st.error(widgets.plain(job.problem), icon=":material/error:")
    else:
        _result(found, job, job.result, chart)


def _running(job: Job) -> None:
    words = f"{job.title}: {job.done} of {job.total} pictures" if job.total else f"{job.title}: waiting for its turn …"
    st.progress(share(job), text=words)
    st.button(
        "Stop", key="fusion-stop", icon=":material/stop:", on_click=job.cancel, disabled=job.stopping.is_set(),
        help="Ends after the picture in work; what was counted until then stays.",
    )  # fmt: skip


def _start(found: FusionCase, there: DataFound, split: str, key: Hashable) -> None:
    record, labels, at_most = found.case.record, found.case.labels, session.setting("f_n")
    kind, root, heads = there.kind, there.root, found.case.heads
    segmenter = found.segmenter
    try:
        data = data_kept.data_set(kind, root if DATASETS[kind].needs_root else None, split).data
    except (ValueError, OSError) as problem:
        st.error(widgets.plain(str(problem)), icon=":material/error:")
        st.stop()

    def measure(job: Job) -> SetResult:
        return measure_set(
            data, lambda image: segmenter.segment(image).label_maps, labels, heads,
            at_most=at_most, progress=job.progress, stop=job.stopping.is_set,
        )  # fmt: skip

    kept.boundary_jobs().start(key, measure, title=f"{record.name} on {DATASETS[kind].title}, {split}")


def _result(found: FusionCase, job: Job, result: SetResult, chart: Chart) -> None:
    if result.done == 0:
        st.caption("Stopped before the first picture was done.")
        return
    early = " It was stopped early." if result.stopped else ""
    st.caption(f"{job.title}: {result.done} pictures in {result.seconds:.0f} s.{early}")
    chart(result.trimap, found.case.labels.classes, key="set")
    heads: Sequence[int] = found.case.heads
    if len(heads) > 1:
        narrow = result.trimap.bands[1]
        fine, coarse = min(heads), max(heads)
        gain = result.trimap.matrix(fine, narrow).scores().miou - result.trimap.matrix(coarse, narrow).scores().miou
        whole = result.trimap.matrix(fine).scores().miou - result.trimap.matrix(coarse).scores().miou
        st.markdown(
            f"Within {narrow} px of a boundary {fine}s is **{100 * gain:+.1f}** points ahead of {coarse}s, over whole "
            f"pictures **{100 * whole:+.1f}**."
        )
