"""The same few validation pictures at every validation: which there are, and as small files for the browser."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_core.labels import VOID_COLOUR, Colour

MOST_MOMENTS = 40
MOST_SIDE = 480
MOMENT = re.compile(r"step-(\d+)")


@dataclass(frozen=True)
class Previews:
    """Pictures by name, and the steps at which they were predicted, ascending."""

    folder: Path
    names: tuple[str, ...]
    steps: tuple[int, ...]
    heads: tuple[str, ...]

    def photo(self, name: str) -> Path:
        return self.folder / "photo" / f"{name}.png"

    def truth(self, name: str) -> Path:
        return self.folder / "truth" / f"{name}.png"

    def prediction(self, step: int, name: str, head: str) -> Path:
        return self.folder / f"step-{step:08d}" / f"{name}-{head}.png"


def find_previews(run: Path, *, most: int = MOST_MOMENTS) -> Previews | None:
    """The previews of a run folder, at most `most` moments evenly spread (first and last kept); None without any."""
    folder = run / "previews"
    names = tuple(sorted(path.stem for path in (folder / "photo").glob("*.png")))
    steps = sorted(
        int(found[1]) for path in folder.glob("step-*") if (found := MOMENT.fullmatch(path.name)) and path.is_dir()
    )
    if not names or not steps:
        return None
    if len(steps) > most:
        steps = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))]
    last = folder / f"step-{steps[-1]:08d}"
    heads = {path.stem.removeprefix(f"{name}-") for name in names for path in last.glob(f"{name}-*.png")}
    ordered = sorted((h for h in heads if re.fullmatch(r"\d+s", h)), key=lambda h: int(h[:-1]), reverse=True)
    return Previews(folder, names, tuple(steps), tuple(ordered))


def label_address(path: Path, colours: Sequence[Colour]) -> str:
    """A label map's file (8-bit PNG, class indices) as a data address of a small PNG in the class colours.

    Void is black. A file that is missing, damaged or just being written gives "".
    """
    try:
        with Image.open(path) as file:
            indices = np.array(file)
    except (OSError, ValueError, SyntaxError):
        return ""
    if indices.ndim != 2:
        return ""
    every = -(-max(indices.shape) // MOST_SIDE)
    small = np.minimum(indices[::every, ::every], len(colours)).astype(np.uint8)  # void comes last: few bits a pixel
    picture = Image.fromarray(small, "P")
    picture.putpalette([channel for colour in (*colours, VOID_COLOUR) for channel in colour])
    return _address(picture, "png", optimize=True)


def photo_address(path: Path) -> str:
    """A photo's file as a data address of a JPEG; "" if it is missing or damaged."""
    try:
        with Image.open(path) as file:
            picture = file.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return ""
    picture.thumbnail((MOST_SIDE, MOST_SIDE))
    return _address(picture, "jpeg", quality=88)


def _address(picture: Image.Image, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
