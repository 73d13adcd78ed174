"""Where the picture on the bench comes from: a sample, an upload (chosen, dropped or pasted), the camera."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.bench import kept
from app.bench.held import HeldPicture
from app.parts import browser_parts
from app.visitor import session, widgets
from app.visitor.upload import Upload, content_hash

# What the file dialogue offers. Content is what decides: app.bench.kept.uploaded_picture reads the bytes, not the name.
SUFFIXES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "avif", "npy"]
UPLOADER = "photo-upload"
THUMBNAIL_SIDE = 144


def picture_source() -> HeldPicture | None:
    """Draw the source controls; return the picture on the bench, None if there is none at all.

    Where teacher mode holds the picture, only its name.
    """
    if session.control("picture") != "free":
        found = held_picture()
        st.markdown(f":gray[Picture] {widgets.plain(found.title)}" if found else ":gray[Picture] none yet")
        return found
    if UPLOADER not in st.session_state:  # the page was just opened: show where its picture comes from
        st.session_state["source-tab"] = "Upload" if session.bench().upload else "Samples"
    samples, upload, camera = st.tabs(["Samples", "Upload", "Camera"], default=st.session_state["source-tab"])
    with samples:
        _samples()
    with upload:
        _uploader()
    with camera:
        _camera()
    return held_picture()


def held_picture() -> HeldPicture | None:
    """The picture on the bench."""
    held = session.bench()
    if held.upload in session.uploads():
        return kept.uploaded_picture(session.uploads()[held.upload])
    return kept.sample_picture(held.sample) if held.sample in kept.sample_names() else None


def _samples() -> None:
    held = session.bench()
    if not kept.sample_names():
        st.caption("No samples found in assets/samples. Upload a photo instead.")
        return
    browser_parts.gallery(
        [(name, name, kept.thumbnail(kept.sample_picture(name), THUMBNAIL_SIDE)) for name in kept.sample_names()],
        key="sample-gallery",
        label="Samples",
        chosen=None if held.upload else held.sample,
        on_choice=lambda name: session.hold(sample=name),
    )
    st.caption("Drawn by this project, with exact ground truth.")


def _uploader() -> None:
    if UPLOADER not in st.session_state:  # the page was left: the uploader is empty, but its files are kept
        st.session_state["uploader-files"] = {}
    st.file_uploader(
        "Photos",
        type=SUFFIXES,
        accept_multiple_files=True,
        key=UPLOADER,
        label_visibility="collapsed",
        on_change=lambda: _take(st.session_state[UPLOADER]),
    )
    browser_parts.paste_into(UPLOADER)
    uploads = session.picture_uploads()
    if uploads:
        browser_parts.gallery(
            [
                (upload.digest, upload.name, kept.thumbnail(kept.uploaded_picture(upload), THUMBNAIL_SIDE))
                for upload in uploads
            ],
            key="upload-gallery",
            label="Uploaded pictures",
            chosen=session.bench().upload,
            on_choice=lambda digest: session.hold(upload=digest),
        )
    if problems := st.session_state.get("upload-problems"):
        st.error("\n\n".join(map(widgets.plain, problems)), icon=":material/error:")
    if len(uploads) > 1 and session.setting("view") != "export":
        st.button(
            f"Results of all {len(uploads)} as a ZIP",
            icon=":material/folder_zip:",
            type="tertiary",
            on_click=lambda: session.change_setting("view", "export"),
        )
    st.caption("Drop files here, or paste a picture with Ctrl+V. They stay in this visit and are not stored.")


def _camera() -> None:
    if not st.toggle("Use the camera", key="camera-on", help="The browser asks for permission."):
        return
    st.camera_input(
        "Camera",
        key="camera",
        resolution="720p",
        label_visibility="collapsed",
        on_change=_take_photo,
    )


def _take_photo() -> None:
    photo = st.session_state["camera"]
    if photo is not None:
        session.hold(upload=session.keep_upload(photo.name, photo.getvalue()).digest)


def _take(files: Sequence[Any]) -> None:
    """Keep new files, the last good one on the bench, and drop those that were taken out of the uploader.

    What is no picture gets its sentence.
    """
    known: dict[str, str | None] = st.session_state.setdefault("uploader-files", {})
    present = {file.file_id for file in files}
    for file_id in [file_id for file_id in known if file_id not in present]:
        session.drop_upload(known.pop(file_id))
    problems = []
    newest = None
    for file in files:
        if file.file_id in known:
            continue
        data = file.getvalue()
        known[file.file_id] = None
        try:
            kept.uploaded_picture(Upload(file.name, data, content_hash(data)))
        except ValueError as problem:
            problems.append(str(problem))
            continue
        newest = known[file.file_id] = session.keep_upload(file.name, data).digest
    st.session_state["upload-problems"] = problems
    if newest is not None:
        session.hold(upload=newest)
