"""What the pages of data sets keep: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import streamlit as st

from app.bench.identity import IDENTITY
from app.data.found import DataFound, look_for
from app.data.opened import OpenedSplit, open_split
from app.parts.pictures import Shown, sample_view
from fcn_core.data.balance import ClassBalance, class_balance
from fcn_core.data.lint.linter import LintReport
from fcn_core.data.sample import Sample


@st.cache_resource(show_spinner=False, ttl=20, max_entries=200)
def data_found(kind: str, root: str | None) -> DataFound:
    """What lies in a data set's folder; looked at anew after a while, since folders change."""
    return look_for(kind, root)


@st.cache_resource(show_spinner=False, ttl=300, max_entries=40)
def data_set(kind: str, root: str | None, split: str) -> OpenedSplit:
    """One split of a data set, to be looked at; ValueError says what is missing. "all" opens one without splits."""
    return open_split(kind, root, split)


@st.cache_resource(show_spinner=False, max_entries=24, hash_funcs=IDENTITY)
def data_sample(opened: OpenedSplit, index: int) -> Sample:
    """One labelled picture of a data set."""
    return opened.data[index]


@st.cache_data(show_spinner=False, max_entries=600, hash_funcs=IDENTITY)
def data_thumbnail(opened: OpenedSplit, index: int, labels: bool, safe: bool) -> tuple[str, str]:
    """(name, data address) of a small picture, if wished under its label colours."""
    sample = opened.coarse[index]
    small = sample_view(sample, opened.data.labels, side=300, opacity=60 if labels else 0, safe=safe)
    return sample.name, small.src


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def data_picture(opened: OpenedSplit, index: int, opacity: int, safe: bool) -> Shown:
    """A labelled picture at viewing size. `opacity` of the label colours in percent."""
    return sample_view(data_sample(opened, index), opened.data.labels, opacity=opacity, safe=safe)


@st.cache_resource(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def data_balance(opened: OpenedSplit) -> ClassBalance:
    """How often each class occurs in a split, from evenly spread pictures."""
    at_most = 40 if opened.drawn else 150  # drawing takes longer than reading
    return class_balance(opened.coarse, at_most=at_most)


@st.cache_resource(show_spinner=False)
def lint_reports() -> dict[tuple[str, str], LintReport]:
    """What the linter found, by data set and folder; kept until somebody checks again."""
    return {}
