"""The Skip fusion lab in a real browser: boxes, steps, the ledger's pixel, moving sliders, a whole set."""

from __future__ import annotations

import re

import pytest
from app_bench import TINY
from browsing import expect, rest, wait_until

SLIDE = """async (root, value) => {
  const input = root.querySelector("input"), image = root.querySelector("img"), before = image.src;
  const began = performance.now();
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  while (image.src === before && performance.now() - began < 20000) await new Promise((go) => setTimeout(go, 2));
  await image.decode().catch(() => {});
  return image.src === before ? null : performance.now() - began;
}"""


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/fusion?weights={TINY}&sample=streets-1&cls=pole&f_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()


def test_a_box_shows_its_scores_and_the_steps_go_on(page, address: str) -> None:
    open_view(page, address, "network")
    page.locator('g.box[data-name="fuse_pool3"]').click()
    expect(page.get_by_text("fuse_pool3: scores of pole")).to_be_visible()
    wait_until(page, lambda: "f_box=fuse_pool3" in page.url)
    page.locator('g.box[data-name="pool1"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("no class has a score here yet")).to_be_visible()

    lab = page.locator(".addition")
    expect(lab.locator("h4")).to_contain_text("score_fr")
    for wanted in ("upscore2", "+ score_pool4", "fuse_pool4 = upscore2 + score_pool4"):
        page.get_by_role("button", name="Next step").click()
        expect(lab.locator("h4")).to_contain_text(wanted)
    wait_until(page, lambda: "f_step=4" in page.url)
    numbers = [float(t.replace("−", "-")) for t in lab.locator(".number").all_inner_texts()]
    assert numbers[0] + numbers[1] == pytest.approx(numbers[2], abs=0.011)
    assert "of the pixels changed their label" in lab.locator(".story").inner_text()

    board = lab.locator(".sum .map").bounding_box()
    lab.locator(".sum .map").click(position={"x": board["width"] * 0.3, "y": board["height"] * 0.4})
    wait_until(page, lambda: "x=" in page.url and "y=" in page.url)
    expect(lab.locator(".reading")).to_contain_text("of fuse_pool4")
    page.get_by_role("button", name="Play").click()
    expect(lab.locator("h4")).to_contain_text("upscore_pool4")
    page.get_by_role("button", name="Pause").click()
    wait_until(page, lambda: "f_step=5" in page.url)
    page.reload()
    expect(page.locator(".addition h4")).to_contain_text("upscore_pool4")


def test_a_click_opens_the_ledger_of_that_pixel(page, address: str) -> None:
    open_view(page, address, "ledger")
    expect(page.get_by_text("Ledger of the pixel in the middle")).to_be_visible()
    picture = page.get_by_role("application").first
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 4, "y": box["height"] / 2})
    expect(page.get_by_text(re.compile(r"Ledger of pixel x 1[56]\d, y 2[34]\d"))).to_be_visible()
    expect(page.locator(".fcn-figure .barlayer .trace").first).to_be_visible()
    assert page.locator(".fcn-figure .barlayer .trace").count() == 3, "one row of bars a stream"
    page.get_by_role("radio", name="Flipped by pool3", exact=True).click()
    expect(page.get_by_text("repaired")).to_be_visible()
    wait_until(page, lambda: "f_show=pool3" in page.url)


def test_a_moving_slider_changes_the_picture(page, address: str) -> None:
    open_view(page, address, "scales")
    root = page.locator(".scaling")
    expect(root.locator("input").first).to_be_visible()
    rest(page)
    for value in ("0", "200", "-100"):
        assert root.evaluate(SLIDE, value) is not None
    wait_until(page, lambda: "f_p4=-100" in page.url)
    expect(page.get_by_text("− 1.00 · pool4")).to_be_visible()
    expect(root.locator(".took")).to_contain_text("the trunk was not run")
    root.get_by_role("button", name="As trained").first.click()
    expect(page.get_by_text("0.0 % of the labels differ")).to_be_visible()
    page.goto(f"{address}/fusion?weights={TINY}&sample=streets-1&f_view=scales&f_p3=0")
    expect(page.locator(".scaling output").nth(1)).to_have_text("0.00")


def test_a_whole_set_is_measured_and_stays(page, address: str) -> None:
    open_view(page, address, "boundaries", "&f_n=3&f_split=test")
    page.get_by_role("button", name="Measure this set").click()
    expect(page.get_by_text("Streets (drawn), test: 3 pictures in")).to_be_visible()
    open_view(page, address, "boundaries", "&f_n=3&f_split=test")
    expect(page.get_by_text("Streets (drawn), test: 3 pictures in")).to_be_visible()


def test_a_phone_shows_every_view(page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for view in ("network", "ledger", "scales", "boundaries"):
        open_view(page, address, view)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{view} is {wide} pixels wide"
