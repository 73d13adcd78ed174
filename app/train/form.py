"""The form of a training run's settings, drawn from the settings' own models: whatever they hold, the form shows.

A field shows its value, why one would change it, what is wrong with it, and the way back to what it began with.
"""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from app.train import draft_in_hand
from app.train.draft import Draft, is_under
from app.train.field_widgets import WIDGETS, known_heads
from app.train.fields import SettingField, fields_of, number_text, numbers_text, read_number, settings_in
from app.train.titles import DATA_GROUPS, GROUPS, LENGTHS, MAIN, REST
from app.visitor import widgets
from fcn_core.training.settings.config import TrainConfig

SHORT = 7
CELL = 250  # pixels, the narrowest column of fields
FIRST_LENGTHS = {"epochs": 20.0, "steps": 1000, "minutes": 10.0}


def main_settings() -> None:
    """The settings that matter most, with the length of the run."""
    fields = leaf_fields()
    with st.grid(columns="auto", min_column_width=CELL, gap=("small", "medium")):
        draw_field(fields[MAIN[0]])
        _length()
        for path in MAIN[1:]:
            if path in fields:
                draw_field(fields[path])


def grouped_settings() -> None:
    """All other settings, in folded groups; a group is drawn when it is opened."""
    fields = leaf_fields()
    left = {path: field for path, field in fields.items() if path not in (*MAIN, *LENGTHS)}
    for group in GROUPS:
        mine = [path for path in left if any(is_under(path, wanted) for wanted in group.fields)]
        _group(group.title, [left.pop(path) for path in mine])
    _group(REST, list(left.values()))


def _group(title: str, fields: list[SettingField]) -> None:
    if not fields:
        return
    draft = draft_in_hand.draft()
    key = f"group-{title.lower().replace(' ', '-')}"
    changed = sum(draft.is_changed(field.path) for field in fields)
    wrong = sum(bool(problem_of(draft, field.path)) for field in fields)
    box = folded(title, key, f"{wrong} to fix" if wrong else f"{changed} changed" if changed else "", alert=wrong > 0)
    if box.open:
        with box, st.grid(columns="auto", min_column_width=CELL, gap=("small", "medium")):
            for field in fields:
                draw_field(field)


def folded(title: str, key: str, remark: str, *, alert: bool = False) -> ExpanderContainer:
    """A folded group whose content is drawn when it is opened, with a remark at its right.

    The remark is style: with another title the group would be another one for Streamlit, and would fold.
    """
    colour = "var(--fcn-alert, #b3261e)" if alert else "inherit"
    st.html(
        f"<style>.st-key-{key} summary::after {{ content: '{remark}'; margin-left: auto; padding-left: .75rem; "
        f"font-size: .875rem; white-space: nowrap; opacity: {1 if alert else 0.75}; color: {colour}; }}</style>"
    )
    return st.expander(title, key=key, on_change="rerun")


def leaf_fields() -> dict[str, SettingField]:
    """Every single setting but those of the data sets, path -> field, in the order of the models."""
    draft = draft_in_hand.draft()
    return {f.path: f for f in _leaves(fields_of(TrainConfig), draft) if not f.path.startswith(DATA_GROUPS)}


def _leaves(fields: dict[str, SettingField], draft: Draft) -> Iterator[SettingField]:
    for field in fields.values():
        if field.path in DATA_GROUPS:
            continue
        if field.kind == "group" and field.model is not None:
            yield from _leaves(fields_of(settings_in(field, draft.value(field.path)), field.path), draft)
        else:
            yield field


def draw_field(field: SettingField) -> None:
    """One setting: its control, the way back, and what it does or what is wrong with it."""
    draft = draft_in_hand.draft()
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            WIDGETS[field.kind](field)
            if draft.is_changed(field.path):
                said = _said(draft, field)
                st.button(
                    f"Back to {said}" if len(said) <= SHORT else "Back",
                    icon=":material/undo:",
                    type="tertiary",
                    key=f"undo-{field.path}",
                    help=f"{field.title}: back to {said}",
                    on_click=lambda: draft_in_hand.keep(draft_in_hand.draft().reset(field.path)),
                )
        _explain(draft, field.path, field.description)


def _explain(draft: Draft, path: str, description: str) -> None:
    wrong = problem_of(draft, path)
    st.caption(f":red[:material/error: {widgets.plain(wrong)}]" if wrong else widgets.plain(description))


def problem_of(draft: Draft, path: str) -> str:
    """What is wrong with a setting, in a sentence."""
    return " ".join(dict.fromkeys(said for where, said in draft.problems.items() if where and is_under(where, path)))


def _said(draft: Draft, field: SettingField) -> str:
    """The value that a setting began with, in words."""
    value = Draft.value(Draft("", "", {}, draft.base), field.path)
    if value is None or value == [] or value == {}:
        return "empty"
    if isinstance(value, dict):
        return ", ".join(f"{known_heads(head)} {number_text(number)}" for head, number in value.items())
    if field.kind == "numbers":
        return numbers_text(value, whole=field.whole)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return number_text(value) if isinstance(value, float | int) else str(value)


def _length() -> None:
    """The length of a run: one number, counted in epochs, steps or minutes."""
    draft = draft_in_hand.draft()
    unit = draft.length
    fields = fields_of(TrainConfig)

    def change_unit() -> None:
        chosen, now = st.session_state["length-unit"], draft_in_hand.draft()
        value = now.base.get(chosen) or FIRST_LENGTHS[chosen]
        if chosen != now.length:
            draft_in_hand.keep(now.reset(now.length).change(chosen, value))

    def change_number() -> None:
        text, now = st.session_state["length-number"], draft_in_hand.draft()
        try:
            draft_in_hand.keep(now.change(now.length, read_number(text, whole=fields[now.length].kind == "whole")))
        except ValueError as why:
            draft_in_hand.keep(now.mistype(now.length, text, str(why)))

    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            st.session_state["length-number"] = draft.typed.get(unit, (number_text(draft.value(unit)),))[0]
            st.text_input("Length", key="length-number", on_change=change_number)
            st.session_state["length-unit"] = unit
            st.segmented_control(
                "Counted in",
                LENGTHS,
                key="length-unit",
                required=True,
                label_visibility="collapsed",
                on_change=change_unit,
            )
        _explain(draft, unit, fields[unit].description)
