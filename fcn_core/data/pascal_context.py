"""PASCAL-Context (Mottaghi et al., CVPR 2014): VOC 2010's train and val photos with every pixel labelled.

    root/trainval/NAME.mat                 LabelMap: 1-459 (0: not labelled), as published
    root/labels.txt, root/59_labels.txt    `2: aeroplane` …: names of the 459 ids, and the 59 of the task
    …/VOC2010/JPEGImages/NAME.jpg          photos
    …/VOC2010/ImageSets/Main/{train,val}.txt   4,998 and 5,105 names

VOC2010 is looked for at and below root, so the annotations and VOCdevkit may lie side by side. Instead of trainval/,
PNG label maps are read too, as the converter of MMSegmentation writes them: VOC2010/SegmentationClassContext/NAME.png,
0 for all other classes, 1-59 for the classes in the order of the *alphabet* (of the published ids), and the lists in
ImageSets/SegmentationContext.

The 59-class task: 59 classes are learned and scored, and what belongs to none of them is void (255). The released FCN
nets instead have 60 outputs: they learn those other pixels as class 0, background; `background=True` reads the labels
that way. As in the reference code, three names of the task stand for others of the 459: diningtable is table, bedcloth
is bedclothes, clothes is cloth; spaces in names do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from fcn_core.data.files import PHOTO_SUFFIXES, files_by_stem, read_label_map
from fcn_core.data.layout import Part
from fcn_core.data.mat import index_array, read_mat
from fcn_core.data.pairs import Pairs, check_files, folders_below, read_list
from fcn_core.data.voc import listed_part
from fcn_core.labels import PASCAL_CONTEXT, PASCAL_CONTEXT_60, VOID

SYNONYMS = {"diningtable": "table", "bedcloth": "bedclothes", "clothes": "cloth"}
LISTS = ("ImageSets/SegmentationContext", "ImageSets/Main", "ImageSets/Segmentation")


class PascalContext(Pairs):
    """`len(ds)`, `ds[i] -> Sample`, `ds.labels` (59 classes, or 60 with background), `ds.name`."""

    def __init__(self, root: str | Path, split: str = "train", *, background: bool = False) -> None:
        """Find the files of `split` ("train", "val"); ValueError names what is missing."""
        self.root, self.split = Path(root).expanduser(), split
        photos_folder, masks_folder, read = find_context(root, background=background)
        listed = _list_file(self.root, photos_folder, split)
        names = read_list(listed)
        if not names:
            raise ValueError(f"{listed} names no photos")
        suffix = ".mat" if masks_folder.name == "trainval" else ".png"
        photos = [photos_folder / f"{name}.jpg" for name in names]
        masks = [masks_folder / f"{name}{suffix}" for name in names]
        check_files(names, "photo", photos, listed)
        check_files(names, "label map", masks, listed)
        labels = PASCAL_CONTEXT_60 if background else PASCAL_CONTEXT
        super().__init__(f"pascal-context-{split}", labels, names, photos, masks, read)


def find_context(root: str | Path, *, background: bool = False) -> tuple[Path, Path, Callable[[Path], np.ndarray]]:
    """Folder of the photos, folder of the label maps, and how one is read; ValueError says what was looked for."""
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the folder that contains trainval/ and labels.txt")
    photos = folders_below(root, wanted=lambda folder: (folder / "JPEGImages").is_dir())
    photos.sort(key=lambda folder: folder.name != "VOC2010")  # other years may lie beside it
    annotated = folders_below(root, wanted=lambda folder: any((folder / "trainval").glob("*.mat")))
    drawn = [folder for folder in photos if (folder / "SegmentationClassContext").is_dir()]
    if not photos or not (annotated or drawn):
        lacking = "label maps (trainval/NAME.mat)" if photos else "photos (VOC2010/JPEGImages)"
        raise ValueError(
            f"PASCAL-Context is not complete in {root}: no {lacking} at or below it. Expected trainval/NAME.mat with "
            "labels.txt, and VOC2010 with JPEGImages/ and ImageSets/Main/"
        )
    if annotated:
        table = class_table(annotated[0], background=background)
        return photos[0] / "JPEGImages", annotated[0] / "trainval", partial(read_annotation, table=table)
    read = partial(read_drawn, background=background)
    return drawn[0] / "JPEGImages", drawn[0] / "SegmentationClassContext", read


def class_table(folder: Path, *, background: bool = False) -> np.ndarray:
    """Published id -> class index: uint8 array over all ids of labels.txt, 0 (not labelled) included."""
    if not (folder / "labels.txt").is_file():
        raise ValueError(f"{folder / 'labels.txt'} is missing; it names the 459 ids and comes with the annotations")
    ids = {name: number for number, name in _numbered_names(folder / "labels.txt")}
    own = folder / "59_labels.txt"
    names = [name for number, name in _numbered_names(own) if number > 0] if own.is_file() else PASCAL_CONTEXT.classes
    if sorted(names) != sorted(PASCAL_CONTEXT.classes):
        strange = sorted(set(names) ^ set(PASCAL_CONTEXT.classes))
        raise ValueError(f"{own} is not the published list of 59 classes; differing: {', '.join(strange[:6])}")
    table = np.full(max(ids.values()) + 1, 0 if background else VOID, dtype=np.uint8)
    for index, name in enumerate(PASCAL_CONTEXT.classes):
        number = ids.get(SYNONYMS.get(name, name))
        if number is None:
            raise ValueError(
                f"{folder / 'labels.txt'} has no class {SYNONYMS.get(name, name)!r}; expected the published list of "
                "459 names, one a line, such as `2: aeroplane`"
            )
        table[number] = index + background
    return table


def read_annotation(path: Path, *, table: np.ndarray) -> np.ndarray:
    """LabelMap of a published .mat file as H×W uint8 class indices, by the table of `class_table`."""
    variables = read_mat(path)
    if "LabelMap" not in variables:
        raise ValueError(f"{path} has no LabelMap; expected an annotation of PASCAL-Context's trainval folder")
    ids = index_array(variables["LabelMap"], "LabelMap", path)
    if ids.size and not 0 <= ids.min() <= ids.max() < len(table):
        raise ValueError(f"{path} holds ids from {ids.min()} to {ids.max()}; labels.txt names 1 to {len(table) - 1}")
    return table[ids]


def read_drawn(path: Path, *, background: bool = False) -> np.ndarray:
    """A PNG label map (0 other, 1-59 in the order of the alphabet) as H×W uint8 class indices."""
    indices = read_label_map(path)
    outside = indices[(indices > len(PASCAL_CONTEXT)) & (indices != VOID)]
    if outside.size:
        raise ValueError(f"{path} contains {int(outside.max())}; PASCAL-Context's PNG label maps hold 0 to 59")
    table = np.full(256, VOID, dtype=np.uint8)
    table[0] = 0 if background else VOID
    in_files = sorted(PASCAL_CONTEXT.classes, key=lambda name: SYNONYMS.get(name, name))
    for place, name in enumerate(in_files, start=1):
        table[place] = PASCAL_CONTEXT.index(name) + background
    return table[indices]


def parts(root: str | Path) -> dict[str, Part]:
    """For the linter: what is there of train and val, pairs or not."""
    photos_folder, masks_folder, _ = find_context(root)
    photos, masks = files_by_stem(photos_folder, PHOTO_SUFFIXES), files_by_stem(masks_folder, (".mat", ".png"))
    found = {}
    for split in ("train", "val"):
        try:
            listed = _list_file(Path(root).expanduser(), photos_folder, split)
        except ValueError:
            continue
        found[split] = listed_part(read_list(listed), photos, masks)
    return found


def _list_file(root: Path, photos_folder: Path, split: str) -> Path:
    places = [photos_folder.parent / folder for folder in LISTS] + [root]
    for place in places:
        if (place / f"{split}.txt").is_file():
            return place / f"{split}.txt"
    there = sorted({path.stem for place in places[:2] for path in place.glob("*.txt") if "_" not in path.stem})
    raise ValueError(
        f"PASCAL-Context has no split {split!r} here: {split}.txt is neither in {places[1]} nor in {root}; splits that "
        f"are there: {', '.join(there) or 'none'}"
    )


def _numbered_names(path: Path) -> list[tuple[int, str]]:
    """Lines such as `16: basketball backboard` -> (16, "basketballbackboard")."""
    found = []
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        match = re.match(r"^\s*(\d+)\s*[:\s]\s*(.+?)\s*$", line)
        if match:
            found.append((int(match.group(1)), match.group(2).replace(" ", "")))
        elif line.strip():
            raise ValueError(f"{path}: expected lines such as `2: aeroplane`, got {line.strip()!r}")
    if not found:
        raise ValueError(f"{path} names no classes")
    return found
