"""Files that someone already has, brought into the catalogue: published Caffe and torchfcn files, and our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from fcn_core.labels import NYUD, LabelSet
from fcn_core.models.architectures import build
from fcn_core.models.description import NetworkSpec
from fcn_core.models.network import Network
from fcn_core.models.spec import FCNSpec
from fcn_core.models.torchvision_fcn import TorchvisionFCN
from fcn_core.models.torchvision_spec import FCNResNet50Spec, FCNResNet101Spec
from fcn_core.weights.cards import write_card
from fcn_core.weights.catalogue import CATALOGUE
from fcn_core.weights.checkpoint import read_checkpoint, read_tensors, save_checkpoint
from fcn_core.weights.folders import import_folder
from fcn_core.weights.loading import LoadedModel, load, record_of_file
from fcn_core.weights.preprocessing import CAFFE_NYUD, CAFFE_VOC, IMAGENET, Preprocessing
from fcn_core.weights.published import AT_ONCE
from fcn_core.weights.published_files import read_published_state
from fcn_core.weights.records import WeightRecord, labels_for
from fcn_core.weights.surgery import FitReport, compare_keys, detect_spec, fit_state

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class ImportFailed(ValueError):
    """A file that does not fit a network; `report` has the details that the sentence sums up."""

    def __init__(self, sentence: str, report: FitReport) -> None:
        super().__init__(sentence)
        self.report = report


@dataclass(frozen=True)
class Imported:
    """What an import made: the model, how the file fitted, and where our copy lies."""

    loaded: LoadedModel
    report: FitReport
    path: Path


@dataclass(frozen=True)
class _Draft:
    """A file that has been read and matched, before anything is written."""

    model: Network
    state: dict[str, Tensor]
    report: FitReport
    preprocessing: Preprocessing
    labels: LabelSet
    about: WeightRecord | None = None


def inspect_file(
    path: str | Path,
    *,
    labels: str | LabelSet | None = None,
    spec: FCNSpec | None = None,
    at_once: bool | None = None,
) -> FitReport:
    """How a file would import, without writing anything; `report.ok` says whether it would."""
    return _draft(Path(path), labels=labels, spec=spec, at_once=at_once, preprocessing=None).report


def import_file(
    path: str | Path,
    *,
    name: str | None = None,
    labels: str | LabelSet | None = None,
    spec: FCNSpec | None = None,
    at_once: bool | None = None,
    preprocessing: Preprocessing | None = None,
    cache_dir: Path | None = None,
) -> Imported:
    """Check a `.caffemodel`, `.pth` or `.safetensors` file and copy it into the catalogue in our format.

    Trunk, heads and number of classes are found out from names and shapes unless `spec` is given.
    `at_once` says whether the network scales its skips (torchfcn's FCN8sAtOnce); without it a
    stored factor or "atonce" in the file's name decides. `labels` names the classes; without it
    they are guessed from their number. `name` is the catalogue's name, by default the file's.
    ImportFailed (a ValueError) lists what is missing, extra or of the wrong shape; any other
    ValueError says why the file cannot be read.
    """
    path = Path(path).expanduser()
    name = _free_name(path) if name is None else _checked_name(name)
    draft = _draft(path, labels=labels, spec=spec, at_once=at_once, preprocessing=preprocessing)
    if not draft.report.ok:
        raise ImportFailed(f"{path.name} does not fit the network: {' '.join(draft.report.sentences())}", draft.report)
    draft.model.load_state_dict(draft.state, assign=True)
    folder = import_folder(cache_dir)
    record = _record(name, path, draft, folder)
    copy = save_checkpoint(
        folder / record.filename,
        draft.model,
        labels=draft.labels,
        preprocessing=draft.preprocessing,
        extra={
            "title": record.title,
            "knows": record.knows,
            "scores": record.scores,
            "training_data": record.training_data,
            "licence": record.licence,
        },
    )
    write_card(replace(record, size_bytes=copy.stat().st_size), folder)
    return Imported(replace(load(copy), record=replace(record, size_bytes=copy.stat().st_size)), draft.report, copy)


def _draft(
    path: Path,
    *,
    labels: str | LabelSet | None,
    spec: FCNSpec | None,
    at_once: bool | None,
    preprocessing: Preprocessing | None,
) -> _Draft:
    path = path.expanduser()
    if path.suffix.lower() == ".safetensors" and spec is None:
        return _own_draft(path, labels, preprocessing)
    state = read_published_state(path)
    if any(key.startswith("backbone.layer1") for key in state):
        return _torchvision_draft(state, labels, preprocessing)
    notes: list[str] = []
    if spec is None:
        named_at_once = re.search(r"at[-_]?once", path.name.lower()) is not None
        if at_once is None and named_at_once:
            notes.append("The file's name says at-once, so the skips are scaled by 0.01 and 0.0001.")
        spec = detect_spec(state, skip_scales=AT_ONCE if at_once or (at_once is None and named_at_once) else None)
        if at_once is None and not named_at_once and 8 in spec.heads and set(spec.skip_scales.values()) == {1.0}:
            notes.append(
                "An at-once network cannot be told from its file; taken as trained in stages. Say if it is not."
            )
    model = _shapes_only(spec)
    if any(key.startswith("trunk.") for key in state):  # our own names, without our description of the network
        report, fitted = replace(compare_keys(model, state), spec=spec), state
    else:
        report, fitted = fit_state(model, state)
    if preprocessing is None:
        preprocessing = _caffe_preprocessing(spec)
        notes.append(f"Preprocessing taken: {preprocessing.channel_order}, 0-255, minus {preprocessing.mean}.")
    if labels is None and spec.num_classes == len(NYUD):
        labels = NYUD
    names = labels_for(spec.num_classes, labels)
    return _Draft(model, fitted, replace(report, notes=tuple(notes)), preprocessing, names)


def _own_draft(path: Path, labels: str | LabelSet | None, preprocessing: Preprocessing | None) -> _Draft:
    about = read_checkpoint(path)
    record = record_of_file(path)
    model = _shapes_only(about.spec)
    state = read_tensors(path)
    names = labels_for(len(about.labels), labels) if labels is not None else about.labels
    report = replace(compare_keys(model, state), spec=about.spec)
    return _Draft(model, state, report, preprocessing or about.preprocessing, names, record)


def _torchvision_draft(
    state: Mapping[str, Tensor], labels: str | LabelSet | None, preprocessing: Preprocessing | None
) -> _Draft:
    """torchvision's fcn_resnet50 or fcn_resnet101, from its state dict."""
    state = TorchvisionFCN.published_keys(state)
    last = state.get("classifier.4.weight")
    if last is None:
        raise ValueError("this looks like one of torchvision's ResNet networks, but not like its FCN")
    deep = any(key.startswith("backbone.layer3.22.") for key in state)
    model = _shapes_only((FCNResNet101Spec if deep else FCNResNet50Spec)(num_classes=last.shape[0]))
    names = labels_for(last.shape[0], labels)
    return _Draft(model, state, compare_keys(model, state), preprocessing or IMAGENET, names)


def _shapes_only(spec: NetworkSpec) -> Network:
    """A network without memory: enough to compare shapes with, and a place for the file's own tensors."""
    with torch.device("meta"):
        return build(spec)


def _caffe_preprocessing(spec: FCNSpec) -> Preprocessing:
    """The published networks' BGR 0-255 minus a mean; channels beyond colour are taken as they come."""
    base = CAFFE_NYUD if spec.num_classes == len(NYUD) else CAFFE_VOC
    mean = (*base.mean, *(0.0 for _ in range(spec.in_channels)))[: spec.in_channels]
    return Preprocessing(base.channel_order, base.scale, mean, (1.0,) * spec.in_channels)


def _record(name: str, path: Path, draft: _Draft, folder: Path) -> WeightRecord:
    filename = f"{name}.safetensors"
    if draft.about is not None:
        return replace(
            draft.about, name=name, source="imported", filename=filename, folder=folder,
            label_set=draft.labels, preprocessing=draft.preprocessing,
        )  # fmt: skip
    return WeightRecord(
        name=name,
        title=f"{name} (imported)",
        spec=draft.model.spec,
        label_set=draft.labels,
        preprocessing=draft.preprocessing,
        source="imported",
        filename=filename,
        knows=f"{draft.labels.title}: {', '.join(draft.labels.classes)}.",
        notes=" ".join((f"Imported from {path.name}.", *draft.report.notes)),
        folder=folder,
    )


def _checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a name; use small letters, digits, dots, dashes and underscores, a letter first"
        )
    if name in CATALOGUE:
        raise ValueError(f"there are weights named {name!r} already; choose another name")
    return name


def _free_name(path: Path) -> str:
    """A name from the file's, with a number behind it if the catalogue has that name already."""
    base = re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._") or "imported"
    name, number = base, 2
    while name in CATALOGUE:
        name, number = f"{base}-{number}", number + 1
    return name
