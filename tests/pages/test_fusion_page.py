"""The Skip fusion page: every view, weights with some heads only, one stream, tiles, no truth, and its address."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from segmenters import tiny_model
from torch import nn
from visits import change, open_lab, settled, text

from app.labs.fusion import kept as fusion_kept
from app.labs.fusion.figures import ledger_figure, trimap_figure
from app.settings.fusion import VIEWS
from app.visitor import session
from app.visitor.settings import SETTINGS
from fcn_core.analysis.fusing.fusion import Ledger
from fcn_core.analysis.measuring.trimap import Trimap
from fcn_core.models.torchvision_fcn import TorchvisionFCN
from fcn_core.models.torchvision_spec import FCNResNet50Spec

open_page = partial(open_lab, "fusion.py")


class OneStream(TorchvisionFCN):
    """torchvision's form, small: a trunk of stride 8, one score layer."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.spec = FCNResNet50Spec(num_classes=11)
        self.backbone = _Trunk()
        self.classifier = nn.Conv2d(4, 11, 1)


class _Trunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 8, stride=8)

    def forward(self, x):
        return {"out": self.first(x)}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_runs_and_checks_itself(view: str) -> None:
    test = open_page(f_view=view, x="100", y="90")
    said = text(test)
    assert "Checked against PyTorch" in said and "failed" not in said
    assert "CVPR 2015" in said and "section 4.2" in said
    assert "Predict, then look" in said and len(test.radio) == 3


def test_the_ledger_tells_who_decided_and_the_truth() -> None:
    said = text(open_page(f_view="ledger", x="100", y="90"))
    assert "Ledger of pixel x 100, y 90" in said and "decided." in said and "Ground truth:" in said
    assert "residual" in said.lower()


@pytest.mark.parametrize("kind", ["pool4", "pool3"])
def test_flips_are_judged_against_the_truth(kind: str) -> None:
    said = text(open_page(f_view="ledger", f_show=kind))
    assert f"**{kind}** flipped" in said and "repaired" in said and "broken" in said


def test_an_address_brings_the_same_page_back() -> None:
    address = {"f_view": "scales", "f_p4": "-100", "f_p3": "50", "head": "16s", "cls": "pole"}
    test = open_page(**address)
    said = text(test)
    assert "− 1.00 · pool4" in said and "pool3" not in said.split("Head 16s")[1].split("]")[0]
    for name, value in address.items():
        assert test.query_params[name] in (value, [value])
    fine = text(open_page(**{**address, "head": "8s"}))
    assert "− 1.00 · pool4 + 0.50 · pool3" in fine


@pytest.mark.parametrize(
    ("name", "bad"), [("f_p4", "300"), ("f_step", "12"), ("f_view", "x"), ("f_box", "fc9"), ("f_k", "0"), ("f_n", "-1")]
)
def test_absurd_values_are_ignored_with_a_notice(name: str, bad: str) -> None:
    test = open_page(**{name: bad})
    assert f"`{name}={bad}` in the address was ignored" in text(test)


@pytest.mark.parametrize("heads", [(16,), (8,), (32, 8), (32, 16)])
def test_weights_with_some_heads(use: Callable[..., None], heads: tuple[int, ...]) -> None:
    use(tiny_model(heads=heads))
    for view in VIEWS:
        said = text(open_page(f_view=view))
        assert "failed" not in said and "Checked against PyTorch" in said


@pytest.mark.parametrize("view", VIEWS)
def test_one_head_without_skips_is_explained(use: Callable[..., None], view: str) -> None:
    use(tiny_model(heads=(32,)))
    said = text(open_page(f_view=view))
    assert "one stream, fc7, and nothing is added" in said or view == "boundaries"


@pytest.mark.parametrize("view", VIEWS)
def test_torchvisions_form_is_drawn_and_explained(use: Callable[..., None], view: str) -> None:
    use(OneStream().eval())
    said = text(open_page(f_view=view))
    assert "These weights have no skips" in said or view == "boundaries"


@pytest.mark.parametrize("view", VIEWS)
def test_a_tiled_picture_is_explained(use: Callable[..., None], view: str) -> None:
    use(tiny_model(), memory_limit=20_000_000)
    said = text(open_page(f_view=view))
    assert "was cut into tiles" in said or view == "boundaries"


@pytest.mark.parametrize("settings", [{"backbone": "alexnet", "alignment": "reference"}, {"learned_deconvs": "all"}])
def test_other_networks(use: Callable[..., None], settings: dict) -> None:
    use(tiny_model(**settings))
    for view in VIEWS[:3]:
        said = text(open_page(f_view=view, x="5", y="470"))
        assert "failed" not in said and "Checked against PyTorch" in said


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.usefixtures("no_truth")
def test_without_ground_truth(view: str) -> None:
    said = text(open_page(f_view=view, f_show="pool3"))
    wanted = {
        "network": "step by step",
        "ledger": "With a ground truth, the map would show",
        "scales": "share of the pixels",
        "boundaries": "No ground truth yet",
    }
    assert wanted[view] in said


def test_scaling_runs_no_network(passes: list) -> None:
    test = open_page(f_view="scales")
    assert "0.00 · pool4" in change(test, f_p4="0")
    assert len(passes) == 1


def test_a_set_is_measured_beside_the_page() -> None:
    test = open_page(f_view="boundaries", f_n="2", f_split="test")
    next(button for button in test.button if button.key == "fusion-measure").click()
    settled(test.run())
    job = next(iter(fusion_kept.boundary_jobs()._kept.values()))
    assert job.finished.wait(60) and not job.problem, job.problem
    said = text(settled(test.run()))
    assert "Streets (drawn), test: 2 pictures in" in said and "points ahead" in said
    assert next(button for button in test.button if button.key == "fusion-measure").label == "Measure again"


def test_settings_of_the_lab_have_its_prefix() -> None:
    own = [name for name in SETTINGS if name.startswith("f_")]
    assert len(own) == 13 and session.setting is not None
    for name in own:
        assert SETTINGS[name].read(SETTINGS[name].write(SETTINGS[name].default)) == SETTINGS[name].default


def test_the_figures_hold_the_numbers() -> None:
    parts = np.array([[1.0, -2.0], [0.5, 0.25], [-0.25, 3.0]])
    book = Ledger(8, 1, 2, ("fc7", "pool4", "pool3"), parts, parts.sum(0))
    figure = ledger_figure(book, [0, 1], ["a", "b"])
    assert [list(trace.x) for trace in figure.data] == [[1, -2], [0.5, 0.25], [-0.25, 3.0], [1.25, 1.25]]
    truth = np.zeros((20, 90), np.uint8)
    truth[:, 40:44] = 1
    counted = Trimap(2, (32, 8), bands=(1, 4))
    counted.update(truth, {32: np.zeros_like(truth), 8: truth})
    thin, large = (trimap_figure(counted.points(), measure, measure).data for measure in ("thin", "large"))
    assert len(thin) == 4 and [list(line.y) for line in thin] == [[0, 0], [0, 0], [100, 100], [100, 100]]
    assert list(large[0].x) == [1, 4] and list(large[2].y) == [100, 100]
