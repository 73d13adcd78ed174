"""What a run found out about its data and machine while it prepared (facts.json); absent in older runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_core.labels import LABEL_SETS, LabelSet, spread_palette, voc_palette
from fcn_core.training.run_folder.runs import RunFolder


@dataclass(frozen=True)
class RunFacts:
    """Classes and the rest as it was written: counts of pictures, steps and parameters, device, processes."""

    labels: LabelSet | None
    values: dict[str, Any]

    def count(self, name: str) -> int | None:
        """A whole number, or None if it was not written."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_facts(folder: Path) -> RunFacts:
    """The facts of a run folder; empty when the file is missing or damaged."""
    values = RunFolder(folder).facts()
    return RunFacts(_labels(values), values)


def _labels(values: dict[str, Any]) -> LabelSet | None:
    """The label set: a known one if its classes are the same, else one made from what is written."""
    try:
        name, classes = str(values.get("labels") or "classes"), tuple(str(c) for c in values["classes"])
        known = LABEL_SETS.get(name)
        if known is not None and known.classes == classes:
            return known
        palette = tuple((int(r), int(g), int(b)) for r, g, b in values.get("palette") or voc_palette(len(classes)))
        return LabelSet(name, name, classes, palette, spread_palette(len(classes)))
    except (KeyError, TypeError, ValueError):
        return None
