"""The strip above the pages: it says what is in hand, lets every part be swapped, and starts no network pass."""

from __future__ import annotations

import pytest
from app_bench import TINY
from streamlit.testing.v1 import AppTest
from visits import settled

from app.bench import kept as bench_kept
from app.bench.strip import LONGEST_TITLE, short
from fcn_core.segmenting.segmenter import Segmenter


def script() -> None:
    from app.bench.strip import bench_strip
    from app.opening import known_names
    from app.visitor import session

    session.open_address(known_names())
    strip = bench_strip()
    import streamlit as st

    st.session_state["drawn"] = (strip.picture and strip.picture.title, strip.record and strip.record.name, strip.usual)


def opened(part: str = "", **address: str) -> AppTest:
    """A page with nothing but the strip, one part of it open."""
    test = AppTest.from_function(script, default_timeout=30)
    for name, value in {"weights": TINY, **address}.items():
        test.query_params[name] = value
    if part:
        test.session_state[f"bench-{part}"] = True
    return settled(test.run())


def labels(test: AppTest) -> list[str]:
    """What the parts say."""
    return [block.proto.popover.label for block in _blocks(test.main) if block.type == "popover"]


def _blocks(block):
    for child in block.children.values():
        if hasattr(child, "children"):
            yield child
            yield from _blocks(child)


def test_it_says_what_is_in_hand() -> None:
    said = labels(opened(sample="streets-3", head="16s", cls="pole", x="12", y="34"))
    assert said == [
        ":gray[Picture] streets-3", ":gray[Truth] yes", f":gray[Weights] {TINY}", ":gray[Head] 16s",
        ":gray[Class] pole", ":gray[Pixel] 12, 34",
    ]  # fmt: skip


def test_closed_parts_build_no_picker() -> None:
    test = opened()
    assert not test.selectbox and not test.number_input and not test.get("file_uploader")


@pytest.mark.usefixtures("forgotten")
def test_a_strip_starts_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Segmenter, "segment", lambda *_, **__: pytest.fail("the strip ran the network"))
    test = opened()
    assert ":gray[Class] the largest" in labels(test) and test.session_state["drawn"][2] is None


def test_the_class_of_a_kept_result_is_named() -> None:
    test = opened(sample="streets-2")
    record = bench_kept.weight_records()[TINY]
    result = bench_kept.segmentation(bench_kept.sample_picture("streets-2"), record).answer()
    usual = test.run().session_state["drawn"][2]
    assert usual in result.labels.classes and f":gray[Class] {usual}" in labels(test)


def test_every_part_swaps_what_is_in_hand() -> None:
    test = opened("weights")
    test.selectbox(key="control-weights").set_value("streets").run()
    assert test.query_params["weights"] in ("streets", ["streets"])

    test = opened("class")
    test.selectbox(key="control-cls-bench").set_value("car").run()
    assert ":gray[Class] car" in labels(test) and test.query_params["cls"] in ("car", ["car"])

    test = opened("head")
    control = next(w for w in test.get("button_group") if w.key == "control-head-bench")
    control.set_value(32).run()
    assert ":gray[Head] 32s" in labels(test)

    test = opened("pixel")
    test.number_input(key="control-x").set_value(7).run()
    assert any(label.startswith(":gray[Pixel] 7, ") for label in labels(test)), "the other half starts in the middle"
    next(button for button in test.button if button.label == "No pixel").click().run()
    assert ":gray[Pixel] none" in labels(test) and "x" not in test.query_params

    test = opened("truth", sample="streets-1")
    assert any("exact, drawn with the picture" in block.value for block in test.markdown)
    assert opened("picture").get("file_uploader"), "samples, uploads and the camera are all offered"


def test_a_pixel_outside_the_picture_is_not_shown() -> None:
    assert ":gray[Pixel] none" in labels(opened(x="9000", y="9000"))


@pytest.mark.parametrize("part", ["", "picture", "truth", "weights"])
@pytest.mark.usefixtures("no_samples", "no_weights")
def test_without_samples_and_weights_it_says_so(part: str) -> None:
    test = AppTest.from_function(script, default_timeout=30)
    if part:
        test.session_state[f"bench-{part}"] = True
    settled(test.run())
    assert labels(test) == [":gray[Picture] none yet", ":gray[Truth] no", ":gray[Weights] none yet"]


def test_weights_that_are_not_here_are_named() -> None:
    assert ":gray[Weights] fcn\\_resnet50" in labels(opened(weights="fcn_resnet50"))


def test_long_names_lose_their_middle() -> None:
    assert short("a" * LONGEST_TITLE) == "a" * LONGEST_TITLE
    shortened = short("holiday-picture-of-a-street-in-the-rain.jpeg")
    assert len(shortened) <= LONGEST_TITLE and shortened.startswith("holiday") and shortened.endswith(".jpeg")
