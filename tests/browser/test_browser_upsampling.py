"""Overlap, upsampling and the fit in a real browser: what lights up, what follows a control, a fit to its end."""

from __future__ import annotations

import re

from app_bench import TINY
from app_server import PATIENCE
from browsing import expect, rest, wait_until


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/transposed_convolution?weights={TINY}&sample=streets-1&cls=road&t_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()
    rest(page)


def test_a_pixel_lights_up_its_writers_and_sliders_count_anew(page, address: str) -> None:
    open_view(page, address, "overlap", "&t_ok=3&t_os=2&t_on=5")
    lab = page.locator(".overlap")
    numbers = lab.locator(".out text")
    expect(numbers).to_have_text(list("11212121211"))
    lab.locator(".out").nth(4).hover()
    expect(lab.locator(".reading")).to_contain_text("Output pixel 4 is written 2 times, by input cells 1 and 2")
    expect(lab.locator(".cell.on text")).to_have_text(["1", "2"])
    expect(lab.locator("rect.stamp.on")).to_have_count(2)
    lab.locator(".cell").nth(3).hover()
    expect(lab.locator(".reading")).to_contain_text("Input cell 3 stamps output pixels 6 to 8")
    expect(lab.locator(".out.on")).to_have_count(3)
    page.get_by_role("slider", name="Kernel k").press("ArrowRight")
    expect(page.get_by_text("2 divides 4")).to_be_visible()
    expect(numbers).to_have_text(list("112222222211"))
    wait_until(page, lambda: "t_ok=4" in page.url)


def test_kernels_change_the_picture_and_its_numbers(page, address: str) -> None:
    open_view(page, address, "upsample")
    expect(page.get_by_text("an even map stays even")).to_be_visible()
    enlarged = page.get_by_role("img", name=re.compile("Enlarged ×4"))
    before = enlarged.get_attribute("src")
    page.get_by_role("radio", name="Random", exact=True).click()
    expect(page.get_by_text("an even map becomes a checkerboard")).to_be_visible()
    wait_until(page, lambda: "t_ukind=random" in page.url)
    wait_until(page, lambda: enlarged.get_attribute("src") != before)
    rest(page)
    page.get_by_role("radio", name="Of the weights", exact=True).click()
    expect(page.get_by_text("frozen at the bilinear kernel")).to_be_visible()
    rest(page)
    page.get_by_role("radio", name="Score map", exact=True).click()
    expect(page.get_by_text("Scores of road in fuse_pool3")).to_be_visible()


def test_a_fit_stops_goes_on_and_finds_the_bilinear_kernel(page, address: str) -> None:
    open_view(page, address, "fit", "&t_fsteps=100")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(re.compile(r"Step \d+ of 100, going on"))).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile(r"Step \d+ of 100, stopped"))).to_be_visible()
    rest(page)
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_text("The fit found the bilinear kernel")).to_be_visible(timeout=4 * PATIENCE)
    expect(page.get_by_text("Step 100 of 100, done")).to_be_visible()
    expect(page.locator(".fcn-figure .scatterlayer .trace").first).to_be_visible()
    assert page.locator(".fcn-kernels figure").count() == 3


def test_a_phone_shows_every_view(page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for view in ("overlap", "upsample", "fit"):
        open_view(page, address, view, "&t_ok=12&t_os=6&t_on=12")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
