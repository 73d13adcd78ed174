"""Where the previews of a run lie, and which there are: the same few validation pictures at every validation.

previews/photo/NAME.png and previews/truth/NAME.png once; previews/step-00000120/NAME-8s.png for each head: label maps
are 8-bit PNGs of class indices, 255 for void.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MOST_MOMENTS = 40
MOMENT = re.compile(r"step-(\d+)")
HEAD = re.compile(r"\d+s")


@dataclass(frozen=True)
class PreviewFiles:
    """Files of the previews in a folder. names: of the pictures; steps: at which they were predicted, ascending;
    heads: "32s" and so on, coarse to fine.
    """

    folder: Path
    names: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    heads: tuple[str, ...] = ()

    def photo(self, name: str) -> Path:
        return self.folder / "photo" / f"{name}.png"

    def truth(self, name: str) -> Path:
        return self.folder / "truth" / f"{name}.png"

    def moment(self, step: int) -> Path:
        """The folder with the label maps of one validation."""
        return self.folder / f"step-{step:08d}"

    def prediction(self, step: int, name: str, head: str) -> Path:
        return self.moment(step) / f"{name}-{head}.png"


def find_previews(run: Path, *, most: int = MOST_MOMENTS) -> PreviewFiles | None:
    """The previews of a run folder, at most `most` moments evenly spread (first and last kept); None without any."""
    files = PreviewFiles(run / "previews")
    names = tuple(sorted(path.stem for path in (files.folder / "photo").glob("*.png")))
    steps = moments(files.folder)
    if not names or not steps:
        return None
    if len(steps) > most:
        steps = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))]
    last = files.moment(steps[-1])
    heads = {path.stem.removeprefix(f"{name}-") for name in names for path in last.glob(f"{name}-*.png")}
    ordered = sorted((head for head in heads if HEAD.fullmatch(head)), key=lambda head: int(head[:-1]), reverse=True)
    return PreviewFiles(files.folder, names, tuple(steps), tuple(ordered))


def moments(folder: Path) -> list[int]:
    """The steps with a folder of their own, ascending."""
    found = ((MOMENT.fullmatch(path.name), path) for path in folder.glob("step-*"))
    return sorted(int(match[1]) for match, path in found if match and path.is_dir())
