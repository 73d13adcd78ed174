"""PASCAL-Context, from annotations in the published formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from published_data import PASCAL_CONTEXT_IDS, context_ids, photo, seed_of, write_list, write_pascal_context, write_voc
from scipy.io import savemat

from fcn_core.data.datasets import open_dataset
from fcn_core.data.pascal_context import PascalContext, class_table
from fcn_core.labels import PASCAL_CONTEXT, PASCAL_CONTEXT_60, VOC, VOID

SPLITS = {"train": ["2008_000002", "2008_000003"], "val": ["2008_000007"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_pascal_context(tmp_path, SPLITS)


def expected(name: str) -> np.ndarray:
    """By the definition: the place of an id among the 59, void elsewhere."""
    ids = context_ids(name)
    mask = np.full(ids.shape, VOID, np.uint8)
    for index, number in enumerate(PASCAL_CONTEXT_IDS):
        mask[ids == number] = index
    return mask


def test_ids_become_classes_and_the_rest_is_void(root):
    data = open_dataset("pascal-context", root=root, split="train")
    assert data.labels is PASCAL_CONTEXT and len(data.labels) == 59 and len(data) == 2
    for sample in data:
        assert np.array_equal(sample.mask, expected(sample.name)) and (sample.mask == VOID).any()
    assert np.abs(data[0].image.astype(int) - photo(seed_of("2008_000002"))).mean() < 6
    assert [s.name for s in open_dataset("pascal-context", root=root, split="val")] == SPLITS["val"]


def test_names_that_stand_for_others(root):
    """diningtable is table (397), bedcloth is bedclothes (19), clothes is cloth (80) among the published 459."""
    table = class_table(root)
    for name, number in (("diningtable", 397), ("bedcloth", 19), ("clothes", 80), ("aeroplane", 2), ("wood", 458)):
        assert table[number] == PASCAL_CONTEXT.index(name)
    assert table[0] == VOID and (table != VOID).sum() == 59 and len(table) == 460


def test_sixty_classes_as_the_released_nets_have_them(root):
    data = open_dataset("pascal-context", root=root, labels=PASCAL_CONTEXT_60)
    assert data.labels is PASCAL_CONTEXT_60 and data.labels.classes[0] == "background"
    wanted = expected("2008_000002")
    assert np.array_equal(data[0].mask, np.where(wanted == VOID, 0, wanted + 1))
    assert open_dataset("pascal-context", root=root, labels=VOC).labels is PASCAL_CONTEXT


def test_without_the_list_of_59_and_beside_other_years(root):
    (root / "59_labels.txt").unlink()
    write_voc(root / "VOCdevkit/VOC2007", {"train": ["2007_000001"], "val": ["2007_000002"]})
    assert np.array_equal(PascalContext(root, "val")[0].mask, expected("2008_000007"))


def test_png_label_maps(root):
    """0 for the rest, 1-59 in the order of the published ids, as MMSegmentation's converter writes them."""
    voc = root / "VOCdevkit/VOC2010"
    (voc / "SegmentationClassContext").mkdir()
    write_list(voc / "ImageSets/SegmentationContext/train.txt", ["2008_000003"])
    ids = context_ids("2008_000003")
    mask = np.zeros(ids.shape, np.uint8)
    for place, number in enumerate(sorted(PASCAL_CONTEXT_IDS), start=1):
        mask[ids == number] = place
    Image.fromarray(mask).save(voc / "SegmentationClassContext/2008_000003.png")
    data, wanted = PascalContext(voc.parent, "train"), expected("2008_000003")
    assert np.array_equal(data[0].mask, wanted)
    with_background = PascalContext(voc, "train", background=True)[0].mask
    assert np.array_equal(with_background, np.where(wanted == VOID, 0, wanted + 1))
    Image.fromarray(np.full((20, 30), 60, np.uint8)).save(voc / "SegmentationClassContext/2008_000003.png")
    with pytest.raises(ValueError, match="contains 60; .* hold 0 to 59"):
        data[0]


def test_what_is_missing_or_wrong_is_named(root, tmp_path):
    with pytest.raises(ValueError, match="no split 'test' here.*there: train, val"):
        PascalContext(root, "test")
    with pytest.raises(ValueError, match=r"no label maps \(trainval/NAME.mat\)"):
        PascalContext(root / "VOCdevkit")
    savemat(root / "trainval/2008_000002.mat", {"LabelMap": np.full((20, 30), 460, np.uint16)})
    savemat(root / "trainval/2008_000003.mat", {"Map": np.zeros((20, 30))})
    data = PascalContext(root, "train")
    with pytest.raises(ValueError, match="ids from 460 to 460; labels.txt names 1 to 459"):
        data[0]
    with pytest.raises(ValueError, match="no LabelMap"):
        data[1]
    (root / "trainval/2008_000003.mat").unlink()
    with pytest.raises(ValueError, match="have no label map"):
        PascalContext(root, "train")
    listed = (root / "59_labels.txt").read_text()
    (root / "59_labels.txt").write_text(listed.replace("aeroplane", "airplane"))
    with pytest.raises(ValueError, match="not the published list of 59 classes; differing: aeroplane, airplane"):
        PascalContext(root)
    (root / "59_labels.txt").write_text(listed)
    (root / "labels.txt").write_text("1: accordion\n2: aeroplane\n")
    with pytest.raises(ValueError, match="no class 'bicycle'"):
        PascalContext(root)
    (root / "labels.txt").write_text("accordion\n")
    with pytest.raises(ValueError, match="expected lines such as"):
        PascalContext(root)
    (root / "labels.txt").unlink()
    with pytest.raises(ValueError, match="labels.txt is missing"):
        PascalContext(root)
