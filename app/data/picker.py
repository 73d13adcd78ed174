"""Choose a data set: its kind, the folder where it lies, and at once what is found there or what is missing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.data import kept
from app.data.found import DataFound
from app.data.places import may_read, offered_folders
from app.visitor import widgets
from app.visitor.permission import may_name_folders
from fcn_core.data.datasets import DATASETS

OTHER = "another folder"


def kind_picker(kind: str, change: Callable[[str], None], *, place: str) -> None:
    """A list of data sets with what each one is. place: tells the pickers of two pages apart."""
    key = f"{place}-kind"
    st.session_state[key] = kind
    st.selectbox(
        "Data set",
        list(DATASETS),
        format_func=lambda name: DATASETS[name].title,
        key=key,
        on_change=lambda: change(st.session_state[key]),
    )
    st.caption(DATASETS[kind].about)


def root_picker(kind: str, root: str | None, change: Callable[[str | None], None], *, place: str) -> None:
    """The folder of a data set: one that the owner offers, or a typed path where that is allowed."""
    record = DATASETS[kind]
    if not record.needs_root:
        return
    offered, may_type = offered_folders(), may_name_folders()
    if not can_name_a_folder():
        st.caption(
            ":material/lock: Folders of this machine cannot be named over the network or in read-only mode. "
            "The owner can offer some with `FCN_LAB_DATA`; until then use the drawn streets."
        )
        return
    typed = may_type and (not offered or (root not in offered and root is not None) or root == "")
    if offered:
        key = f"{place}-offered"
        st.session_state[key] = root if root in offered else (OTHER if typed else None)
        st.selectbox(
            "Folder",
            [*offered, OTHER] if may_type else list(offered),
            key=key,
            placeholder="Choose a folder",
            on_change=lambda: change("" if st.session_state[key] == OTHER else st.session_state[key]),
        )
    if typed:
        key = f"{place}-root"
        st.session_state[key] = root or ""
        st.text_input(
            "Folder on this machine",
            key=key,
            placeholder="/path/to/the/data",
            on_change=lambda: change(_cleaned(st.session_state[key])),
        )
    st.caption(f"Expected there: {widgets.plain(record.layout)}." if record.layout else "")


def can_name_a_folder() -> bool:
    """Whether there is a field or a list for the folder of a data set."""
    return bool(offered_folders()) or may_name_folders()


def _cleaned(text: str) -> str:
    """A path as people paste it: without quotes and spaces around it."""
    return text.strip().strip("\"'").strip()


def found_notice(kind: str, root: str | None) -> DataFound:
    """Look for the data set, say what is there, and return it."""
    if not may_read(root):
        st.error("This folder is not among those that the owner of this app offers.", icon=":material/lock:")
        return DataFound(kind, None)
    found = kept.data_found(kind, root or None)
    if found.problem:
        st.error(widgets.plain(found.problem), icon=":material/folder_off:")
    elif not found.pictures and can_name_a_folder():
        st.info("Name the folder that holds the data set; it is searched at once.", icon=":material/folder:")
    elif found.pictures and found.root is None:
        st.caption(":material/check_circle: Nothing to fetch: scenes are drawn while the network trains.")
    elif found.pictures:
        st.caption(f":material/check_circle: {found.sentence}")
    return found
