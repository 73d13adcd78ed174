"""The bench: what an address says, what is kept, and what one visitor's clicks change."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.settings.kinds import whole, words
from app.visitor import address, session
from app.visitor.settings import SETTINGS

KNOWN = address.Names(samples=("streets-1", "streets-7"), weights=("camvid",))


def test_knowing_who_is_here_loads_no_lab_and_no_network() -> None:
    seen = "import sys, app.visitor.session, app.visitor.widgets, app.visitor.appearance; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout.split()
    rooms = {".".join(name.split(".")[:2]) for name in loaded if name.startswith(("app.", "fcn_core."))}
    assert "app.visitor" in rooms and "torch" not in loaded
    assert not rooms & {"app.labs", "app.course", "app.bench", "app.segment", "fcn_core.weights"}
    assert "fcn_core.models.network" not in loaded, "the settings read the skips as data, no network"


def read(**params: str) -> address.Reading:
    return address.read(params, KNOWN)


def test_a_full_address_is_read() -> None:
    reading = read(
        sample="streets-7", weights="camvid", head="8s", cls="pole", x="210", y="133", opacity="40", off="car"
    )
    assert reading.bench == {
        "sample": "streets-7", "weights": "camvid", "head": 8, "cls": "pole", "x": 210, "y": 133,
    }  # fmt: skip
    assert reading.settings == {"opacity": 40, "off": ("car",)}
    assert reading.notices == ()


@pytest.mark.parametrize(
    "params",
    [
        {"sample": "streets-8"},
        {"weights": ""},
        {"head": "8"},
        {"cls": "Pole"},
        {"x": "1.5", "y": "2"},
        {"x": "²", "y": "2"},
        {"x": "1", "y": "9" * 400},
        {"x": "3"},
        {"opacity": "-1"},
        {"opacity": "1e1"},
        {"safe": "yes"},
        {"view": "everything"},
        {"heads": "64s"},
        {"heads": ""},
        {"no": "such"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_named_and_left_out(params: dict[str, str]) -> None:
    reading = read(**params)
    assert not reading.bench and not reading.settings
    assert len(reading.notices) == 1


@given(st.dictionaries(st.sampled_from([*SETTINGS, "sample", "weights", "head", "cls", "x", "y", "q"]), st.text()))
def test_no_address_breaks_the_reader(params: dict[str, str]) -> None:
    reading = address.read(params, KNOWN)
    again = address.read(address.write(reading.bench, reading.settings), KNOWN)
    assert (again.bench, again.notices) == (reading.bench, ()), "what was understood is understood again"
    assert all(again.settings.get(name, SETTINGS[name].default) == value for name, value in reading.settings.items())


def test_a_notice_is_short_and_cannot_inject_markup() -> None:
    (notice,) = read(weights="`](https://example.org) " + "x" * 500).notices
    assert notice.count("`") == 2 and len(notice) < 120


def test_defaults_stay_out_of_the_address() -> None:
    settings = {name: setting.default for name, setting in SETTINGS.items()}
    assert address.write({"head": 8, "sample": None}, settings) == {"head": "8s"}


def test_settings_refuse_values_out_of_range() -> None:
    assert whole("n", 0, 100, 5).read("100") == 100
    with pytest.raises(ValueError, match="from 0 to 100"):
        whole("n", 0, 100, 5).read("101")
    assert words("w", options=("a", "b")).read("b,a,b") == ("a", "b")
    assert words("w").read("b, a,b,") == ("b", "a")


def script() -> None:
    """Runs inside AppTest: a page of nothing but the bench."""
    import streamlit as st

    from app.visitor import session
    from app.visitor.address import Names

    session.open_address(Names([f"streets-{number}" for number in range(1, 5)]))
    for name, change in st.session_state.get("do", []):
        getattr(session, name)(**change)
    st.session_state["do"] = []
    st.write(session.bench())


def visit(**params: str) -> AppTest:
    test = AppTest.from_function(script, default_timeout=60)
    for name, value in params.items():
        test.query_params[name] = value
    return test.run()


def do(test: AppTest, what: str, **change: object) -> AppTest:
    test.session_state["do"] = [(what, change)]
    test.run()
    assert not test.exception
    return test


def held(test: AppTest):
    return test.session_state["bench"]


def in_address(test: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in test.query_params.items()}


def test_the_address_follows_the_bench() -> None:
    test = visit(sample="streets-2", head="16s")
    assert (held(test).sample, held(test).head) == ("streets-2", 16)
    do(test, "hold", x=5, y=6, cls="car")
    assert in_address(test) == {"sample": "streets-2", "head": "16s", "x": "5", "y": "6", "cls": "car"}
    do(test, "change_setting", name="opacity", value=10)
    assert in_address(test)["opacity"] == "10"


def test_a_new_picture_takes_the_pixel_off() -> None:
    test = do(visit(sample="streets-1"), "hold", x=5, y=6)
    do(test, "hold", sample="streets-1")
    assert held(test).pixel == (5, 6), "the same picture again changes nothing"
    do(test, "hold", sample="streets-2")
    assert held(test).pixel is None and "x" not in in_address(test)


def test_an_upload_goes_before_the_sample_and_leaves_the_address() -> None:
    test = do(visit(sample="streets-1"), "keep_upload", name="a.jpg", data=b"a")
    digest = next(iter(test.session_state["uploads"]))
    do(test, "hold", upload=digest, x=1, y=2)
    assert held(test).upload == digest
    assert not {"sample", "x", "y", "upload"} & set(in_address(test))
    do(test, "hold", sample="streets-1")
    assert held(test).upload is None


def test_uploads_are_bounded_and_what_is_in_use_stays() -> None:
    test = do(visit(), "keep_upload", name="first.jpg", data=b"first")
    first = next(iter(test.session_state["uploads"]))
    do(test, "hold", upload=first)
    for number in range(40):
        do(test, "keep_upload", name=f"{number}.jpg", data=str(number).encode())
    kept = test.session_state["uploads"]
    assert len(kept) <= 24 and first in kept


def test_a_dropped_upload_makes_room_for_the_one_before() -> None:
    test = visit(sample="streets-1")
    for name in "ab":
        do(test, "keep_upload", name=f"{name}.jpg", data=name.encode())
    first, second = test.session_state["uploads"]
    do(test, "hold", upload=second)
    do(test, "drop_upload", digest=second)
    assert held(test).upload == first
    do(test, "drop_upload", digest=first)
    assert held(test).upload is None and held(test).sample == "streets-1"


def test_leaving_a_page_keeps_the_bench() -> None:
    test = visit(sample="streets-3", head="32s")
    test.query_params.clear()  # a click in the navigation opens a page without parameters
    test.run()
    assert (held(test).sample, held(test).head) == ("streets-3", 32)
    assert in_address(test) == {"sample": "streets-3", "head": "32s"}


def test_a_late_echo_of_the_old_address_undoes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit sends the address along with a click; a quick second click still carries the one before."""
    clock = [1000.0]
    monkeypatch.setattr(session, "monotonic", lambda: clock[0])
    test = visit(sample="streets-1")
    before = in_address(test)
    clock[0] += 60  # the old address stood for a minute
    do(test, "hold", sample="streets-2", x=5, y=6)
    clock[0] += 1
    test.query_params.clear()
    for name, value in before.items():
        test.query_params[name] = value
    test.run()
    assert (held(test).sample, held(test).pixel) == ("streets-2", (5, 6))
    clock[0] += 60  # later, the same address is a wish: the browser's back button, or a bookmark
    test.query_params.clear()
    for name, value in before.items():
        test.query_params[name] = value
    test.run()
    assert held(test).sample == "streets-1"


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="app/visitor/settings.py"):
        session.change_setting("opacty", 1)


def test_many_absurd_parts_of_an_address_make_few_notices() -> None:
    reading = read(**{f"odd{i}": "1" for i in range(9)})
    assert len(reading.notices) == 4 and reading.notices[-1].startswith("6 more parts")
