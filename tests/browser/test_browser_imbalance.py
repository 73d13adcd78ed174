"""The Imbalance and Doctor views in a real browser: sliders, weights, cases, pasted text, a phone."""

from __future__ import annotations

import re

import pytest
from app_bench import TINY
from browsing import expect, rest, wait_until


def open_view(page, address: str, view: str, extra: str = "") -> None:
    page.goto(f"{address}/metrics?weights={TINY}&sample=streets-1&m_view={view}{extra}")
    expect(page.get_by_text("Predict, then look")).to_be_visible()
    rest(page)


def test_more_cats_change_the_counts_and_the_address(page, address: str) -> None:
    open_view(page, address, "imbalance")
    expect(page.get_by_text("(9,900 + 0) / 10,000")).to_be_visible()
    before = page.locator(".fcn-dogs img").first.get_attribute("src")
    page.get_by_role("slider", name="Cat pixels of a hundred").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("(9,800 + 0) / 10,000")).to_be_visible()
    wait_until(page, lambda: "m_cats=2" in page.url)
    assert page.locator(".fcn-dogs img").first.get_attribute("src") != before
    rest(page)
    page.get_by_role("radio", name="median frequency", exact=True).click()
    expect(page.get_by_text("median frequency / own frequency, counted on")).to_be_visible()
    wait_until(page, lambda: "m_w=median_frequency" in page.url)
    rest(page)
    page.get_by_role("radio", name="CamVid", exact=True).click()
    expect(page.get_by_text("Measured on CamVid val")).to_be_visible()


def test_cases_and_pasted_lines_are_named(page, address: str) -> None:
    open_view(page, address, "doctor")
    expect(page.get_by_role("heading", name="Everything is predicted as one class")).to_be_visible()
    page.get_by_role("radio", name="Palette file opened as grey").click()
    expect(page.get_by_role("heading", name="Label maps from a palette file are misread")).to_be_visible()
    wait_until(page, lambda: "m_case=palette" in page.url)
    rest(page)
    page.get_by_role("radio", name="Paste", exact=True).click()
    page.get_by_role("textbox").fill("PA 0.80 MPA 0.61 mIoU 0.66 FWIoU 0.70")
    page.get_by_role("button", name="Examine").click()
    expect(page.get_by_role("heading", name="mIoU is averaged over batches or pictures")).to_be_visible()
    expect(page.get_by_text(re.compile("mIoU above MPA: 66.0 % against 61.0 %"))).to_be_visible()


@pytest.mark.parametrize("view", ["imbalance", "doctor"])
def test_nothing_sticks_out_on_a_phone(page, address: str, view: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_view(page, address, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] img, .fcn-bars, .fcn-dogs')]
            .filter(e => e.getBoundingClientRect().right > 391).map(e => e.className || e.tagName)"""
    )
    assert wide == []
