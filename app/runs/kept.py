"""What Live and Runs keep: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from app.bench.identity import IDENTITY
from app.runs.charts import View
from app.runs.previews import label_address, photo_address
from fcn_core.labels import Colour
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.run_state import list_runs
from fcn_core.training.run_folder.run_log import Records, RunLog


@st.cache_resource(show_spinner=False, max_entries=24)
def run_log(path: str) -> RunLog:
    """The metrics of one run folder; read on, not anew, at every look."""
    return RunLog(path)


@st.cache_data(show_spinner=False, max_entries=100, hash_funcs=IDENTITY)
def run_figure(
    draw: Callable[..., go.Figure], records: Records, view: View, *more: str | tuple[str, ...] | tuple[Colour, ...]
) -> str:
    """A figure of app/runs/charts.py as JSON: drawn once for all who look on."""
    return str(draw(records, view, *more).to_json())


@st.cache_resource(show_spinner=False, ttl=1, max_entries=2)
def runs(root: str) -> list[RunInfo]:
    """All runs of a folder, newest first, damaged ones too."""
    return list_runs(Path(root))


def run_labels(path: Path, colours: tuple[Colour, ...]) -> str:
    """A label map of a run's previews in the class colours, as a data address; "" if it is not there."""
    return _run_labels(str(path), file_stamp(path), colours)


def run_photo(path: Path) -> str:
    """A photo of a run's previews as a data address; "" if it is not there."""
    return _run_photo(str(path), file_stamp(path))


@st.cache_data(show_spinner=False, max_entries=4000)
def _run_labels(path: str, stamp: int, colours: tuple[Colour, ...]) -> str:
    return label_address(Path(path), colours)


@st.cache_data(show_spinner=False, max_entries=200)
def _run_photo(path: str, stamp: int) -> str:
    return photo_address(Path(path))


def file_stamp(path: Path) -> int:
    """Modification time in nanoseconds; 0 without a file."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
