"""What every lab promises: a check, its code, questions, the paper's section; and an address that says all of it."""

from __future__ import annotations

import math
import re

import pytest
from app_bench import HOME, TINY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from visits import open_page, text

from app import page_list
from app.labs.shared import lab
from app.settings.kinds import HEAD_NAMES, Setting
from app.visitor import address
from app.visitor.settings import SETTINGS
from fcn_core import draw
from fcn_core.labels import CAMVID

LABS = [page for page in page_list.PAGES if page.section == "Understand"]
SAMPLES = ("streets-1", "streets-2")
STATES_A_PAGE = 3


def prefix(page: page_list.PageRecord) -> str:
    """What the names of a lab's settings begin with."""
    return f"{page.address[0]}_"


VIEWS = [
    (page, view)
    for page in LABS
    for view in (SETTINGS[f"{prefix(page)}view"].options or () if f"{prefix(page)}view" in SETTINGS else ("",))
]


def values_of(setting: Setting) -> st.SearchStrategy:
    """Values that a setting can have, drawn from what it declares."""
    if setting.limits is not None:
        return st.integers(*setting.limits)
    if isinstance(setting.default, bool):
        return st.booleans()
    if isinstance(setting.default, tuple):
        if setting.options is None:
            return st.lists(st.sampled_from(CAMVID.classes), unique=True, max_size=4).map(tuple)
        options = setting.options
        some = st.lists(st.sampled_from(options), min_size=1, unique=True)
        return some.map(lambda chosen: tuple(option for option in options if option in chosen))
    if setting.options is not None:
        return st.sampled_from(setting.options)
    return st.just(setting.default) | st.text("abc0123456789.-_,;:x", max_size=12).flatmap(
        lambda text: _read(setting, text)
    )


def _read(setting: Setting, text: str) -> st.SearchStrategy:
    try:
        return st.just(setting.read(text))
    except ValueError:
        return st.just(setting.default)


UNCHECKED = ("fit", "doctor")  # one computes nothing before its Start is pressed, one reads what others measured
# Which crops there are depends on the head, and what can be compared on what is enlarged; what is drawn cell by cell is
# kept small; a free text may name nothing.
NARROWED = {
    *("a_crop", "a_off", "c_map", "c_stream", "f_show", "t_ulayer"),  # a head or skip that the weights lack
    "c_net",  # ImageNet's classifiers only where they are on this machine
    "t_uref",
    *(f"t_{letter}{axis}" for letter in ("n", "k", "s", "p", "op", "d") for axis in ("", "y")),
}
NARROWED |= {name for name, each in SETTINGS.items() if each.default == "" and each.options is None}
STATES = st.fixed_dictionaries({}, optional={name: values_of(setting) for name, setting in SETTINGS.items()})
PIXELS = st.none() | st.tuples(st.integers(0, 639), st.integers(0, 479))
BENCHES = st.builds(
    lambda sample, head, cls, pixel: {
        "sample": sample, "weights": TINY, "head": head, "cls": cls,
        **({"x": pixel[0], "y": pixel[1]} if pixel else {}),
    },
    st.sampled_from(SAMPLES), st.sampled_from([int(name[:-1]) for name in HEAD_NAMES]),
    st.none() | st.sampled_from(CAMVID.classes), PIXELS,
)  # fmt: skip


@given(BENCHES, STATES)
def test_every_state_survives_its_address(bench: dict, state: dict) -> None:
    params = address.write(bench, state)
    assert all(isinstance(value, str) for value in params.values())
    reading = address.read(params, address.Names(SAMPLES, (TINY,)))
    assert reading.notices == ()
    assert reading.bench == {name: value for name, value in bench.items() if value is not None}
    for name, value in state.items():
        assert reading.settings.get(name, SETTINGS[name].default) == value, name


def controls(test: AppTest) -> dict[str, object]:
    """The value that each control of a setting shows, by the setting's name."""
    kinds = ("button_group", "slider", "select_slider", "toggle", "checkbox", "selectbox", "multiselect", "radio",
             "number_input", "text_input")  # fmt: skip
    widgets = {widget.key: widget for kind in kinds for widget in test.get(kind) if widget.key}
    shown = {key.removeprefix("control-"): widget.value for key, widget in widgets.items()}
    return {name: value for name, value in shown.items() if name in SETTINGS}


def lab_states(page: page_list.PageRecord) -> st.SearchStrategy:
    """States of the settings of a lab, and of those that all pages share."""
    names = [name for name in SETTINGS if name.startswith(prefix(page)) or name in ("large", "safe")]
    return st.fixed_dictionaries({name: values_of(SETTINGS[name]) for name in names})


