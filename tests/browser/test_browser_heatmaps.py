"""The Heatmaps page in a real browser: values under the pointer, the temperature, clicks, boxes of cells."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from app_bench import TINY, make_home
from browsing import expect, no_traceback, wait_until

from fcn_core.analysis.evidence.heatmaps import class_heatmap
from fcn_core.pictures.images import read_image
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import load

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "samples" / "streets-1.jpg"


@pytest.fixture(scope="module")
def logits(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """What the network of the app says about the sample in head 8s, K×H×W."""
    home = make_home(tmp_path_factory.mktemp("same") / "home")
    return Segmenter(load(home / "imported" / f"{TINY}.safetensors")).segment(read_image(SAMPLE)).scores[8].logits


def visit(page, address: str, extra: str) -> None:
    page.goto(f"{address}/heatmaps?weights={TINY}&sample=streets-1&head=8s{extra}")
    page.locator("figure[data-ready='1']").first.wait_for()


def figure(page, name: str):
    return page.locator("figure").filter(has=page.locator(".name", has_text=re.compile(f"^{name}")))


def point(page, shown, x: int, y: int, size: tuple[int, int] = (640, 480), *, click: bool = False) -> None:
    """Move the pointer to the middle of a pixel of the picture."""
    frame = shown.locator(".frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    at = box["x"] + (x + 0.5) / size[0] * box["width"], box["y"] + (y + 0.5) / size[1] * box["height"]
    (page.mouse.click if click else page.mouse.move)(*at)


def value_of(shown) -> float:
    return float(shown.locator(".value").inner_text().replace("\u2212", "-"))


def test_values_under_the_pointer_are_the_networks(page, address: str, logits: np.ndarray) -> None:
    visit(page, address, "&h_show=all")
    expect(page.locator("figure[data-ready='1']")).to_have_count(11)
    for x, y in ((300, 200), (2, 477), (611, 33)):  # in the middle and at the rim
        road = figure(page, "road")
        point(page, road, x, y)
        for name, index in (("road", 3), ("sky", 0)):  # every map tells its value there
            assert value_of(figure(page, name)) == pytest.approx(float(class_heatmap(logits[:, y, x], index)), abs=0.02)


def test_the_temperature_answers_in_the_browser_and_goes_into_the_address(page, address, logits) -> None:
    visit(page, address, "&h_show=one&cls=car&x=300&y=200")
    slider = page.locator(".temperature input")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    wait_until(page, lambda: "h_temp=8" in page.url)
    expect(page.locator(".temperature output")).to_have_text("T = 2.51")
    upsampled = figure(page, "8s · upsampled")
    point(page, upsampled, 300, 200)
    expected = float(class_heatmap(logits[:, 200, 300], 8, 10 ** (8 / 20)))
    assert value_of(upsampled) == pytest.approx(expected, abs=0.02)
    no_traceback(page)


def test_a_click_chooses_class_and_pixel(page, address: str) -> None:
    visit(page, address, "&h_show=all&h_map=coarse")
    point(page, figure(page, "car"), 420, 300, click=True)
    wait_until(page, lambda: "cls=car" in page.url and "x=" in page.url)
    assert abs(int(re.search(r"[?&]x=(\d+)", page.url)[1]) - 420) <= 2
    expect(page.locator("figure.chosen .name")).to_have_text("car")
    expect(page.get_by_text("Pixel x")).to_be_visible()
    no_traceback(page)


def test_pointing_at_a_cell_shows_what_it_sees(page, address: str) -> None:
    visit(page, address, "&h_view=layers&h_layer=trunk.features.23&x=320&y=240")
    cells = page.locator("figure:not(.large)[data-ready='1']")
    point(page, cells.nth(2), 320, 240)
    photo = page.locator("figure.large").first
    dashed = photo.locator(".box.hover")
    expect(dashed).to_have_count(1)
    ratio = dashed.bounding_box()["width"] / photo.locator(".frame").bounding_box()["width"]
    label = photo.locator(".box b").inner_text()
    assert ratio == pytest.approx(int(label.split("×")[0]) / 640, abs=0.01)
    channel = cells.nth(2).get_attribute("data-key")
    point(page, cells.nth(2), 100, 100, click=True)
    wait_until(page, lambda: f"h_ch={channel}" in page.url)
    expect(page.get_by_text(f"Where channel {channel} answers most")).to_be_visible()
    no_traceback(page)


def test_evidence_by_occlusion_after_a_click(page, address: str) -> None:
    visit(page, address, "&h_view=evidence&h_method=occlusion&h_side=240&h_window=120&h_step=120&x=320&y=400&cls=road")
    page.get_by_role("button", name="Compute (4 passes)").click()
    expect(page.get_by_text("window by window")).to_be_visible()
    expect(page.get_by_text("failed")).to_have_count(0)
    no_traceback(page)


def test_a_classifier_over_a_larger_photo(page, address: str) -> None:
    visit(page, address, "&h_view=classifier&h_scale=2")
    expect(page.get_by_text("40×30 cells")).to_be_visible()
    point(page, figure(page, "Score of"), 600, 500, (1280, 960), click=True)
    expect(page.get_by_text("Cell 18, 15:")).to_be_visible()
    no_traceback(page)
