"""Shift-and-stitch, shifting the photo and sampling patches in a real browser."""

from __future__ import annotations

import re

from app_bench import TINY
from browsing import expect, fits_a_phone, wait_until

FILLED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, i) => i % 4 === 3 && value === 255).length / (data.length / 4);
}"""


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/convolutionalize?weights={TINY}&sample=streets-1&c_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()


def test_the_map_fills_pass_by_pass(page, address: str) -> None:
    open_view(page, address, "stitch", "&c_f=2&c_stream=pool3")
    player = page.locator(".stitching")
    expect(player.locator(".map figcaption")).to_have_text("stitched, 4 of 4 passes")
    canvas = player.locator(".map canvas")
    assert canvas.evaluate(FILLED) == 1
    slider = player.locator("input")
    for passes in (1, 3, 0):
        slider.fill(str(passes))
        expect(player.locator(".map figcaption")).to_have_text(f"stitched, {passes} of 4 passes")
        assert canvas.evaluate(FILLED) == passes / 4
    slider.fill("2")
    expect(player.locator(".story")).to_contain_text("moved up 0 and left 4 pixels")
    player.get_by_role("button", name="Play").click()
    expect(player.locator(".map figcaption")).to_have_text("stitched, 4 of 4 passes")
    page.get_by_text("Zeros", exact=True).click()
    expect(page.get_by_text("that see no border")).to_be_visible()
    wait_until(page, lambda: "c_edge=zero" in page.url)
    fits_a_phone(page)


def test_the_photo_is_shifted_by_the_slider(page, address: str) -> None:
    open_view(page, address, "shift", "&c_map=pool3&c_d=15")
    expect(page.get_by_text(re.compile(r"15 = 1 · 8 \+ 7\."))).to_be_visible()
    page.get_by_role("slider", name="Shift d, pixels").press("ArrowRight")
    expect(page.get_by_text("16 = 2 · 8.")).to_be_visible()
    expect(page.get_by_text("differ by nothing of their spread")).to_be_visible()
    wait_until(page, lambda: "c_d=16" in page.url)
    fits_a_phone(page)


def test_patches_are_drawn_from_more_photos(page, address: str) -> None:
    open_view(page, address, "sampling", "&c_keep=2")
    expect(page.get_by_text(re.compile(r"One draw: \d+ of 70 patches count"))).to_be_visible()
    page.get_by_text("1/p photos", exact=True).click()
    expect(page.get_by_text("variance between photos")).to_be_visible()
    wait_until(page, lambda: "c_over=photos" in page.url)
    fits_a_phone(page)
