"""The samples that ship with the project: assets/samples/NAME.(png|jpg|webp) with its label map NAME.labels.png."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_core.machine.home import assets_folder

FOLDER = assets_folder() / "samples"
TRUTH_SUFFIX = ".labels.png"
PHOTO_SUFFIXES = (".png", ".jpg", ".webp")


@dataclass(frozen=True)
class SampleFile:
    """One sample: its name in addresses, its picture and, if there is one, its exact label map."""

    name: str
    picture: Path
    truth: Path | None


def list_samples(folder: Path = FOLDER) -> dict[str, SampleFile]:
    """Samples by name, in natural order (streets-2 before streets-10)."""
    found: dict[str, SampleFile] = {}
    for path in sorted(folder.glob("*"), key=lambda p: (len(p.stem), p.stem)):
        if path.suffix in PHOTO_SUFFIXES and not path.name.endswith(TRUTH_SUFFIX):
            truth = path.with_name(path.stem + TRUTH_SUFFIX)
            found[path.stem] = SampleFile(path.stem, path, truth if truth.is_file() else None)
    return found
