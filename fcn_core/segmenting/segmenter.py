"""Segment photos: encode once, ask many times.

`Segmenter.encode` sends a photo through the network once, for all heads; `segment` answers from
that. A Segmenter may be shared by any number of threads: it works on its own copy of the model and
lets one forward pass run at a time, because two at once only take each other's cores and memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from fcn_core.models.windowing import windowed
from fcn_core.pictures.bands import read_bands, read_photo_of, show_bands
from fcn_core.pictures.images import MAX_PIXELS, ImageError, ImageSource
from fcn_core.progress import Progress
from fcn_core.segmenting.folding import folded_copy
from fcn_core.segmenting.result import Encoded, SegmentationResult, heads_text
from fcn_core.segmenting.scores import FullScores, GridScores, HeadScores
from fcn_core.segmenting.tiling import available_memory, blend_tiles, plan_axis, tile_side
from fcn_core.weights import LoadedModel

DEFAULT_MEMORY = 2 * 2**30  # working memory of one pass; the whole process then stays within 4 GiB
TILE_MEMORY = 768 * 2**20
HALF_ABOVE = 128 * 2**20  # logits that take more are kept as float16


class Segmenter:
    """A loaded model, ready for photos. Safe to share between threads."""

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        device: str | torch.device = "cpu",
        dtype: torch.dtype | None = None,
        threads: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        """device: where the network runs. dtype: torch.bfloat16 or float16 for reduced precision, None for float32.

        threads: cores for PyTorch in this whole process; None leaves the setting alone. memory_limit: bytes that one
        pass may take before a photo is cut into tiles; by default half of what is free and at most 2 GiB.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        self.loaded = loaded
        self.device = torch.device(device)
        self.dtype = dtype or torch.float32
        self.memory_limit = memory_limit
        self._turn = threading.Lock()
        model = folded_copy(loaded.model).to(device=self.device, dtype=self.dtype).to(memory_format=torch.channels_last)
        self._model = windowed(model)

    @property
    def heads(self) -> tuple[int, ...]:
        """The heads that the weights have, coarsest first."""
        return tuple(sorted(self.loaded.heads, reverse=True))

    def segment(
        self,
        image: ImageSource | Encoded,
        heads: Sequence[int] | None = None,
        *,
        max_side: int | None = None,
        tile: int | None = None,
        progress: Progress | None = None,
    ) -> SegmentationResult:
        """Segment a photo, or answer from an `Encoded` one without running the network.

        heads: any of the network's; None is all of them (or all that were encoded).
        The other arguments are those of `encode` and are for photos that are not encoded yet.
        """
        if not isinstance(image, Encoded):
            image = self.encode(image, heads=heads, max_side=max_side, tile=tile, progress=progress)
        wanted = image.heads if heads is None else self._checked(heads)
        if missing := [head for head in wanted if head not in image.scores]:
            raise ValueError(
                f"this photo was encoded for {heads_text(image.heads)} only; call encode(photo, heads=…) "
                f"with {heads_text(missing)} too"
            )
        scores = {head: image.scores[head] for head in wanted}
        labels, name = self.loaded.labels, self.loaded.record.name
        return SegmentationResult(image.image, labels, scores, image.maps, dict(image.timings), image.tiled, name)

    def encode(
        self,
        image: ImageSource,
        *,
        heads: Sequence[int] | None = None,
        max_side: int | None = None,
        tile: int | None = None,
        max_pixels: int | None = MAX_PIXELS,
        progress: Progress | None = None,
    ) -> Encoded:
        """Run the network once for all wanted heads.

        max_side: shrink the photo first so that its longer side is at most this many pixels.
        tile: cut the photo into tiles of at most this side (pixels) even where memory would allow one pass.
        progress(done, total): counts passes, more than one where the photo is cut into tiles.
        Raises ImageError for anything that is not a usable photo, ValueError for unknown heads.
        """
        wanted = self._checked(heads)
        started = time.perf_counter()
        planes, shown = self._read(image, max_side, max_pixels)
        read = time.perf_counter()
        height, width = shown.shape[:2]
        memory = self._memory()
        if tile is None and self.estimate_bytes(height, width, wanted) > memory:
            tile = tile_side(self.bytes_per_pixel(wanted), min(memory, TILE_MEMORY))
        tiled = tile is not None and (height > tile or width > tile)
        maps: dict[str, np.ndarray] = {}
        scores: dict[int, HeadScores]
        if tile is not None and tiled:
            scores = self._encode_tiles(planes, wanted, tile, progress)
        else:
            if progress:
                progress(0, 1)
            logits, maps = self._forward(planes, wanted)
            half = sum(t.numel() for t in logits.values()) * 4 > HALF_ABOVE
            scores = {head: FullScores.from_logits(logits.pop(head), half=half) for head in wanted}
            if progress:
                progress(1, 1)
        done = time.perf_counter()
        timings = {"read": 1e3 * (read - started), "network": 1e3 * (done - read), "total": 1e3 * (done - started)}
        return Encoded(shown, scores, maps, timings, tiled)

    def prepare(self, image: ImageSource, *, max_side: int | None = None) -> Tensor:
        """What the network gets of a photo, without a pass: 1×C×H×W float32 on the CPU, preprocessed.

        max_side: shrink the photo first, as `encode` does. Raises ImageError for anything that is not usable.
        """
        planes, _ = self._read(image, max_side, MAX_PIXELS)
        return self.loaded.record.preprocessing.apply(planes)[None]

    def bytes_per_pixel(self, heads: Sequence[int] | None = None) -> float:
        """Estimated working memory of one pass for each pixel of the photo."""
        maps = self.loaded.model.widest * torch.finfo(self.dtype).bits / 8
        return maps + 3 * 4 * len(self.loaded.labels) * len(heads or self.heads)

    def estimate_bytes(self, height: int, width: int, heads: Sequence[int] | None = None) -> float:
        """Estimated working memory of one pass over a whole photo of this size."""
        border = self.loaded.model.border
        return self.bytes_per_pixel(heads) * (height + border) * (width + border)

    def _memory(self) -> int:
        if self.memory_limit is not None:
            return self.memory_limit
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0] // 2
        return min(available_memory() // 2, DEFAULT_MEMORY)

    def _checked(self, heads: Sequence[int] | None) -> tuple[int, ...]:
        wanted = self.heads if heads is None else tuple(sorted(set(heads), reverse=True))
        if not wanted or set(wanted) - set(self.heads):
            raise ValueError(f"{self.loaded.record.name} has {heads_text(self.heads)}; got {list(heads or ())}")
        return wanted

    def _read(self, image: ImageSource, max_side: int | None, max_pixels: int | None) -> tuple[np.ndarray, np.ndarray]:
        """(what the network reads, H×W×C; the photo to show, H×W×3 uint8 RGB)."""
        preprocessing = self.loaded.record.preprocessing
        channels = preprocessing.channels
        if preprocessing.values == "photo" and channels in (1, 3):
            shown = _shrunk(read_photo_of(image, max_pixels=max_pixels), max_side)
            return (shown if channels == 3 else cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY)[:, :, None]), shown
        bands = read_bands(image, max_pixels=max_pixels)
        if bands.shape[2] != channels:
            name = getattr(image, "name", "the image") if not isinstance(image, str | Path) else Path(image).name
            turned = ""
            if bands.shape[0] == channels:
                turned = "; its first axis has that length, so move it to the end: numpy.moveaxis(a, 0, 2)"
            raise ImageError(
                f"these weights read {channels} channels: expected an image H×W×{channels}, but {name} has "
                f"{bands.shape[2]} (shape {bands.shape}){turned}"
            )
        planes = _shrunk(bands, max_side)
        return planes, show_bands(planes)

    def _forward(
        self, planes: np.ndarray, heads: tuple[int, ...], *, maps: bool = True
    ) -> tuple[dict[int, Tensor], dict[str, np.ndarray]]:
        """Logits (head -> K×H×W on the CPU, float32) and named maps of one pass."""
        x = self.loaded.record.preprocessing.apply(planes)[None]
        with self._turn, torch.inference_mode():
            x = x.to(device=self.device, dtype=self.dtype).contiguous(memory_format=torch.channels_last)
            output = self._model(x, heads=heads)
            logits = {head: output.logits[head][0].to(device="cpu", dtype=torch.float32) for head in heads}
            named = {key: value[0].float().cpu().numpy() for key, value in output.maps.items()} if maps else {}
        return logits, named

    def _encode_tiles(
        self, planes: np.ndarray, heads: tuple[int, ...], tile: int, progress: Progress | None
    ) -> dict[int, HeadScores]:
        height, width = planes.shape[:2]
        scores = {head: GridScores.empty(len(self.loaded.labels), height, width) for head in heads}
        with torch.inference_mode():
            blend_tiles(
                plan_axis(height, tile),
                plan_axis(width, tile),
                lambda rows, columns: self._forward(planes[rows, columns], heads, maps=False)[0],
                lambda head, y, x, logits: scores[head].put(y, x, logits),
                progress=progress,
            )
        return dict(scores)


def _shrunk(image: np.ndarray, max_side: int | None) -> np.ndarray:
    height, width = image.shape[:2]
    if max_side is None or max(height, width) <= max_side:
        return image
    if max_side < 1:
        raise ValueError(f"expected max_side of at least 1 pixel, got {max_side}")
    scale = max_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], *image.shape[2:])
