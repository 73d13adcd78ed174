"""CamVid, 367 / 101 / 233 street photos of 480×360 with 11 classes, in the layout of the SegNet tutorial.

    root/train/NAME.png (or .jpg)   photos            root/train.txt   which photos, in order (optional)
    root/trainannot/NAME.png        label maps: 0-10 classes, 11 void

and the same for `val` and `test`; a folder with one split only is fine. A line of the list is a name
(`0001TP_006690`, with or without suffix) or the published pair of absolute paths
(`/SegNet/CamVid/train/0001TP_006690.png /SegNet/CamVid/trainannot/0001TP_006690.png`), of which only the names count.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from fcn_core.data.files import MASK_SUFFIXES, PHOTO_SUFFIXES, files_by_stem, read_label_map, read_photo
from fcn_core.data.sample import Sample
from fcn_core.labels import CAMVID, VOID, LabelSet

VOID_IN_FILES = 11


class CamVid:
    """Map-style data set: `len(ds)`, `ds[i] -> Sample`, `ds.labels`, `ds.name`. Void (11 in the files) becomes 255."""

    labels: LabelSet = CAMVID

    def __init__(self, root: str | Path, split: str) -> None:
        """Find the files of `split` ("train", "val", "test"); ValueError names what is missing."""
        self.root = find_root(Path(root).expanduser(), split)
        self.split = split
        self.name = f"camvid-{split}"
        photos = files_by_stem(self.root / split, PHOTO_SUFFIXES)
        masks = files_by_stem(self.root / f"{split}annot", MASK_SUFFIXES)
        listed = self.root / f"{split}.txt"
        names = read_name_list(listed) if listed.is_file() else list(photos)
        source = str(listed) if listed.is_file() else str(self.root / split)
        if not names:
            raise ValueError(f"{source} names no photos; expected the {split} photos of CamVid")
        for what, folder, files in (("photo", split, photos), ("label map", f"{split}annot", masks)):
            missing = [name for name in names if name not in files]
            if missing:
                some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
                raise ValueError(
                    f"{len(missing)} of {len(names)} names of {source} have no {what} in {self.root / folder}: {some}"
                )
        self.names = tuple(names)
        self.photos = tuple(photos[name] for name in names)
        self.masks = tuple(masks[name] for name in names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image, mask = read_photo(self.photos[index]), read_label_map(self.masks[index])
        if image.shape[:2] != mask.shape:
            raise ValueError(
                f"{self.photos[index]} has {image.shape[1]}×{image.shape[0]} pixels but its label map "
                f"{self.masks[index]} has {mask.shape[1]}×{mask.shape[0]}; they must have the same size"
            )
        outside = (mask > VOID_IN_FILES) & (mask != VOID)
        if outside.any():
            raise ValueError(
                f"{self.masks[index]} contains class index {int(mask[outside].max())}; CamVid's 11-class label maps "
                f"hold 0 to {VOID_IN_FILES - 1}, and {VOID_IN_FILES} for void"
            )
        mask[mask == VOID_IN_FILES] = np.uint8(VOID)
        return Sample(image=image, mask=mask, name=self.names[index])


def read_name_list(path: Path) -> list[str]:
    """File-name stems in the order of a list file: the first path of each line, foreign folders left out."""
    names = []
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        # A pair is cut behind the first image suffix, so that folders may contain spaces.
        match = re.match(r"^(.*?\.(?:png|jpe?g|webp|bmp|tiff?|ppm))(?:[\s,;]|$)", line.strip(), flags=re.IGNORECASE)
        first = match.group(1) if match else line.strip().rstrip(";,")
        if first:
            file = PurePosixPath(first.replace("\\", "/")).name
            names.append(file.rsplit(".", 1)[0] if match else file)
    return list(dict.fromkeys(names))


def find_root(root: Path, split: str) -> Path:
    """The folder that contains `split` and its label maps: root, or CamVid/ in it; ValueError says what is missing."""
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the CamVid folder, the one that contains {split}/")
    if not (root / split).is_dir() and (root / "CamVid" / split).is_dir():
        root = root / "CamVid"  # the tutorial's repository itself was given
    if (root / split).is_dir() and (root / f"{split}annot").is_dir():
        return root
    there = sorted(p.name for p in root.iterdir() if p.is_dir() and (root / f"{p.name}annot").is_dir())
    lacking = " and ".join(f"{name}/" for name in (split, f"{split}annot") if not (root / name).is_dir())
    raise ValueError(
        f"{root} has no split {split!r}: {lacking} missing. Splits that are there: {', '.join(there) or 'none'}; "
        "the expected layout is train/NAME.png with trainannot/NAME.png"
    )
