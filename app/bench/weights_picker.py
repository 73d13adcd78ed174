"""The weights on the bench: which, what they know, how to get those that are not here, and own files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from app.bench import kept
from app.parts.words import megabytes
from app.visitor import session
from fcn_core.labels import LABEL_SETS
from fcn_core.models.spec import PAPER_HEADS
from fcn_core.weights import DownloadError, WeightRecord, fetch, import_file, render_card
from fcn_core.weights.download import target_path

# A full-width FCN-8s takes 540 MB, more than a photo may (server.maxUploadSize).
MOST_WEIGHTS_MEGABYTES = 800
WEIGHT_SUFFIXES = ["caffemodel", "pth", "pt", "safetensors"]
AT_ONCE = {"guess from the file": None, "yes": True, "no": False}


def usual_weights() -> str | None:
    """The weights until others are chosen: `streets` for drawn samples, `camvid` for photos, else any that are here."""
    records = kept.weight_records()
    for name in ("camvid", "streets") if session.bench().upload else ("streets", "camvid"):
        if name in records and kept.is_here(records[name]):
            return name
    return next((name for name, record in records.items() if kept.is_here(record)), None)


def held_weights() -> WeightRecord | None:
    """The record of the weights on the bench; None if there are none on this machine and none was chosen."""
    name = session.bench().weights or usual_weights()
    return kept.weight_records().get(name) if name else None


def weights_with_stages(first: WeightRecord | None) -> WeightRecord | None:
    """Weights on this machine that can be shown stage by stage (`app.parts.charts.stages`), `first` if it can."""
    for record in (first, *kept.weight_records().values()):
        if record is not None and record.spec is not None and kept.is_here(record):
            if record.spec.alignment == "centered" and set(PAPER_HEADS) <= set(record.spec.heads):
                return record
    return None


def weights_picker() -> WeightRecord | None:
    """Draw the picker with what the chosen weights know; return their record. Held by teacher mode: the name only."""
    records = kept.weight_records()
    record = held_weights()
    if session.control("weights") != "free":
        st.markdown(f":gray[Weights] `{record.name}`" if record is not None else ":gray[Weights] none yet")
        return record
    st.session_state["control-weights"] = record.name if record else None
    st.selectbox(
        "Weights",
        list(records),
        format_func=lambda name: _entry(records[name]) if name in records else name,
        placeholder="Choose weights",
        key="control-weights",
        on_change=lambda: session.hold(weights=st.session_state["control-weights"]),
    )
    if record is not None:
        st.caption(f"**This model knows:** {record.knows or record.label_set.title}")
    with st.container(horizontal=True, gap="small"):
        if record is not None:
            if st.button(
                "Card", icon=":material/description:", type="tertiary", help="How it was made, and its scores"
            ):
                _card(record)
        if st.button("Import a file", icon=":material/upload_file:", type="tertiary"):
            _import()
    return record


def _entry(record: WeightRecord) -> str:
    # Short, so that the list shows all of it: what weights that are not here know is told when they are chosen.
    if kept.is_here(record):
        return f"{record.name} · {record.title}"
    return f"{record.name} ↓ {_megabytes(record)}"


def _megabytes(record: WeightRecord) -> str:
    return megabytes(record.size_bytes) if record.size_bytes else "of unknown size"


@st.dialog("Weights card", width="large")
def _card(record: WeightRecord) -> None:
    st.markdown(render_card(record))


def download_panel(record: WeightRecord) -> None:
    """Weights that are not on this machine: what they are, one click to fetch them, and the way by hand."""
    st.subheader(record.title)
    st.markdown(record.knows)
    st.caption(f"{record.licence}. {record.notes}")
    if st.button(f"Download {_megabytes(record)}", icon=":material/download:", type="primary", key="download-weights"):
        if fetch_with_progress(record):
            st.rerun()
    st.caption(f"Without a network here: get {record.url} elsewhere and put it at `{target_path(record)}`.")


def fetch_with_progress(record: WeightRecord) -> bool:
    """Fetch weights with a progress bar; on failure show the sentence and return False."""
    bar = st.progress(0.0, text="Connecting …")

    def progress(done: int, total: int | None) -> None:
        share = min(1.0, done / total) if total else 0.0
        bar.progress(share, text=f"{megabytes(done)} of {megabytes(total)}" if total else megabytes(done))

    try:
        fetch(record, progress=progress)
    except DownloadError as problem:
        bar.empty()
        st.error(str(problem), icon=":material/cloud_off:")
        return False
    bar.empty()
    return True


@st.dialog("Import a weights file")
def _import() -> None:
    st.markdown(
        "A file that you already have: the authors' `.caffemodel`, torchfcn's `.pth`, or one of ours (`.safetensors`). "
        "Names and shapes are checked before anything is kept."
    )
    file = st.file_uploader(
        "Weights file", type=WEIGHT_SUFFIXES, max_upload_size=MOST_WEIGHTS_MEGABYTES, key="weights-file"
    )
    classes = st.selectbox("Classes", ["guess from their number", *LABEL_SETS], key="weights-classes")
    at_once = st.selectbox(
        "Skips scaled, as in the at-once networks",
        list(AT_ONCE),
        key="weights-at-once",
        help="FCN-8s-atonce multiplies pool4 by 0.01 and pool3 by 0.0001; its weights do not always say so.",
    )
    if file is None or not st.button("Check and import", type="primary", icon=":material/check:"):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file.name).name
        path.write_bytes(file.getbuffer())
        try:
            with st.spinner("Checking names and shapes …"):
                done = import_file(path, labels=classes if classes in LABEL_SETS else None, at_once=AT_ONCE[at_once])
        except ValueError as problem:
            st.error(str(problem), icon=":material/error:")
            return
        except OSError as problem:
            st.error(f"The weights could not be kept: {problem.strerror or problem}.", icon=":material/error:")
            return
    kept.weight_records.clear()
    session.hold(weights=done.loaded.record.name)
    st.rerun()
