"""The preview player: the same validation pictures, growing sharper from validation to validation."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from app.parts import browser_parts
from app.parts.words import percent
from app.runs import kept
from fcn_core.labels import Colour
from fcn_core.training.run_folder.preview_files import find_previews
from fcn_core.training.run_folder.run_log import Measurement


def preview_player(run: Path, validations: Sequence[Measurement], colours: Sequence[Colour], *, key: str) -> bool:
    """Draw the player of a run folder; False (and nothing drawn) as long as there are no previews."""
    found = find_previews(run)
    if found is None:
        return False
    measured = {validation.step: validation for validation in validations}
    pictures = [
        {"name": n, "photo": kept.run_photo(found.photo(n)), "truth": kept.run_labels(found.truth(n), tuple(colours))}
        for n in found.names
    ]
    moments = [
        {
            "step": step,
            "label": _label(step, measured.get(step)),
            "scores": [_score(measured.get(step), head) for head in found.heads],
            "maps": [
                [kept.run_labels(found.prediction(step, name, head), tuple(colours)) for head in found.heads]
                for name in found.names
            ],
        }
        for step in found.steps
    ]
    browser_parts.previews(run.name, found.heads, pictures, moments, key=key)
    return True


def _label(step: int, measured: Measurement | None) -> str:
    return f"step {step:,}" if measured is None else f"epoch {measured.epoch:.3g} · step {step:,}"


def _score(measured: Measurement | None, head: str) -> str:
    """Mean IoU of a head at this moment, over all validation pictures."""
    score = float("nan") if measured is None else measured.score(head)
    return "" if isnan(score) else f"mIoU {percent(score)}"
