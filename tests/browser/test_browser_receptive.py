"""The Receptive fields page in a real browser: click cells, switch heads, build stacks, open a sent link."""

from __future__ import annotations

import re

from app_bench import TINY
from app_server import PATIENCE
from browsing import PlaywrightTimeout, expect


def visit(page, address: str, query: str = "") -> None:
    page.goto(f"{address}/receptive_fields?weights={TINY}&sample=streets-1{query}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()


def says(page, words: str) -> None:
    expect(page.get_by_text(words).first).to_be_visible()


def test_click_a_cell_and_switch_heads(page, address: str) -> None:
    visit(page, address, "&x=320&y=240")
    says(page, "A pixel of the 8s head, row 240, column 320")
    frame = page.locator(".st-key-receptive-canvas .frame")
    box = frame.bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + 3)  # far out in the padding: the photo's first pixel answers
    says(page, "A pixel of the 8s head, row 0, column 0")
    page.wait_for_url("**x=0&y=0**")
    says(page, "largest difference 0")
    page.locator(".st-key-control-r_from").get_by_role("radio", name="32s", exact=True).click()
    says(page, "A pixel of the 32s head, row 0, column 0")
    page.get_by_role("radio", name="a layer's cell", exact=True).click()
    says(page, "A cell of pool4, row 0, column 0")
    page.wait_for_url("**r_map=pool4**")
    page.reload()
    says(page, "A cell of pool4, row 0, column 0")


def test_effective_fields_side_by_side(page, address: str) -> None:
    visit(page, address, "&r_view=effective&r_n=1&r_map=pool3&r_inputs=random")
    for weights in ("Random weights", "Trained weights"):
        says(page, f"{weights}, one picture")
    expect(page.get_by_text(re.compile("95 % of the gradient in"))).to_have_count(2)
    expect(page.get_by_text("failed")).to_have_count(0)


def change_first_kernel(page, number: str) -> None:
    """Type into the editor of stack A. It is drawn on a canvas; its field opens once the page has come to rest."""
    editor, field = page.get_by_test_id("stDataFrame").first, page.locator("input.gdg-input")
    for _ in range(6):
        editor.dblclick(position={"x": 175, "y": 52})
        try:
            field.wait_for(timeout=5_000)
            field.fill(number)
            field.press("Enter")
            page.wait_for_url("**r_pair=own**", timeout=15_000, wait_until="commit")
            return
        except PlaywrightTimeout:
            page.keyboard.press("Escape")
    raise AssertionError("the editor of stack A took no number")


def test_stacks_are_compared_and_explained(page, address: str) -> None:
    visit(page, address, "&r_view=build")
    says(page, "Both see 7 pixels")
    page.get_by_role("radio", name="Dilation or large kernels", exact=True).click()
    says(page, "Both see 31 pixels")
    page.wait_for_url("**r_pair=large**")
    change_first_kernel(page, "5")
    says(page, "Not the same field: A sees 2 pixels more")
    page.wait_for_url("**r_pair=own**")
    visit(page, address, "&r_view=build&r_pair=own&r_a=m3p2&r_b=c7")
    says(page, "a pooling may be padded by at most half its kernel")


def test_predict_then_reveal_on_a_phone(browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.set_default_timeout(PATIENCE)
    visit(page, address, "&r_view=layers")
    says(page, "907 from its modules at avgpool, 907 in Table 1")
    question = page.locator(".st-key-question-receptive-layers-2")
    question.get_by_text("404", exact=True).click()
    question.get_by_role("button", name="Check my prediction").click()
    says(page, "Right.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out on a phone"
    page.close()
