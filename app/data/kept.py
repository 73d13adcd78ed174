"""What the pages of data sets keep: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import streamlit as st

from app.data.found import STREETS_COUNTS, DataFound, look_for
from app.parts.pictures import Shown, sample_view
from fcn_core.data.balance import ClassBalance, class_balance
from fcn_core.data.datasets import DATASETS, open_dataset
from fcn_core.data.kept import LabelledPictures
from fcn_core.data.lint.linter import LintReport
from fcn_core.data.sample import Sample


@st.cache_resource(show_spinner=False, ttl=20, max_entries=200)
def data_found(kind: str, root: str | None) -> DataFound:
    """What lies in a data set's folder; looked at anew after a while, since folders change."""
    return look_for(kind, root)


@st.cache_resource(show_spinner=False, ttl=300, max_entries=40)
def data_set(kind: str, root: str | None, split: str, *, coarse: bool = False) -> LabelledPictures:
    """One split of a data set, to be looked at; ValueError says what is missing. "all" opens one without splits.

    coarse: drawn scenes half as fine, four times as fast: the same scenes, for small pictures and for counting.
    """
    return open_dataset(
        kind,
        root=root,
        split=None if split == "all" else split,
        count=STREETS_COUNTS.get(split, 1),
        size=(180, 240) if coarse else (360, 480),
    )


@st.cache_resource(show_spinner=False, ttl=300, max_entries=24)
def data_sample(kind: str, root: str | None, split: str, index: int) -> Sample:
    """One labelled picture of a data set."""
    return data_set(kind, root, split)[index]


@st.cache_data(show_spinner=False, ttl=300, max_entries=600)
def data_thumbnail(kind: str, root: str | None, split: str, index: int, labels: bool, safe: bool) -> tuple[str, str]:
    """(name, data address) of a small picture, if wished under its label colours."""
    sample = data_set(kind, root, split, coarse=True)[index]
    small = sample_view(sample, data_set(kind, root, split).labels, side=300, opacity=60 if labels else 0, safe=safe)
    return sample.name, small.src


@st.cache_data(show_spinner=False, ttl=300, max_entries=60)
def data_picture(kind: str, root: str | None, split: str, index: int, opacity: int, safe: bool) -> Shown:
    """A labelled picture at viewing size. `opacity` of the label colours in percent."""
    labels = data_set(kind, root, split).labels
    return sample_view(data_sample(kind, root, split, index), labels, opacity=opacity, safe=safe)


@st.cache_resource(show_spinner=False, ttl=900, max_entries=60)
def data_balance(kind: str, root: str | None, split: str) -> ClassBalance:
    """How often each class occurs in a split, from evenly spread pictures."""
    at_most = 150 if DATASETS[kind].needs_root else 40  # drawing takes longer than reading
    return class_balance(data_set(kind, root, split, coarse=True), at_most=at_most)


@st.cache_resource(show_spinner=False)
def lint_reports() -> dict[tuple[str, str], LintReport]:
    """What the linter found, by data set and folder; kept until somebody checks again."""
    return {}
