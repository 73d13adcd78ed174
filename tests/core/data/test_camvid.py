from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_core.data.camvid import CamVid, read_name_list
from fcn_core.labels import CAMVID, VOID
from fcn_core.training.loop.losses import class_weights
from fcn_core.training.loop.stream import count_classes

REAL = Path(os.environ.get("FCN_LAB_CAMVID", Path(__file__).parents[3].parent / "shared/data/CamVid"))


def make(root: Path, split: str, names: list[str], *, suffix: str = ".png", size: tuple[int, int] = (6, 8)) -> None:
    (root / split).mkdir(parents=True, exist_ok=True)
    (root / f"{split}annot").mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.fromarray(np.full((*size, 3), 20 * number, np.uint8)).save(root / split / (name + suffix))
        mask = np.full(size, number, np.uint8)
        mask[0, 0] = 11
        Image.fromarray(mask).save(root / f"{split}annot" / f"{name}.png")


def test_list_of_names_with_jpeg_photos(tmp_path):
    make(tmp_path, "train", ["a_1", "b_2", "c_3"], suffix=".jpg")
    (tmp_path / "train.txt").write_text("c_3\na_1\n")
    data = CamVid(tmp_path, "train")
    assert [data[i].name for i in range(len(data))] == ["c_3", "a_1"]
    assert data.labels is CAMVID
    sample = data[0]
    assert sample.image.shape == (6, 8, 3) and sample.image.dtype == np.uint8
    assert sample.mask[0, 0] == VOID and (sample.mask.ravel()[1:] == 2).all()


def test_published_list_of_absolute_pairs(tmp_path):
    make(tmp_path, "val", ["0016E5_07959", "0016E5_07961"])
    lines = [f"/SegNet/CamVid/val/{n}.png /SegNet/CamVid/valannot/{n}.png" for n in ("0016E5_07961", "0016E5_07959")]
    (tmp_path / "val.txt").write_text("\n".join(lines) + "\n\n")
    assert CamVid(tmp_path, "val").names == ("0016E5_07961", "0016E5_07959")


def test_one_split_without_a_list(tmp_path):
    make(tmp_path, "test", ["b", "a"])
    data = CamVid(str(tmp_path), "test")
    assert data.names == ("a", "b") and data.name == "camvid-test"
    assert (data[0].image == 20).all()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("0001TP_006690", "0001TP_006690"),
        ("0001TP_006690.jpg", "0001TP_006690"),
        ("C:\\My Data\\train\\x.png C:\\My Data\\trainannot\\x.png", "x"),
        ("/a b/train/x.1.PNG /a b/trainannot/x.1.PNG;", "x.1"),
        ("frame.v2", "frame.v2"),
    ],
)
def test_lines_of_a_list(tmp_path, line, name):
    (tmp_path / "list.txt").write_text(line + "\r\n")
    assert read_name_list(tmp_path / "list.txt") == [name]


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        CamVid(tmp_path / "nowhere", "train")
    make(tmp_path, "train", ["a", "b"])
    make(tmp_path, "val", ["c"])
    with pytest.raises(ValueError, match="Splits that are there: train, val"):
        CamVid(tmp_path, "test")
    (tmp_path / "train.txt").write_text("a\nb\nz\n")
    with pytest.raises(ValueError, match="1 of 3 names .* have no photo .*: z"):
        CamVid(tmp_path, "train")
    (tmp_path / "valannot" / "c.png").unlink()
    with pytest.raises(ValueError, match="have no label map"):
        CamVid(tmp_path, "val")


def test_wrong_files_are_named(tmp_path):
    make(tmp_path, "train", ["a", "b", "c"])
    Image.fromarray(np.zeros((6, 9), np.uint8)).save(tmp_path / "trainannot/a.png")
    Image.fromarray(np.full((6, 8), 12, np.uint8)).save(tmp_path / "trainannot/b.png")
    rgb = np.zeros((6, 8, 3), np.uint8)
    rgb[0, 0] = (128, 64, 128)
    Image.fromarray(rgb).save(tmp_path / "trainannot/c.png")
    data = CamVid(tmp_path, "train")
    for index, said in enumerate(["8×6 pixels but its label map", "class index 12", "colour-coded"]):
        with pytest.raises(ValueError, match=said):
            data[index]
    (tmp_path / "train/a.png").write_text("no picture")
    with pytest.raises(ValueError, match="cannot be read as a photo"):
        data[0]


needs_camvid = pytest.mark.skipif(not (REAL / "train").is_dir(), reason="no CamVid folder (set FCN_LAB_CAMVID)")


@needs_camvid
def test_median_frequency_weights_of_the_training_photos():
    """As SegNet has them: a class's pixels over all pixels of the photos that show it, void too."""
    counts = count_classes([CamVid(REAL, "train")], [1.0])
    weights = class_weights(counts.pixels, "median_frequency", shown_in=counts.shown_in)
    expected = [0.279, 0.202, 4.787, 0.149, 1.000, 0.422, 3.847, 1.974, 0.789, 6.375, 8.859]
    assert weights.tolist() == pytest.approx(expected, abs=6e-4)


@needs_camvid
def test_the_real_one(tmp_path):
    train, val = CamVid(REAL, "train"), CamVid(REAL, "val")
    assert (len(train), len(val)) == (367, 101)
    sample = val[0]
    assert sample.image.shape == (360, 480, 3) and set(np.unique(sample.mask)) <= {*range(11), VOID}
    only = tmp_path / "only"
    shutil.copytree(REAL / "val", only / "test")
    shutil.copytree(REAL / "valannot", only / "testannot")
    assert len(CamVid(only, "test")) == 101
