"""Write the street scenes that ship with the project: `python -m fcn_core.data.streets.make_samples [folder]`.

Each sample is a JPEG of 640x480 pixels and its exact label map, an index PNG (one byte a pixel: CamVid's class index).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_core.data.streets.scenes import scene
from fcn_core.machine.home import assets_folder

SAMPLE_SEED = 3
"""A seed of its own: no sample is in the training, validation or test scenes (seeds 0, 1 and 2)."""
SAMPLE_SIZE = (480, 640)
SAMPLE_INDICES = (15, 28, 2, 16, 1, 24)
"""Chosen for what they show: people and cyclists near and far, poles, signals, fences, trees, day and dusk."""


def sample_folder() -> Path:
    """`assets/samples` of the source tree."""
    return assets_folder() / "samples"


def write_samples(folder: Path) -> list[Path]:
    """Draw every sample into `folder`; returns the files written, image and label map by turns."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for number, index in enumerate(SAMPLE_INDICES, start=1):
        sample = scene(SAMPLE_SEED, index, size=SAMPLE_SIZE)
        photo, labels = folder / f"streets-{number}.jpg", folder / f"streets-{number}.labels.png"
        Image.fromarray(sample.image).save(photo, quality=93, subsampling=0)
        Image.fromarray(np.ascontiguousarray(sample.mask), mode="L").save(labels, optimize=True)
        written += [photo, labels]
    return written


def main(arguments: list[str] | None = None) -> None:
    """Command line: an optional folder, `assets/samples` without one."""
    given = sys.argv[1:] if arguments is None else arguments
    for path in write_samples(Path(given[0]) if given else sample_folder()):
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
