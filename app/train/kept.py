"""What the Train page keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import streamlit as st

from app.parts.jobs import Jobs
from app.runs import kept as runs_kept
from app.train.cost import count_parameters
from fcn_core.training.places import slurm_queue
from fcn_core.training.places.run_state import runs_root
from fcn_core.training.run_folder.run_weights import weights_name
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import CATALOGUE


def start_names() -> list[str]:
    """What a run can start from without typing a path: a classifier, weights of the catalogue, other runs' best."""
    finished = [info for info in runs_kept.runs(str(runs_root())) if not info.problem]
    return ["imagenet", *CATALOGUE, *(weights_name(info.id) for info in finished)]


@st.cache_data(show_spinner=False, max_entries=200)
def parameters(settings: str, classes: int, channels: int) -> int:
    """Parameters of the network of these settings (YAML)."""
    return count_parameters(TrainConfig.from_yaml(settings), classes, channels)


@st.cache_resource(show_spinner=False)
def measurements() -> Jobs:
    """Measured costs by settings (YAML), and those that are being measured."""
    return Jobs(60, one_at_a_time=True)


@st.cache_data(show_spinner=False, ttl=120, max_entries=1)
def slurm_is_here() -> bool:
    """Whether a Slurm cluster takes jobs from this machine."""
    return slurm_queue.is_here()


@st.cache_data(show_spinner=False, ttl=120, max_entries=1)
def slurm_partitions() -> list[str]:
    """Partitions of the cluster."""
    return [str(name) for name in slurm_queue.partitions()]
