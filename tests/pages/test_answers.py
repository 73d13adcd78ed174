"""Answers survive the way through a browser's storage, whatever stands there; a report holds them all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.course.plain_html import plain_html
from app.course.report import report
from app.course.standing import standing
from app.course.stops import STOPS
from app.labs.shared import answers
from app.labs.shared.answers import COURSE, Answer, Question

WHEN = datetime(2026, 3, 5, 14, 7)
ASKED = Question("How many `cells` lie in **12** rows?", ("12", "120"), 1, "Rows × columns.")


@pytest.fixture(autouse=True)
def visit(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict]:
    """A visit without a server."""
    state: dict = {}
    monkeypatch.setattr(answers.st, "session_state", state)
    yield state


def another_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers.st, "session_state", {})


def test_a_new_visit_takes_over_what_the_last_one_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers.of_lab("fusion").give(1, ASKED, 0)
    answers.of_lab("fusion").give(1, ASKED, 1)
    answers.of_lab(COURSE).give(6, STOPS[6].question, 0)
    answers.opened_stops().update({3, 7})
    packed, before = answers.pack(), answers.answers_so_far()
    another_visit(monkeypatch)
    assert answers.answers_so_far() == {}
    answers.unpack(packed)
    assert answers.answers_so_far() == before and answers.opened_stops() == {3, 7}
    assert answers.answers_so_far()["fusion"][1] == Answer(ASKED, 1, 2)
    answers.of_lab("fusion").give(1, ASKED, 0)
    assert answers.answers_so_far()["fusion"][1].tries == 3, "tries go on from where they were"


def test_answers_of_this_visit_go_before_the_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    answers.of_lab("fusion").give(0, ASKED, 0)
    packed = answers.pack()
    another_visit(monkeypatch)
    answers.of_lab("fusion").give(0, ASKED, 1)
    answers.unpack(packed)
    assert answers.answers_so_far()["fusion"][0].is_right


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from("given opened lab number question text answers right why chosen tries".split()), inner
        )
    ),
    max_leaves=20,
)


@given(JUNK | JUNK.map(lambda junk: {"given": [junk], "opened": [junk]}))
def test_whatever_stands_in_the_storage_breaks_nothing(junk: object) -> None:
    answers.unpack(json.dumps(junk))
    answers.unpack(json.dumps(junk)[:-1])
    assert json.loads(answers.pack()), "and can be packed again"
    for given_answers in answers.answers_so_far().values():
        assert all(isinstance(answer, Answer) for answer in given_answers.values())


@pytest.mark.parametrize(
    "change",
    [
        {"chosen": 2},
        {"chosen": -1},
        {"chosen": True},
        {"tries": 0},
        {"number": -1},
        {"number": 1e9},
        {"lab": 3},
        {"question": {"text": "?", "answers": ["a"], "right": 0, "why": ""}},
        {"question": {"text": "?", "answers": ["a", ["b"]], "right": 0, "why": ""}},
        {"question": None},
    ],
)
def test_an_entry_that_cannot_be_is_left_out(change: dict) -> None:
    right = {
        "lab": "fusion", "number": 0, "chosen": 1, "tries": 1,
        "question": {"text": "?", "answers": ["a", "b"], "right": 0, "why": "so"},
    }  # fmt: skip
    answers.unpack(json.dumps({"given": [{**right, **change}, {**right, "number": 5}], "opened": [1, "2", -3, 1000]}))
    assert set(answers.answers_so_far()["fusion"]) == {5}
    assert answers.opened_stops() == {1}


def test_progress_counts_minutes_of_answered_stops() -> None:
    first, second = STOPS[0].question, STOPS[1].question
    wrong = (second.right + 1) % len(second.answers)
    found = standing({0: Answer(first, first.right), 1: Answer(second, wrong)}, {1, 4})
    assert (found.done, found.right, found.opened, found.next) == (2, 1, 2, 3)
    assert found.minutes == STOPS[0].minutes + STOPS[1].minutes and found.share == pytest.approx(found.minutes / 90)
    everything = {stop.number - 1: Answer(stop.question, 0) for stop in STOPS}
    assert standing(everything, ()).next is None and standing(everything, ()).share == 1


class Tags(HTMLParser):
    """The elements of a page, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "onload", "onerror", "onclick")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"


def test_the_report_holds_everything_and_loads_nothing() -> None:
    right, wrong = Answer(STOPS[0].question, STOPS[0].question.right), Answer(ASKED, 0, 3)
    page = report({COURSE: {0: right}, "fusion": {2: wrong}}, {1, 2}, name="Ada", when=WHEN)
    tags = Tags(page)
    assert not tags.open and not tags.loads and "script" not in tags.tags and "url(" not in page
    assert page.count("<article") == 12 and "Ada" in page and "5 March 2026, 14:07" in page
    assert "1 of 12</b><span>stops answered" in page and "2 of 12</b><span>labs opened" in page
    assert "0 of 1</b><span>right in the labs" in page and "<h3>Skip fusion</h3>" in page
    assert "How many <code>cells</code> lie in <b>12</b> rows?" in page and "Not right, try 3." in page
    assert page.count("Not answered.") == 11
    assert re.search(r'<li class="chosen">12 <small>\(chosen\)', page)
    assert re.search(r'<li class="right">120 <small>\(right\)', page)


@given(st.text(), st.text(max_size=60), st.text(max_size=60))
def test_no_text_becomes_markup(name: str, text: str, why: str) -> None:
    evil = "</p><script>alert(1)</script><img src=x onerror=alert(1)>"
    question = Question(text + evil, ("a" + evil, "b"), 0, why + evil)
    tags = Tags(report({evil: {0: Answer(question, 1)}, COURSE: {}}, (), name=name + evil, when=WHEN))
    assert not tags.open and not tags.loads and not {"script", "img"} & set(tags.tags)


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_a_name_is_optional(name: str) -> None:
    assert "class=who" not in report({}, (), name=name, when=WHEN)


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a **b** *c* `d*e*`", "a <b>b</b> <i>c</i> <code>d*e*</code>"),
        (":green[:material/check: :small[ok]] [page](https://example.org)", "ok page"),
        (r"2 \* 3 \* 4 < 5", "2 * 3 * 4 &lt; 5"),
        ("(n − 1)·s − 2p", "(n − 1)·s − 2p"),
        ("one  \ntwo", "one<br>two"),
        ("11 * 2 * 3", "11 * 2 * 3"),
    ],
)
def test_the_markdown_of_questions(text: str, markup: str) -> None:
    assert plain_html(text).strip() == markup
