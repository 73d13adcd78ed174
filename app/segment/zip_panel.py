"""Several pictures at once: segment all uploads and take the results along as one ZIP."""

from __future__ import annotations

import io
import zipfile

import streamlit as st

from app.bench import kept as bench_kept
from app.visitor import session, widgets
from fcn_core.exporting.files import FORMATS, export_files, unique_stems
from fcn_core.weights import WeightRecord

USUAL = ("index", "palette", "overlay")


def zip_panel(record: WeightRecord, head: int) -> None:
    """Draw the panel; the ZIP that is offered is thrown away when uploads, weights, head or formats change."""
    uploads = session.picture_uploads()
    st.subheader("Several pictures")
    if len(uploads) < 2:
        st.caption("Upload several pictures at once, and their results come as one ZIP here.")
        return
    formats = st.pills("In the ZIP", list(FORMATS), selection_mode="multi", default=USUAL, key="zip-formats")
    about = (record.name, head, tuple(formats), tuple(upload.digest for upload in uploads))
    if st.button(f"Segment all {len(uploads)} pictures", icon=":material/folder_zip:", disabled=not formats):
        data, problems = _make(record, head, formats, uploads)
        st.session_state["zip"] = (about, data, problems)
    kept = st.session_state.get("zip")
    if kept is None or kept[0] != about:
        return
    for sentence in kept[2]:
        st.error(widgets.plain(sentence), icon=":material/error:")
    st.download_button(
        f"Download the ZIP ({len(kept[1]) / 1e6:.1f} MB)",
        kept[1],
        file_name=f"fcn_{record.name.replace(':', '-')}_{head}s.zip",
        mime="application/zip",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _make(
    record: WeightRecord, head: int, formats: list[str], uploads: list[session.Upload]
) -> tuple[bytes, list[str]]:
    """(the ZIP, sentences about pictures that failed); one picture is in memory at a time."""
    bar = st.progress(0.0, text="Segmenting …")
    problems: list[str] = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for count, (upload, stem) in enumerate(zip(uploads, unique_stems([u.name for u in uploads]), strict=True)):
            bar.progress(count / len(uploads), text=f"{upload.name} ({count + 1} of {len(uploads)})")
            try:
                image = bench_kept.network_input(upload.digest, upload.data, upload.name)
                result = bench_kept.segmentation(upload.digest, image, record).answer()
                files = export_files(result, head, name=upload.name, stem=stem, formats=formats)
            except (ValueError, MemoryError) as problem:
                problems.append(f"{upload.name}: {problem or 'not enough memory'}")
                continue
            for name, data in files.items():
                archive.writestr(name, data)
    bar.empty()
    return buffer.getvalue(), problems
