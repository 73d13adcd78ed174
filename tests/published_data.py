"""Small data sets in the layouts and file formats in which the real ones are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from fcn_core.labels import voc_palette

SIZE = (20, 30)


def photo(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """H×W×3 uint8: a soft pattern of its own for each seed."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BILINEAR))


def truth(seed: int, classes: int = 21, size: tuple[int, int] = SIZE) -> np.ndarray:
    """H×W uint8 class indices with a border of void."""
    mask = np.random.default_rng(seed).integers(0, classes, size).astype(np.uint8)
    mask[0] = 255
    return mask


def save_palette(mask: np.ndarray, path: Path) -> None:
    """A label map as VOC publishes it: a PNG whose colours are a palette, 255 drawn in pale yellow."""
    image = Image.fromarray(mask, mode="P")
    palette = list(voc_palette(256))
    palette[255] = (224, 224, 192)
    image.putpalette(np.array(palette, np.uint8).tobytes())
    image.save(path)


def write_list(path: Path, names: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names))


def write_voc(folder: Path, splits: dict[str, list[str]]) -> Path:
    """VOC2012 or VOC2011 at `folder`; more photos than labelled ones, as in the real set."""
    for name in ("JPEGImages", "SegmentationClass", "SegmentationObject", "Annotations"):
        (folder / name).mkdir(parents=True)
    names = [name for split in splits.values() for name in split]
    for name in [*names, "2008_999999"]:
        Image.fromarray(photo(seed_of(name))).save(folder / f"JPEGImages/{name}.jpg", quality=95)
    for name in names:
        save_palette(truth(seed_of(name)), folder / f"SegmentationClass/{name}.png")
    for split, listed in {**splits, "trainval": names}.items():
        write_list(folder / f"ImageSets/Segmentation/{split}.txt", listed)
    write_list(folder / "ImageSets/Main/train.txt", ["2008_999999", *names])
    return folder


def write_sbd(folder: Path, splits: dict[str, list[str]]) -> Path:
    """benchmark_RELEASE/dataset: cls/*.mat with the struct GTcls {Boundaries, Segmentation, CategoriesPresent}."""
    for name in ("img", "cls", "inst"):
        (folder / name).mkdir(parents=True)
    for split, names in splits.items():
        write_list(folder / f"{split}.txt", names)
        for name in names:
            Image.fromarray(photo(seed_of(name))).save(folder / f"img/{name}.jpg", quality=95)
            save_gtcls(sbd_truth(name), folder / f"cls/{name}.mat")
    return folder


def save_gtcls(mask: np.ndarray, path: Path) -> None:
    boundaries = np.empty((20, 1), dtype=object)
    for index in range(20):
        boundaries[index, 0] = np.zeros(mask.shape, np.uint8)
    present = np.unique(mask[mask > 0]).astype(np.uint8)[:, None]
    struct = {"Boundaries": boundaries, "Segmentation": mask, "CategoriesPresent": present}
    savemat(path, {"GTcls": struct}, do_compression=True)


def sbd_truth(name: str) -> np.ndarray:
    """SBD has no void."""
    return np.random.default_rng(seed_of(name)).integers(0, 21, SIZE).astype(np.uint8)


def seed_of(name: str) -> int:
    return int(name.replace("_", ""))


PASCAL_CONTEXT_IDS = (
    2, 23, 25, 31, 34, 45, 59, 65, 72, 98, 397, 113, 207, 258, 284, 308, 347, 368, 416, 427, 9, 18, 22, 33, 44, 46, 68,
    80, 85, 104, 115, 144, 158, 159, 162, 187, 189, 220, 232, 259, 260, 105, 296, 355, 295, 324, 326, 349, 354, 360,
    366, 19, 415, 420, 424, 440, 445, 454, 458,
)  # fmt: skip
"""The 59 classes' ids among the 459 of the published labels.txt, read off that file."""


def write_pascal_context(root: Path, splits: dict[str, list[str]]) -> Path:
    """Annotations of 1-459 in trainval/*.mat with both label lists, beside VOCdevkit/VOC2010."""
    from fcn_core.labels import PASCAL_CONTEXT

    published = {"diningtable": "table", "bedcloth": "bedclothes", "clothes": "cloth", "pottedplant": "pottedplant"}
    names = {number: f"other {number}" for number in range(1, 460)}
    for number, name in zip(PASCAL_CONTEXT_IDS, PASCAL_CONTEXT.classes, strict=True):
        names[number] = published.get(name, name)
    voc = root / "VOCdevkit/VOC2010"
    (root / "trainval").mkdir(parents=True)
    (voc / "JPEGImages").mkdir(parents=True)
    (root / "labels.txt").write_text("".join(f"{number}: {name}\n" for number, name in sorted(names.items())))
    listed = "".join(f"{number}: {name}\n" for number, name in enumerate(PASCAL_CONTEXT.classes, start=1))
    (root / "59_labels.txt").write_text(listed)
    for split, photos in splits.items():
        write_list(voc / f"ImageSets/Main/{split}.txt", photos)
        for name in photos:
            Image.fromarray(photo(seed_of(name))).save(voc / f"JPEGImages/{name}.jpg", quality=95)
            savemat(root / f"trainval/{name}.mat", {"LabelMap": context_ids(name)}, do_compression=True)
    return root


def context_ids(name: str) -> np.ndarray:
    """H×W uint16 ids 0-459, as in a LabelMap."""
    return np.random.default_rng(seed_of(name)).integers(0, 460, SIZE).astype(np.uint16)
