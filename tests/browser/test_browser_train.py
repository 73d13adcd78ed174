"""Train and Data in a real browser: a run from a form, one run for two clicks, a photo at a click, phones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from app_server import PATIENCE
from browsing import expect, no_traceback, rest, wait_until

from fcn_core.training.places import slurm_queue
from fcn_core.training.places.run_state import list_runs

TINY = """name: from the form
steps: 2
batch_size: 1
model: {backbone: alexnet, width: 0.05, fc_channels: 8}
train: [{kind: streets, count: 2, size: [48, 64]}]
augment: {crop: [48, 64]}
workers: 0
threads: 1
device: cpu
"""


def open_train(page, own_address: str) -> None:
    page.goto(f"{own_address}/train")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)


def field(page, label: str):
    return page.get_by_label(label, exact=True)


def type_into(page, label: str, text: str) -> None:
    field(page, label).fill(text)
    field(page, label).press("Enter")


def test_pasted_settings_run_once_for_two_clicks(page, own_address: str, own_folder: Path) -> None:
    open_train(page, own_address)
    page.locator(".st-key-group-yaml summary").click()
    page.get_by_label("… or paste them here").fill(TINY)
    page.get_by_role("button", name="Read the pasted settings").click()
    expect(field(page, "Name")).to_have_value("from the form")
    page.get_by_role("button", name="Start", exact=True).dblclick()
    page.wait_for_url(re.compile(r"/live\?.*run=from-the-form"))
    wait_until(page, lambda: [run.state for run in list_runs(own_folder / "runs")] == ["finished"])
    no_traceback(page)


@pytest.mark.skipif(not slurm_queue.is_here(), reason="no Slurm answers here; `.ci/slurm start` sets one up")
def test_the_form_sends_a_run_to_slurm(page, own_address: str, own_folder: Path) -> None:
    open_train(page, own_address)
    page.locator(".st-key-group-yaml summary").click()
    page.get_by_label("… or paste them here").fill(TINY.replace("from the form", "to the cluster"))
    page.get_by_role("button", name="Read the pasted settings").click()
    expect(field(page, "Name")).to_have_value("to the cluster")
    page.get_by_role("radio", name="Slurm cluster", exact=True).click()
    for name, value in (("minutes", "5"), ("cpus_per_process", "1")):
        wish = page.locator(f".st-key-slurm-{name} input")
        wish.fill(value)
        wish.press("Enter")
    expect(wish).to_have_value("1")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"/live\?.*run=to-the-cluster"))

    def ended() -> bool:
        return any(run.where == "slurm" and run.state == "finished" for run in list_runs(own_folder / "runs"))

    wait_until(page, ended, seconds=180)
    no_traceback(page)


def test_what_was_typed_survives_a_page_and_groups_stay_open(page, own_address: str) -> None:
    open_train(page, own_address)
    type_into(page, "Learning rate", "1e-14")
    expect(page.get_by_role("button", name="Back to 0.005")).to_be_visible()
    page.locator(".st-key-group-optimiser summary").click()
    type_into(page, "Momentum", "0.5")
    expect(page.get_by_role("button", name="Back to 0.9")).to_be_visible()
    expect(field(page, "Momentum")).to_be_visible()
    page.get_by_role("link", name="Data", exact=True).first.click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).first.click()
    expect(field(page, "Learning rate")).to_have_value("1e-14")
    page.get_by_role("button", name="Back to 0.005").click()
    expect(field(page, "Learning rate")).to_have_value("0.005")
    no_traceback(page)


def test_a_wrong_value_says_so_and_moves_nothing(page, own_address: str) -> None:
    open_train(page, own_address)

    def tops() -> list[float]:
        """How far some fields stand below the first one."""
        boxes = [field(page, label).bounding_box() for label in ("Name", "Width", "Learning rate", "Batch size")]
        return [round(box["y"] - boxes[0]["y"]) for box in boxes]

    before = tops()
    type_into(page, "Width", "wide")
    expect(page.get_by_text("Expected a number such as 0.002").first).to_be_visible()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    assert tops() == before
    type_into(page, "Width", "0.25")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()


def test_a_card_takes_a_click_anywhere(page, own_address: str) -> None:
    open_train(page, own_address)
    card = page.locator(".st-key-presets [role=radiogroup] > div").filter(has_text="Streets, larger scenes")
    box = card.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + box["height"] - 12)
    expect(field(page, "Start from")).to_have_value("streets")


def test_the_settings_come_as_yaml(page, own_address: str) -> None:
    open_train(page, own_address)
    page.locator(".st-key-group-yaml summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the settings").click()
    assert download.value.suggested_filename == "classroom.yaml"
    text = Path(download.value.path()).read_text().replace("batch_size: 8", "batch_size: 3")
    file = {"name": "mine.yaml", "mimeType": "application/yaml", "buffer": text.encode()}
    page.locator(".st-key-yaml-file input[type=file]").set_input_files(file)
    expect(field(page, "Batch size")).to_have_value("3")
    expect(page.get_by_text("the settings of mine.yaml")).to_be_visible()


def test_a_photo_opens_large_and_tells_its_pixels(page, own_address: str) -> None:
    page.goto(f"{own_address}/data?split=val")
    page.get_by_role("button", name="streets-1-0", exact=True).click()
    large = page.get_by_role("application")
    expect(large).to_be_visible()
    wait_until(page, lambda: "no=1" in page.url)
    large.click(position={"x": 40, "y": 40})
    expect(page.get_by_text(re.compile(r"x \d+, y \d+: \w+"))).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("2 of 60")).to_be_visible()
    page.get_by_role("button", name="All photos").click()
    expect(page.get_by_role("button", name="streets-1-3", exact=True)).to_be_visible()
    page.get_by_role("button", name="Use this data in Train").click()
    page.wait_for_url(re.compile("/train"))
    no_traceback(page)


@pytest.mark.parametrize("path", ["train", "data", "data?look=balance", "data?look=augment"])
def test_phones_need_no_sideways_scrolling(browser, own_address: str, path: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{own_address}/{path}")
    expect(page.get_by_label("Data set").first).to_be_visible()
    rest(page)
    wide, seen = page.locator("[data-testid=stMain]").evaluate("part => [part.scrollWidth, part.clientWidth]")
    assert wide <= seen
    context.close()
