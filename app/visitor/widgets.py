"""Controls that show a value of app.visitor.session and change it there; they return plain values.

Streamlit's own state of these widgets is only a mirror: it is set from the session before each is
drawn, so a control follows the address, other pages and other controls. In teacher mode a control may be
locked, or not drawn at all: then only its value is returned.

Streamlit's own `bind="query-params"` would tie the address to widgets: such a parameter cannot be written through
`st.query_params`, so neither pictures nor pages could change it, and a bad value goes without a notice. And
`persist_state` keeps what a widget had, but knows no value that was set without its widget: a hidden control's, or
that of two controls of one setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from app.visitor import session


def _mirrored(name: str, value: Any, change: Callable[[Any], None], *, control: str = "") -> dict[str, Any]:
    """What ties a widget to a value. control: its name for teacher mode, where it is not the widget's own."""
    key = f"control-{name}"
    st.session_state[key] = value
    locked = session.control(control or name) == "lock"
    return {"key": key, "on_change": lambda: change(st.session_state[key]), "disabled": locked}


def _mirrored_setting(name: str) -> dict[str, Any]:
    return _mirrored(name, session.setting(name), lambda value: session.change_setting(name, value))


def hidden(control: str) -> bool:
    """Whether teacher mode hides a control: a setting, or a part of the bench strip."""
    return session.control(control) == "hide"


def _is_drawn(control: str, label: str) -> bool:
    """Whether a control is drawn; its label is noted for the teacher's list of those that stay free."""
    st.session_state.setdefault("control-titles", {})[control] = label
    return not hidden(control)


def locked(control: str) -> bool:
    """Whether teacher mode shows a control without letting it be changed."""
    return session.control(control) == "lock"


def switch(name: str, label: str, *, help: str | None = None) -> bool:
    """A flag setting as a toggle."""
    if _is_drawn(name, label):
        st.toggle(label, help=help, wrap=True, **_mirrored_setting(name))
    return session.setting(name)


def slide(name: str, label: str, low: int, high: int, *, help: str | None = None, format: str | None = None) -> int:
    """A whole-number setting as a slider."""
    if _is_drawn(name, label):
        st.slider(label, low, high, help=help, format=format, **_mirrored_setting(name))
    return session.setting(name)


def number(name: str, label: str, low: int, high: int, *, help: str | None = None, step: int = 1) -> int:
    """A whole-number setting as a field with plus and minus."""
    value = min(max(session.setting(name), low), high)

    def change(given: int | None) -> None:
        if given is not None:
            session.change_setting(name, given)

    if _is_drawn(name, label):
        st.number_input(label, low, high, step=step, help=help, **_mirrored(name, value, change))
    return value


def slide_steps(name: str, label: str, steps: Mapping[int, str], *, help: str | None = None) -> int:
    """A whole-number setting as a slider over named steps; a value between two of them gives the lower one."""
    held = session.setting(name)
    value = held if held in steps else max((step for step in steps if step <= held), default=min(steps))
    if _is_drawn(name, label):
        mirrored = _mirrored(name, value, lambda chosen: session.change_setting(name, chosen))
        st.select_slider(label, list(steps), format_func=steps.__getitem__, help=help, **mirrored)
    return value


def pick_one(
    name: str,
    label: str,
    options: Mapping[str, str],
    *,
    hide_label: bool = False,
    fallback: str | None = None,
    place: str = "",
) -> str:
    """A choice setting as a row of buttons; options are value -> text. A value that is not offered gives `fallback`.

    `place` tells two controls of one setting on a page apart.
    """
    value = session.setting(name)
    if value not in options:
        value = fallback if fallback in options else next(iter(options))
    if not _is_drawn(name, label):
        return value
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        wrap=True,
        label_visibility="collapsed" if hide_label else "visible",
        **_mirrored(f"{name}{place}", value, lambda chosen: session.change_setting(name, chosen), control=name),
    )
    return value


def pick_some(name: str, label: str, options: Sequence[str] | Mapping[str, str]) -> tuple[str, ...]:
    """A words setting as a row of buttons of which at least one stays on, in the order of `options`.

    Options may be value -> text.
    """
    texts = options if isinstance(options, Mapping) else {option: option for option in options}
    value = [option for option in options if option in session.setting(name)] or list(options)

    def change(chosen: list[str]) -> None:
        if chosen:
            session.change_setting(name, tuple(option for option in options if option in chosen))

    if not _is_drawn(name, label):
        return tuple(value)
    st.segmented_control(
        label,
        list(options),
        format_func=texts.__getitem__,
        selection_mode="multi",
        wrap=True,
        **_mirrored(name, value, change),
    )
    return tuple(value)


def head_picker(heads: Sequence[int], label: str = "Head", *, place: str = "") -> int:
    """The head on the bench, out of those that the weights have. `place` tells two pickers of one page apart."""
    held = session.bench().head
    head = held if held in heads else min(heads)
    if hidden("head"):
        return head
    st.segmented_control(
        label,
        list(heads),
        format_func=lambda value: f"{value}s",
        required=True,
        wrap=True,
        **_mirrored(f"head{place}", head, lambda value: session.hold(head=value), control="head"),
    )
    return head


def class_picker(classes: Sequence[str], usual: str, label: str = "Class", *, place: str = "") -> str:
    """The class on the bench, out of those that the weights know; `usual` as long as none was chosen.

    `place` tells two pickers of one page apart.
    """
    held = session.bench().cls
    value = held if held in classes else usual
    if not hidden("class"):
        change = _mirrored(f"cls{place}", value, lambda chosen: session.hold(cls=chosen), control="class")
        st.selectbox(label, list(classes), **change)
    return value


def pixel_fields(width: int, height: int, pixel: tuple[int, int] | None) -> None:
    """The pixel on the bench as two numbers, for the keyboard; `pixel` is the one that lies in the picture."""
    x, y = pixel or (None, None)
    if hidden("pixel"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, value, size in (("x", x, width), ("y", y, height)):
            change = partial(_hold_half, name, pixel, width, height)
            st.number_input(name, 0, size - 1, step=1, width=110, **_mirrored(name, value, change, control="pixel"))
        none = pixel is None or locked("pixel")
        st.button("No pixel", disabled=none, on_click=session.hold, kwargs={"x": None, "y": None})


def _hold_half(name: str, pixel: tuple[int, int] | None, width: int, height: int, value: int | None) -> None:
    """Hold a pixel of which one half was changed; a half that was never chosen starts in the middle."""
    x, y = pixel or (width // 2, height // 2)
    if value is not None:
        session.hold(**{"x": x, "y": y, name: value})


def plain(text: str) -> str:
    """Text for Markdown that shows just as it is: names of files are what a visitor made them."""
    return re.sub(r"([\\`*_{}\[\]<>$:#~|])", r"\\\1", text)


def show_notices() -> None:
    """What of the address had to be ignored."""
    for sentence in session.notices():
        st.caption(f":material/info: {sentence}")


def hold_pixel(x: int, y: int) -> None:
    """Put a clicked pixel on the bench."""
    session.hold(x=x, y=y)
