"""Take the results along: files of this picture, and a ZIP of all uploaded ones."""

from __future__ import annotations

import streamlit as st

from app.bench.case import Case
from app.segment.zip_panel import zip_panel
from app.visitor import session, widgets
from fcn_core.exporting.files import unique_stems
from fcn_core.exporting.formats import FORMATS, Look, Segmented, offered, written


def show(case: Case) -> None:
    head = widgets.head_picker(case.heads) if len(case.heads) > 1 else case.head
    stem = f"{unique_stems([case.picture.file])[0]}_{head}s"
    photo = Segmented.of(
        case.result, head,
        name=case.picture.file,
        truth=case.truth.mask if case.truth else None,
        cls=case.cls,
        record=case.record,
        # Settings are read now: files are made outside of the page's run.
        look=Look(session.setting("opacity") / 100, session.setting("contours"), case.hidden, case.safe),
    )  # fmt: skip
    with st.grid(columns="auto", min_column_width=300, gap="medium"):
        for name in offered("scores", "class", *(("truth",) if case.truth else ())):
            _file(name, photo, stem)
    zip_panel(case.record, photo)


def _file(name: str, photo: Segmented, stem: str) -> None:
    """One download; the file is made when the button is pressed."""
    format = FORMATS[name]
    ending = format.file(photo.cls)
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        st.markdown(f"**{format.title}**  \n:small[{format.about}]")
        st.download_button(
            f"{stem}_{ending}", lambda: written(photo, [name])[ending],
            file_name=f"{stem}_{ending}", mime=format.media, icon=":material/download:", on_click="ignore",
            width="stretch", key=f"download-{name}",
        )  # fmt: skip
