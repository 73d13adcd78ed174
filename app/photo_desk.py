"""What the Gradio app answers with: photos segmented once and kept for a while, and every refusal as one sentence.

No Gradio here: handlers turn these answers into components, tests call them directly.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fcn_core import draw
from fcn_core.pictures.images import read_image
from fcn_core.segmenting.segmenter import Encoded, SegmentationResult, Segmenter
from fcn_core.weights import CATALOGUE, WeightRecord, is_here, load

MAX_PIXELS = 40_000_000  # larger photos are refused
MAX_SIDE = 1024  # longer photos are shrunk first, so that thirty students wait seconds, not minutes
MAX_FILE = "20mb"
KEPT_PHOTOS = 4
KEPT_MODELS = 3


@dataclass(frozen=True)
class Regions:
    """A segmented photo. masks: class name -> H×W bool, largest first; shares: class name -> 0-1 in the same order."""

    image: np.ndarray
    masks: dict[str, np.ndarray]
    shares: dict[str, float]
    colours: dict[str, str]
    remark: str


class Desk:
    """Segments photos with the weights that are on this machine. Safe to share between threads."""

    def __init__(self, *, device: str = "auto") -> None:
        """device: a torch device; auto takes the GPU if there is one. ValueError for one that is not here."""
        self.device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        try:
            torch.empty(1, device=self.device)
        except (RuntimeError, AssertionError) as problem:
            raise ValueError(f"the device {device!r} cannot be used on this machine; take auto or cpu") from problem
        self._turn = threading.Lock()
        self._models: OrderedDict[str, Segmenter] = OrderedDict()
        self._photos: dict[tuple[str, str], _Seen] = {}

    def records(self) -> dict[str, WeightRecord]:
        """Weights that label pixels and need no download, by name."""
        return {name: record for name, record in CATALOGUE.items() if record.kind == "network" and is_here(record)}

    def regions(self, photo: str | Path, weights: str, head: str) -> Regions:
        """The photo's classes as masks. ValueError (one sentence) for anything that cannot be answered."""
        answer = self._answer(photo, weights, head)
        result, stride = answer.result, answer.stride
        shares, label_map = result.shares(stride), result.label_maps[stride]
        present = [int(i) for i in np.argsort(-shares, kind="stable") if shares[i] > 0]
        names = result.labels.classes
        return Regions(
            image=result.image,
            masks={names[i]: label_map == i for i in present},
            shares={names[i]: float(shares[i]) for i in present},
            colours={name: "#{:02x}{:02x}{:02x}".format(*result.labels.palette[i]) for i, name in enumerate(names)},
            remark=answer.remark,
        )

    def heatmap(self, photo: str | Path, weights: str, head: str, cls: str) -> np.ndarray:
        """Probability of one class, drawn in viridis, H×W×3 uint8. ValueError as `regions`."""
        answer = self._answer(photo, weights, head)
        return draw.colour_map(answer.result.heatmap(answer.stride, cls), "viridis")

    def label_map(self, photo: str | Path, weights: str, head: str) -> np.ndarray:
        """Class indices, H×W uint8. ValueError as `regions`."""
        answer = self._answer(photo, weights, head)
        return answer.result.label_maps[answer.stride]

    def _answer(self, photo: str | Path, weights: str, head: str) -> _Answer:
        records = self.records()
        if weights not in records:
            raise ValueError(f"there are no weights {weights!r} here; choose one of {', '.join(records) or '(none)'}")
        heads = {f"{stride}s": stride for stride in records[weights].heads}
        if head not in heads:
            raise ValueError(f"{weights} has no head {head!r}; choose one of {', '.join(heads)}")
        seen = self._seen(Path(photo), weights)
        result = seen.segmenter.segment(seen.encoded, heads=(heads[head],))
        return _Answer(result, heads[head], self._remark(seen, weights))

    def _segmenter(self, name: str) -> Segmenter:
        with self._turn:
            if name not in self._models:
                self._models[name] = Segmenter(load(name, device=self.device), device=self.device)
            self._models.move_to_end(name)
            while len(self._models) > KEPT_MODELS:
                self._models.popitem(last=False)
            return self._models[name]

    def _seen(self, photo: Path, weights: str) -> _Seen:
        """The photo after its pass through the network, which happens once for all heads and classes."""
        data = photo.read_bytes()
        key = (hashlib.blake2b(data, digest_size=16).hexdigest(), weights)
        if (seen := self._photos.get(key)) is not None:
            return seen
        segmenter = self._segmenter(weights)
        with self._turn:  # a second question about the same photo waits for the first pass instead of doing it again
            if key not in self._photos:
                image = read_image(data, max_pixels=MAX_PIXELS)
                self._photos[key] = _Seen(segmenter, segmenter.encode(image, max_side=MAX_SIDE), image.shape[:2])
                while len(self._photos) > KEPT_PHOTOS:
                    self._photos.pop(next(iter(self._photos)), None)
            return self._photos[key]

    def _remark(self, seen: _Seen, weights: str) -> str:
        (height, width), (was_high, was_wide) = seen.encoded.image.shape[:2], seen.size
        shrunk = f", shrunk from {was_wide}×{was_high}" if (height, width) != (was_high, was_wide) else ""
        milliseconds = seen.encoded.timings.get("network", 0.0)
        return f"{width}×{height} pixels{shrunk}, network {milliseconds:.0f} ms. {self.records()[weights].knows}"


@dataclass(frozen=True)
class _Seen:
    """A photo that went through a network. size: height and width as it came."""

    segmenter: Segmenter
    encoded: Encoded
    size: tuple[int, ...]


@dataclass(frozen=True)
class _Answer:
    """What one head says about a photo."""

    result: SegmentationResult
    stride: int
    remark: str
