"""Photos of a data set under their labels: a gallery with pages, and one large at a click."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.data import kept
from app.data.in_hand import DataInHand, to_gallery
from app.parts import browser_parts
from app.parts.colours import swatch
from app.parts.words import covered
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.labels import VOID

A_PAGE = 12
SIDE = 200


def photos(held: DataInHand) -> None:
    """Draw the gallery, or the photo that was chosen in it."""
    count = len(held.data)
    number = session.setting("no")
    if number > count:
        st.caption(f":material/info: There is no photo {number:,}; {held.data.name} has {count:,}.")
    if 0 < number <= count:
        _large(held, number, count)
    else:
        _gallery(held, count)


def _gallery(held: DataInHand, count: int) -> None:
    pages = -(-count // A_PAGE)
    page = min(session.setting("at"), pages)
    with st.container(horizontal=True, vertical_alignment="center"):
        widgets.switch("labels", "Label colours")
        key = f"data-pages-{held.place}"
        st.pagination(
            pages,
            default=page,
            key=key,
            max_visible_pages=5,
            on_change=lambda: session.change_setting("at", st.session_state[key]),
        )
    items, problems = [], []
    for index in range((page - 1) * A_PAGE, min(page * A_PAGE, count)):
        try:
            name, src = kept.data_thumbnail(held.opened, index, session.setting("labels"), session.setting("safe"))
        except (ValueError, OSError) as why:
            problems.append(str(why))
            continue
        items.append((str(index + 1), name, src))
    browser_parts.gallery(
        items,
        key="data-gallery",
        label=f"Photos of {held.data.name}",
        chosen=None,
        on_choice=lambda name: session.change_setting("no", int(name)),
        side=SIDE,
    )
    for problem in problems[:3]:
        st.error(widgets.plain(problem), icon=":material/broken_image:")
    st.caption(f"{count:,} pictures. Click one to see it large.")


def _large(held: DataInHand, number: int, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "All photos",
            icon=":material/grid_view:",
            on_click=to_gallery,
            args=((number - 1) // A_PAGE + 1,),
        )
        for title, icon, step in (("Before", "chevron_left", -1), ("Next", "chevron_right", 1)):
            st.button(
                title,
                icon=f":material/{icon}:",
                key=f"photo{step}",
                disabled=not 1 <= number + step <= count,
                on_click=session.change_setting,
                args=("no", number + step),
            )
        st.markdown(f":small[{number:,} of {count:,}]", width="content")
    try:
        sample = kept.data_sample(held.opened, number - 1)
        shown = kept.data_picture(held.opened, number - 1, session.setting("opacity"), session.setting("safe"))
    except (ValueError, OSError) as problem:
        st.error(widgets.plain(str(problem)), icon=":material/broken_image:")
        return
    pixel = st.session_state.get("data-pixel", {}).get((*held.place, number))
    height, width, channels = sample.image.shape
    picture(
        shown,
        key="data-large",
        alt=f"{sample.name} under its label colours",
        title=sample.name,
        most_height="58vh",
        pixel=pixel,
        on_pixel=lambda x, y: st.session_state.update({"data-pixel": {(*held.place, number): (x, y)}}),
    )
    said = "Click a pixel to read its class."
    if pixel is not None:
        index = int(sample.mask[pixel[1], pixel[0]])
        name = "void, which is not counted" if index == VOID else f"{held.labels.classes[index]} (index {index})"
        said = f"**Pixel** x {pixel[0]}, y {pixel[1]}: {widgets.plain(name)}"
    st.caption(
        f"{widgets.plain(sample.name)}, {width}×{height}{'' if channels == 3 else f', {channels} channels'}. {said}"
    )
    widgets.slide("opacity", "Label colours", 0, 100, format="%d %%")
    _classes(held, sample.mask)


def _classes(held: DataInHand, mask: np.ndarray) -> None:
    """The classes of a photo with their shares, the largest first."""
    counts = np.bincount(mask.ravel(), minlength=256) / mask.size
    colours = held.labels.colours(safe=session.setting("safe"))
    with st.container(horizontal=True, gap="small"):
        for index in np.argsort(-counts[: len(colours)]):
            if counts[index] > 0:
                name = widgets.plain(held.labels.classes[index])
                st.markdown(f":small[{swatch(colours[index])} {name} {covered(counts[index])}]", width="content")
        if counts[VOID] > 0:
            st.markdown(f":small[void {covered(counts[VOID])}]", width="content")
