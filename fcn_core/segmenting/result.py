"""The answer to "what is where in this photo?": frozen results that the app, exports and reports read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fcn_core.keys import fresh_key
from fcn_core.labels import LabelSet
from fcn_core.segmenting.scores import HeadScores


@dataclass(frozen=True)
class Encoded:
    """A photo that went through the network: ask `Segmenter.segment` about it as often as you like."""

    image: np.ndarray
    scores: dict[int, HeadScores]
    maps: dict[str, np.ndarray]
    timings: dict[str, float]
    tiled: bool

    @property
    def heads(self) -> tuple[int, ...]:
        return tuple(self.scores)


@dataclass(frozen=True)
class SegmentationResult:
    """What the heads say about a photo.

    image     H×W×3 uint8 RGB, upright: what was segmented
    labels    the classes and their colours
    scores    head (32, 16 or 8) -> its scores of every pixel, coarsest head first
    maps      named maps of the network before the last upsampling, K×h×w float32; none for a tiled photo
    timings   step -> milliseconds
    tiled     whether the photo was cut into overlapping tiles; `probabilities` are then not kept
    weights   name of the weights
    key       names this very result; whoever keeps results sets it to photo and weights when the work starts
    """

    image: np.ndarray
    labels: LabelSet
    scores: dict[int, HeadScores]
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    tiled: bool = False
    weights: str = ""
    key: str = field(default_factory=fresh_key)

    @property
    def heads(self) -> tuple[int, ...]:
        return tuple(self.scores)

    @property
    def label_maps(self) -> dict[int, np.ndarray]:
        """Head -> H×W uint8 class indices."""
        return {head: scores.label_map for head, scores in self.scores.items()}

    @property
    def probabilities(self) -> Mapping[int, np.ndarray]:
        """Head -> K×H×W softmax, float32 or float16; each is computed when first asked for. ValueError if tiled."""
        return _Probabilities(self)

    def confidence(self, head: int) -> np.ndarray:
        """Probability of the most likely class, H×W, 0-1."""
        return self._of(head).confidence

    def entropy(self, head: int) -> np.ndarray:
        """Entropy of the class probabilities divided by log K, H×W: 0 is certain, 1 is every class alike."""
        return self._of(head).entropy

    def heatmap(self, head: int, cls: int | str) -> np.ndarray:
        """Probability of one class (index or name), H×W float32, 0-1."""
        return self._of(head).heatmap(self._class(cls))

    def shares(self, head: int) -> np.ndarray:
        """Share of the pixels of each class, K float64, sum 1."""
        counts = np.bincount(self._of(head).label_map.ravel(), minlength=len(self.labels))
        return counts / counts.sum()

    def top(self, head: int, x: int, y: int, k: int = 5) -> list[tuple[int, float]]:
        """The k most likely classes at column x, row y: (class index, probability), most likely first."""
        height, width = self.image.shape[:2]
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError(f"pixel ({x}, {y}) lies outside the {width}×{height} photo")
        p = self._of(head).at(x, y)
        return [(int(index), float(p[index])) for index in np.argsort(-p, kind="stable")[:k]]

    def _of(self, head: int) -> HeadScores:
        if head not in self.scores:
            raise ValueError(f"head {head}s was not computed; this result has {heads_text(self.heads)}")
        return self.scores[head]

    def _class(self, cls: int | str) -> int:
        if isinstance(cls, str):
            return self.labels.index(cls)
        if not 0 <= cls < len(self.labels):
            raise ValueError(f"no class {cls}; {self.labels.name} has the classes 0 to {len(self.labels) - 1}")
        return int(cls)


class _Probabilities(Mapping[int, np.ndarray]):
    def __init__(self, result: SegmentationResult) -> None:
        self._result = result

    def __getitem__(self, head: int) -> np.ndarray:
        if head not in self._result.scores:
            raise KeyError(head)
        return self._result.scores[head].probabilities

    def __iter__(self) -> Iterator[int]:
        return iter(self._result.scores)

    def __len__(self) -> int:
        return len(self._result.scores)


def heads_text(heads: Sequence[int]) -> str:
    """The heads in words: `head 8s`, or `heads 32s, 16s`."""
    return ("head " if len(heads) == 1 else "heads ") + ", ".join(f"{head}s" for head in heads)
