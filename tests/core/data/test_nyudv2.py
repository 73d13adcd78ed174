from __future__ import annotations

import os
import pickle
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from fcn_core.data.datasets import DATASETS, open_dataset
from fcn_core.data.nyudv2 import MEAN_LOG_DEPTH, MODALITIES, NYUDv2
from fcn_core.data.nyudv2_mat import CLASSES
from fcn_core.labels import NYUD, VOID

HEIGHT, WIDTH = 6, 8
RNG = np.random.default_rng(0)
PHOTOS = RNG.integers(0, 256, (5, HEIGHT, WIDTH, 3), dtype=np.uint8)
METRES = RNG.uniform(0.7, 9.9, (5, HEIGHT, WIDTH)).astype(np.float32)
METRES[0, 0, 0] = 0  # nothing measured
LABELS = RNG.integers(0, CLASSES + 1, (5, HEIGHT, WIDTH)).astype(np.uint16)
LABELS[:, 0, 1] = 0
MAPPING = RNG.integers(1, 41, CLASSES).astype(np.uint8)


def hha(number: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), (number, 100 + number, 200), np.uint8)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The labelled file as MATLAB 7.3 writes it (HDF5, axes reversed, 512 bytes of text in front), and its friends."""
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w", userblock_size=512) as file:
        file["images"] = PHOTOS.transpose(0, 3, 2, 1)
        file["depths"] = METRES.transpose(0, 2, 1)
        file["labels"] = LABELS.transpose(0, 2, 1)
        names = file.create_dataset("names", (1, CLASSES), dtype=h5py.ref_dtype)
        for place in range(CLASSES):
            text = np.frombuffer(f"thing {place}".encode("utf-16-le"), np.uint16)[:, None]
            names[0, place] = file.create_dataset(f"#refs#/n{place}", data=text).ref
    with (tmp_path / "nyu_depth_v2_labeled.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    cells = np.empty((1, 40), dtype=object)
    cells[0, :] = list(NYUD.classes)
    savemat(tmp_path / "classMapping40.mat", {"mapClass": MAPPING[None], "className": cells})
    savemat(tmp_path / "splits.mat", {"trainNdxs": [[3], [1], [5]], "testNdxs": [[2], [4]]})
    (tmp_path / "hha").mkdir()
    for number in range(1, 6):
        Image.fromarray(hha(number)).save(tmp_path / "hha" / f"img_{5000 + number}.png")
    return tmp_path


@pytest.fixture
def repackaged(tmp_path: Path) -> Path:
    """The same pictures in the layout of the authors of FCN."""
    root = tmp_path / "nyud"
    for folder in ("data/images", "data/depth", "data/hha", "segmentation"):
        (root / folder).mkdir(parents=True)
    for place in range(5):
        name = f"img_{5001 + place}"
        Image.fromarray(PHOTOS[place]).save(root / "data/images" / f"{name}.png")
        cv2.imwrite(str(root / "data/depth" / f"{name}.png"), np.rint(1000 * METRES[place]).astype(np.uint16))
        Image.fromarray(hha(place + 1)).save(root / "data/hha" / f"{name}.png")
        stored = np.concatenate([[0], MAPPING])[LABELS[place]].astype(np.uint8)
        savemat(root / "segmentation" / f"{name}.mat", {"segmentation": stored})
    (root / "train.txt").write_text("5003\n5001\n5005\n")
    (root / "test.txt").write_text("5002\n5004\n")
    return root


def expected_mask(number: int) -> np.ndarray:
    stored = LABELS[number - 1]
    return np.where(stored == 0, VOID, MAPPING[np.maximum(stored.astype(int), 1) - 1] - 1)


@pytest.mark.parametrize("layout", ["published", "repackaged"])
@pytest.mark.parametrize("images", MODALITIES)
def test_both_layouts_give_the_same_pictures(layout, images, request):
    root = request.getfixturevalue(layout)
    data = open_dataset("nyudv2", root=root, split="train", images=images)
    assert data.labels is NYUD and len(data) == 3 and data.numbers == (3, 1, 5)
    assert data.channels == MODALITIES[images] == DATASETS["nyudv2"].channels[images]
    for place, number in enumerate((3, 1, 5)):
        sample = data[place]
        assert np.array_equal(sample.mask, expected_mask(number)) and sample.mask[0, 1] == VOID
        logs = np.log(np.maximum(np.rint(1000 * METRES[number - 1]), 1))
        logs[METRES[number - 1] == 0] = MEAN_LOG_DEPTH
        parts = {"rgb": PHOTOS[number - 1], "depth": logs[..., None], "hha": hha(number)}
        wanted = {"rgbd": ("rgb", "depth"), "rgb-hha": ("rgb", "hha")}.get(images, (images,))
        expected = np.concatenate([parts[part] for part in wanted], axis=2)
        assert sample.image.shape == (HEIGHT, WIDTH, data.channels)
        assert sample.image.dtype == (np.float32 if "d" in images else np.uint8)
        assert np.abs(sample.image.astype(np.float64) - expected).max() < 1e-3
        assert sample.colour is images.startswith("rgb")
    assert len(NYUDv2(root, "test", images=images)) == 2


def test_forked_and_spawned_workers_read_for_themselves(published):
    data = NYUDv2(published, "test")
    first = data[0].image
    assert np.array_equal(pickle.loads(pickle.dumps(data))[0].image, first)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(data[1].image, PHOTOS[3]) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert np.array_equal(data[0].image, first)


def test_lists_of_the_authors_beside_the_published_file(published):
    assert NYUDv2(published, "trainval").numbers == (3, 1, 5)
    with pytest.raises(ValueError, match=r"no validation split, the authors' val.txt"):
        NYUDv2(published, "val")
    (published / "val.txt").write_text("5005\n")
    (published / "train.txt").write_text("5001\n5003\n")
    assert NYUDv2(published, "val").numbers == (5,) and NYUDv2(published, "train").numbers == (1, 3)


def test_what_is_missing_or_damaged_is_named(published, repackaged):
    with pytest.raises(ValueError, match="not 'infrared'"):
        NYUDv2(published, images="infrared")
    with pytest.raises(ValueError, match="holds neither nyu_depth_v2_labeled.mat"):
        NYUDv2(repackaged / "data")
    (published / "hha" / "img_5003.png").unlink()
    with pytest.raises(ValueError, match=r"1 of 3 pictures have no HHA image: looked for number 3"):
        NYUDv2(published, images="hha")
    Image.fromarray(hha(3)[:4]).save(published / "hha" / "3.png")
    with pytest.raises(ValueError, match="8×4 pixels but the label map 8×6"):
        NYUDv2(published, images="rgb-hha")[0]
    savemat(published / "splits.mat", {"trainNdxs": [[6]], "testNdxs": [[2]]})
    with pytest.raises(ValueError, match="pictures 1 to 5, but the split names 6"):
        NYUDv2(published)
    savemat(published / "classMapping40.mat", {"mapClass": MAPPING[None, :10]})
    with pytest.raises(ValueError, match="but the mapping knows 10"):
        NYUDv2(published, "test")[0]
    (published / "classMapping40.mat").unlink()
    with pytest.raises(ValueError, match="classMapping40.mat does not exist; it maps"):
        NYUDv2(published)
    savemat(published / "classMapping40.mat", {"mapClass": MAPPING[None]})
    (published / "nyu_depth_v2_labeled.mat").write_bytes(b"not HDF5")
    with pytest.raises(ValueError, match="MATLAB 7.3"):
        NYUDv2(published)
    (repackaged / "segmentation" / "img_5004.mat").unlink()
    with pytest.raises(ValueError, match="1 of 2 pictures have no label map"):
        NYUDv2(repackaged, "test")
