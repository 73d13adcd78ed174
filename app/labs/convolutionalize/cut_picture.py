"""The picture as these views work on it: shrunk, and cut so that strides of up to 32 pixels divide both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import Tensor

from app.bench.case import Case
from app.labs.shared.seen import Seen, seen
from app.parts.colours import swatch
from app.visitor.widgets import plain

MOST_SIDE = 320
MULTIPLE = 32


@dataclass(frozen=True)
class CutPicture:
    """image: h×w×3 uint8, sides multiples of 32, from the top left of what `look` shows."""

    look: Seen
    image: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def key(self) -> tuple[object, ...]:
        return (*self.look.key, "cut", self.size)

    def network_input(self) -> Tensor:
        """1×C×h×w float32, preprocessed."""
        height, width = self.size
        return self.look.network_input()[..., :height, :width].contiguous()

    def of_truth(self, mask: np.ndarray) -> np.ndarray:
        """A label map of the whole photo, on this picture: the nearest labels."""
        height, width = self.look.size
        rows, columns = (
            np.minimum(((np.arange(n) + 0.5) * m / n).astype(int), m - 1)
            for n, m in zip((height, width), mask.shape, strict=True)
        )
        return mask[rows[: self.size[0]]][:, columns[: self.size[1]]]


def class_line(case: Case, labels: np.ndarray) -> str:
    """The classes of a label map with their colours, most frequent first, in Markdown."""
    counts = np.bincount(labels.ravel(), minlength=len(case.labels))
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    return " ".join(f"{swatch(case.colours[i])} :small[{plain(case.labels.classes[i])}]" for i in order)


def cut_picture(case: Case, *, why: str) -> CutPicture | None:
    """The picture in hand; None after it was said that it is too small."""
    look = seen(case, MOST_SIDE, why=why)
    height, width = (side // MULTIPLE * MULTIPLE for side in look.size)
    if min(height, width) < 2 * MULTIPLE:
        st.info(
            f"This picture is only {look.size[1]}×{look.size[0]} pixels here; the view needs {2 * MULTIPLE}×"
            f"{2 * MULTIPLE}, two coarse cells along each side. Choose a larger or less narrow one.",
            icon=":material/info:",
        )
        return None
    return CutPicture(look, np.ascontiguousarray(look.image[:height, :width]))
