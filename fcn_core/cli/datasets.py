"""--dataset, --root and --split: from what was typed to a labelled data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_core.cli.console import wrong

if TYPE_CHECKING:
    from fcn_core.data.kept import LabelledPictures
    from fcn_core.labels import LabelSet

KINDS = ("streets", "camvid", "folder")
SPLITS = ("val", "test", "train")  # in the order in which one is taken when none was asked for
STREETS_SEEDS = {"train": 0, "val": 1, "test": 2}

DatasetOption = Annotated[
    str, typer.Option(help="streets (synthetic, needs no files), camvid, or folder (images/ and masks/).")
]
RootOption = Annotated[Path | None, typer.Option(help="Where camvid or folder lies.")]
SplitOption = Annotated[
    str | None, typer.Option(help="train, val or test. Default: val, else the split that is there.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="Only this many pictures, evenly spread.")]
CountOption = Annotated[int, typer.Option(min=1, help="streets: how many scenes.")]


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
    if kind not in KINDS:
        raise wrong("--dataset", f"expected one of {', '.join(KINDS)}, got {kind!r}")
    if kind != "streets" and root is None:
        raise wrong("--root", f"the {kind} data set needs --root, the folder where it lies")
    if kind == "streets" and root is not None:
        raise wrong("--root", "the streets data set is drawn, not read; add --dataset camvid or --dataset folder")
    from fcn_core.data.camvid import CamVid
    from fcn_core.data.kept import Subset

    data: LabelledPictures
    if kind == "streets":
        from fcn_core.data.streets import Streets

        if split is not None and split not in STREETS_SEEDS:
            raise wrong("--split", f"streets has the splits {', '.join(STREETS_SEEDS)}, got {split!r}")
        data = Streets(count, seed=STREETS_SEEDS[split or "val"])
    elif kind == "camvid":
        assert root is not None
        data = CamVid(root, split or _split_there(root))
    else:
        assert root is not None
        data = _folder(root, split, labels)
    return data if limit is None or limit >= len(data) else Subset(data, limit)


def _split_there(root: Path) -> str:
    """The split to take when none was named."""
    for folder in (root, root / "CamVid"):
        for split in SPLITS:
            if (folder / split).is_dir() and (folder / f"{split}annot").is_dir():
                return split
    return SPLITS[0]  # its own error says what is missing


def _folder(root: Path, split: str | None, labels: LabelSet | None) -> LabelledPictures:
    """A folder data set; where nothing names its classes, `labels` does."""
    from fcn_core.data.folder import Folder
    from fcn_core.data.layout import find_layout

    layout = find_layout(root)
    if split is None and "" not in layout.parts:
        split = next((name for name in (*SPLITS, *layout.parts) if name in layout.parts), None)
    return Folder(root, split, labels=None if layout.labels is not None else labels)
