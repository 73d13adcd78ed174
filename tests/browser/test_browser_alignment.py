"""The Alignment lab in a real browser: a layer and its sliders, where a pixel looks, a shifted crop, a phone."""

from __future__ import annotations

import re

from app_bench import TINY
from browsing import expect, rest, wait_until


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/alignment?weights={TINY}&sample=streets-1&a_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()
    rest(page)


def cells(page, layer: str) -> list[str]:
    return page.locator(f'.chain tr[data-name="{layer}"] td').all_inner_texts()


def test_a_layer_is_chosen_changed_and_mended(page, address: str) -> None:
    open_view(page, address, "chain")
    expect(page.locator('.chain tr[data-name="upscore8"]')).to_contain_text("31")
    page.locator('.chain tr[data-name="score_pool4"]').click()
    wait_until(page, lambda: "a_layer=score_pool4" in page.url)
    expect(page.get_by_text("score_pool4: convolution")).to_be_visible()
    rest(page)
    crop = page.get_by_role("slider", name=re.compile("^Crop"))
    crop.focus()
    page.keyboard.press("ArrowRight")
    wait_until(page, lambda: "a_set=score_pool4" in page.url)
    expect(page.get_by_text("16 px too far right and below")).to_be_visible()
    wait_until(page, lambda: cells(page, "score_pool4")[4] == "6")
    expect(page.locator("td.changed")).to_have_text("6")
    rest(page)
    page.get_by_role("button", name="Derive the crops anew").click()
    expect(page.get_by_text("at pixel i, its own")).to_be_visible()
    wait_until(page, lambda: cells(page, "score_pool4")[4] == "5" and "a_set" not in page.url)

    rest(page)
    page.locator('.chain tr[data-name="conv1_1"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_until(page, lambda: "a_layer=conv1_2" in page.url)


def test_a_pixel_is_followed_down_to_the_photo(page, address: str) -> None:
    open_view(page, address, "pixel")
    lab = page.locator(".looking")
    expect(lab.locator(".places")).to_have_text(
        "Pixel 250 looks through fc7 at 250, through pool4 at 250, through pool3 at 250."
    )
    expect(lab.locator(".reading li").first).to_have_text(
        "Output pixel 250 is column 250 + 31 = 281 of upscore8; it mixes fuse_pool3’s cells 34 (0.81), 35 (0.19)."
    )
    slider = lab.locator("input")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(lab.locator(".places")).to_contain_text("Pixel 251 looks through fc7 at 251")
    wait_until(page, lambda: "a_i=251" in page.url)
    lab.get_by_role("button", name="Play").click()
    wait_until(page, lambda: int(slider.input_value()) > 252)
    lab.get_by_role("button", name="Pause").click()
    stopped = slider.input_value()
    wait_until(page, lambda: f"a_i={stopped}" in page.url)
    page.goto(f"{address}/alignment?weights={TINY}&a_view=pixel&a_i=100&a_set=upscore8:c39.score_pool4:c4")
    expect(page.locator(".looking .places")).to_have_text(
        "Pixel 100 looks through fc7 at 108, through pool4 at 92, through pool3 at 108."
    )


def test_a_shifted_crop_changes_picture_and_measures(page, address: str) -> None:
    open_view(page, address, "shift", "&a_d=0")
    expect(page.get_by_text("0.0 % of the labels differ from those in place.")).to_be_visible()
    expect(page.locator(".drawing svg path")).to_have_count(3)
    picture = page.get_by_role("application").first.locator("img")
    before = picture.get_attribute("src")
    page.get_by_role("slider", name="Too large by, pixels").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("All labels slide up and to the left by 1 px")).to_be_visible()
    wait_until(page, lambda: "a_d=1" in page.url)
    wait_until(page, lambda: picture.get_attribute("src") != before)
    expect(page.get_by_text(re.compile(r"failed"))).to_have_count(0)


def test_a_phone_shows_every_view(page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for view in ("chain", "pixel", "offsets", "shift", "padding"):
        open_view(page, address, view)
        wait_until(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
        expect(page.get_by_text("Checked against PyTorch").first).to_be_visible()