@pytest.mark.parametrize("page", LABS, ids=lambda page: page.file)
def test_an_address_opens_the_same_controls(page: page_list.PageRecord) -> None:
    states = lab_states(page)

    @settings(max_examples=STATES_A_PAGE, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(BENCHES, states)
    def same_page(bench: dict, state: dict) -> None:
        params = address.write(bench, state)
        test = open_page(page.file, params)
        told = {name: "".join(value) for name, value in test.query_params.items()}
        assert told == params, "the address says the same again"
        for name, value in controls(test).items():
            wanted = state.get(name, SETTINGS[name].default)
            same = sorted(value) == sorted(wanted) if isinstance(wanted, tuple) else value == wanted
            assert same or wanted == () or name in NARROWED, f"{name} shows {value!r}, the address said {wanted!r}"
        again = open_page(page.file, told)
        assert controls(again) == controls(test) and text(again) == text(test)

    same_page()


@pytest.mark.parametrize(("page", "view"), VIEWS, ids=lambda each: getattr(each, "file", each))
def test_every_lab_checks_itself_shows_code_asks_and_cites(page: page_list.PageRecord, view: str) -> None:
    state = {f"{prefix(page)}view": view} if view else {}
    test = open_page(page.file, {"weights": TINY, "sample": "streets-1", "x": "100", "y": "80", **state})
    said = text(test)
    assert view in UNCHECKED or "Checked against PyTorch:" in said
    assert "**failed**" not in said
    assert re.search(r"CVPR 2015: .*sections? \d", said), "the paper's section"
    assert 2 <= len([radio for radio in test.radio if (radio.key or "").startswith("predict-")]) <= 3
    assert all(radio.value is None for radio in test.radio if (radio.key or "").startswith("predict-"))
    assert any("def " in block.value for block in test.code), "the real function"
    assert re.search(r"`(fcn_core|app)/[\w/]+\.py:\d+`", said), "and where it lies"


@pytest.mark.parametrize("page", LABS, ids=lambda page: page.file)
@pytest.mark.parametrize("missing", [("no_samples",), ("no_weights",), ("no_samples", "no_weights")])
def test_every_lab_opens_without_samples_or_weights(
    page: page_list.PageRecord, missing: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    for fixture in missing:
        request.getfixturevalue(fixture)
    test = open_page(page.file, {})
    assert test.title and not test.error, "what is missing is said, and is no error"
    assert "none yet" in "".join(block.proto.popover.label for block in _popovers(test.main))


def _popovers(block):
    for child in getattr(block, "children", {}).values():
        if child.type == "popover":
            yield child
        yield from _popovers(child)


def frame_script() -> None:
    from app.labs.shared import lab
    from app.opening import known_names
    from app.visitor import session
    from fcn_core import draw

    session.open_address(known_names())
    strip = lab.page("A lab", section="section 4.2", about="What it is about.")
    case = lab.case(strip)
    lab.check("a sum", 3e-7, 1e-4)
    lab.check("another sum", float("nan"), 1e-4)
    lab.show_code(draw.colour_map, lab.Question)
    import streamlit as st

    st.session_state["case"] = (case.picture.title, case.record.name, case.cls, case.pixel)


def framed(**params: str) -> AppTest:
    test = AppTest.from_function(frame_script, default_timeout=60)
    for name, value in {"weights": TINY, **params}.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def test_a_lab_gets_the_case_in_hand() -> None:
    test = framed(sample="streets-2", cls="pole", x="12", y="34")
    assert test.session_state["case"] == ("sample streets-2", TINY, "pole", (12, 34))
    assert "section 4.2" in text(test)


def test_the_class_that_the_first_pass_finds_is_shown_at_once() -> None:
    test = framed(sample="streets-4")
    shown = [block.proto.popover.label for block in _popovers(test.main)]
    assert f":gray[Class] {test.session_state['case'][2]}" in shown
    assert [block.proto.popover.label for block in _popovers(test.run().main)] == shown


def test_a_lab_says_what_it_lacks() -> None:
    assert any(button.label.startswith("Download") for button in framed(weights="fcn_resnet50").button)
    assert "outside this" in text(framed(x="99999", y="9"))


def test_a_check_fails_when_it_should() -> None:
    said = text(framed())
    assert "a sum: largest difference 3e-7 :gray[(must be under 1e-4)]" in said
    assert "**failed** **Checked against PyTorch:** another sum: largest difference not a number" in said.replace(
        ":red[:material/error: **failed**]", "**failed**"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.4e-7, "3e-7"), (1e-4, "1e-4"), (0.25, "0.25"), (12.0, "12"), (math.inf, "not a number")],
)
def test_differences_are_rounded_to_what_they_mean(value: float, text: str) -> None:
    assert lab._plain_number(value) == text


def test_the_code_shown_is_the_real_one() -> None:
    path, line, source = lab.source_place(draw.colour_map)
    lines = (HOME.parent.parent / path).read_text().splitlines(keepends=True)
    assert path == "fcn_core/draw.py" and lines[line - 1].startswith("def colour_map")
    assert "".join(lines).count(source) == 1, "as it stands in the file"
    assert source in framed().code[0].value + "\n"
