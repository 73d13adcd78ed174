"""From a name or a path to a model that is ready to run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from fcn_core.keys import fresh_key
from fcn_core.labels import LabelSet
from fcn_core.machine.transfer import ByteProgress
from fcn_core.models.architectures import build
from fcn_core.models.description import NetworkSpec
from fcn_core.models.network import Network
from fcn_core.models.torchvision_fcn import TorchvisionFCN
from fcn_core.weights.catalogue import CATALOGUE
from fcn_core.weights.checkpoint import read_checkpoint, read_tensors
from fcn_core.weights.download import fetch
from fcn_core.weights.published_files import read_published_state
from fcn_core.weights.records import WeightRecord, labels_for
from fcn_core.weights.surgery import compare_keys, fit_state


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode with all that belongs to it. Share it, but never change it in place.

    key: names these very weights, fixed before they were read; a model that was made by hand has one of its own.
    """

    record: WeightRecord
    model: Network
    labels: LabelSet
    heads: tuple[int, ...]
    key: str = field(default_factory=fresh_key)


def weights_key(record: WeightRecord) -> str:
    """Names a record's weights as they are now: a file by its place, time and size, a download by its checksum."""
    named: tuple[object, ...] = (record.name, record.path, record.sha256, record.md5)
    if record.path is not None and record.path.is_file():
        about = record.path.stat()
        named = (record.path, about.st_mtime_ns, about.st_size)
    return hashlib.blake2b(repr(named).encode(), digest_size=12).hexdigest()


def load(
    name_or_path: str | Path, *, device: str | torch.device = "cpu", progress: ByteProgress | None = None
) -> LoadedModel:
    """The model of a catalogue name or of a `.safetensors` file of ours, in evaluation mode on `device`.

    Weights that are not on this machine are fetched first; `progress(done, total)` reports bytes.
    ValueError (DownloadError for the network's part) says what is wrong and what to do.
    """
    if isinstance(name_or_path, str) and name_or_path in CATALOGUE:
        record = CATALOGUE[name_or_path]
    else:
        record = record_of_file(_existing(name_or_path))
    if record.kind == "classifier":
        raise ValueError(f"{record.name} is a classifier: it labels no pixels, but a training can start from it")
    with torch.device("meta"):  # no memory and no time for weights that are replaced at once
        model = build(_spec(record))
    path = fetch(record, progress=progress)
    key = weights_key(record)  # before the file is read: what is read later is at least as new
    if record.path is not None:
        state = read_tensors(path)
        report = compare_keys(model, state)
    elif isinstance(model, TorchvisionFCN):
        state = model.published_keys(read_published_state(path))
        report = compare_keys(model, state)
    else:
        report, state = fit_state(model, read_published_state(path))
    report.require(path.name)
    model.load_state_dict(state, assign=True)
    labels = record.label_set
    assert labels is not None  # every record of kind "network" names its classes
    return LoadedModel(record, model.eval().to(device), labels, record.heads, key)


def classifier_state(name: str, *, progress: ByteProgress | None = None) -> dict[str, Tensor]:
    """The state dict of one of the catalogue's classifiers, fetched if need be; for `transplant_classifier`."""
    record = CATALOGUE[name]
    if record.kind != "classifier":
        fitting = ", ".join(key for key, other in CATALOGUE.items() if other.kind == "classifier")
        raise ValueError(f"{name} is no classifier; the classifiers are {fitting}")
    return read_published_state(fetch(record, progress=progress))


def record_of_file(path: Path) -> WeightRecord:
    """The record of a `.safetensors` file of ours that is in no catalogue, from what the file says."""
    if path.suffix.lower() != ".safetensors":
        raise ValueError(
            f"{path.name} is not in our format; import it first (python -m fcn_core weights import {path.name})"
        )
    about = read_checkpoint(path)
    extra = about.extra
    record = WeightRecord(
        name=path.stem,
        title=str(extra.get("title", path.stem)),
        spec=about.spec,
        label_set=labels_for(about.spec.num_classes, about.labels),
        preprocessing=about.preprocessing,
        filename=path.name,
        size_bytes=path.stat().st_size,
        knows=str(extra.get("knows") or f"{about.labels.title}: {', '.join(about.labels.classes)}."),
        training_data=str(extra.get("training_data", "")),
        licence=str(extra.get("licence", "")),
        folder=path.parent.resolve(),
    )
    return replace(record, scores=extra["scores"]) if isinstance(extra.get("scores"), dict) else record


def _spec(record: WeightRecord) -> NetworkSpec:
    if record.spec is None:
        raise ValueError(f"the card of {record.name} does not say what its network is; import its file again")
    return record.spec


def _existing(name_or_path: str | Path) -> Path:
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        if isinstance(name_or_path, str) and not path.suffix and "/" not in name_or_path:
            CATALOGUE[name_or_path]  # raises with the names there are
        raise ValueError(f"there are no weights named {str(name_or_path)!r} and no such file")
    return path
