"""Take the results along: files of this picture, and a ZIP of all uploaded ones."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from app.bench.case import Case
from app.segment.zip_panel import zip_panel
from app.visitor import session, widgets
from fcn_core import draw
from fcn_core.exporting.coco import coco
from fcn_core.exporting.files import index_png, npz, palette_png, unique_stems
from fcn_core.exporting.report import report_html
from fcn_core.pictures.images import png_bytes


def show(case: Case) -> None:
    head = widgets.head_picker(case.heads) if len(case.heads) > 1 else case.head
    stem = f"{unique_stems([case.picture.file])[0]}_{head}s"
    label_map, safe = case.result.label_maps[head], case.safe
    with st.grid(columns="auto", min_column_width=300, gap="medium"):
        _file(
            "Index PNG", "One byte a pixel: the class index. What programs and metrics read.",
            f"{stem}_index.png", "image/png",
            lambda: index_png(label_map),
        )  # fmt: skip
        _file(
            "Palette PNG", "The same indices, shown in the class colours by any viewer.",
            f"{stem}_palette.png", "image/png",
            lambda: palette_png(label_map, case.labels, safe=safe),
        )  # fmt: skip
        _file(
            "Overlay PNG", "The photo under the class colours, with opacity, contours and classes as set on the left.",
            f"{stem}_overlay.png", "image/png",
            _overlay(case, head),
        )  # fmt: skip
        _file(
            "COCO JSON", "Every connected piece of a class as polygon and as RLE.",
            f"{stem}_coco.json", "application/json",
            lambda: json.dumps(coco(case.result, head, case.picture.file)).encode(),
        )  # fmt: skip
        _file(
            "Probabilities (.npz)", "The softmax of every class and head, float16, for numpy.load.",
            f"{stem}_probabilities.npz", "application/octet-stream",
            lambda: npz(case.result),
        )  # fmt: skip
        _file(
            "Report (.html)", "One page with pictures and shares, to print or to send.",
            f"{stem}_report.html", "text/html",
            _report(case, head),
        )  # fmt: skip
    zip_panel(case.record, head)


def _file(title: str, story: str, name: str, mime: str, make: Callable[[], bytes]) -> None:
    """One download; the file is made when the button is pressed."""
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        st.markdown(f"**{title}**  \n:small[{story}]")
        st.download_button(
            name, make, file_name=name, mime=mime, icon=":material/download:", on_click="ignore", width="stretch",
            key=f"download-{title}",
        )  # fmt: skip


def _overlay(case: Case, head: int) -> Callable[[], bytes]:
    """At full size, unlike the picture on the page. Settings are read now: files are made outside of the page's run."""
    opacity, contours = session.setting("opacity"), session.setting("contours")
    colours, hidden = case.colours, case.hidden

    def make() -> bytes:
        label_map = case.result.label_maps[head]
        drawn = draw.overlay(case.result.image, label_map, colours, opacity / 100, hidden)
        return png_bytes(draw.contours(drawn, label_map) if contours else drawn)

    return make


def _report(case: Case, head: int) -> Callable[[], bytes]:
    safe, truth = case.safe, case.truth.mask if case.truth else None

    def make() -> bytes:
        name = case.picture.file
        return report_html(case.result, head, name=name, truth=truth, record=case.record, safe=safe).encode()

    return make
