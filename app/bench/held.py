"""The picture and the ground truth on the bench."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np

from app.bench.identity import identified
from app.visitor.upload import Upload


@identified
@dataclass(frozen=True)
class HeldPicture:
    """The picture on the bench: H×W×3 uint8 RGB, its file's name, and what to call it.

    key: of its content, whatever it is called. upload: where the network reads other channels than the picture shows.
    """

    file: str
    title: str
    key: str
    image: np.ndarray
    upload: Upload | None = None

    @property
    def network_input(self) -> np.ndarray | BytesIO:
        """What the network reads."""
        return self.image if self.upload is None else self.upload.opened()


@identified
@dataclass(frozen=True)
class HeldTruth:
    """A ground truth: H×W uint8 in the classes of the weights, what to call it, and what was assumed.

    key: of the label map itself, whatever file it was read from.
    """

    mask: np.ndarray
    key: str
    title: str
    note: str = ""
