"""Where the photos and label maps of a data set folder lie. Two layouts, each with or without splits:

    images/NAME.jpg  masks/NAME.png                    all in one, or split by train.txt, val.txt (names, one a line),
                                                       or by holding some out (`held_out`)
    images/train/NAME.jpg  masks/train/NAME.png        splits inside
    train/images/NAME.jpg  train/masks/NAME.png        splits outside
    train/NAME.png  trainannot/NAME.png                CamVid as published

`classes.txt` beside them names the classes: one a line in the order of their indices, if wished with a colour
(`road 128 64 128`). Empty lines and lines that begin with # do not count. Images may also be .npy and TIFF files of
any number of channels (`fcn_core.pictures.bands`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fcn_core.data.camvid import read_name_list
from fcn_core.data.files import MASK_SUFFIXES, PICTURE_SUFFIXES, files_by_stem
from fcn_core.labels import VOID, LabelSet, spread_palette, voc_palette


@dataclass(frozen=True)
class Part:
    """One split. photos and masks: file-name stem -> path. names: the list file's stems, None without a list."""

    photos: dict[str, Path]
    masks: dict[str, Path]
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Layout:
    """A data set folder: split name ("" for all in one) -> part; the classes that its classes.txt names, if any."""

    root: Path
    camvid: bool
    parts: dict[str, Part]
    labels: LabelSet | None
    coloured: bool  # classes.txt gives colours, so colour-coded masks can be understood


def find_layout(root: str | Path) -> Layout:
    """Look at the folder's structure; ValueError when it has none of the layouts above."""
    root = Path(root).expanduser()
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the folder that contains images/ and masks/")
    labels, coloured = read_classes(root / "classes.txt") if (root / "classes.txt").is_file() else (None, False)
    parts = _inside(root) or _outside(root)
    camvid = False
    if not parts:
        parts = {
            folder.name: _part(folder, root / f"{folder.name}annot")
            for folder in _folders(root)
            if (root / f"{folder.name}annot").is_dir()
        }
        camvid = bool(parts)
        for split in parts:
            if (root / f"{split}.txt").is_file():
                parts[split] = _listed(parts[split], root / f"{split}.txt")
    if not parts:
        there = ", ".join(sorted(p.name for p in root.iterdir())[:8]) or "nothing"
        raise ValueError(
            f"{root} holds neither images/ and masks/, nor train/images/ and train/masks/, nor train/ and trainannot/; "
            f"it contains: {there}"
        )
    return Layout(root=root, camvid=camvid, parts=parts, labels=labels, coloured=coloured)


def read_classes(path: Path) -> tuple[LabelSet, bool]:
    """The classes that a classes.txt names, and whether it gives colours; ValueError names a line that is wrong."""
    names: list[str] = []
    colours: list[tuple[int, int, int]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = re.match(r"^(.*?)[\s,;:]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})$", text)
        if match:
            red, green, blue = (int(match.group(i)) for i in (2, 3, 4))
            if max(red, green, blue) > 255:
                raise ValueError(f"{path}, line {number}: colour {red} {green} {blue} is outside 0-255")
            colours.append((red, green, blue))
            text = match.group(1).strip()
        if text in names:
            raise ValueError(f"{path}, line {number}: class {text!r} appears twice")
        names.append(text)
    if not names:
        raise ValueError(f"{path} names no classes; write one class name a line, in the order of their indices")
    if len(names) > VOID:
        raise ValueError(f"{path} names {len(names)} classes; at most {VOID} fit into one byte a pixel")
    if colours and len(colours) != len(names):
        raise ValueError(f"{path} gives colours for {len(colours)} of {len(names)} classes; give all or none")
    palette = tuple(colours) if colours else voc_palette(len(names))
    root = path.parent.resolve().name
    return LabelSet(root, f"{root}, {len(names)} classes", tuple(names), palette, spread_palette(len(names))), bool(
        colours
    )


def held_out(names: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """The names that are kept for validation in a folder without splits.

    Each name is drawn by itself, from a hash of seed and name: about `share` (0-1) of them are held out, and a name
    stays where it is when files are added or removed. Only where that would leave one of the two parts empty, the
    name with the lowest (highest) draw is moved.
    """
    draws = {name: int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()[:12], 16) / 16**12 for name in names}
    ordered = sorted(draws, key=lambda name: (draws[name], name))
    count = sum(draw < share for draw in draws.values())
    if len(ordered) > 1:
        count = min(max(count, 1), len(ordered) - 1)
    return frozenset(ordered[:count])


def numbered_classes(count: int, name: str) -> LabelSet:
    """Classes that have only numbers."""
    names = tuple(f"class {i}" for i in range(count))
    return LabelSet(name, f"{name}, {count} unnamed classes", names, voc_palette(count), spread_palette(count))


def _inside(root: Path) -> dict[str, Part]:
    """images/ and masks/, whole, listed or with a subfolder a split."""
    images, masks = root / "images", root / "masks"
    if not (images.is_dir() and masks.is_dir()):
        return {}
    inner = {f.name: _part(f, masks / f.name) for f in _folders(images) if (masks / f.name).is_dir()}
    if inner:
        return inner
    whole = _part(images, masks)
    lists = [p for p in sorted(root.glob("*.txt")) if p.stem in ("train", "val", "valid", "trainval", "test")]
    return {p.stem: _listed(whole, p) for p in lists} or {"": whole}


def _outside(root: Path) -> dict[str, Part]:
    """A folder a split, each with images/ and masks/."""
    return {
        folder.name: _part(folder / "images", folder / "masks")
        for folder in _folders(root)
        if (folder / "images").is_dir() and (folder / "masks").is_dir()
    }


def _listed(part: Part, path: Path) -> Part:
    """The part of `part` that a list file names; files that it does not name belong to another split."""
    names = tuple(read_name_list(path))
    wanted = set(names)
    return Part(
        photos={k: v for k, v in part.photos.items() if k in wanted},
        masks={k: v for k, v in part.masks.items() if k in wanted},
        names=names,
    )


def _part(images: Path, masks: Path) -> Part:
    # JPEG label maps are found too, so that the linter can say what is wrong with them.
    return Part(files_by_stem(images, PICTURE_SUFFIXES), files_by_stem(masks, (*MASK_SUFFIXES, ".jpg", ".jpeg")))


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
