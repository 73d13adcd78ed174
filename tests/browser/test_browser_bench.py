"""The bench strip in a real browser: swap what is in hand by mouse and keyboard; a slider's answer can be timed."""

from __future__ import annotations

from app_bench import TINY
from app_server import PATIENCE
from browsing import expect


def part(page, name: str):
    return page.locator(f".st-key-bench-{name} button").first


def test_what_is_in_hand_is_swapped_from_home_on_a_phone(page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/?weights={TINY}&sample=streets-1")
    expect(part(page, "picture")).to_have_accessible_name("Picture streets-1")
    part(page, "picture").click()
    page.get_by_role("button", name="streets-3", exact=True).click()
    page.wait_for_url("**sample=streets-3**")
    page.keyboard.press("Escape")
    expect(part(page, "picture")).to_have_accessible_name("Picture streets-3")
    expect(part(page, "picture")).to_have_attribute("aria-expanded", "false")
    part(page, "head").focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="16s", exact=True).click()
    page.wait_for_url("**head=16s**")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out on a phone"
    page.goto(f"{address}/segment?{page.url.partition('?')[2]}")
    expect(page.get_by_role("button", name="streets-3", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_answer_to_a_slider_is_timed(browser, address: str) -> None:
    from benchmarks import labs

    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    (opacity,) = labs.measure_page(page, address, "segment", "view=heads", steps=2)
    page.close()
    assert opacity.slider == "Opacity of the classes"
    for step in opacity.steps:
        assert step.began is not None and step.first is not None and step.last is not None
        assert 0 < step.began <= step.last and 0 < step.first <= step.last
