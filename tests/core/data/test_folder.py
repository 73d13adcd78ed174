from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from fcn_core.data.datasets import open_dataset
from fcn_core.data.folder import Folder
from fcn_core.labels import VOC, VOID


def save(path: Path, array: np.ndarray, *, palette: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image = image.convert("P") if array.ndim == 3 else Image.fromarray(array, mode="P")
        image.putpalette([i * 7 % 256 for i in range(768)])
    image.save(path)


def pair(root: Path, images: str, masks: str, name: str, value: int, **options) -> None:
    save(root / images / f"{name}.jpg", np.full((6, 8, 3), 100, np.uint8))
    mask = np.full((6, 8), value, np.uint8)
    mask[0] = VOID
    save(root / masks / f"{name}.png", mask, **options)


def test_without_splits_and_without_classes(tmp_path):
    pair(tmp_path, "images", "masks", "b", 3)
    pair(tmp_path, "images", "masks", "a", 1, palette=True)
    data = Folder(tmp_path)
    assert data.names == ("a", "b") and data.labels.classes == ("class 0", "class 1", "class 2", "class 3")
    assert (data[0].mask[1:] == 1).all() and (data[0].mask[0] == VOID).all()
    assert Folder(tmp_path, labels=VOC).labels is VOC
    for split, holdout in (("train", 0), ("test", 0.2)):
        with pytest.raises(ValueError, match="not divided into splits"):
            Folder(tmp_path, split, holdout=holdout)


@pytest.mark.parametrize("inside", [True, False])
def test_split_folders(tmp_path, inside):
    for split, name in (("train", "a"), ("val", "b")):
        folders = (f"images/{split}", f"masks/{split}") if inside else (f"{split}/images", f"{split}/masks")
        pair(tmp_path, *folders, name, 1)
    (tmp_path / "classes.txt").write_text("# two\nground\n\nthing\n")
    data = Folder(tmp_path, "val")
    assert data.names == ("b",) and data.labels.classes == ("ground", "thing") and data.name.endswith("-val")
    with pytest.raises(ValueError, match="its splits are 'train', 'val'"):
        Folder(tmp_path, "test")
    with pytest.raises(ValueError, match="several splits and none was named"):
        Folder(tmp_path)


def test_lists(tmp_path):
    for name in "abc":
        pair(tmp_path, "images", "masks", name, 0)
    (tmp_path / "train.txt").write_text("c\na.jpg\n")
    (tmp_path / "val.txt").write_text("b\n")
    assert Folder(tmp_path, "train").names == ("c", "a")
    assert Folder(tmp_path, "val").names == ("b",)


def test_colour_coded_masks_with_known_colours(tmp_path):
    save(tmp_path / "images/a.png", np.zeros((4, 5, 3), np.uint8))
    coded = np.zeros((4, 5, 3), np.uint8)
    coded[1], coded[2] = (128, 64, 128), (0, 0, 142)
    save(tmp_path / "masks/a.png", coded)
    with pytest.raises(ValueError, match="colour-coded"):
        Folder(tmp_path)
    (tmp_path / "classes.txt").write_text("road 128 64 128\ncar, 0, 0, 142\n")
    data = Folder(tmp_path)
    assert data.labels.palette == ((128, 64, 128), (0, 0, 142)) and data.labels.classes == ("road", "car")
    assert data[0].mask[:, 0].tolist() == [VOID, 0, 1, VOID]
    coded[3, 3] = (9, 9, 10)
    save(tmp_path / "masks/a.png", coded)
    with pytest.raises(ValueError, match="colours that belong to no class, such as 9 9 10"):
        Folder(tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "names no classes"), ("a\na\n", "twice"), ("a 1 2 300\n", "outside 0-255"), ("a 1 2 3\nb\n", "all or none")],
)
def test_wrong_class_files_are_named(tmp_path, text, said):
    pair(tmp_path, "images", "masks", "a", 0)
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(ValueError, match=said):
        Folder(tmp_path)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        Folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="neither images/ and masks/"):
        Folder(tmp_path)
    pair(tmp_path, "images", "masks", "a", 5)
    save(tmp_path / "images/b.png", np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="1 of 2 pictures .* have no label map: b"):
        Folder(tmp_path)
    save(tmp_path / "masks/b.png", np.zeros((8, 6), np.uint8))
    (tmp_path / "classes.txt").write_text("a\nb\n")
    data = Folder(tmp_path)
    with pytest.raises(ValueError, match="class index 5, but there are 2 classes"):
        data[0]
    with pytest.raises(ValueError, match="8×6 pixels but its label map .* 6×8"):
        data[1]


def test_a_folder_without_splits_is_divided_by_seed(tmp_path):
    for number in range(60):
        pair(tmp_path, "images", "masks", f"p{number}", 1)
    train, val = Folder(tmp_path, "train"), Folder(tmp_path, "val")
    assert not set(train.names) & set(val.names) and set(train.names) | set(val.names) == set(Folder(tmp_path).names)
    assert 4 <= len(val) <= 20 and val.names == Folder(tmp_path, "val").names and val.name.endswith("-val")
    other = Folder(tmp_path, "val", seed=1)
    assert val.names != other.names == open_dataset("folder", root=tmp_path, split="val", seed=1).names
    assert set(val.names) < set(Folder(tmp_path, "val", holdout=0.6).names)
    for number in range(100, 130):
        pair(tmp_path, "images", "masks", f"p{number}", 1)
    assert set(val.names) <= set(Folder(tmp_path, "val").names) and set(train.names) <= set(
        Folder(tmp_path, "train").names
    )  # nobody changes sides


def test_neither_side_of_a_small_folder_is_empty(tmp_path):
    for name in "ab":
        pair(tmp_path, "images", "masks", name, 0)
    for seed in range(8):
        for holdout in (0.01, 0.99):
            assert len(Folder(tmp_path, "train", seed=seed, holdout=holdout)) == 1
            assert len(Folder(tmp_path, "val", seed=seed, holdout=holdout)) == 1


def test_pictures_of_many_channels(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {name: rng.integers(0, 5000, (6, 8, 5), dtype=np.uint16) for name in "abc"}
    for name, array in arrays.items():
        pair(tmp_path, "images", "masks", name, 1)
        (tmp_path / "images" / f"{name}.jpg").unlink()
        if name == "a":
            np.save(tmp_path / "images" / "a.npy", array)
        else:
            options = {"planarconfig": "contig"} if name == "b" else {}
            stored = array if name == "b" else array.transpose(2, 0, 1)
            tifffile.imwrite(tmp_path / "images" / f"{name}.tif", stored, photometric="minisblack", **options)
    data = Folder(tmp_path)
    assert data.channels == 5
    for index, name in enumerate("abc"):
        assert np.array_equal(data[index].image, arrays[name]) and not data[index].colour
    np.save(tmp_path / "images" / "a.npy", arrays["a"][..., :4])
    with pytest.raises(ValueError, match=r"b.tif has 5 channels, but a.npy has 4"):
        Folder(tmp_path)[1]


def test_unnamed_classes_are_the_same_in_all_splits(tmp_path):
    """Val shows a class that train does not, and the other way round: both have all of them."""
    for split, index in (("train", 2), ("val", 4)):
        for kind in ("images", "masks"):
            (tmp_path / kind / split).mkdir(parents=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / f"images/{split}/{split}.png")
        Image.fromarray(np.full((8, 8), index, np.uint8)).save(tmp_path / f"masks/{split}/{split}.png")
    assert Folder(tmp_path, "train").labels.classes == Folder(tmp_path, "val").labels.classes
    assert len(Folder(tmp_path, "train").labels) == 5
