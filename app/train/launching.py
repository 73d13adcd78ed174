"""From the settings in hand to a run that goes on without this page: once, however often Start is clicked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from app.data.places import not_offered
from app.train.draft import Draft
from app.visitor.permission import why_not
from fcn_core.training.places.launch import LaunchRequest, launch
from fcn_core.training.places.slurm_settings import SlurmSettings
from fcn_core.training.settings.stages import expand

SAME_CLICK = 8.0  # seconds within which a second Start of the same settings is taken for the first one
MOST_NAME = 60


@dataclass(frozen=True)
class Launched:
    """A run that was started: its id, the settings (YAML) it was started with, and when (monotonic seconds)."""

    run_id: str
    settings: str
    moment: float

    def is_same(self, settings: str) -> bool:
        """Whether starting these settings now would only repeat the click."""
        return self.settings == settings and monotonic() - self.moment < SAME_CLICK


_one_at_a_time = threading.Lock()


def start(
    draft: Draft,
    *,
    before: Launched | None,
    processes: int = 1,
    slurm: Mapping[str, object] | None = None,
) -> Launched:
    """Launch the draft on this machine, or on Slurm with its settings; a repeated click gives the run `before`.

    ValueError says what stands in the way.
    """
    reason = why_not() or not_offered(draft.values)
    if reason:
        raise ValueError(reason)
    config = draft.config
    if config is None:
        raise ValueError("These settings do not fit together yet; fix what is marked first.")
    check_name(config.name)
    settings = config.to_yaml()
    with _one_at_a_time:
        if before is not None and before.is_same(settings):
            return before
        request = LaunchRequest(
            processes=processes,
            recipe=draft.preset,
            slurm=None if slurm is None else SlurmSettings.from_dict(dict(slurm)),
        )
        return Launched(launch(expand(config), request)[0].id, settings, monotonic())


def check_name(name: str) -> None:
    """ValueError for a name that no run can carry."""
    if not name.strip():
        raise ValueError("Name: a run needs a name; the list of runs and its weights show it.")
    if len(name) > MOST_NAME:
        raise ValueError(f"Name: at most {MOST_NAME} characters, got {len(name)}.")
    if not name.isprintable() or any(mark in name for mark in '/\\<>:"|?*') or name.strip(". ") != name:
        raise ValueError('Name: without / \\ < > : " | ? * and and no dots or spaces at either end, please.')
