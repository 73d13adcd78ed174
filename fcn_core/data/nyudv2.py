"""NYU Depth v2 (Silberman et al., ECCV 2012): 1,449 rooms with colour, depth and 40 classes. Two layouts are read.

As published, with the 40 classes of Gupta et al. (CVPR 2013):

    root/nyu_depth_v2_labeled.mat   MATLAB 7.3 = HDF5: images, depths (metres, filled in), labels (0 unlabelled, 1-894)
    root/classMapping40.mat         mapClass: of each of the 894 classes, which of the 40 (1-40)
    root/splits.mat                 trainNdxs, testNdxs: 795 and 654 picture numbers, from 1 on
    root/hha/NUMBER.png             HHA, if that is wanted: 1.png, 0001.png, 00001.png, img_5001.png …

As the authors of FCN repackaged it (nyud_layers.py of their code), NAME being `img_5001` or `5001`:

    root/data/images/NAME.png  root/data/depth/NAME.png  root/data/hha/NAME.png  root/segmentation/NAME.mat
    root/train.txt  val.txt  trainval.txt  test.txt      the lists of the numbers 5001 … 6449

Images (`images=`): rgb · depth: logarithm of the depth · rgbd: colour and that as a fourth channel (early fusion) ·
hha: horizontal disparity, height and angle · rgb-hha: six channels, for late fusion.

Rules, as in the authors' nyud_layers.py: 0 is void (255), classes count from 0. Depth is in millimetres (their mean of
its logarithm, 7.844, is that of 2.5 m; the published metres are multiplied by 1,000) and its natural logarithm goes
into the network. Departure: a pixel without a measurement (0) gets that mean instead of minus infinity. HDF5 shows
MATLAB's arrays with their axes reversed: N×3×640×480, and each picture is turned back.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fcn_core.data.files import read_photo
from fcn_core.data.mat import index_array, read_mat
from fcn_core.data.nyudv2_mat import LabelledMat
from fcn_core.data.pairs import read_list
from fcn_core.data.sample import Sample
from fcn_core.labels import NYUD, VOID, LabelSet

MODALITIES = {"rgb": 3, "depth": 1, "rgbd": 4, "hha": 3, "rgb-hha": 6}
SPLITS = ("train", "val", "test", "trainval")
MEAN_LOG_DEPTH = 7.844
FIRST_NUMBER = 5000  # picture 1 of the .mat file is number 5001 in the lists
MAT = "nyu_depth_v2_labeled.mat"
HHA_NAMES = ("{n}.png", "{n:04d}.png", "{n:05d}.png", "{n:06d}.png", "img_{m}.png", "{m}.png")


class NYUDv2:
    """Map-style data set: `len(ds)`, `ds[i] -> Sample`, `ds.labels`, `ds.name`, `ds.channels`."""

    labels: LabelSet = NYUD

    def __init__(self, root: str | Path, split: str = "train", *, images: str = "rgb") -> None:
        """Find the files of `split` ("train", "val", "test", "trainval"); ValueError says what is missing."""
        if images not in MODALITIES:
            raise ValueError(f"NYUDv2 has the images {', '.join(MODALITIES)}, not {images!r}")
        root = Path(root).expanduser()
        if not root.is_dir():
            raise ValueError(f"{root} is not a folder; give the folder that contains {MAT}")
        self.root, self.split, self.images = root, split, images
        self.name = f"nyudv2-{split}" if images == "rgb" else f"nyudv2-{images}-{split}"
        self.channels = MODALITIES[images]
        self.source: LabelledMat | Repackaged
        if (root / MAT).is_file():
            self.source = LabelledMat(root / MAT, root / "classMapping40.mat")
        elif (root / "data" / "images").is_dir() and (root / "segmentation").is_dir():
            self.source = Repackaged(root)
        else:
            there = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
            raise ValueError(
                f"{root} holds neither {MAT} nor data/images/ and segmentation/; it contains: {there}. Get the "
                "labelled data set from https://cs.nyu.edu/~silberman/datasets/nyu_depth_v2.html"
            )
        self.numbers = _numbers(root, split, from_mat=isinstance(self.source, LabelledMat))
        self.source.check(self.numbers)
        if "hha" in images:
            missing = [n for n in self.numbers if _hha_file(root, n) is None]
            if missing:
                raise ValueError(
                    f"{len(missing)} of {len(self.numbers)} pictures have no HHA image: looked for number {missing[0]} "
                    f"in {root / 'hha'} and {root / 'data' / 'hha'}, such as img_{missing[0] + FIRST_NUMBER}.png"
                )

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Sample:
        number = self.numbers[index]
        mask = self.source.label_map(number)
        planes = [
            self._planes(kind, number) for kind in {"rgbd": ("rgb", "depth")}.get(self.images, self.images.split("-"))
        ]
        for plane in planes:
            if plane.shape[:2] != mask.shape:
                raise ValueError(
                    f"picture {number} of {self.root}: the {self.images} image has {plane.shape[1]}×{plane.shape[0]} "
                    f"pixels but the label map {mask.shape[1]}×{mask.shape[0]}; HHA and depth must not be cropped "
                    "differently from the labels"
                )
        image = planes[0] if len(planes) == 1 else np.concatenate([p.astype(planes[-1].dtype) for p in planes], axis=2)
        return Sample(image=image, mask=mask, name=f"nyud-{number:04d}", colour=self.images.startswith("rgb"))

    def _planes(self, kind: str, number: int) -> np.ndarray:
        if kind == "rgb":
            return self.source.photo(number)
        if kind == "depth":
            return log_depth(self.source.millimetres(number))
        path = _hha_file(self.root, number)
        assert path is not None
        return read_photo(path)


class Repackaged:
    """The authors' files; pictures are named by their number from 1 on."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def check(self, numbers: tuple[int, ...]) -> None:
        """ValueError where a picture has no photo or no label map."""
        for what, find in (("photo", self._photo), ("label map", self._labels)):
            missing = [find(number) for number in numbers if not find(number).is_file()]
            if missing:
                raise ValueError(f"{len(missing)} of {len(numbers)} pictures have no {what}, such as {missing[0]}")

    def photo(self, number: int) -> np.ndarray:
        """H×W×3 uint8 RGB."""
        return read_photo(self._photo(number))

    def millimetres(self, number: int) -> np.ndarray:
        """H×W depth in millimetres."""
        path = _named(self.root / "data" / "depth", number, ".png")
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if depth is None or depth.ndim != 2:
            raise ValueError(f"{path} should be a grey PNG of 16 bits with the depth in millimetres")
        return depth

    def label_map(self, number: int) -> np.ndarray:
        """H×W uint8 class indices, 255 void."""
        path = self._labels(number)
        variables = read_mat(path)
        if "segmentation" not in variables:
            raise ValueError(f"{path} has no variable segmentation; it holds {', '.join(variables) or 'nothing'}")
        return to_indices(index_array(variables["segmentation"], "segmentation", path), str(path))

    def _photo(self, number: int) -> Path:
        return _named(self.root / "data" / "images", number, ".png")

    def _labels(self, number: int) -> Path:
        return _named(self.root / "segmentation", number, ".mat")


