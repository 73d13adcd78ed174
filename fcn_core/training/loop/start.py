"""The weights that a run begins with: a classifier, another network's file, or another run's best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from fcn_core.models.network import Network
from fcn_core.models.transplant import transplant_classifier
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import CATALOGUE, Preprocessing, classifier_state, load


@dataclass(frozen=True)
class Start:
    """Weights to begin with. classifier: they fill the trunk; else every tensor that fits by name and shape.

    preprocessing: what their images went through; the new network's go through the same. parts: "all" or "trunk".
    """

    source: str
    state: Mapping[str, Tensor]
    classifier: bool
    preprocessing: Preprocessing
    parts: str = "all"

    def fill(self, model: Network) -> str:
        """Put the weights into `model`; returns a sentence on what was taken. ValueError when nothing fits."""
        if self.classifier:
            taken = transplant_classifier(model, self.state).copied
            return f"started from the classifier {self.source}: {len(taken)} tensors taken"
        own = model.state_dict()
        trunks = tuple(f"{name}." for name in model.trunks())
        fitting = {
            key: value
            for key, value in self.state.items()
            if key in own and own[key].shape == value.shape and (self.parts == "all" or key.startswith(trunks))
        }
        if not any(value.ndim > 1 for value in fitting.values()):
            raise ValueError(
                f"no kernel of {self.source} fits this network by name and shape; "
                "start needs weights of the same trunk and width"
            )
        model.load_state_dict(fitting, strict=False)
        other = sorted(set(own) - set(fitting))
        rest = f"; left at their first values: {', '.join(other[:6])}{', …' if len(other) > 6 else ''}"
        return f"started from {self.source}: {len(fitting)} of {len(own)} tensors taken{rest if other else ''}"


def find_start(config: TrainConfig, *, runs: Path | None) -> Start:
    """The weights that `config.start` names. runs: the folder with the runs. ValueError says what is missing."""
    source = config.start
    assert source is not None
    if source == "imagenet":
        source = getattr(config.model, "backbone", config.model.kind.architecture)
        if source not in CATALOGUE:
            raise ValueError(f"there is no ImageNet classifier for the trunk {source}; start from alexnet or vgg16")
    if source in CATALOGUE and CATALOGUE[source].kind == "classifier":
        return Start(source, classifier_state(source), True, CATALOGUE[source].preprocessing)
    run = config.start_run
    if run is not None:
        source = str(weights_of_run(run, runs))
    loaded = load(source)
    name = f"run {run}" if run is not None else config.start or source
    return Start(name, loaded.model.state_dict(), False, loaded.record.preprocessing, config.start_parts)


def weights_of_run(run: str, runs: Path | None) -> Path:
    """The best weights of a run, else its last; ValueError when it has none yet."""
    if runs is None:
        raise ValueError(f"start names the run {run}, but this run lies in no folder of runs")
    path = RunFolder(runs / run).weights()
    if path is None:
        raise ValueError(f"the run {run} has no weights yet in {runs / run}; wait until it has finished")
    return path
