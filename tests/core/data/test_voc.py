"""PASCAL VOC, SBD and their combination, from files in the published formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from published_data import photo, save_gtcls, sbd_truth, seed_of, truth, write_list, write_sbd, write_voc
from scipy.io import savemat
from torchvision.datasets import SBDataset
from torchvision.datasets import VOCSegmentation as TorchvisionVOC

from fcn_core.data.datasets import open_dataset
from fcn_core.data.sbd import SBD, Seg11Valid, open_voc_sbd, read_segmentation, seg11valid
from fcn_core.data.voc import VOCSegmentation
from fcn_core.labels import VOC

SPLITS = {"train": ["2007_000032", "2007_000039"], "val": ["2007_000033"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_voc(tmp_path / "VOCdevkit/VOC2012", SPLITS)
    return tmp_path


@pytest.mark.parametrize("below", ["", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_it_is_found_from_any_of_its_folders(root, below):
    data = open_dataset("voc2012", root=root / below, split="train")
    assert data.labels is VOC and data.name == "voc2012-train" and len(data) == 2
    assert [data[i].name for i in range(2)] == SPLITS["train"]


def test_pictures_and_label_maps_are_those_of_the_files(root):
    data = VOCSegmentation(root, "val")
    sample, seed = data[0], seed_of("2007_000033")
    assert np.abs(sample.image.astype(int) - photo(seed)).mean() < 6  # JPEG
    assert np.array_equal(sample.mask, truth(seed)) and (sample.mask[0] == 255).all()
    assert len(VOCSegmentation(root, "trainval")) == 3


def test_the_same_as_torchvision(root):
    theirs, ours = TorchvisionVOC(root, year="2012", image_set="train"), VOCSegmentation(root, "train")
    for index, (image, target) in enumerate(theirs):
        assert np.array_equal(np.array(target), ours[index].mask)
        assert np.abs(np.array(image).astype(int) - ours[index].image).max() <= 3  # two JPEG decoders


def test_2011_lies_where_torchvision_puts_it(tmp_path):
    write_voc(tmp_path / "TrainVal/VOCdevkit/VOC2011", SPLITS)
    assert len(TorchvisionVOC(tmp_path, year="2011", image_set="train")) == 2
    assert open_dataset("voc2011", root=tmp_path, split="val")[0].name == "2007_000033"
    write_voc(tmp_path / "VOCdevkit/VOC2012", {"train": ["2012_000001"], "val": ["2012_000002"]})
    assert open_dataset("voc2011", root=tmp_path)[0].name == "2007_000032"
    assert open_dataset("voc2012", root=tmp_path)[0].name == "2012_000001"


def test_what_is_missing_is_named(root, tmp_path):
    with pytest.raises(ValueError, match="VOC2012 is there, but VOC2011 is not in"):
        open_dataset("voc2011", root=root)
    with pytest.raises(ValueError, match="no split 'test'.*there: train, trainval, val"):
        VOCSegmentation(root, "test")
    with pytest.raises(ValueError, match="expected VOCdevkit/VOC2012 with JPEGImages/"):
        VOCSegmentation(root / "VOCdevkit/VOC2012/Annotations")
    with pytest.raises(ValueError, match="is not a folder"):
        VOCSegmentation(root / "nowhere")
    with pytest.raises(ValueError, match="voc2012 data set needs root.*VOCdevkit/VOC2012"):
        open_dataset("voc2012")
    (root / "VOCdevkit/VOC2012/SegmentationClass/2007_000039.png").unlink()
    with pytest.raises(ValueError, match=r"1 of 2 names of .*train.txt have no label map, such as .*2007_000039.png"):
        VOCSegmentation(root, "train")
    (root / "VOCdevkit/VOC2012/JPEGImages/2007_000033.jpg").unlink()
    with pytest.raises(ValueError, match="have no photo"):
        VOCSegmentation(root, "val")


def test_a_label_map_that_does_not_fit_is_refused(root):
    folder = root / "VOCdevkit/VOC2012/SegmentationClass"
    Image.fromarray(np.full((20, 30), 21, np.uint8)).save(folder / "2007_000032.png")
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(folder / "2007_000039.png")
    data = VOCSegmentation(root, "train")
    with pytest.raises(ValueError, match="class index 21.*hold 0 to 20"):
        data[0]
    with pytest.raises(ValueError, match="30×20 pixels but its label map .* 20×30"):
        data[1]


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """SBD and VOC 2011 side by side; two photos of VOC's val are in SBD's train, as 375 are in the published sets."""
    write_sbd(tmp_path / "benchmark_RELEASE/dataset", {"train": ["2008_000002", "2010_000001", "2011_000003"],
                                                       "val": ["2008_000007"]})  # fmt: skip
    write_voc(tmp_path / "TrainVal/VOCdevkit/VOC2011", {
        "train": ["2007_000032"], "val": ["2007_000033", "2010_000001", "2009_000009", "2011_000003", "2008_000007"],
    })  # fmt: skip
    return tmp_path


@pytest.mark.parametrize("below", ["", "benchmark_RELEASE", "benchmark_RELEASE/dataset"])
def test_sbd(both, below):
    data = open_dataset("sbd", root=both / below, split="train")
    assert data.labels is VOC and data.name == "sbd-train" and len(data) == 3
    assert np.array_equal(data[1].mask, sbd_truth("2010_000001")) and data[1].image.shape == (20, 30, 3)
    assert [sample.name for sample in open_dataset("sbd", root=both / below, split="val")] == ["2008_000007"]


def test_sbd_as_torchvision_reads_it(both):
    folder = both / "benchmark_RELEASE/dataset"
    theirs, ours = SBDataset(folder, image_set="train", mode="segmentation"), SBD(folder, "train")
    assert len(theirs) == len(ours) == 3
    for index in range(3):
        assert np.array_equal(np.array(theirs[index][1]), ours[index].mask)


def test_the_papers_combination(both):
    """seg11valid is a difference of two lists: VOC 2011 val, without what SBD trains on, in VOC's order."""
    train, val = open_voc_sbd(both, "train"), open_dataset("voc-sbd", root=both, split="val")
    assert val.name == "seg11valid" and [s.name for s in val] == ["2007_000033", "2009_000009", "2008_000007"]
    assert not {s.name for s in train} & {s.name for s in val} and len(train) == 3
    assert np.array_equal(val[1].mask, truth(seed_of("2009_000009")))  # VOC's own labelling, with its borders
    with pytest.raises(ValueError, match="seg11valid"):
        open_dataset("voc-sbd", root=both, split="test")


