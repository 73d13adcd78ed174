"""Several pictures at once: segment all uploads and take the results along as one ZIP."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from app.bench import kept as bench_kept
from app.parts.words import megabytes
from app.visitor import session, widgets
from fcn_core.exporting.files import unique_stems, zip_of
from fcn_core.exporting.formats import USUAL, Segmented, offered, written
from fcn_core.weights import WeightRecord


def zip_panel(record: WeightRecord, like: Segmented) -> None:
    """Draw the panel: all uploads written with the head, class and look of the photo `like`.

    The ZIP that is offered is thrown away when uploads, weights, formats or anything of these change.
    """
    uploads = session.picture_uploads()
    st.subheader("Several pictures")
    if len(uploads) < 2:
        st.caption("Upload several pictures at once, and their results come as one ZIP here.")
        return
    formats = st.pills(
        "In the ZIP", offered("scores", "class"), selection_mode="multi", default=USUAL, key="zip-formats"
    )
    digests = tuple(upload.digest for upload in uploads)
    about = (record.name, like.head, like.cls, like.look, tuple(formats), digests)
    if st.button(f"Segment all {len(uploads)} pictures", icon=":material/folder_zip:", disabled=not formats):
        problems: list[str] = []
        data = zip_of(_files(record, like, formats, uploads, problems))
        st.session_state["zip"] = (about, data, problems)
    kept = st.session_state.get("zip")
    if kept is None or kept[0] != about:
        return
    for sentence in kept[2]:
        st.error(widgets.plain(sentence), icon=":material/error:")
    st.download_button(
        f"Download the ZIP ({megabytes(len(kept[1]))})",
        kept[1],
        file_name=f"fcn_{record.name.replace(':', '-')}_{like.head}s.zip",
        mime="application/zip",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _files(
    record: WeightRecord, like: Segmented, formats: list[str], uploads: list[session.Upload], problems: list[str]
) -> Iterator[tuple[str, bytes]]:
    """(file name, contents) of every upload's files; one picture is in memory at a time.

    Sentences about pictures that failed are added to `problems`.
    """
    bar = st.progress(0.0, text="Segmenting …")
    for count, (upload, stem) in enumerate(zip(uploads, unique_stems([u.name for u in uploads]), strict=True)):
        bar.progress(count / len(uploads), text=f"{upload.name} ({count + 1} of {len(uploads)})")
        try:
            result = bench_kept.segmentation(bench_kept.uploaded_picture(upload), record).answer()
            photo = Segmented.of(result, like.head, name=upload.name, cls=like.cls, record=record, look=like.look)
            files = written(photo, formats)
        except (ValueError, MemoryError) as problem:
            problems.append(f"{upload.name}: {problem or 'not enough memory'}")
            continue
        yield from ((f"{stem}_{ending}", data) for ending, data in files.items())
    bar.empty()
