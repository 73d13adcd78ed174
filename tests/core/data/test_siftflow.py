from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from fcn_core.data.datasets import open_dataset
from fcn_core.data.kept import Kept, Subset
from fcn_core.data.siftflow import SCENES, SiftFlow
from fcn_core.labels import SIFT_FLOW, SIFT_FLOW_GEOMETRY, VOID
from fcn_core.metrics import ConfusionMatrix

NAMES = ("coast_a1", "forest_b2", "street_c3", "highway_bost181")
CELLS = np.empty((1, 33), dtype=object)
CELLS[0, :] = list(SIFT_FLOW.classes)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four photos in the published layout; row r of picture i is class i + r, the first row is void."""
    for kind in ("Images", "SemanticLabels", "GeoLabels"):
        (tmp_path / kind / SCENES).mkdir(parents=True)
    rows = np.arange(8)[:, None].repeat(10, axis=1)
    for number, name in enumerate(NAMES):
        image = np.full((8, 10, 3), (40 * number, 90, 200), np.uint8)
        Image.fromarray(image).save(tmp_path / "Images" / SCENES / f"{name}.jpg", quality=100, subsampling=0)
        semantic = np.where(rows == 0, 0, number + rows).astype(np.uint8)
        savemat(tmp_path / "SemanticLabels" / SCENES / f"{name}.mat", {"S": semantic, "names": CELLS})
        geometric = np.where(rows == 0, -1, np.where(rows == 1, 0, 1 + rows % 3)).astype(np.int16)
        savemat(tmp_path / "GeoLabels" / SCENES / f"{name}.mat", {"S": geometric})
    return tmp_path


def test_photos_with_both_label_maps(root):
    (root / "trainval.txt").write_text("street_c3\ncoast_a1\n")
    (root / "test.txt").write_text("forest_b2\n")
    data = SiftFlow(root, "trainval")
    assert data.names == ("street_c3", "coast_a1") and data.labels is SIFT_FLOW and len(data) == 2
    assert data.tasks == {"geometric": SIFT_FLOW_GEOMETRY}
    sample = data[0]
    assert np.abs(sample.image[0, 0].astype(int) - (80, 90, 200)).max() <= 2
    assert sample.mask[:, 0].tolist() == [VOID, 2, 3, 4, 5, 6, 7, 8]  # stored 3 … 9, from 1 on
    assert sample.tasks["geometric"][:, 0].tolist() == [VOID, VOID, 2, 0, 1, 2, 0, 1]
    assert SiftFlow(root, "train").names == data.names and SiftFlow(root, "test").names == ("forest_b2",)
    opened = open_dataset("siftflow", root=root, split="test")
    assert opened.name == "siftflow-test" and opened.tasks == data.tasks
    with pytest.raises(ValueError, match="no validation split, measure on test"):
        SiftFlow(root, "val")


def test_the_published_list_divides_all_photos(root):
    (root / "TestSet1.txt").write_text(f"{SCENES}\\forest_b2.jpg\r\n{SCENES}\\coast_a1.jpg\r\n")
    assert SiftFlow(root, "test").names == ("forest_b2", "coast_a1")
    assert SiftFlow(root, "trainval").names == ("street_c3",)  # without the one that is not annotated


def test_what_is_missing_or_foreign_is_named(root, tmp_path):
    with pytest.raises(ValueError, match="no list for the split 'trainval'"):
        SiftFlow(root)
    (root / "test.txt").write_text("forest_b2\nnowhere_x\n")
    with pytest.raises(ValueError, match=r"1 of 2 names .* have no photo"):
        SiftFlow(root, "test")
    (root / "test.txt").write_text("forest_b2\n")
    semantic = root / "SemanticLabels" / SCENES / "forest_b2.mat"
    for stored, expected in (
        ({"S": np.full((8, 10), 34, np.uint8)}, "1 to 33"),
        ({"T": np.zeros((8, 10))}, "no variable S"),
        ({"S": np.zeros((8, 9), np.uint8)}, "same size"),
    ):
        savemat(semantic, stored)
        with pytest.raises(ValueError, match=expected):
            SiftFlow(root, "test")[0]
    (root / "GeoLabels" / SCENES / "forest_b2.mat").unlink()
    with pytest.raises(ValueError, match="geometric label map"):
        SiftFlow(root, "test")
    with pytest.raises(ValueError, match="not complete"):
        SiftFlow(root / "Images")


def test_classes_that_are_missing_leave_the_mean_right(root):
    """Counted by hand: truth 10 building, 10 road, 10 sky (10 pixels a row), 10 void; nothing else occurs."""
    building, road, sky, tree = (SIFT_FLOW.index(name) for name in ("building", "road", "sky", "tree"))
    (root / "test.txt").write_text("coast_a1\n")
    stored = np.repeat([[building + 1], [road + 1], [sky + 1], [0]], 10, axis=1).repeat(2, axis=0).astype(np.uint8)
    savemat(root / "SemanticLabels" / SCENES / "coast_a1.mat", {"S": stored})
    truth = SiftFlow(root, "test")[0].mask
    prediction = truth.copy()
    prediction[truth == VOID] = SIFT_FLOW.index("moon")  # says moon where nothing is labelled: not counted
    prediction[0, :5] = road  # 5 of 20 building pixels are called road
    matrix = ConfusionMatrix(len(SIFT_FLOW))
    matrix.update(truth, prediction)
    scores = matrix.scores()
    # building 15 of 20; road 20 of 20 + 5; sky 20 of 20; the other 30 classes are in neither and count in no mean.
    assert scores.iou[building] == pytest.approx(15 / 20) and scores.iou[road] == pytest.approx(20 / 25)
    assert scores.miou == pytest.approx((15 / 20 + 20 / 25 + 1) / 3) and np.isnan(scores.iou).sum() == 30
    assert scores.mpa == pytest.approx((15 / 20 + 1 + 1) / 3) and scores.pa == pytest.approx(55 / 60)
    prediction[5, :10] = tree  # half the sky is called tree: a class that is not in the truth, predicted
    matrix = ConfusionMatrix(len(SIFT_FLOW), truth_only=Subset(Kept(SiftFlow(root, "test")), 1).truth_only)
    matrix.update(truth, prediction)
    assert matrix.scores().miou == pytest.approx((15 / 20 + 20 / 25 + 10 / 20) / 3), "tree is not in the truth"
    plain = ConfusionMatrix(len(SIFT_FLOW))
    plain.update(truth, prediction)
    assert plain.scores().miou == pytest.approx((15 / 20 + 20 / 25 + 10 / 20 + 0) / 4), "as every other set counts"
    assert matrix.scores().mpa == pytest.approx((15 / 20 + 1 + 10 / 20) / 3)
