"""What is known about a data set before it is opened, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fcn_core.data.archives import Archive
from fcn_core.data.kept import LabelledPictures
from fcn_core.labels import LabelSet


@dataclass(frozen=True)
class Asked:
    """What `open_dataset` was asked for; the fields are its arguments."""

    root: Path | None
    split: str | None
    count: int
    seed: int
    size: tuple[int, int]
    images: str
    holdout: float
    labels: LabelSet | None

    @property
    def folder(self) -> Path:
        """The root of a data set that needs one."""
        assert self.root is not None
        return self.root


Opener = Callable[[Asked], LabelledPictures]


@dataclass(frozen=True)
class DatasetRecord:
    """One kind of data set.

    splits: the published ones, training first; a folder of one's own may have others. layout: what lies where below
    root. channels: how pictures can be read (`images=`) -> channels of the image. tasks: further label sets that
    each picture has a label map for, by task name. source: where to get it. download: archives that
    `download_dataset` fetches; none where the publisher offers no file that can be fetched like that.
    """

    kind: str
    title: str
    about: str
    splits: tuple[str, ...]
    opens: Opener
    needs_root: bool = True
    layout: str = ""
    channels: Mapping[str, int] = field(default_factory=lambda: {"rgb": 3})
    tasks: Mapping[str, LabelSet] = field(default_factory=dict)
    licence: str = ""
    source: str = ""
    download: tuple[Archive, ...] = ()
