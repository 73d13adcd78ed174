"""The Metrics lab in a real browser: sliders move the scores, a cell shows its pixels, batches change the average."""

from __future__ import annotations

import re

from app_bench import TINY
from browsing import expect, rest, wait_until


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/metrics?weights={TINY}&sample=streets-1&cls=car&m_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()
    rest(page)


def value(page, measure: str):
    return page.locator(f"[data-measure='{measure}'] b")


def test_a_slider_moves_every_measure_and_the_address(page, address: str) -> None:
    open_view(page, address, "disturb", "&m_dx=0")
    expect(value(page, "mIoU")).to_have_text("100.0 %")
    slider = page.get_by_role("slider", name=re.compile("Erode"))
    for _ in range(3):
        slider.press("ArrowLeft")
    wait_until(page, lambda: "m_grow=-3" in page.url)
    for measure in ("PA", "MPA", "mIoU", "FWIoU", "Boundary IoU"):
        expect(value(page, measure)).not_to_have_text("100.0 %")
    rest(page)
    page.get_by_role("button", name="Undisturbed").click()
    expect(value(page, "PA")).to_have_text("100.0 %")
    rest(page)
    page.get_by_role("radio", name="Background: road").click()
    expect(value(page, "mIoU")).to_have_text("3.1 %")
    wait_until(page, lambda: "m_flood=background" in page.url)


def test_a_cell_shows_its_pixels_and_a_pixel_its_cell(page, address: str) -> None:
    open_view(page, address, "disturb")
    cell = page.get_by_role("button", name=re.compile("^Truth pole, predicted building"))
    cell.click()
    expect(page.get_by_text("Truth pole, predicted building", exact=True)).to_be_visible()
    wait_until(page, lambda: "m_cell=2.1" in page.url)
    expect(cell).to_have_attribute("aria-pressed", "true")
    rest(page)
    page.reload()
    expect(page.get_by_text("Truth pole, predicted building", exact=True)).to_be_visible()
    rest(page)
    cell.click()
    expect(page.get_by_text("Right and wrong pixels")).to_be_visible()
    rest(page)
    picture = page.get_by_role("application").first
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] * 0.95})
    expect(page.get_by_text("Truth road, predicted road", exact=True)).to_be_visible()
    wait_until(page, lambda: "m_cell=3.3" in page.url)


def test_batches_change_the_average_of_the_same_maps(page, address: str) -> None:
    open_view(page, address, "averages", "&m_pred=disturbed")
    expect(page.locator(".fcn-figure .scatterlayer .trace").first).to_be_visible()
    whole = value(page, "Global").inner_text()
    expect(value(page, "Per batch")).not_to_have_text(whole)
    slider = page.get_by_role("slider", name="Pictures a batch")
    for _ in range(4):
        slider.press("ArrowRight")
    expect(value(page, "Per batch")).to_have_text(whole)
    wait_until(page, lambda: "m_batch=6" in page.url)


def test_a_phone_shows_both_views(page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for view in ("disturb", "averages"):
        open_view(page, address, view, "&m_pred=disturbed")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
