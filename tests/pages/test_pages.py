"""Every registered page runs without an exception; the Segment page does what it says, with a tiny network."""

from __future__ import annotations

import io
import json
import re
import zipfile

import numpy as np
import pytest
import visits
from app_bench import TINY
from PIL import Image
from streamlit.testing.v1 import AppTest
from visits import control, settled, text

from app import page_list
from app.settings.segment import VIEWS
from fcn_core.exporting.formats import FORMATS, offered

PAGES = page_list.PAGES
SEGMENT = next(page for page in PAGES if page.file == "segment.py")


def open_page(page: page_list.PageRecord = SEGMENT, **address: str) -> AppTest:
    """A new visitor opens a page; tiny weights."""
    return visits.open_page(page.file, {"weights": TINY, **address})


def jpeg(size: tuple[int, int] = (64, 48), seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_every_page_runs(page: page_list.PageRecord) -> None:
    assert page.path.is_file()
    test = open_page(page)
    assert test.title, "a page says what it is"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
@pytest.mark.usefixtures("no_weights", "no_samples")
def test_every_page_runs_without_weights_and_samples(page: page_list.PageRecord) -> None:
    words = text(open_page(page))
    needs_none = page.section == "Train" or page.file in ("course.py", "transposed_convolution.py", "alignment.py")
    assert ("No weights found" in words) != needs_none


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_runs(view: str) -> None:
    test = open_page(view=view, x="100", y="80")
    assert control(test, "control-view").value == view


def test_one_pass_answers_everything_afterwards(passes: list) -> None:
    test = open_page()
    assert passes == [(32, 16, 8)], "one pass computes all heads"
    control(test, "control-heads").unselect("16s").run()
    control(test, "control-layout").set_value("one").run()
    control(test, "control-head").set_value(32).run()
    control(test, "control-opacity").set_value(20).run()
    control(test, "control-contours").set_value(True).run()
    control(test, "control-safe").set_value(True).run()
    control(test, "legend-camvid-8").set_value(False).run()
    test.query_params["x"], test.query_params["y"] = "10", "20"
    test.run()
    for view in VIEWS:
        control(test, "control-view").set_value(view).run()
    settled(test)
    assert len(passes) == 1, "no click may run the network again"


def test_visitors_share_results_but_not_settings(passes: list) -> None:
    first, second = open_page(), open_page()
    assert len(passes) == 1, "what one visitor computed serves the next"
    control(first, "legend-camvid-0").set_value(False).run()
    second.run()
    assert control(first, "legend-camvid-0").value is False
    assert control(second, "legend-camvid-0").value is True


def test_a_click_is_told_in_words() -> None:
    words = text(open_page(x="100", y="80"))
    assert "**Pixel** x 100, y 80" in words and "ground truth:" in words
    for head in (32, 16, 8):
        assert re.search(rf"\*\*{head}s\*\* sees \*\*\w+\*\* \(", words)


@pytest.mark.parametrize(
    ("address", "notice"),
    [
        ({"head": "7s"}, "head=7s"),
        ({"x": "-4", "y": "1"}, "x=-4"),
        ({"x": "5"}, "needs both"),
        ({"cls": "dragon"}, "cls=dragon"),
        ({"sample": "../../etc/passwd"}, "sample="),
        ({"weights": "<script>"}, "weights="),
        ({"opacity": "101"}, "opacity=101"),
        ({"colour": "blue"}, "colour=blue"),
        ({"x": "99999", "y": "99999"}, "outside this"),
    ],
)
def test_an_absurd_address_is_ignored_with_a_notice(address: dict[str, str], notice: str) -> None:
    assert notice in text(open_page(**address))


def test_an_address_shows_the_same_picture() -> None:
    test = open_page(sample="streets-3", head="16s", cls="pole", view="heatmaps", x="12", y="34", safe="1")
    assert control(test, "control-cls").value == "pole"
    assert control(test, "control-safe").value is True
    assert test.query_params["sample"] == "streets-3" or test.query_params["sample"] == ["streets-3"]
    assert "x 12, y 34" in text(test)


def test_unsure_weights_say_what_they_know_and_offer_others() -> None:
    test = open_page()
    words = text(test)
    assert "This model knows:" in words
    assert "may not know what is in this picture" in words and "They know only: sky, building" in words
    assert any("fcn_resnet50" in button.label for button in test.button)


def test_weights_that_are_not_here_are_offered_for_download() -> None:
    test = open_page(weights="fcn_resnet50")
    assert any(button.label.startswith("Download") for button in test.button)
    assert "put it at" in text(test)


def test_home_shows_the_stages_of_other_weights_if_the_chosen_ones_have_none() -> None:
    test = open_page(next(page for page in PAGES if page.default), weights="fcn_resnet50")
    assert "No weights found" not in text(test)
    assert "`fcn_resnet50` has no such stages or is not here" in text(test)


def upload(test: AppTest, *files: tuple[str, bytes, str], key: str = "photo-upload") -> AppTest:
    uploader = next(widget for widget in test.get("file_uploader") if widget.key == key)
    uploader.set_value(list(files) if key == "photo-upload" else files[0])
    return settled(test.run())


def test_an_upload_goes_on_the_bench(passes: list) -> None:
    test = upload(open_page(), ("my street.jpg", jpeg(), "image/jpeg"))
    assert len(passes) == 2
    assert "sample" not in test.query_params, "an upload is not in the address"
    control(test, "control-view").set_value("export").run()
    names = [button.label for button in test.get("download_button")]
    shown = names[3].removeprefix("my_street_8s_heatmap-").removesuffix(".png")
    assert names == [f"my_street_8s_{FORMATS[name].file(shown)}" for name in offered("scores", "class")]


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("notes.jpg", b"not a picture at all", "is a text file"),
        ("empty.png", b"", "is empty"),
        ("cut.jpg", jpeg((200, 150))[:400], "damaged"),
    ],
)
def test_a_bad_upload_gets_a_sentence(passes: list, name: str, data: bytes, sentence: str) -> None:
    test = upload(open_page(), (name, data, "image/jpeg"))
    assert [error.value for error in test.error] and sentence in test.error[0].value and name in test.error[0].value
    assert len(passes) == 1, "the picture before stays on the bench"


