"""Data sets over data sets: pictures kept in memory after their first use, and evenly spread subsets."""

from __future__ import annotations

import mmap
from typing import Any, Protocol

import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.labels import LabelSet

NAME_BYTES = 120


class LabelledPictures(Protocol):
    """What every data set of this package offers."""

    @property
    def labels(self) -> LabelSet: ...

    @property
    def name(self) -> str: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


class Kept:
    """A data set whose pictures stay in memory after their first use, shared with forked worker processes.

    Pictures of another size than the first are passed through unkept. Memory is only taken as it is filled.
    """

    def __init__(self, source: LabelledPictures) -> None:
        self.source, self.labels, self.name = source, source.labels, source.name
        self.height, self.width = source[0].mask.shape
        self.stride = self.height * self.width * 4 + NAME_BYTES
        # Anonymous and shared: forked workers fill one store together.
        self._filled = mmap.mmap(-1, len(source))
        self._store = mmap.mmap(-1, len(source) * self.stride)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name} has {len(self)} pictures, there is no number {index}")
        block = np.frombuffer(self._store, dtype=np.uint8, count=self.stride, offset=index * self.stride)
        pixels = self.height * self.width
        image = block[: 3 * pixels].reshape(self.height, self.width, 3)
        mask = block[3 * pixels : 4 * pixels].reshape(self.height, self.width)
        if self._filled[index]:
            name = bytes(block[4 * pixels :]).rstrip(b"\0").decode()
            return Sample(image=image.copy(), mask=mask.copy(), name=name)
        sample = self.source[index]
        name_bytes = sample.name.encode()
        if sample.mask.shape == mask.shape and len(name_bytes) <= NAME_BYTES:
            image[:], mask[:] = sample.image, sample.mask
            block[4 * pixels : 4 * pixels + len(name_bytes)] = np.frombuffer(name_bytes, dtype=np.uint8)
            self._filled[index] = 1  # last, so that no other process reads half a picture
        return sample

    def __getstate__(self) -> dict[str, Any]:
        """Without the store: a worker that is spawned, not forked, fills its own."""
        return {"source": self.source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["source"])  # type: ignore[misc]


class Subset:
    """`count` evenly spread pictures of a data set."""

    def __init__(self, source: LabelledPictures, count: int) -> None:
        self.source, self.labels, self.name = source, source.labels, source.name
        self.indices = np.linspace(0, len(source) - 1, min(count, len(source))).round().astype(int).tolist()

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.source[self.indices[index]]
