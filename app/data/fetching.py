"""Fetching a published data set: what it takes, where it goes, one click with progress, and the way by hand."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.data import kept
from app.data.in_hand import choose_root
from app.parts.words import megabytes
from app.visitor import widgets
from app.visitor.permission import may_launch, may_name_folders
from fcn_core.data.datasets import DatasetRecord, download_dataset
from fcn_core.machine.download import DownloadError
from fcn_core.machine.home import cache_folder


def download_panel(record: DatasetRecord) -> None:
    """Say where a data set comes from and, where its publishers let anyone fetch it, offer that."""
    if not record.needs_root:
        return
    source = record.source if record.source.startswith("http") else widgets.plain(record.source)
    licence = widgets.plain(record.licence[:1].upper() + record.licence[1:])
    if source or licence:
        st.caption("  \n".join(part for part in (f"From {source}" if source else "", licence) if part))
    if not record.download or not (may_launch() and may_name_folders()):
        return
    size = sum(archive.size_bytes for archive in record.download)
    room = sum(archive.size_bytes + archive.unpacked_bytes for archive in record.download)
    with st.expander(f"Download it here (about {megabytes(size)})", icon=":material/download:", key="data-download"):
        folder = st.text_input(
            "Into the folder",
            value=str(cache_folder() / "data" / record.kind),
            key=f"download-{record.kind}",
            help="It is created if it does not exist. An interrupted download is continued next time.",
        )
        st.caption(f"Needs about {megabytes(room)} of disk to unpack, {megabytes(room - size)} or more afterwards.")
        if st.button(f"Download about {megabytes(size)}", icon=":material/download:", type="primary"):
            if _fetch(record, folder):
                choose_root(record.kind, folder)
                kept.data_found.clear()
                st.rerun()


def _fetch(record: DatasetRecord, folder: str) -> bool:
    bar = st.progress(0.0, text="Connecting …")

    def progress(doing: str, done: float, total: float | None) -> None:
        amount = f"{megabytes(done)} of {megabytes(total)}" if total else megabytes(done)
        bar.progress(min(1.0, done / total) if total else 0.0, text=f"{doing}: {amount}")

    try:
        download_dataset(record.kind, Path(folder.strip()).expanduser(), progress=progress)
    except DownloadError as problem:
        st.error(widgets.plain(str(problem)), icon=":material/cloud_off:")
        return False
    finally:
        bar.empty()
    return True
