"""The views Shift-and-stitch, Shift the photo and Sample patches: every setting runs, checks itself, and explains."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image
from segmenters import tiny_model
from torch import nn
from visits import open_lab, settled, text

from app.bench import kept as bench_kept
from app.labs.convolutionalize import cut_picture
from app.labs.convolutionalize.shift_figure import shift_figure
from app.visitor import session
from fcn_core.analysis.dense import equivariance
from fcn_core.analysis.dense.equivariance import Moved, OneShift, ShiftStudy
from fcn_core.models.torchvision_fcn import TorchvisionFCN
from fcn_core.models.torchvision_spec import FCNResNet50Spec

open_page = partial(open_lab, "convolutionalize.py")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> None:
    """Smaller pictures, for speed."""
    monkeypatch.setattr(cut_picture, "MOST_SIDE", 160)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(equivariance.shift_study.__kwdefaults__, "shifts", (0, 8, 24, 32))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("view", "address", "wanted"),
    [
        ("stitch", {"c_f": "2"}, "not the same network"),
        ("stitch", {"c_stream": "pool3", "c_f": "8"}, "8² = **64 times**"),
        ("stitch", {"c_stream": "pool3", "c_f": "2", "c_edge": "zero"}, "that see no border"),
        ("stitch", {"c_stream": "pool4", "c_f": "2"}, "still the same network"),
        ("shift", {}, "A classifier beside it"),
        ("shift", {"c_map": "pool3", "c_d": "24"}, "24 = 3 · 8."),
        ("sampling", {}, "patches** of 32×32"),
        ("sampling", {"head": "32s", "c_keep": "0"}, "every batch has the whole gradient"),
        ("sampling", {"c_over": "photos", "c_keep": "3"}, "variance between photos"),
    ],
)
def test_every_view_runs_and_checks_itself(view: str, address: dict[str, str], wanted: str) -> None:
    said = text(open_page(c_view=view, **address))
    assert wanted in said
    assert "Checked against PyTorch" in said and "failed" not in said
    assert "Predict, then look" in said and "CVPR 2015" in said


def test_zeros_are_compared_inside() -> None:
    said = text(open_page(c_view="shift", c_edge="zero", c_map="pool3", c_margin="64", c_d="8"))
    assert "the same inside, 64 columns" in said and "differ by **nothing**" in said
    deep = text(open_page(c_view="shift", c_edge="zero", c_map="32s", c_margin="0", c_d="32"))
    assert "still see the zeros" in deep


@pytest.mark.usefixtures("small")
def test_a_window_that_does_not_fit_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    said = text(open_page(c_view="shift", c_edge="zero", c_margin="160"))
    assert "still see the zeros" in said and "with 0 columns left out" in said, "160 wide: nothing can be left out"
    monkeypatch.setattr(cut_picture, "MOST_SIDE", 128)
    assert "too narrow for a window that moves" in text(open_page(c_view="shift", c_edge="zero"))


@pytest.mark.usefixtures("small")
def test_zeros_of_a_deep_stream_are_explained() -> None:
    said = text(open_page(c_view="stitch", c_edge="zero", c_f="2"))
    assert "every cell sees a border" in said


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("view", ["stitch", "shift", "sampling"])
@pytest.mark.parametrize("settings", [{"heads": (32,)}, {"backbone": "alexnet", "alignment": "reference"}])
def test_other_networks(use: Callable[..., None], view: str, settings: dict) -> None:
    use(tiny_model(**settings))
    said = text(open_page(c_view=view, c_map="pool3", c_stream="pool3", c_f="2"))
    assert "Checked against PyTorch" in said and "failed" not in said


class Small(TorchvisionFCN):
    """torchvision's form, small."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.spec = FCNResNet50Spec(num_classes=11)
        self.backbone, self.classifier = _Trunk(), nn.Conv2d(4, 11, 1)


class _Trunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 8, stride=8)

    def forward(self, x):
        return {"out": self.first(x)}


@pytest.mark.usefixtures("small")
def test_torchvisions_form(use: Callable[..., None]) -> None:
    use(Small().eval())
    stitched = text(open_page(c_view="stitch", c_f="2"))
    assert "Checked against PyTorch" in stitched and "failed" not in stitched
    for view in ("shift", "sampling"):
        assert "These weights have no skips" in text(open_page(c_view=view))


@pytest.mark.usefixtures("small")
def test_another_truth_gives_another_sampling_curve() -> None:
    def curve(mask: np.ndarray) -> str:
        """The chart after this ground truth was put on the bench."""
        buffer = io.BytesIO()
        Image.fromarray(mask).save(buffer, "PNG")
        upload = session.Upload("mask.png", buffer.getvalue(), session.content_hash(buffer.getvalue()), "truth")
        test.session_state["uploads"] = {upload.digest: upload}
        test.session_state["bench"] = replace(test.session_state["bench"], truth=upload.digest)
        return settled(test.run()).get("plotly_chart")[0].proto.spec

    test = open_page(c_view="sampling")
    mask = np.array(Image.open(bench_kept.samples()["streets-1"].truth))
    assert curve(mask) != curve(np.where(mask < 11, (mask + 1) % 11, mask).astype(np.uint8))


@pytest.mark.usefixtures("no_truth")
def test_without_truth_or_with_a_tiny_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_picture, "MOST_SIDE", 60)
    assert "two coarse cells along each side" in text(open_page(c_view="stitch"))
    assert "this photo has none" in text(open_page(c_view="sampling"))


@pytest.mark.parametrize(
    ("name", "bad"), [("c_f", "3"), ("c_stream", "fc6"), ("c_d", "65"), ("c_keep", "-1"), ("c_margin", "1.5")]
)
@pytest.mark.usefixtures("forgotten")
def test_absurd_values_are_ignored_with_a_notice(monkeypatch: pytest.MonkeyPatch, name: str, bad: str) -> None:
    monkeypatch.setattr(cut_picture, "MOST_SIDE", 60)
    assert f"`{name}={bad}` in the address was ignored" in text(open_page(c_view="stitch", **{name: bad}))


def test_the_curve_holds_the_numbers() -> None:
    found = {
        d: OneShift({"pool3": Moved(d / 100, 2 * d / 100, 0.0, 0.0)}, {}, np.ones(1), 0.5 if d == 4 else 0.0)
        for d in (0, 4, 8)
    }
    study = ShiftStudy("wrap", 0, {"pool3": 8}, np.zeros(0), found)
    along, still, classifier = shift_figure(study, "pool3", 4).data
    assert list(along.y) == [0, 4, 8] and list(still.y) == [0, 8, 16] and list(classifier.y) == [0, 50, 0]
    assert equivariance.SHIFTS[0] == 0 and equivariance.SHIFTS[-1] == equivariance.MOST_SHIFT
