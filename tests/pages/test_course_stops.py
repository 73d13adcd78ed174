"""Twelve stops, ninety minutes: every link opens its lab as told, with nothing to complain about."""

from __future__ import annotations

import re

import pytest
from visits import change, open_page, text

from app.course.stop import Stop
from app.course.stops import STOPS, find, starts
from app.opening import known_names
from app.visitor import address
from app.visitor.lock import settings_of
from app.visitor.settings import SETTINGS

THEMES = (
    "pixels", "classifier", "receptive", "stride", "upsampling", "transposed", "fusion", "heads", "training",
    "metrics", "failures", "after",
)  # fmt: skip
SECTIONS = {"1", "2", "3", "3.1", "3.2", "3.3", "3.4", "4", "4.1", "4.2", "4.3", "5", "6"}  # of the CVPR paper


def test_twelve_stops_in_ninety_minutes() -> None:
    assert [stop.number for stop in STOPS] == list(range(1, 13))
    assert sum(stop.minutes for stop in STOPS) == 90 and starts()[0] == 0 and starts()[-1] == 90 - STOPS[-1].minutes
    for stop, theme in zip(STOPS, THEMES, strict=True):
        assert theme in stop.title.lower()
        assert stop.goal and stop.task
        sections = re.findall(r"(?:sections?|and) (\d(?:\.\d)?)", stop.paper)
        assert set(sections) <= SECTIONS and (sections or "Table" in stop.paper)
    assert find(0) is None and find(13) is None and find(12) is STOPS[-1]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title)
def test_a_link_says_what_its_page_understands(stop: Stop) -> None:
    reading = address.read(stop.params, known_names())
    assert reading.notices == ()
    mine = set(stop.state) & set(SETTINGS)
    assert mine <= set(settings_of(stop.record)), "a stop sets what its own page has"
    if stop.record.section == "Understand":
        assert settings_of(stop.record)[0] in stop.state, "and says which view"


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.title)
def test_a_link_opens_its_lab_without_a_notice(stop: Stop) -> None:
    test = open_page(stop.record.file, stop.params)
    said = text(test)
    assert test.title[0].value == stop.record.title
    assert f"Stop {stop.number} of 12: {stop.title}" in said and stop.task in said
    assert ":material/info:" not in said and not test.error
    told = {name: "".join(value) for name, value in test.query_params.items()}
    for name, value in stop.params.items():
        assert told.get(name, SETTINGS[name].write(SETTINGS[name].default) if name in SETTINGS else None) == value
    shown = {w.key: w.value for kind in ("button_group", "select_slider", "slider", "toggle") for w in test.get(kind)}
    for name, value in stop.state.items():
        if f"control-{name}" in shown:
            assert SETTINGS[name].read(value) == shown[f"control-{name}"], name


def test_a_stop_undoes_what_was_set_in_its_lab_before() -> None:
    before = {"f_view": "scales", "f_p3": "-100", "cls": "car", "opacity": "10", "sample": "streets-2"}
    test = open_page("fusion.py", before)
    for name in list(test.query_params):
        del test.query_params[name]
    change(test, **STOPS[6].params)
    told = {name: "".join(value) for name, value in test.query_params.items()}
    assert "f_p3" not in told and told["f_view"] == "ledger" and told["sample"] == "streets-1"
    assert told["opacity"] == "10", "other pages keep theirs"


def test_the_line_shows_on_its_own_lab_only() -> None:
    assert "Stop 7 of 12" not in text(open_page("runs.py", {"stop": "7"}))


def test_the_course_page_has_all_of_it() -> None:
    test = open_page("course.py", {})
    said = text(test)
    for stop in STOPS:
        assert stop.goal in said and stop.task in said and f"{stop.minutes} min" in said
    links = [link.proto for link in test.get("page_link")]
    targets = [link.query_string for link in links if link.label.startswith("Open ")]
    assert len(targets) == 12 and all(f"stop={stop.number}" in targets[stop.number - 1] for stop in STOPS)
    assert len(test.radio) == 12 and all(radio.value is None for radio in test.radio)


def test_an_answer_moves_the_progress_and_is_told_in_the_lab_too() -> None:
    test = open_page("course.py", {})
    right = STOPS[0].question.right
    test.radio(key="predict-course-0").set_value(right).run()
    test.button(key="check-course-0").click().run()
    assert not test.exception and f"**Right.** {STOPS[0].question.why}" in test.success[0].value
    assert test.session_state["answers"]["course"][0].is_right
    assert ", answered right" in text(test)


def test_a_teacher_sees_all_answers_and_nothing_to_choose() -> None:
    test = open_page("course.py", {"teacher": "free"})
    assert not [radio for radio in test.radio if (radio.key or "").startswith("predict-")]
    assert [block.value for block in test.success] == [stop.question.why for stop in STOPS]
