"""One control for each kind of setting. Streamlit's own state of a control only mirrors the draft.

Numbers with decimals are text fields: 1e-14 keeps its value, which no number field of a browser promises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.train import draft_in_hand, kept
from app.train.fields import Kind, SettingField, number_text, numbers_text, read_number, read_numbers
from app.visitor.permission import may_name_folders
from fcn_core.models.spec import skips_of

MOST_WHOLE = 2**53 - 1  # a browser's numbers are exact up to here
MOST_BUTTONS = 3
NOTHING = "nothing"


def _mirror(path: str, shown: Any) -> str:
    """The control's key, its state set to what is to be shown."""
    key = f"set-{path}"
    st.session_state[key] = shown
    return key


def _change(path: str, value: Any) -> None:
    draft_in_hand.keep(draft_in_hand.draft().change(path, value))


def _read_text(path: str, key: str, read: Callable[[str], Any], *, optional: bool, keep: Callable[[Any], None]) -> None:
    """A typed text becomes a value, or stays in the field with what is wrong about it."""
    text = st.session_state[key] or ""
    if optional and not text.strip():
        keep(None)
        return
    try:
        keep(read(text))
    except ValueError as why:
        draft_in_hand.keep(draft_in_hand.draft().mistype(path, text, str(why)))


def _text_field(field: SettingField, shown: str, read: Callable[[str], Any], **extra: Any) -> None:
    typed = draft_in_hand.draft().typed.get(field.path)
    key = _mirror(field.path, typed[0] if typed else shown)
    st.text_input(
        field.title,
        key=key,
        placeholder="empty" if field.optional else None,
        on_change=lambda: _read_text(
            field.path, key, read, optional=field.optional, keep=lambda value: _change(field.path, value)
        ),
        **extra,
    )


def _value(field: SettingField) -> Any:
    return draft_in_hand.draft().value(field.path)


def switch(field: SettingField) -> None:
    key = _mirror(field.path, bool(_value(field)))
    st.toggle(field.title, key=key, wrap=True, on_change=lambda: _change(field.path, st.session_state[key]))


def choice(field: SettingField) -> None:
    key = _mirror(field.path, _value(field))
    on_change = lambda: _change(field.path, st.session_state[key])  # noqa: E731
    if len(field.options) <= MOST_BUTTONS:
        st.segmented_control(field.title, field.options, key=key, required=True, wrap=True, on_change=on_change)
    else:
        st.selectbox(field.title, field.options, key=key, on_change=on_change)


def whole(field: SettingField) -> None:
    value = _value(field)
    if value is not None and abs(value) > MOST_WHOLE or field.path in draft_in_hand.draft().typed:
        _text_field(field, number_text(value), lambda text: read_number(text, whole=True))
        return
    key = _mirror(field.path, value)

    def changed() -> None:
        if st.session_state[key] is not None or field.optional:
            _change(field.path, st.session_state[key])

    st.number_input(field.title, step=1, key=key, placeholder="empty" if field.optional else None, on_change=changed)


def number(field: SettingField) -> None:
    _text_field(field, number_text(_value(field)), read_number)


def numbers(field: SettingField) -> None:
    shown = numbers_text(_value(field), whole=field.whole)
    _text_field(field, shown, lambda text: read_numbers(text, whole=field.whole))


def text(field: SettingField) -> None:
    if field.path == "start":
        start(field)
        return
    _text_field(field, str(_value(field) or ""), str.strip)


def start(field: SettingField) -> None:
    """Where the weights come from: known ones from a list, a file by typing its path."""
    now, options = _value(field), [NOTHING, *kept.start_names()]
    if now not in (None, *options):
        options.append(now)
    key = _mirror(field.path, now or NOTHING)

    def changed() -> None:
        chosen = (st.session_state[key] or "").strip()
        _change(field.path, None if chosen in ("", NOTHING) else chosen)

    st.selectbox(field.title, options, key=key, accept_new_options=may_name_folders(), on_change=changed)


def words(field: SettingField) -> None:
    now = list(_value(field))
    key = _mirror(field.path, now)
    options = list(dict.fromkeys((*draft_in_hand.known_classes(), *now)))
    st.multiselect(
        field.title,
        options,
        key=key,
        accept_new_options=True,
        placeholder="none",
        on_change=lambda: _change(field.path, st.session_state[key]),
    )


def choices(field: SettingField) -> None:
    key = _mirror(field.path, [option for option in field.options if option in _value(field)])

    def changed() -> None:
        chosen = [option for option in field.options if option in st.session_state[key]]
        if chosen or field.name != "heads":  # a network has at least one head
            _change(field.path, chosen)

    names = {option: known_heads(option) if field.whole else str(option) for option in field.options}
    st.pills(
        field.title,
        field.options,
        selection_mode="multi",
        key=key,
        format_func=names.__getitem__,
        on_change=changed,
    )


def factors(field: SettingField) -> None:
    """One number a head; an empty one leaves the head out."""
    draft = draft_in_hand.draft()
    offered = list(draft.heads)
    if field.name == "skip_scales":
        offered = [skip.stride for skip in skips_of(min(offered))] or list(_value(field))
    with st.container(gap="xxsmall"):
        st.markdown(f":small[{field.title}]")
        with st.container(horizontal=True, gap="xsmall"):
            for head in offered:
                _factor(field, head)


def _factor(field: SettingField, head: int) -> None:
    path = f"{field.path}.{head}"
    typed = draft_in_hand.draft().typed.get(path)
    key = _mirror(path, typed[0] if typed else number_text(_value(field).get(head)))

    def keep(value: float | None) -> None:
        others = {k: v for k, v in _value(field).items() if k != head}
        _change(field.path, others if value is None else {**others, head: value})

    st.text_input(
        known_heads(head),
        key=key,
        width=84,
        placeholder="–",
        on_change=lambda: _read_text(path, key, read_number, optional=True, keep=keep),
    )


def known_heads(head: object) -> str:
    """A head by its name: 8s."""
    return f"{head}s"


WIDGETS: dict[Kind, Callable[[SettingField], None]] = {
    "switch": switch,
    "choice": choice,
    "whole": whole,
    "number": number,
    "numbers": numbers,
    "text": text,
    "words": words,
    "choices": choices,
    "factors": factors,
}