def to_indices(stored: np.ndarray, source: str) -> np.ndarray:
    """Stored classes 1-40, 0 void -> H×W uint8 class indices 0-39, 255 void."""
    if stored.min(initial=0) < 0 or stored.max(initial=0) > len(NYUD):
        raise ValueError(f"{source} holds classes from {stored.min()} to {stored.max()}; expected 0 to {len(NYUD)}")
    return np.where(stored > 0, stored - 1, VOID).astype(np.uint8)


def log_depth(millimetres: np.ndarray) -> np.ndarray:
    """H×W×1 float32: the natural logarithm, and its mean over the data set where nothing was measured."""
    depth = millimetres.astype(np.float32)
    measured = np.isfinite(depth) & (depth > 0)
    return np.where(measured, np.log(np.where(measured, depth, 1)), np.float32(MEAN_LOG_DEPTH))[..., None]


def _numbers(root: Path, split: str, *, from_mat: bool) -> tuple[int, ...]:
    """Picture numbers from 1 on of a split: from splits.mat (train, test), or from the authors' list of that name."""
    listed, published = root / f"{split}.txt", root / "splits.mat"
    if listed.is_file():
        words = [word.removeprefix("img_").removesuffix(".png") for word in read_list(listed)]
        if not words or not all(word.isdigit() for word in words):
            raise ValueError(f"{listed} should name pictures by their numbers, such as 5001, one a line")
        numbers = [int(word) for word in words]
        return tuple(n - FIRST_NUMBER if n > FIRST_NUMBER else n for n in numbers)
    variable = {"train": "trainNdxs", "trainval": "trainNdxs", "test": "testNdxs"}.get(split)
    if from_mat and published.is_file() and variable is not None:
        stored = read_mat(published)
        if variable not in stored:
            raise ValueError(f"{published} has no variable {variable}; it holds {', '.join(stored) or 'nothing'}")
        return tuple(int(n) for n in np.asarray(stored[variable]).ravel())
    lists = [name for name in SPLITS if (root / f"{name}.txt").is_file()]
    lists += ["train (splits.mat)", "test (splits.mat)"] if from_mat and published.is_file() else []
    raise ValueError(
        f"{root} has no split {split!r}: expected {split}.txt{' or splits.mat' if from_mat and variable else ''}. "
        f"Splits that are there: {', '.join(lists) or 'none'}"
        + ("; splits.mat has no validation split, the authors' val.txt divides its train" if split == "val" else "")
    )


def _named(folder: Path, number: int, suffix: str) -> Path:
    plain = folder / f"{number + FIRST_NUMBER}{suffix}"
    return plain if plain.is_file() else folder / f"img_{number + FIRST_NUMBER}{suffix}"


def _hha_file(root: Path, number: int) -> Path | None:
    """The precomputed HHA image of a picture, None if there is none."""
    names = [pattern.format(n=number, m=number + FIRST_NUMBER) for pattern in HHA_NAMES]
    places = (folder / name for folder in (root / "hha", root / "data" / "hha") for name in names)
    return next((path for path in places if path.is_file()), None)
