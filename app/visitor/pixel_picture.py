"""A picture with clickable pixels; where teacher mode holds the pixel, clicks change nothing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.parts.browser_parts import MOST_HEIGHT, register
from app.parts.pictures import ColourBar, Shown
from app.visitor import session

_picture = register("picture")


def picture(
    shown: Shown,
    *,
    key: str,
    alt: str,
    title: str = "",
    pixel: tuple[int, int] | None = None,
    on_pixel: Callable[[int, int], None] | None = None,
    bar: ColourBar | None = None,
    cells: bool = False,
    most_height: str = MOST_HEIGHT,
) -> None:
    """A picture with clickable pixels; `on_pixel(x, y)` is called before the page runs again.

    `cells` draws a small picture's pixels as squares; `most_height` is any CSS length.
    """

    def clicked() -> None:
        value = (st.session_state.get(key) or {}).get("pixel")
        if on_pixel and isinstance(value, dict):
            x, y = int(value.get("x", -1)), int(value.get("y", -1))
            if 0 <= x < shown.width and 0 <= y < shown.height:
                on_pixel(x, y)

    _picture(
        key=key,
        data={
            "src": shown.src,
            "width": shown.width,
            "height": shown.height,
            "alt": alt,
            "title": title,
            "pixel": {"x": pixel[0], "y": pixel[1]} if pixel else None,
            "bar": {"src": bar.src, "ticks": bar.ticks, "label": bar.label} if bar else None,
            "cells": cells,
            "most_height": most_height,
            "still": session.control("pixel") != "free",
        },
        on_pixel_change=clicked,
    )
