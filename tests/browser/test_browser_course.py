"""The course in a real browser: a stop's lab, an answer that survives a reload, the report, teacher and projector."""

from __future__ import annotations

import re
from pathlib import Path

from app_bench import TINY
from browsing import expect, rest, wait_until

from app.course.stops import STOPS


def answer(page, number: int, text: str) -> None:
    """Choose an answer to a stop's question on the course page, and check it."""
    card = page.locator(f".st-key-question-course-{number}")
    rest(page)
    card.locator("label").filter(has_text=re.compile(f"^{re.escape(text)}$")).click()
    button = card.get_by_role("button", name="Check my prediction")
    expect(button).to_be_enabled()
    rest(page)
    button.click()


def test_answers_survive_a_reload_and_go_into_the_report(page, address: str) -> None:
    page.goto(f"{address}/course")
    expect(page.get_by_text("0 of 12 questions answered")).to_be_visible()
    answer(page, 4, STOPS[3].question.answers[STOPS[3].question.right])
    expect(page.get_by_text("1 of 12 questions answered, 1 right")).to_be_visible()
    wait_until(page, lambda: "chosen" in (page.evaluate("sessionStorage.getItem('fcn-lab-answers')") or ""))
    page.reload()
    expect(page.get_by_text("1 of 12 questions answered, 1 right")).to_be_visible()
    rest(page)
    page.get_by_role("textbox", name="Your name, if you like").fill("<b>Ada</b> & co")
    page.keyboard.press("Enter")
    rest(page)
    wait_until(page, lambda: "Ada" in report_of(page))
    text = report_of(page)
    assert "&lt;b&gt;Ada&lt;/b&gt; &amp; co" in text and "1 of 12</b><span>stops answered" in text
    page.set_content(text)
    assert page.locator("article").count() == 12 and page.locator("li.chosen.right").count() == 1


def report_of(page) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    assert download.value.suggested_filename.endswith(".html")
    return Path(download.value.path()).read_text("utf-8")


def test_a_link_opens_the_lab_and_its_line_leads_on(page, address: str) -> None:
    page.goto(f"{address}/course")
    card = page.locator(".st-key-course-stop-9")
    expect(card).to_be_visible()
    rest(page)
    card.get_by_role("link", name="Open Train").click()
    wait_until(page, lambda: "/train" in page.url and "stop=9" in page.url)
    expect(page.get_by_text("Stop 9 of 12: Training")).to_be_visible()
    rest(page)
    page.get_by_role("link", name="Course", exact=True).last.click()
    expect(page.get_by_text("1 lab opened")).to_be_visible()
    page.goto(f"{address}/fusion?weights={TINY}&sample=streets-1&stop=7&f_view=ledger")
    expect(page.get_by_text("Stop 7 of 12: Skip fusion")).to_be_visible()
    rest(page)
    page.get_by_text("The question of this stop").click()
    expect(page.get_by_text("Where do the skips change the most labels?")).to_be_visible()


def test_a_locked_lab_stays_as_it_is(page, address: str) -> None:
    page.goto(f"{address}/fusion?weights={TINY}&sample=streets-1&f_view=ledger&teacher=lock&x=10&y=20")
    expect(page.get_by_text("Questions and their answers")).to_be_visible()
    expect(page.get_by_role("radio", name="Scale the skips")).to_be_disabled()
    expect(page.get_by_role("button", name=re.compile("Picture"))).to_be_disabled()
    rest(page)
    picture = page.get_by_role("application").first
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.keyboard.press("ArrowRight")
    rest(page)
    expect(page.get_by_text("Ledger of pixel x 10, y 20")).to_be_visible()
    assert "x=10&y=20" in page.url
    page.goto(f"{address}/fusion?weights={TINY}&sample=streets-1&f_view=scales&teacher=lock")
    expect(page.locator(".scaling input").first).to_be_disabled()


def test_hidden_controls_and_a_bare_page_on_the_projector(page, address: str) -> None:
    page.goto(f"{address}/receptive_fields?weights={TINY}&sample=streets-1&teacher=hide&projector=1")
    expect(page.get_by_text("Questions and their answers")).to_be_visible()
    rest(page)
    expect(page.locator(".stSidebar")).to_be_hidden()
    for kind in ("stSlider", "stSelectbox", "stButtonGroup", "stPopover"):
        expect(page.locator(f".stMain .{kind}").filter(visible=True)).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    page.get_by_role("button", name="Leave projector mode").click()
    expect(page.locator(".stSidebar")).to_be_visible()
    wait_until(page, lambda: "projector" not in page.url)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"


def test_the_course_fits_a_phone(page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for extra in ("", "?projector=1&teacher=hide"):
        page.goto(f"{address}/course{extra}")
        expect(page.get_by_text("Take it along")).to_be_visible()
        rest(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
