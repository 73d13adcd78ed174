"""Data sets over data sets: pictures kept in memory after their first use, and evenly spread subsets."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.labels import LabelSet

NAME_BYTES = 120


class LabelledPictures(Protocol):
    """What every data set of this package offers.

    Where they differ from the usual, also `channels` (image channels, see `channels_of`) and `tasks` (the classes of
    further label maps, see `tasks_of`).
    """

    @property
    def labels(self) -> LabelSet: ...

    @property
    def name(self) -> str: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


def channels_of(data: LabelledPictures) -> int:
    """How many channels the images of a data set have."""
    return int(getattr(data, "channels", 3))


def tasks_of(data: LabelledPictures) -> Mapping[str, LabelSet]:
    """Task name -> classes of the further label maps that come with each sample."""
    return getattr(data, "tasks", {})


def truth_only_of(data: LabelledPictures) -> bool:
    """Whether classes without truth pixels are left out of its mean IoU (see `metrics.ConfusionMatrix`)."""
    return bool(getattr(data, "truth_only", False))


class Kept:
    """A data set whose pictures stay in memory after their first use, shared with forked worker processes.

    Pictures of another size than the first are passed through unkept. Memory is only taken as it is filled.
    """

    def __init__(self, source: LabelledPictures) -> None:
        self.source, self.labels, self.name = source, source.labels, source.name
        self.channels, self.tasks, self.truth_only = channels_of(source), tasks_of(source), truth_only_of(source)
        first = source[0]
        self._dtype, self._shape, self._colour = first.image.dtype, first.image.shape, first.colour
        self._task_names = tuple(first.tasks)
        self._image_bytes = first.image.nbytes
        pixels = first.mask.size * (1 + len(first.tasks))
        used = self._image_bytes + pixels + NAME_BYTES
        self.stride = -(-used // 8) * 8  # every image begins where its dtype may
        # Anonymous and shared: forked workers fill one store together.
        self._filled = mmap.mmap(-1, len(source))
        self._store = mmap.mmap(-1, len(source) * self.stride)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name} has {len(self)} pictures, there is no number {index}")
        image, masks, name = self._places(index)
        if self._filled[index]:
            return Sample(
                image=image.copy(),
                mask=masks[0].copy(),
                name=bytes(name).rstrip(b"\0").decode(),
                tasks={task: mask.copy() for task, mask in zip(self._task_names, masks[1:], strict=True)},
                colour=self._colour,
            )
        sample = self.source[index]
        name_bytes = sample.name.encode()
        if self._fits(sample) and len(name_bytes) <= NAME_BYTES:
            image[:], masks[0] = sample.image, sample.mask
            for place, task in enumerate(self._task_names, start=1):
                masks[place] = sample.tasks[task]
            name[: len(name_bytes)] = np.frombuffer(name_bytes, dtype=np.uint8)
            self._filled[index] = 1  # last, so that no other process reads half a picture
        return sample

    def _places(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Views of the store: the image, its label maps (1+T)×H×W, the bytes of its name."""
        block = np.frombuffer(self._store, dtype=np.uint8, count=self.stride, offset=index * self.stride)
        height, width, _ = self._shape
        masks_end = self._image_bytes + (1 + len(self._task_names)) * height * width
        image = block[: self._image_bytes].view(self._dtype).reshape(self._shape)
        masks = block[self._image_bytes : masks_end].reshape(-1, height, width)
        return image, masks, block[masks_end : masks_end + NAME_BYTES]

    def _fits(self, sample: Sample) -> bool:
        same_image = sample.image.shape == self._shape and sample.image.dtype == self._dtype
        return same_image and tuple(sample.tasks) == self._task_names and sample.colour == self._colour

    def __getstate__(self) -> dict[str, Any]:
        """Without the store: a worker that is spawned, not forked, fills its own."""
        return {"source": self.source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["source"])  # type: ignore[misc]


class Subset:
    """`count` evenly spread pictures of a data set."""

    def __init__(self, source: LabelledPictures, count: int) -> None:
        self.source, self.labels, self.name = source, source.labels, source.name
        self.channels, self.tasks, self.truth_only = channels_of(source), tasks_of(source), truth_only_of(source)
        self.indices = np.linspace(0, len(source) - 1, min(count, len(source))).round().astype(int).tolist()

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.source[self.indices[index]]
