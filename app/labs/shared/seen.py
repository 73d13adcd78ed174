"""The picture as a view works on it: shrunk where a pass over all of it would take too long, and what became of it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import Tensor, nn

from app.bench.case import Case
from app.parts.pictures import encode
from fcn_core.draw import thumbnail
from fcn_core.segmenting.segmenter import Segmenter


@dataclass(frozen=True)
class Seen:
    """image: H×W×3 as the network gets it. scale: pixels of it for a pixel of the photo."""

    image: np.ndarray
    scale: float
    key: tuple[Hashable, ...]
    segmenter: Segmenter
    case: Case

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def model(self) -> nn.Module:
        """The shared network: never change it; the core works on private copies."""
        return self.segmenter.loaded.model

    @property
    def photo(self) -> str:
        """The picture as a data address."""
        return encode(self.image, photo=True).src

    @property
    def pixel(self) -> tuple[int, int] | None:
        """The pixel in hand, here."""
        if self.case.pixel is None:
            return None
        height, width = self.size
        x, y = ((place + 0.5) * self.scale for place in self.case.pixel)
        return min(int(x), width - 1), min(int(y), height - 1)

    def held(self, x: int, y: int) -> dict[str, int]:
        """A pixel here, as the bench holds it: on the photo."""
        height, width = self.case.result.image.shape[:2]
        return {
            "x": min(int((x + 0.5) / self.scale), width - 1),
            "y": min(int((y + 0.5) / self.scale), height - 1),
        }

    def network_input(self) -> Tensor:
        """1×C×H×W float32, preprocessed."""
        source = self.case.picture.network_input
        return self.segmenter.prepare(source, max_side=max(self.size))


def seen(case: Case, most_side: int, *, why: str) -> Seen:
    """The case's picture, at most `most_side` pixels long; says so where it was shrunk."""
    image = thumbnail(case.result.image, most_side)
    height, width = image.shape[:2]
    if image is not case.result.image:
        full = "{1}×{0}".format(*case.result.image.shape)
        st.caption(f":material/photo_size_select_small: The photo of {full} is shrunk to {width}×{height} here: {why}.")
    scale = max(height, width) / max(case.result.image.shape[:2])
    return Seen(image, scale, (case.result.key, (height, width)), case.segmenter, case)
