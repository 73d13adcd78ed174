"""The data of a training run: which set, where it lies, and the fine points of its training, validation and test."""

from __future__ import annotations

import streamlit as st

from app.data.found import STREETS_COUNTS, STREETS_SEEDS
from app.data.picker import found_notice, kind_picker, root_picker
from app.train import draft_in_hand
from app.train.fields import fields_of
from app.train.form import CELL, draw_field, folded, problem_of
from app.train.titles import TITLES
from app.visitor.permission import may_name_folders
from fcn_core.data.datasets import DATASETS
from fcn_core.training.settings.groups import DataSettings

DRAWN = ("count", "size")  # of drawn scenes only
OF_FOLDERS = ("holdout",)


def data_settings() -> None:
    """Choose the data set, say what was found, and offer the fine points folded."""
    kind = draft_in_hand.data_kind()
    kind_picker(kind, draft_in_hand.choose_kind, place="train")
    root_picker(kind, draft_in_hand.data_root(), draft_in_hand.choose_root, place="train")
    found_notice(kind, draft_in_hand.data_root())
    draft = draft_in_hand.draft()
    wrong = sum(bool(problem_of(draft, group)) for group in ("train", "val", "test"))
    remark = f"{wrong} to fix" if wrong and draft_in_hand.data_root() else ""
    box = folded("Splits, sizes and mixtures", "group-data", remark, alert=True)
    if box.open:
        with box:
            _fine_points()


def _fine_points() -> None:
    draft = draft_in_hand.draft()
    parts = draft.values["train"]
    for place in range(len(parts)):
        _part(f"train.{place}", TITLES["train"] + (f", part {place + 1}" if len(parts) > 1 else ""))
        if len(parts) > 1:
            st.button(
                f"Leave part {place + 1} out",
                key=f"leave-out-{place}",
                icon=":material/remove:",
                type="tertiary",
                on_click=_leave_out,
                args=(place,),
            )
    st.button(
        "Add a data set to the mixture",
        icon=":material/add:",
        type="tertiary",
        on_click=_add,
        help="A mixture draws from several data sets of the same classes.",
    )
    for name, split in (("val", "val"), ("test", "test")):
        key = f"has-{name}"
        st.session_state[key] = draft.values[name] is not None
        st.toggle(
            {"val": "Validate while training", "test": "Test the best weights at the end"}[name],
            key=key,
            on_change=_switch,
            args=(name, split),
        )
        if draft.values[name] is not None:
            _part(name, TITLES[name])


def _part(path: str, title: str) -> None:
    kind = draft_in_hand.draft().value(path)["kind"]
    record = DATASETS[kind]
    st.markdown(f"**{title}**")
    with st.grid(columns="auto", min_column_width=CELL, gap=("small", "medium")):
        for field in fields_of(DataSettings, path).values():
            hidden = (
                (field.name in DRAWN and record.needs_root)
                or (field.name == "root" and (not record.needs_root or not may_name_folders()))
                or (field.name in OF_FOLDERS and kind != "folder")
                or (field.name == "images" and len(record.channels) == 1)
                or (field.name == "split" and not record.needs_root)
                or (field.name == "share" and not path.startswith("train"))
            )
            if not hidden:
                draw_field(field)


def _leave_out(place: int) -> None:
    draft = draft_in_hand.draft()
    parts = [part for number, part in enumerate(draft.values["train"]) if number != place]
    draft_in_hand.keep(draft.use_data(parts, draft.values["val"], draft.values["test"]))


def _add() -> None:
    draft = draft_in_hand.draft()
    parts = draft.values["train"]
    draft_in_hand.keep(draft.use_data([*parts, dict(parts[-1])], draft.values["val"], draft.values["test"]))


def _switch(name: str, split: str) -> None:
    draft = draft_in_hand.draft()
    part = None
    if st.session_state[f"has-{name}"]:
        part = {**draft.values["train"][0], "split": split, "share": None, "limit": None}
        if not DATASETS[part["kind"]].needs_root:
            part |= {"split": None, "count": STREETS_COUNTS[split], "seed": STREETS_SEEDS[split]}
    others = {"val": draft.values["val"], "test": draft.values["test"], name: part}
    draft_in_hand.keep(draft.use_data(list(draft.values["train"]), others["val"], others["test"]))
