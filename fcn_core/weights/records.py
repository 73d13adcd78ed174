"""A weights record: everything to know about a set of weights before they are loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fcn_core.labels import LABEL_SETS, LabelSet, voc_palette
from fcn_core.models.architectures import USUAL, read_spec
from fcn_core.models.description import NetworkSpec
from fcn_core.weights.preprocessing import IMAGENET, Preprocessing

SOURCES = ("bundled", "torchvision", "published", "imported", "file")
KINDS = ("network", "classifier")


@dataclass(frozen=True)
class WeightRecord:
    """What a set of weights is, where it comes from and what it can recognise.

    `spec` describes the network; a classifier has none. `scores` maps a head ("8s"; "classifier" for a classifier)
    to measured figures as fractions (`pa`, `mpa`, `miou`, `fwiou`, `iou` by class) on the set named by `scored_on`.
    `size_bytes` may be rounded by the source; `sha256` may be a prefix, as torchvision publishes it.
    """

    name: str
    title: str
    kind: str = "network"
    spec: NetworkSpec | None = None
    label_set: LabelSet | None = None
    preprocessing: Preprocessing = IMAGENET
    source: str = "file"
    url: str | None = None
    filename: str = ""
    size_bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None
    licence: str = ""
    training_data: str = ""
    knows: str = ""
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    scored_on: str = ""
    notes: str = ""
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.source not in SOURCES:
            raise ValueError(
                f"weights record {self.name!r}: kind {self.kind!r} must be one of {KINDS} "
                f"and source {self.source!r} one of {SOURCES}"
            )

    @property
    def labels(self) -> str | None:
        """Name of the label set."""
        return self.label_set.name if self.label_set else None

    @property
    def heads(self) -> tuple[int, ...]:
        """Strides of the heads, coarsest first."""
        return tuple(sorted(self.spec.heads, reverse=True)) if self.spec else ()

    @property
    def alignment(self) -> str | None:
        """How the coarse scores lie on the photo's pixels; None for a classifier."""
        return self.spec.alignment if self.spec else None

    @property
    def path(self) -> Path | None:
        """The file on this machine for bundled, imported and own files; None for what is downloaded."""
        return self.folder / self.filename if self.folder else None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready description; the folder, which differs between machines, is left out."""
        return {
            "name": self.name,
            "title": self.title,
            "kind": self.kind,
            "architecture": self.spec.architecture if self.spec else self.name,
            "spec": self.spec.to_dict() if self.spec else None,
            "labels": labels_to_dict(self.label_set) if self.label_set else None,
            "preprocessing": self.preprocessing.to_dict(),
            "source": self.source,
            "url": self.url,
            "filename": self.filename,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "md5": self.md5,
            "licence": self.licence,
            "training_data": self.training_data,
            "knows": self.knows,
            "scores": self.scores,
            "scored_on": self.scored_on,
            "notes": self.notes,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, folder: Path | None = None) -> WeightRecord:
        """The inverse of `to_dict`; unknown keys are left aside, a missing name is a ValueError."""
        if not isinstance(data, dict) or not data.get("name"):
            raise ValueError("a weights card must be a JSON object with at least a name")
        plain = {
            key: data[key]
            for key in (
                "name", "title", "kind", "source", "url", "filename", "size_bytes", "sha256", "md5",
                "licence", "training_data", "knows", "scores", "scored_on", "notes",
            )
            if key in data
        }  # fmt: skip
        labels = labels_from_dict(data["labels"]) if data.get("labels") else None
        if plain.get("kind") == "fcn":  # what cards called every network that labels pixels
            plain["kind"] = "network"
        spec = None
        if plain.get("kind") != "classifier":
            spec = read_spec(
                data.get("architecture", USUAL), data.get("spec"), num_classes=len(labels) if labels else 21
            )
        return cls(
            **{"title": data["name"], **plain},
            spec=spec,
            label_set=labels,
            preprocessing=Preprocessing.from_dict(data["preprocessing"]) if data.get("preprocessing") else IMAGENET,
            folder=folder,
        )


def labels_to_dict(labels: LabelSet) -> dict[str, Any]:
    """A JSON-ready label set with names and both palettes, so that a file of ours needs nothing else."""
    return {
        "name": labels.name,
        "title": labels.title,
        "classes": list(labels.classes),
        "palette": [list(colour) for colour in labels.palette],
        "colour_blind_safe": [list(colour) for colour in labels.colour_blind_safe],
    }


def labels_from_dict(data: dict[str, Any]) -> LabelSet:
    """The inverse of `labels_to_dict`; a set of the project with the same classes is returned itself."""
    try:
        classes = tuple(str(name) for name in data["classes"])
        known = LABEL_SETS.get(data["name"])
        if known is not None and known.classes == classes:
            return known
        palettes = [
            tuple((int(r), int(g), int(b)) for r, g, b in data[key]) for key in ("palette", "colour_blind_safe")
        ]
        return LabelSet(str(data["name"]), str(data["title"]), classes, palettes[0], palettes[1])
    except (KeyError, TypeError) as problem:
        raise ValueError(f"the description of the classes is incomplete: {problem}") from problem


def numbered_labels(count: int, name: str = "numbered") -> LabelSet:
    """Labels for a network whose class names are unknown: `class 0`, `class 1`, …"""
    colours = voc_palette(count)
    return LabelSet(name, f"{count} classes without names", tuple(f"class {i}" for i in range(count)), colours, colours)


def labels_for(count: int, labels: str | LabelSet | None) -> LabelSet:
    """The label set that was asked for, or a guess by the number of classes; ValueError if the number differs."""
    if labels is None:
        fitting = [known for known in LABEL_SETS.values() if len(known) == count]
        return fitting[0] if fitting else numbered_labels(count)
    if isinstance(labels, str):
        if labels not in LABEL_SETS:
            raise ValueError(f"no label set {labels!r}; the label sets are {', '.join(LABEL_SETS)}")
        labels = LABEL_SETS[labels]
    if len(labels) != count:
        raise ValueError(
            f"the weights tell {count} classes apart and label set {labels.name!r} names {len(labels)}; "
            "give a label set of the same length, or none"
        )
    return labels
