"""The Convolutionalize lab in a real browser, then on a phone: a clicked window, other patches, a measured race."""

from __future__ import annotations

import re

from app_bench import TINY
from browsing import expect, fits_a_phone, rest, wait_until


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/convolutionalize?weights={TINY}&sample=streets-1&c_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()
    rest(page)


def test_a_click_moves_the_window(page, address: str) -> None:
    open_view(page, address, "classifier", "&c_net=patch")
    expect(page.get_by_text("Checked against PyTorch")).to_have_count(2)
    frame = page.locator(".frame").first
    left = "box => parseFloat(box.style.left)"  # percent of the picture
    before = frame.locator(".box").first.evaluate(left)
    size = frame.bounding_box()
    frame.click(position={"x": size["width"] * 0.2, "y": size["height"] * 0.3})
    wait_until(page, lambda: re.search(r"x=1[12]\d\b.*y=14\d\b", page.url) is not None)
    wait_until(page, lambda: frame.locator(".box").first.evaluate(left) < before - 10)
    rest(page)
    expect(page.get_by_text("Checked against PyTorch")).to_have_count(2)
    page.get_by_role("radio", name="2×", exact=True).click()
    wait_until(page, lambda: "c_scale=2" in page.url)
    expect(page.get_by_text("156×116 answers")).to_be_visible()
    fits_a_phone(page)


def test_a_larger_patch_and_the_race(page, address: str) -> None:
    open_view(page, address, "patches", "&c_side=15&c_race=patch&c_n=4")
    expect(page.get_by_text("The same 2,700 answers")).to_be_visible()
    page.get_by_role("radio", name="33×33", exact=True).click()
    wait_until(page, lambda: "c_side" not in page.url)
    expect(page.get_by_text("classifier of 33×33 patches")).to_be_visible()
    expect(page.get_by_text("The same 2,700 answers")).to_be_visible()
    rest(page)
    expect(page.get_by_text("not measured yet").first).to_be_visible()
    page.get_by_role("button", name="Measure on this machine").click()
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    expect(page.get_by_text("as fast as one by one")).to_be_visible()
    expect(page.get_by_text("not measured yet")).to_have_count(0)
    fits_a_phone(page)
