"""SIFT Flow (Liu, Yuen, Torralba, CVPR 2009): 2,688 outdoor photos of 256×256 with two label maps each.

    root/Images/spatial_envelope_256x256_static_8outdoorcategories/NAME.jpg
    root/SemanticLabels/…the same folder…/NAME.mat    S: 0 void, 1-33 semantic classes
    root/GeoLabels/…the same folder…/NAME.mat         S: -1 void, 1-3 geometric classes (sky, horizontal, vertical)
    root/trainval.txt, root/test.txt                  names, one a line: the lists of the authors of FCN
    root/TestSet1.txt                                 or the published list of the 200 test photos, paths with suffix

Indices, void and lists are read as by the authors of FCN (siftflow_layers.py and data/sift-flow/ of their code): 1 is
taken from every index, and void becomes 255; a geometric 0 is void too. Without trainval.txt, all photos with label
maps that are not in the test list are for training, except the two that are not annotated (`UNLABELLED`).

Cow, desert and moon never occur in the test set. Classes that the truth does not contain are left out of the mean even
where they are predicted (`truth_only`), so that the mean is over the 30 classes that are there: the authors ask for it.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from fcn_core.data.files import read_photo
from fcn_core.data.mat import index_array, read_mat
from fcn_core.data.pairs import check_files, read_list
from fcn_core.data.sample import Sample
from fcn_core.labels import SIFT_FLOW, SIFT_FLOW_GEOMETRY, VOID, LabelSet

SCENES = "spatial_envelope_256x256_static_8outdoorcategories"
UNLABELLED = ("highway_bost181", "street_urb506")
PHOTOS, SEMANTIC, GEOMETRIC = "Images", "SemanticLabels", "GeoLabels"
TASK = "geometric"


class SiftFlow:
    """Map-style data set: `len(ds)`, `ds[i] -> Sample` with the task "geometric", `ds.labels`, `ds.tasks`."""

    labels: LabelSet = SIFT_FLOW
    tasks = {TASK: SIFT_FLOW_GEOMETRY}
    truth_only = True

    def __init__(self, root: str | Path, split: str = "trainval") -> None:
        """Find the files of `split` ("trainval", "test", or a list of the same name); ValueError says what is missing.

        "train" is "trainval" where there is no train.txt.
        """
        self.root = _find_root(Path(root).expanduser())
        self.split, self.name = split, f"siftflow-{split}"
        self.names, listed = _names(self.root, split)
        self.photos = tuple(self.root / PHOTOS / SCENES / f"{name}.jpg" for name in self.names)
        self.semantic, self.geometric = (
            tuple(self.root / kind / SCENES / f"{name}.mat" for name in self.names) for kind in (SEMANTIC, GEOMETRIC)
        )
        check_files(self.names, "photo", self.photos, listed)
        check_files(self.names, "semantic label map", self.semantic, listed)
        check_files(self.names, "geometric label map", self.geometric, listed)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image = read_photo(self.photos[index])
        mask = read_labels(self.semantic[index], SIFT_FLOW)
        geometric = read_labels(self.geometric[index], SIFT_FLOW_GEOMETRY)
        for file, labels in ((self.semantic[index], mask), (self.geometric[index], geometric)):
            if labels.shape != image.shape[:2]:
                raise ValueError(
                    f"{self.photos[index]} has {image.shape[1]}×{image.shape[0]} pixels but its label map {file} has "
                    f"{labels.shape[1]}×{labels.shape[0]}; they must have the same size"
                )
        return Sample(image=image, mask=mask, name=self.names[index], tasks={TASK: geometric})


def read_labels(path: Path, labels: LabelSet) -> np.ndarray:
    """The matrix S of a label file as H×W uint8 class indices from 0 on, 255 void; ValueError for foreign values."""
    variables = read_mat(path)
    if "S" not in variables:
        raise ValueError(f"{path} has no variable S; it holds {', '.join(variables) or 'nothing'}")
    stored = index_array(variables["S"], "S", path)
    if stored.min(initial=0) < -1 or stored.max(initial=0) > len(labels):
        raise ValueError(
            f"{path} holds values from {stored.min()} to {stored.max()}; {labels.title} has 1 to {len(labels)}, and "
            "0 or -1 for void"
        )
    return np.where(stored > 0, stored - 1, VOID).astype(np.uint8)


def _find_root(root: Path) -> Path:
    for folder in (root, root / "SiftFlowDataset", root / "sift-flow", root / "siftflow"):
        if all((folder / kind / SCENES).is_dir() for kind in (PHOTOS, SEMANTIC, GEOMETRIC)):
            return folder
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the SIFT Flow folder, the one that contains {PHOTOS}/")
    lacking = ", ".join(
        f"{kind}/{SCENES}" for kind in (PHOTOS, SEMANTIC, GEOMETRIC) if not (root / kind / SCENES).is_dir()
    )
    raise ValueError(f"SIFT Flow is not complete in {root}: no {lacking}")


def _names(root: Path, split: str) -> tuple[tuple[str, ...], Path]:
    """Names of a split in order, and the list they come from."""
    alias = {"train": "trainval"}.get(split, split)
    for name in dict.fromkeys((split, alias)):
        if (root / f"{name}.txt").is_file():
            return _checked(_stems(root / f"{name}.txt"), root / f"{name}.txt")
    published = root / "TestSet1.txt"
    tests = next((path for path in (root / "test.txt", published) if path.is_file()), None)
    if alias in ("trainval", "test") and tests is not None:
        held_out = _stems(tests)
        if alias == "test":
            return _checked([name for name in held_out if name not in UNLABELLED], tests)
        photos = sorted(path.stem for path in (root / PHOTOS / SCENES).glob("*.jpg"))
        labelled = {path.stem for path in (root / SEMANTIC / SCENES).glob("*.mat")}
        wanted = labelled - set(held_out) - set(UNLABELLED)
        return _checked([name for name in photos if name in wanted], root / PHOTOS / SCENES)
    lists = sorted(path.stem for path in root.glob("*.txt"))
    hint = "; SIFT Flow has no validation split, measure on test" if split == "val" else ""
    raise ValueError(
        f"{root} has no list for the split {split!r}: expected {split}.txt, or test.txt or TestSet1.txt for trainval "
        f"and test. Lists that are there: {', '.join(lists) or 'none'}{hint}"
    )


def _stems(path: Path) -> list[str]:
    """Names of a list; published lines are paths with either slash and a suffix."""
    return [re.sub(r"\.(jpg|mat)$", "", re.split(r"[\\/]", line)[-1], flags=re.IGNORECASE) for line in read_list(path)]


def _checked(names: list[str], source: Path) -> tuple[tuple[str, ...], Path]:
    if not names:
        raise ValueError(f"{source} names no photos")
    return tuple(names), source
