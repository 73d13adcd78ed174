"""Data sets as their publishers offer them: addresses and checksums."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """One published file. md5: as torchvision's data set classes state it. sizes in bytes, rounded."""

    title: str
    url: str
    md5: str
    size_bytes: int
    unpacked_bytes: int

    @property
    def filename(self) -> str:
        """Its name on disk, the last part of the address."""
        return self.url.rpartition("/")[2]


VOC2012_ARCHIVE = Archive(
    title="PASCAL VOC 2012 (train and val)",
    url="https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
    md5="6cd6e144f989b92b3379bac3b3de84fd",
    size_bytes=1_999_639_040,
    unpacked_bytes=2_000_000_000,
)
VOC2011_ARCHIVE = Archive(
    title="PASCAL VOC 2011 (train and val)",
    url="https://thor.robots.ox.ac.uk/pascal/VOC/voc2011/VOCtrainval_25-May-2011.tar",
    md5="6c3384ef61512963050cb5d687e5bf1e",
    size_bytes=1_800_000_000,
    unpacked_bytes=1_800_000_000,
)
SBD_ARCHIVE = Archive(
    title="Semantic Boundaries Dataset",
    url="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz",
    md5="82b4d87ceb2ed10f6038a1cba92111cb",
    size_bytes=1_419_539_633,
    unpacked_bytes=1_500_000_000,
)
