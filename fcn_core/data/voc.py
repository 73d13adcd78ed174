"""PASCAL VOC segmentation (Everingham et al., IJCV 2010), 20 classes and background, as published and as torchvision
lays it out:

    root/VOCdevkit/VOC2012/JPEGImages/NAME.jpg                        photos
    root/VOCdevkit/VOC2012/SegmentationClass/NAME.png                 palette PNG, 0-20 classes, 255 void
    root/VOCdevkit/VOC2012/ImageSets/Segmentation/{train,val,trainval}.txt

VOC 2011 lies in TrainVal/VOCdevkit/VOC2011. The folder that is given may be the root, VOCdevkit or VOC2012 itself.
"""

from __future__ import annotations

from pathlib import Path

from fcn_core.data.files import MASK_SUFFIXES, PHOTO_SUFFIXES, files_by_stem, read_label_map
from fcn_core.data.layout import Part
from fcn_core.data.pairs import Pairs, check_files, folders_below, split_names
from fcn_core.labels import VOC

SPLITS = ("train", "val", "trainval")


class VOCSegmentation(Pairs):
    """VOC 2012 or 2011: `len(ds)`, `ds[i] -> Sample`, `ds.labels`, `ds.name`. Object borders are void (255)."""

    def __init__(self, root: str | Path, split: str = "train", *, year: str = "2012") -> None:
        """Find the files of `split` ("train", "val", "trainval"); ValueError names what is missing."""
        self.root = find_voc(root, year)
        self.split, self.year = split, year
        names = split_names(lists_of(self.root), split)
        listed = lists_of(self.root) / f"{split}.txt"
        photos = [self.root / "JPEGImages" / f"{name}.jpg" for name in names]
        masks = [self.root / "SegmentationClass" / f"{name}.png" for name in names]
        check_files(names, "photo", photos, listed)
        check_files(names, "label map", masks, listed)
        super().__init__(f"voc{year}-{split}", VOC, names, photos, masks, read_label_map)


def find_voc(root: str | Path, year: str) -> Path:
    """The folder VOC2012 (or of another year) at or below `root`; ValueError says what was looked for."""
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the folder that contains VOCdevkit")
    found = folders_below(root, wanted=_is_voc)
    of_year = [folder for folder in found if folder.name == f"VOC{year}"]
    others = [folder.name for folder in found if folder.name.startswith("VOC2")]
    if of_year:
        return of_year[0]
    if len(found) == 1 and not others:
        return found[0]  # VOC in a folder of another name
    there = f"{', '.join(others)} is there, but " if others else ""
    raise ValueError(
        f"{there}VOC{year} is not in {root}; expected VOCdevkit/VOC{year} with JPEGImages/, SegmentationClass/ and "
        "ImageSets/Segmentation/ at or below it"
    )


def lists_of(voc: Path) -> Path:
    """The folder of the segmentation splits."""
    return voc / "ImageSets" / "Segmentation"


def parts(root: str | Path, year: str) -> dict[str, Part]:
    """For the linter: what is there of train and val, pairs or not (trainval is both together)."""
    voc = find_voc(root, year)
    photos = files_by_stem(voc / "JPEGImages", PHOTO_SUFFIXES)
    masks = files_by_stem(voc / "SegmentationClass", (*MASK_SUFFIXES, ".jpg"))
    lists = lists_of(voc)
    splits = [split for split in ("train", "val") if (lists / f"{split}.txt").is_file()] or ["trainval"]
    return {split: listed_part(split_names(lists, split), photos, masks) for split in splits}


def listed_part(names: list[str], photos: dict[str, Path], masks: dict[str, Path]) -> Part:
    """The files that a list names, as far as they are there."""
    return Part(
        photos={name: photos[name] for name in names if name in photos},
        masks={name: masks[name] for name in names if name in masks},
        names=tuple(names),
    )


def _is_voc(folder: Path) -> bool:
    return (folder / "SegmentationClass").is_dir() and lists_of(folder).is_dir()
