"""The data set that the Data page looks at: its kind and split stand in the address, its folder does not."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.data import kept
from app.data.found import DataFound
from app.data.opened import OpenedSplit
from app.data.places import may_read
from app.visitor import session
from fcn_core.data.datasets import DATASETS
from fcn_core.data.kept import LabelledPictures
from fcn_core.labels import LabelSet

ALL = "all"


@dataclass(frozen=True)
class DataInHand:
    """An opened split of a data set. splits: those that are there."""

    kind: str
    root: str | None
    split: str
    splits: tuple[str, ...]
    opened: OpenedSplit

    @property
    def place(self) -> tuple[str, str | None, str]:
        """What stays the same when the split is opened again."""
        return self.kind, self.root, self.split

    @property
    def data(self) -> LabelledPictures:
        return self.opened.data

    @property
    def labels(self) -> LabelSet:
        return self.data.labels


def root_in_hand(kind: str, usual: str | None) -> str | None:
    """The folder that was last named for a kind of data set; `usual` if none was."""
    root = st.session_state.get("roots", {}).get(kind) or usual
    return root if may_read(root) else None


def choose_kind(kind: str) -> None:
    """Look at another kind of data set."""
    session.change_setting("data", kind)
    to_gallery(1)


def choose_root(kind: str, root: str | None) -> None:
    """Look into another folder."""
    st.session_state.setdefault("roots", {})[kind] = root
    to_gallery(1)


def to_gallery(page: int) -> None:
    """Leave the large view, to a page of the gallery."""
    session.change_setting("no", 0)
    session.change_setting("at", page)


def splits_of(found: DataFound) -> tuple[str, ...]:
    """The splits that can be looked at; data without splits are one, called all."""
    return tuple(split or ALL for split in found.pictures)


def opened(found: DataFound) -> DataInHand:
    """The split in hand of what was found; ValueError says why it cannot be opened."""
    splits = splits_of(found)
    split = session.setting("split") if session.setting("split") in splits else splits[0]
    root = found.root if DATASETS[found.kind].needs_root else None
    return DataInHand(found.kind, root, split, splits, kept.data_set(found.kind, root, split))