def test_good_files_survive_a_bad_one() -> None:
    files = [
        ("a.jpg", jpeg(seed=1), "image/jpeg"),
        ("b.jpg", b"text", "image/jpeg"),
        ("c.png", png(np.zeros((9, 7, 3), np.uint8)), "image/png"),
    ]
    test = upload(open_page(view="export"), *files)
    assert len(test.error) == 1 and "b.jpg" in test.error[0].value
    pills = next(group for group in test.button_group if group.key == "zip-formats")
    assert tuple(pills.options) == offered("scores", "class")
    pills.set_value(list(pills.options)).run()
    button = next(button for button in test.button if button.label == "Segment all 2 pictures")
    settled(button.click().run())
    assert any("Download the ZIP" in button.label for button in test.get("download_button"))
    with zipfile.ZipFile(io.BytesIO(test.session_state["zip"][1])) as archive:
        kinds = [name.split("_", 1) for name in archive.namelist()]
    assert {stem for stem, _ in kinds} == {"a", "c"} and len(kinds) == 2 * len(pills.options)


def test_ground_truth_of_a_sample_is_measured() -> None:
    words = text(open_page(view="truth"))
    assert "| head | PA | MPA | mIoU | FWIoU |" in words and "| building |" in words


def test_the_picture_of_the_truth_is_that_of_this_truth() -> None:
    def source(index: int) -> str:
        """What the browser draws as the ground truth after a mask full of one class was uploaded."""
        upload(test, (f"{index}.png", png(np.full((24, 32), index, np.uint8)), "image/png"), key="truth-upload")
        found = (json.loads(element.proto.json or "{}") for element in test.get("bidi_component"))
        return next(data["src"] for data in found if data.get("title") == "Ground truth")

    test = upload(open_page(view="truth"), ("photo.jpg", jpeg((32, 24)), "image/jpeg"))
    sky, road = source(0), source(3)
    assert sky != road
    assert source(0) == sky


def test_an_uploaded_ground_truth_is_measured_or_refused() -> None:
    test = upload(open_page(view="truth"), ("photo.jpg", jpeg((32, 24)), "image/jpeg"))
    assert "No ground truth yet" in text(test)
    upload(test, ("mask.png", png(np.full((24, 32), 3, np.uint8)), "image/png"), key="truth-upload")
    assert "**Ground truth:** mask.png" in text(test) and "| head | PA |" in text(test)
    first = text(test)
    upload(test, ("other.png", png(np.full((24, 32), 5, np.uint8)), "image/png"), key="truth-upload")
    assert "**Ground truth:** other.png" in text(test)
    assert re.findall(r"\| \*\*8s\*\* \|.*", text(test)) + re.findall(r"\| tree .*", text(test)) != re.findall(
        r"\| \*\*8s\*\* \|.*", first
    ) + re.findall(r"\| tree .*", first), "another ground truth gives other figures"
    upload(test, ("wide.png", png(np.full((24, 40), 3, np.uint8)), "image/png"), key="truth-upload")
    assert "40×24" in test.error[0].value
    upload(
        test,
        ("photo.png", png(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)), "image/png"),
        key="truth-upload",
    )
    assert "not in this label set's colours" in test.error[0].value
