"""Teacher mode holds controls on every lab: locked or hidden, whatever drew them; projector mode strips the page."""

from __future__ import annotations

import pytest
import visits
from streamlit.testing.v1 import AppTest

from app import page_list
from app.settings.kinds import whole
from app.visitor.lock import BENCH_CONTROLS, HELD, PLAYED, settings_of, way
from app.visitor.settings import SETTINGS, by_name
from app.visitor.teacher_look import style

PAGES = [page for page in page_list.PAGES if settings_of(page)]
KINDS = ("button_group", "slider", "select_slider", "toggle", "number_input", "selectbox")
FUSION = page_list.find("fusion.py")


def opened(page: page_list.PageRecord, **address: str) -> AppTest:
    return visits.open_lab(page.file, **address)


def controls(test: AppTest) -> dict[str, object]:
    """Controls of settings in the page (not the side bar), by the setting's name."""
    found = {w.key: w for kind in KINDS for w in test.main.get(kind) if (w.key or "").startswith("control-")}
    return {key.removeprefix("control-"): widget for key, widget in found.items()}


def held(test: AppTest) -> dict[str, object]:
    return {name: widget for name, widget in controls(test).items() if name in HELD and name not in PLAYED}


def popovers(block) -> list:
    found = []
    for child in getattr(block, "children", {}).values():
        found += [child.proto.popover] if child.type == "popover" else []
        found += popovers(child)
    return found


def test_every_control_of_labs_and_bench_is_held() -> None:
    for page in PAGES:
        assert set(settings_of(page)) <= HELD, page.file
    assert set(BENCH_CONTROLS.values()) <= HELD
    free = {name for name in SETTINGS if way(name, "lock", ()) == "free"}
    assert {"large", "safe", "projector", "teacher", "keep", "stop", "run"} <= free
    assert set(PLAYED) <= set(SETTINGS)


@pytest.mark.parametrize(
    ("mode", "keep", "expected"),
    [
        ("off", (), "free"),
        ("free", (), "free"),
        ("lock", (), "lock"),
        ("hide", (), "hide"),
        ("hide", ("f_p3",), "free"),
    ],
)
def test_the_rule(mode: str, keep: tuple[str, ...], expected: str) -> None:
    assert way("f_p3", mode, keep) == expected


def test_a_page_owns_the_settings_that_its_record_names() -> None:
    """Not those that begin with the letter of its address: Convolutionalize's begin with c too."""
    refine = page_list.PageRecord("crf.py", "CRF", "", "Understand", "", settings=(whole("crf_steps", 1, 10, 5),))
    assert settings_of(refine) == ("crf_steps",)
    assert "c_view" in settings_of(page_list.find("convolutionalize.py"))
    held = [name for page in PAGES for name in settings_of(page)]
    assert len(held) == len(set(held)), "no two of these pages share one"


def test_two_settings_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two settings are called 'opacity'"):
        by_name((SETTINGS["opacity"], whole("opacity", 0, 9, 1)))
    assert by_name((SETTINGS["smooth"], SETTINGS["smooth"])) == {"smooth": SETTINGS["smooth"]}, "pages may share one"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_held_controls_are_not_there_or_cannot_be_changed(page: page_list.PageRecord) -> None:
    usual, hidden, locked = opened(page), opened(page, teacher="hide"), opened(page, teacher="lock")
    drawn = set(held(usual))
    assert drawn, "there is something to hold"
    view = settings_of(page)[0]
    by_widgets = {name for name in drawn if name in hidden.session_state["control-titles"]}
    assert view in by_widgets and not by_widgets & set(held(hidden))
    assert not popovers(hidden.main), "the bench says what is in hand, and opens nothing"
    assert "Check my prediction" not in [button.label for button in hidden.button]
    mine = locked.session_state["control-titles"]
    assert set(mine) & drawn <= set(controls(locked))
    assert all(widget.disabled for name, widget in held(locked).items() if name in mine)
    assert all(part.disabled for part in popovers(locked.main))


def test_what_is_kept_stays_free() -> None:
    test = opened(FUSION, teacher="lock", f_view="scales", keep="f_lines,head")
    found = controls(test)
    assert not found["f_lines"].disabled and found["f_view"].disabled
    assert [part.disabled for part in popovers(test.main)] == [True, True, True, False, True, True]
    found["f_lines"].set_value(False).run()
    assert test.session_state["settings"]["f_lines"] is False
    test = opened(FUSION, teacher="hide", keep="f_view")
    assert "f_view" in controls(test)


def guarded() -> None:
    """A page that tries to change things behind the controls' back, as a picture or a table would."""
    import streamlit as st

    from app.visitor import session
    from app.visitor.address import Names

    session.open_address(Names())
    session.change_setting("f_p3", -50)
    session.change_setting("f_step", 4)
    session.change_setting("large", True)
    session.hold(x=3, y=4, head=16)
    st.write(session.bench())


def test_what_is_held_cannot_be_changed_by_a_click_either() -> None:
    for mode, p3, pixel in (("off", -50, (3, 4)), ("lock", 20, None), ("hide", 20, None)):
        test = AppTest.from_function(guarded, default_timeout=30)
        test.query_params["teacher"], test.query_params["f_p3"] = mode, "20"
        test.query_params["keep"] = "head"
        test.run()
        settings, bench = test.session_state["settings"], test.session_state["bench"]
        assert settings["f_p3"] == p3 and bench.pixel == pixel
        assert settings["f_step"] == 4 and settings["large"] is True, "animations and looks stay free"
        assert bench.head == 16, "what is kept stays free"


def test_answers_are_told() -> None:
    test = opened(FUSION, teacher="lock")
    assert not [radio for radio in test.radio if (radio.key or "").startswith("predict-")]
    assert len(test.success) >= 2 and test.subheader[-1].value == "Questions and their answers"


def test_the_way_out() -> None:
    test = opened(FUSION, teacher="hide")
    next(button for button in test.sidebar.button if button.label == "End teacher mode").click().run()
    assert "teacher" not in test.query_params and "f_view" in controls(test)
    test = opened(FUSION, projector="1", large="0")
    assert not test.sidebar.toggle and not test.sidebar.button
    test.button(key="leave-projector").click().run()
    assert "projector" not in test.query_params and test.sidebar.toggle
    assert test.session_state["settings"]["large"] is False, "the desk keeps its own type"


def test_the_projector_has_large_type_and_no_side_bar() -> None:
    styles = "".join(block.proto.body for block in opened(FUSION, projector="1").get("html"))
    assert "font-size: 150%" in styles and ".stSidebar" in styles
    assert "font-size: 150%" not in "".join(block.proto.body for block in opened(FUSION).get("html"))


@pytest.mark.parametrize("value", ["1", "", "hidden", "<b>"])
def test_an_unknown_mode_is_a_notice(value: str) -> None:
    test = opened(FUSION, teacher=value)
    assert any("teacher=" in caption.value for caption in test.caption) and "f_view" in controls(test)


def test_names_to_keep_cannot_break_the_style(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"teacher": "hide", "keep": ("f_p3", "} body { display: none", "</style>", "h_layer")}
    monkeypatch.setattr("app.visitor.session.setting", values.__getitem__)
    rules = style(FUSION)
    assert "body" not in rules and "<" not in rules and ".st-key-control-h_layer" in rules
    assert style(page_list.find("train.py")) == ""
