"""A user's own data set: photos in images/, label maps of the same names in masks/ (layouts in `layout.py`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fcn_core.data.files import read_colours, read_label_map, read_picture
from fcn_core.data.layout import Layout, Part, find_layout, held_out, numbered_classes
from fcn_core.data.sample import Sample
from fcn_core.labels import VOID, LabelSet


class Folder:
    """Map-style data set: `len(ds)`, `ds[i] -> Sample`, `ds.labels`, `ds.name`, `ds.channels`.

    Photos are RGB; .npy and TIFF files may have any number of channels, the same in all pictures.

    Label maps hold one class index a pixel (8-bit grey or palette PNG), 255 for void; where classes.txt gives
    colours, colour-coded label maps are understood too. Without classes.txt and `labels`, the classes are numbered up
    to the largest index found.
    """

    def __init__(
        self,
        root: str | Path,
        split: str | None = None,
        *,
        labels: LabelSet | None = None,
        holdout: float = 0.2,
        seed: int = 0,
    ) -> None:
        """Find the files; ValueError names what is missing.

        split: such as "train"; None for all of a folder without splits. Such a folder also has "train" and "val" as
        long as `holdout` is above 0: about that share of its pictures is kept for validation, the same ones for the
        same `seed` on every machine (`layout.held_out`).
        """
        layout = find_layout(root)
        wanted = split or ""
        part = layout.parts.get(wanted)
        if part is None and "" in layout.parts and wanted in ("train", "val") and holdout > 0:
            part = _divided(layout.parts[""], wanted, holdout, seed)
        if part is None:
            there = ", ".join(repr(name) for name in layout.parts if name)
            if wanted and not there:
                raise ValueError(
                    f"{layout.root} is not divided into splits; leave the split {wanted!r} out, or ask for 'train' or "
                    "'val' with a holdout above 0"
                )
            asked = f"no split {wanted!r}" if wanted else "several splits and none was named"
            raise ValueError(f"{layout.root} has {asked}; its splits are {there}")
        names = list(part.names) if part.names is not None else list(part.photos)
        for what, files in (("photo", part.photos), ("label map", part.masks)):
            missing = [name for name in names if name not in files]
            if missing:
                some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
                raise ValueError(
                    f"{len(missing)} of {len(names)} pictures of {layout.root} {wanted} have no {what}: {some}; "
                    "photo and label map need the same name, apart from the suffix"
                )
        if not names:
            raise ValueError(f"{layout.root} {wanted} contains no photos")
        self.root, self.split = layout.root, split
        self.names = tuple(names)
        self.photos = tuple(part.photos[name] for name in names)
        self.masks = tuple(part.masks[name] for name in names)
        self.name = "-".join(text for text in (layout.root.resolve().name, wanted) if text)
        self.coloured = layout.coloured and labels is None
        self.labels = labels or layout.labels or _numbered(layout)
        self.channels = read_picture(self.photos[0]).shape[2]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image = read_picture(self.photos[index])
        if image.shape[2] != self.channels:
            raise ValueError(
                f"{self.photos[index]} has {image.shape[2]} channels, but {self.photos[0].name} has {self.channels}; "
                "all pictures of a data set must have the same"
            )
        mask = self._label_map(self.masks[index])
        if image.shape[:2] != mask.shape:
            raise ValueError(
                f"{self.photos[index]} has {image.shape[1]}×{image.shape[0]} pixels but its label map "
                f"{self.masks[index]} has {mask.shape[1]}×{mask.shape[0]}; they must have the same size"
            )
        outside = mask[(mask >= len(self.labels)) & (mask != VOID)]
        if outside.size:
            raise ValueError(
                f"{self.masks[index]} contains class index {int(outside.max())}, but there are {len(self.labels)} "
                f"classes (0 to {len(self.labels) - 1}, {VOID} for void)"
            )
        return Sample(image=image, mask=mask, name=self.names[index])

    def _label_map(self, path: Path) -> np.ndarray:
        if self.coloured:
            colours = read_colours(path)
            if colours is not None:
                return indices_of_colours(colours, self.labels, path)
        return read_label_map(path)


def _numbered(layout: Layout) -> LabelSet:
    """Classes 0 to the largest index of all label maps, those of other splits too, so that the splits agree."""
    largest = 0
    for path in {path for part in layout.parts.values() for path in part.masks.values()}:
        indices = read_label_map(path)
        largest = max(largest, int(indices[indices != VOID].max(initial=0)))
    return numbered_classes(largest + 1, layout.root.resolve().name)


def _divided(part: Part, split: str, holdout: float, seed: int) -> Part:
    """One of the two splits of a folder that has none."""
    kept_back = held_out(part.photos, holdout, seed)
    wanted = {name for name in part.photos if (name in kept_back) == (split == "val")}
    return Part(
        photos={name: path for name, path in part.photos.items() if name in wanted},
        masks={name: path for name, path in part.masks.items() if name in wanted},
    )


def indices_of_colours(colours: np.ndarray, labels: LabelSet, path: Path) -> np.ndarray:
    """Colour-coded label map (H×W×3 uint8) -> class indices (H×W uint8); black that is no class becomes void.

    ValueError names a colour that belongs to no class.
    """
    codes = colours.astype(np.int32) @ np.array([65536, 256, 1], dtype=np.int32)
    found, inverse = np.unique(codes, return_inverse=True)
    known = {(r << 16) | (g << 8) | b: index for index, (r, g, b) in enumerate(labels.palette)}
    known.setdefault(0, VOID)
    strange = [code for code in found.tolist() if code not in known]
    if strange:
        red, green, blue = strange[0] >> 16, strange[0] >> 8 & 255, strange[0] & 255
        raise ValueError(
            f"{path} has {len(strange)} colours that belong to no class, such as {red} {green} {blue}; "
            "add them to classes.txt, or save the mask without smoothing and JPEG compression"
        )
    table = np.array([known[code] for code in found.tolist()], dtype=np.uint8)
    return table[inverse.reshape(codes.shape)]
