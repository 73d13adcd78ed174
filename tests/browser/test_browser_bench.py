"""The bench strip in a real browser: swap what is in hand by mouse and keyboard; a slider's answer can be timed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from app_bench import TINY
from app_server import PATIENCE

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def part(page, name: str):
    return page.locator(f".st-key-bench-{name} button").first


def test_what_is_in_hand_is_swapped_from_home_on_a_phone(page, address: str) -> None:
    page.goto(f"{address}/?weights={TINY}&sample=streets-1")
    expect(part(page, "picture")).to_have_accessible_name("Picture streets-1", timeout=PATIENCE)
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
