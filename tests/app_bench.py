"""A folder of imported weights with one tiny untrained network, for tests of the app."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segmenters import tiny_weights

from fcn_core.weights import save_checkpoint, write_card

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "app" / "Home.py"
TINY = "tiny"


def make_home(folder: Path) -> Path:
    """Make `folder` a FCN_LAB_HOME in which the weights `tiny` are imported; return it."""
    loaded = tiny_weights()
    imported = folder / "imported"
    imported.mkdir(parents=True)
    path = save_checkpoint(
        imported / f"{TINY}.safetensors",
        loaded.model,
        labels=loaded.labels,
        preprocessing=loaded.record.preprocessing,
    )
    record = replace(
        loaded.record,
        knows="Nothing: untrained, for tests.",
        source="imported",
        filename=path.name,
        size_bytes=path.stat().st_size,
        folder=imported,
    )
    write_card(record, imported)
    return folder
