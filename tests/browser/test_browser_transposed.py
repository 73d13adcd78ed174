"""The Transposed convolution page in a real browser: step, point, play, change sizes, look on a phone."""

from __future__ import annotations

import pytest
from app_bench import TINY
from app_server import PATIENCE
from browsing import expect, rest


def visit(page, address: str, query: str = "") -> None:
    page.goto(f"{address}/transposed_convolution?weights={TINY}&sample=streets-1{query}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()
    rest(page)


def numbers(page, way: str) -> list[str]:
    """The output cells of one view, in reading order."""
    return page.locator(f".transposed .{way} .cell.y").all_text_contents()


def test_three_views_step_together_and_point_at_each_other(page, address: str) -> None:
    visit(page, address, "&t_view=steps&t_dim=2d&t_step=8")
    reading = page.locator(".transposed .reading")
    expect(page.locator(".transposed output")).to_have_text("8 of 9")
    assert numbers(page, "scatter") == numbers(page, "zeros") == numbers(page, "matrix")
    page.get_by_role("button", name="Next step").click()
    expect(reading).to_contain_text("the output is complete, and the same in all three")
    done = numbers(page, "scatter")
    assert done[:6] == ["5", "14", "10", "24", "15", "16"] and numbers(page, "zeros") == numbers(page, "matrix") == done
    page.wait_for_url("**t_step=9**")
    rest(page)
    page.locator(".zeros .cell.y").nth(6).hover()  # (1, 1): the corners of the kernel meet four inputs
    expect(reading).to_have_text("Output (1, 1) = 1·9 + 2·7 + 4·3 + 5·1 = 40.")
    lit = page.locator(".transposed .cell.lit")
    # Four inputs and one output in three views, four weights in two and in the stamp, four entries of C and of Cᵀ.
    expect(lit).to_have_count(4 * 3 + 4 * 3 + 3 + 4 * 2)
    page.locator("h1").hover()
    expect(lit).to_have_count(0)
    page.get_by_role("button", name="output by output").click()
    expect(page.locator(".transposed output")).to_have_text("25 of 25")
    page.wait_for_url("**t_by=output**")
    rest(page)
    page.reload()
    expect(page.locator(".transposed output")).to_have_text("25 of 25")


def test_play_runs_to_the_end_and_the_slider_goes_back(page, address: str) -> None:
    visit(page, address, "&t_view=steps&t_step=0&t_w=bilinear&t_k=4")
    output = page.locator(".transposed output")
    expect(output).to_have_text("0 of 3")
    page.get_by_role("button", name="Play").click()
    expect(output).to_have_text("3 of 3")
    page.wait_for_url("**t_step=3**")
    assert numbers(page, "scatter") == ["0.75", "1.25", "1.75", "2.25", "2.75", "2.25"]
    rest(page)
    slider = page.get_by_role("slider", name="Steps done")
    slider.focus()
    slider.press("ArrowLeft")
    expect(output).to_have_text("2 of 3")
    page.wait_for_url(lambda url: "t_step" not in url)  # two steps are the default


def test_sizes_are_filled_in_and_invalid_ones_explained(page, address: str) -> None:
    visit(page, address, "&t_n=8&t_s=3")
    expect(page.get_by_text("8 pixels go down to m = 3; all of 7 … 9 give this m")).to_be_visible()
    field = page.get_by_role("spinbutton", name="Output padding")
    field.fill("4")
    field.press("Enter")
    expect(page.get_by_text("output padding 4 is too large")).to_be_visible()
    expect(page.get_by_text("PyTorch refuses as well")).to_be_visible()
    page.wait_for_url("**t_op=4**")
    rest(page)
    page.get_by_role("radio", name="Step by step", exact=True).click()
    expect(page.get_by_text("No such transposed convolution")).to_be_visible()


@pytest.mark.parametrize("view", ["arithmetic", "steps", "gradient"])
def test_nothing_sticks_out_on_a_phone(browser, address: str, view: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.set_default_timeout(PATIENCE)
    visit(page, address, f"&t_view={view}&t_dim=2d&t_n=4&t_k=3&t_opy=1&t_apart=1&t_ny=3")
    expect(page.get_by_text("Checked against PyTorch").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