def test_the_derivation_at_the_published_sizes(tmp_path):
    """8,498 names to learn from and 1,111 of VOC's val, of which 375 are among them, leave 736."""
    sbd, voc = tmp_path / "dataset", tmp_path / "VOC2011"
    for folder in (sbd / "img", sbd / "cls", voc / "SegmentationClass"):
        folder.mkdir(parents=True)
    val = [f"2009_{i:06d}" for i in range(1111)]
    write_list(sbd / "train.txt", [f"2010_{i:06d}" for i in range(8498 - 375)] + val[::-1][:375])
    write_list(voc / "ImageSets/Segmentation/val.txt", val)
    assert seg11valid(tmp_path) == val[: 1111 - 375] and len(seg11valid(tmp_path)) == 736


def test_what_the_combination_lacks_is_named(both, root):
    with pytest.raises(ValueError, match="VOC2011 is not in"):
        Seg11Valid(both / "benchmark_RELEASE")
    with pytest.raises(ValueError, match="SBD is not in .* expected benchmark_RELEASE/dataset"):
        open_dataset("voc-sbd", root=both / "TrainVal")
    with pytest.raises(ValueError, match="no split 'train_noval'.*there: train, val"):
        SBD(both, "train_noval")
    write_list(both / "TrainVal/VOCdevkit/VOC2011/ImageSets/Segmentation/val.txt", ["2010_000001"])
    with pytest.raises(ValueError, match="none is left"):
        seg11valid(both)


def test_damaged_mat_files(tmp_path):
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB no more")
    with pytest.raises(ValueError, match="cannot be read as a MATLAB file"):
        read_segmentation(path)
    savemat(path, {"LabelMap": np.zeros((3, 3))})
    with pytest.raises(ValueError, match="no GTcls.Segmentation"):
        read_segmentation(path)
    save_gtcls(np.full((4, 4), 0.5), path)
    with pytest.raises(ValueError, match="matrix of whole numbers, got float64"):
        read_segmentation(path)
    save_gtcls(np.full((4, 4), 300, np.uint16), path)
    with pytest.raises(ValueError, match="values from 300 to 300"):
        read_segmentation(path)
    with pytest.raises(ValueError, match="does not exist"):
        read_segmentation(tmp_path / "b.mat")
