"""The draft of this visitor's next training run: kept across pages, filled by presets, clones and files."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.data import kept as data_kept
from app.data.found import parts_of
from app.data.places import may_read
from app.train.draft import Draft
from fcn_core.training.settings.presets import PRESETS

FIRST = "classroom"


def draft() -> Draft:
    """The draft in hand; a clone that another page has laid down becomes the draft first."""
    clone = st.session_state.pop("clone", None)
    if clone is not None:
        st.session_state["clone-problem"] = take_yaml(clone, "the settings of an earlier run")
    if "draft" not in st.session_state:
        st.session_state["draft"] = Draft.of_preset(FIRST if FIRST in PRESETS else next(iter(PRESETS)))
    return st.session_state["draft"]


def keep(new: Draft) -> None:
    """Put another draft in hand."""
    st.session_state["draft"] = new


def choose_preset(name: str) -> None:
    """Begin with a recipe; data that were chosen before stay, if the recipe leaves the data to the person."""
    before, new = draft(), Draft.of_preset(name)
    roots = {part["kind"]: part["root"] for part in before.values["train"] if part["root"]}
    st.session_state.setdefault("roots", {}).update(roots)
    keep(with_roots(new))


def with_roots(new: Draft) -> Draft:
    """The draft with the folders that this visitor named before, where it has none."""
    roots = st.session_state.get("roots", {})

    def filled(part: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if part is None else {**part, "root": part["root"] or roots.get(part["kind"])}

    train = [part for part in map(filled, new.values["train"]) if part is not None]
    return new.use_data(train, filled(new.values["val"]), filled(new.values["test"]))


def take_yaml(text: str, origin: str) -> str:
    """Begin with settings from YAML; when they cannot be used the draft stays, and why not is returned."""
    try:
        keep(Draft.of_yaml(text, origin))
    except ValueError as error:
        return f"Nothing was changed: {error}"
    return ""


def data_kind() -> str:
    """The data set that the draft trains on; of a mixture the first."""
    return draft().values["train"][0]["kind"]


def data_root() -> str | None:
    """Its folder; None for drawn data or while none was named."""
    return draft().values["train"][0]["root"]


def root_of(kind: str) -> str | None:
    """The folder of this kind of data set that the draft trains on; None if it trains on another kind."""
    return data_root() if data_kind() == kind else None


def use_data(kind: str, root: str | None) -> None:
    """Train on another data set, with what it has of train, val and test."""
    if root:
        st.session_state.setdefault("roots", {})[kind] = root
    found = data_kept.data_found(kind, root) if may_read(root) else data_kept.data_found(kind, None)
    keep(draft().use_data(*parts_of(found)))


def choose_kind(kind: str) -> None:
    """Another kind of data set; its folder is the one that was named for it before."""
    if kind != data_kind():
        use_data(kind, st.session_state.get("roots", {}).get(kind))


def choose_root(root: str | None) -> None:
    """Another folder for the data set. A recipe's own splits stay; without any, they are what the folder has."""
    kind, now = data_kind(), draft()
    st.session_state.setdefault("roots", {})[kind] = root
    if root and now.values["val"] is None:
        use_data(kind, root)
        return

    def moved(part: dict[str, Any] | None) -> dict[str, Any] | None:
        return part if part is None or part["kind"] != kind else {**part, "root": root}

    train = [part for part in map(moved, now.values["train"]) if part is not None]
    keep(now.use_data(train, moved(now.values["val"]), moved(now.values["test"])))


def known_classes() -> tuple[str, ...]:
    """Names of the classes that the draft trains on, as far as they are known."""
    root = data_root()
    labels = data_kept.data_found(data_kind(), root).labels if may_read(root) else None
    return labels.classes if labels else ()
