"""Plotly figures that are updated in place, so that a refresh neither blinks nor loses what was zoomed into.

`st.plotly_chart` makes its chart anew whenever the data change. The library comes from the plotly package on this
machine, once a page.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from plotly.offline import get_plotlyjs

from app.parts.browser_parts import FOLDER


def _register() -> tuple[Any, Any]:
    library = st.components.v2.component(
        "fcn_lab_plotly", html="<span></span>", js=f"{get_plotlyjs()}\nexport default function () {{}}\n"
    )
    html, css, script = ((FOLDER / f"figure.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    # Plotly puts its styles into the document, so the figure must not stand in a shadow tree.
    return library, st.components.v2.component("fcn_lab_figure", html=html, css=css, js=script, isolate_styles=False)


_library, _figure = _register()


def plotly_library() -> None:
    """Send the library along with a page; call it once, outside of what refreshes."""
    _library(key="plotly-library", height=1)


def figure(json: str, *, key: str, alt: str) -> None:
    """A figure's JSON with a fixed `layout.height`, in the colours of the theme; `alt` says what it shows."""
    _figure(key=key, data={"figure": json, "alt": alt})
