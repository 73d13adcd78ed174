"""Semantic Boundaries Dataset (Hariharan et al., ICCV 2011) and the paper's combination of it with PASCAL VOC 2011.

    root/benchmark_RELEASE/dataset/img/NAME.jpg     photos, all of them from VOC 2011
    root/benchmark_RELEASE/dataset/cls/NAME.mat     GTcls.Segmentation: 0-20, VOC's classes, no void
    root/benchmark_RELEASE/dataset/{train,val}.txt  8,498 and 2,857 names

as published, or with img/, cls/ and the lists in root itself, as torchvision leaves them. The folder given may be any
of these. FCN (section 5, and the reference code) trains on SBD's train and validates on *seg11valid*: the photos of VOC
2011 val that are not in SBD's train, 736 of the 1,111 in the published sets.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fcn_core.data import voc
from fcn_core.data.files import PHOTO_SUFFIXES, files_by_stem, read_label_map
from fcn_core.data.layout import Part
from fcn_core.data.mat import index_array, read_mat
from fcn_core.data.pairs import Pairs, check_files, folders_below, split_names
from fcn_core.labels import VOC


class SBD(Pairs):
    """`len(ds)`, `ds[i] -> Sample`, `ds.labels` (VOC's 21), `ds.name`. No pixel is void."""

    def __init__(self, root: str | Path, split: str = "train") -> None:
        """Find the files of `split` ("train", "val", or another list that lies there); ValueError names what is
        missing."""
        self.root, self.split = find_sbd(root), split
        names = split_names(self.root, split)
        photos = [self.root / "img" / f"{name}.jpg" for name in names]
        masks = [self.root / "cls" / f"{name}.mat" for name in names]
        check_files(names, "photo", photos, self.root / f"{split}.txt")
        check_files(names, "label map", masks, self.root / f"{split}.txt")
        super().__init__(f"sbd-{split}", VOC, names, photos, masks, read_segmentation)


class Seg11Valid(Pairs):
    """VOC 2011 val without SBD's train photos; labels and borders are VOC's."""

    def __init__(self, root: str | Path) -> None:
        """root holds both data sets; ValueError names the one that is missing."""
        self.root = Path(root).expanduser()
        folder, names = voc.find_voc(root, "2011"), seg11valid(root)
        photos = [folder / "JPEGImages" / f"{name}.jpg" for name in names]
        masks = [folder / "SegmentationClass" / f"{name}.png" for name in names]
        listed = folder / "ImageSets" / "Segmentation" / "val.txt"
        check_files(names, "photo", photos, listed)
        check_files(names, "label map", masks, listed)
        super().__init__("seg11valid", VOC, names, photos, masks, read_label_map)


def open_voc_sbd(root: str | Path, split: str = "train") -> Pairs:
    """The paper's combination, from one folder that holds SBD and VOC 2011 (links to them will do)."""
    if split == "train":
        return SBD(root, "train")
    if split == "val":
        return Seg11Valid(root)
    raise ValueError(f"voc-sbd has the splits train (SBD train) and val (seg11valid), not {split!r}")


def seg11valid(root: str | Path) -> list[str]:
    """Names of VOC 2011 val that are not in SBD's train, in VOC's order."""
    trained = set(split_names(find_sbd(root), "train"))
    names = [name for name in split_names(voc.lists_of(voc.find_voc(root, "2011")), "val") if name not in trained]
    if not names:
        raise ValueError(
            f"every photo of VOC 2011 val in {root} is in SBD's train, so that none is left to validate on"
        )
    return names


def find_sbd(root: str | Path) -> Path:
    """The folder with img/, cls/ and train.txt at or below `root`; ValueError says what was looked for."""
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the folder that contains benchmark_RELEASE")
    found = folders_below(root, wanted=_is_sbd)
    if not found:
        raise ValueError(
            f"SBD is not in {root}; expected benchmark_RELEASE/dataset with img/NAME.jpg, cls/NAME.mat, train.txt and "
            "val.txt at or below it"
        )
    return found[0]


def read_segmentation(path: Path) -> np.ndarray:
    """GTcls.Segmentation of a cls/*.mat file as H×W uint8 class indices."""
    try:
        found = read_mat(path)["GTcls"]["Segmentation"][0, 0]
    except (KeyError, ValueError, IndexError, TypeError) as error:
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        raise ValueError(f"{path} has no GTcls.Segmentation; expected a file of SBD's cls folder") from None
    indices = index_array(found, "GTcls.Segmentation", path)
    if indices.size and not 0 <= indices.min() <= indices.max() <= 255:
        raise ValueError(f"{path} holds values from {indices.min()} to {indices.max()}; class indices are 0 to 255")
    return np.ascontiguousarray(indices.astype(np.uint8))


def parts(root: str | Path) -> dict[str, Part]:
    """For the linter: what is there of train and val, pairs or not."""
    sbd = find_sbd(root)
    photos, masks = files_by_stem(sbd / "img", PHOTO_SUFFIXES), files_by_stem(sbd / "cls", (".mat",))
    lists = [split for split in ("train", "val") if (sbd / f"{split}.txt").is_file()]
    return {split: voc.listed_part(split_names(sbd, split), photos, masks) for split in lists}


def seg11valid_part(root: str | Path) -> Part:
    """For the linter: what is there of seg11valid."""
    folder = voc.find_voc(root, "2011")
    photos = files_by_stem(folder / "JPEGImages", PHOTO_SUFFIXES)
    return voc.listed_part(seg11valid(root), photos, files_by_stem(folder / "SegmentationClass", (".png",)))


def _is_sbd(folder: Path) -> bool:
    return (folder / "img").is_dir() and (folder / "cls").is_dir() and any(folder.glob("*.txt"))
