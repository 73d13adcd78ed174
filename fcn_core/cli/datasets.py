"""--dataset, --root and --split: from what was typed to a labelled data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_core.cli.console import wrong

if TYPE_CHECKING:
    from fcn_core.data.dataset_record import DatasetRecord
    from fcn_core.data.kept import LabelledPictures
    from fcn_core.labels import LabelSet

SPLITS = ("val", "test", "train")  # in the order in which one is taken when none was asked for

DatasetOption = Annotated[
    str, typer.Option(help="streets (drawn, needs no files), camvid, folder (images/ and masks/) …; see `data list`.")
]
RootOption = Annotated[Path | None, typer.Option(help="Where the data set lies; streets needs none.")]
SplitOption = Annotated[
    str | None, typer.Option(help="train, val or test. Default: val, else the split that is there.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only this many pictures, evenly spread.")]
CountOption = Annotated[int, typer.Option(min=1, help="streets: how many scenes.")]


def choose_dataset(kind: str, root: Path | None) -> DatasetRecord:
    """The record of --dataset; a usage error for an unknown name, or a root that is missing or not needed."""
    from fcn_core.data.datasets import DATASETS

    if kind not in DATASETS:
        raise wrong("--dataset", f"expected one of {', '.join(DATASETS)}, got {kind!r}")
    record = DATASETS[kind]
    if record.needs_root and root is None:
        raise wrong("--root", f"the {kind} data set needs --root, the folder where it lies")
    if not record.needs_root and root is not None:
        raise wrong("--root", f"the {kind} data set is drawn, not read; add --dataset camvid or --dataset folder")
    return record


def open_dataset(
    kind: str,
    *,
    root: Path | None,
    split: str | None,
    count: int = 200,
    limit: int | None = None,
    labels: LabelSet | None = None,
) -> LabelledPictures:
    """The data set that was asked for; ValueError says what is missing. labels: classes of a folder data set."""
    from fcn_core.data.datasets import open_dataset as open_by_name
    from fcn_core.data.kept import Subset

    record = choose_dataset(kind, root)
    if kind == "streets" and split is not None and split not in record.splits:
        raise wrong("--split", f"streets has the splits {', '.join(record.splits)}, got {split!r}")
    if kind == "folder" and root is not None:
        split, labels = _folder(root, split, labels)
    elif split is None:
        split = _split_there(kind, root, record.splits)
    data = open_by_name(kind, root=root, split=split, count=count, labels=labels)
    return data if limit is None or limit >= len(data) else Subset(data, limit)


def _split_there(kind: str, root: Path | None, splits: tuple[str, ...]) -> str:
    """The split to take when none was named."""
    if kind == "camvid" and root is not None:
        for folder in (root, root / "CamVid"):
            for split in SPLITS:
                if (folder / split).is_dir() and (folder / f"{split}annot").is_dir():
                    return split
    return next((split for split in SPLITS if split in splits), splits[0])  # its own error says what is missing


def _folder(root: Path, split: str | None, labels: LabelSet | None) -> tuple[str | None, LabelSet | None]:
    """Split and classes of a folder data set; where nothing names its classes, `labels` does."""
    from fcn_core.data.layout import find_layout

    layout = find_layout(root)
    if split is None and "" not in layout.parts:
        split = next((name for name in (*SPLITS, *layout.parts) if name in layout.parts), None)
    return split, None if layout.labels is not None else labels
