"""Training runs in a real browser: the Live page refreshes without losing a zoom, buttons do what they say."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from app_server import PATIENCE, serve
from browsing import expect, no_traceback, rest, still_box, wait_until
from run_folders import eval_record, make_run, step_record, write_previews, write_state

from fcn_core.training.places.launch import LaunchRequest, launch
from fcn_core.training.places.run_state import read_run
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig

SMALL = {
    "model": {"backbone": "alexnet", "width": 0.1, "fc_channels": 16, "fc_norm": True},
    "train": [{"kind": "streets", "count": 16, "size": [64, 96]}],
    "val": {"kind": "streets", "count": 2, "seed": 1, "size": [64, 96]},
    "test": {"kind": "streets", "count": 2, "seed": 2, "size": [64, 96]},
    "augment": {"crop": [64, 96]},
    "batch_size": 4,
    "evaluate_every": 25,
    "workers": 0,
    "threads": 1,
    "device": "cpu",
}


@pytest.fixture
def runs(own_folder: Path) -> Path:
    return own_folder / "runs"


def append(run: RunFolder, records: list[dict]) -> None:
    with run.metrics_file.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


LOSS = ".st-key-live-loss .fcn-figure"


def last_step(page) -> float:
    return page.evaluate(f"document.querySelector('{LOSS}')._fullData[0].x.at(-1)")


def fresh(path: Path) -> Path:
    """A folder of a name that no earlier try of the test has taken."""
    return path.with_name(f"{path.name}-{time.monotonic_ns()}")


def test_a_refresh_keeps_the_zoom_and_nothing_blinks(page, own_address: str, runs: Path) -> None:
    run = make_run(runs, "zoom", steps=60, state="running", alive=True, weights=False)
    page.goto(f"{own_address}/live?run=zoom")
    page.wait_for_selector(f"{LOSS} .nsewdrag")
    append(run, [step_record(61)])
    wait_until(page, lambda: last_step(page) == 61)  # every part has been drawn, and this one refreshed
    page.mouse.wheel(0, 300)
    box = still_box(page, page.locator(f"{LOSS} .nsewdrag").first)
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 100, steps=5)
    page.mouse.up()
    wait_until(page, lambda: page.evaluate(f"document.querySelector('{LOSS}').layout.xaxis.range")[0] > 5)
    page.evaluate(
        f"""() => {{
            const chart = document.querySelector('{LOSS}');
            window.seen = {{ chart, removed: 0, faded: 0, tops: new Set() }};
            new MutationObserver((changes) => changes.forEach((change) => change.removedNodes.forEach((node) => {{
                if (node.nodeType === 1 && (node.matches('.fcn-figure') || node.querySelector('.fcn-figure')))
                    window.seen.removed += 1;
            }}))).observe(document.body, {{ subtree: true, childList: true }});
            setInterval(() => {{
                window.seen.tops.add(Math.round(chart.getBoundingClientRect().top));
                for (const part of document.querySelectorAll('.st-key-live [data-stale=true]'))
                    if (getComputedStyle(part).opacity < 1) window.seen.faded += 1;
            }}, 40);
        }}"""
    )
    ranges = page.evaluate(f"[document.querySelector('{LOSS}').layout.xaxis.range, window.scrollY]")
    assert ranges[0][0] > 5 and ranges[0][1] < 50, "it was zoomed into"
    for last in (70, 80, 90):
        append(run, [step_record(step) for step in range(max(62, last - 9), last + 1)])
        wait_until(page, lambda last=last: last_step(page) == last)
    seen = page.evaluate("({ ...window.seen, chart: null, tops: [...window.seen.tops] })")
    assert page.evaluate(f"[document.querySelector('{LOSS}').layout.xaxis.range, window.scrollY]") == ranges
    assert page.evaluate(f"window.seen.chart === document.querySelector('{LOSS}')")
    assert seen["removed"] == 0 and seen["faded"] == 0 and len(seen["tops"]) == 1
    write_state(run, "stopped")


def test_twenty_thousand_points_are_thinned(page, own_address: str, runs: Path) -> None:
    make_run(runs, "long", steps=20_000, every=10_000, state="stopped", weights=False)
    page.goto(f"{own_address}/live?run=long")
    page.wait_for_selector(f"{LOSS} .nsewdrag")
    drawn = page.evaluate(f"document.querySelector('{LOSS}')._fullData.map((curve) => curve.x.length)")
    assert max(drawn) < 2000 and last_step(page) == 20_000


def test_previews_slide_in_the_browser_and_follow(page, own_address: str, runs: Path) -> None:
    run = make_run(runs, "looks", steps=30, state="running", alive=True, weights=False)
    page.goto(f"{own_address}/live?run=looks")
    slider = page.get_by_role("slider", name="Validation")
    expect(slider).to_be_visible()
    expect(page.get_by_text("epoch 3 · step 30")).to_be_visible()
    picture = page.get_by_role("img", name="8s")
    newest = picture.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("epoch 2 · step 20")).to_be_visible(timeout=1500)
    assert picture.get_attribute("src") != newest
    assert page.get_by_role("img", name="truth").get_attribute("src").startswith("data:image/png")

    append(run, [eval_record(40)])
    write_previews(run.path, 40)
    wait_until(page, lambda: slider.get_attribute("max") == "3")
    expect(page.get_by_text("epoch 2 · step 20")).to_be_visible()  # who looks at an older one stays there
    page.keyboard.press("End")
    append(run, [eval_record(50)])
    write_previews(run.path, 50)
    expect(page.get_by_text("epoch 5 · step 50")).to_be_visible()  # who stands at the newest follows

    second = page.get_by_role("button", name="1-second")
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    write_state(run, "stopped")


def test_stop_resume_and_use(page, own_address: str, runs: Path) -> None:
    config = TrainConfig.from_dict({"name": "real", "steps": 300, **SMALL})
    run = launch((config,), LaunchRequest(path=fresh(runs / "real")))[0]
    page.goto(f"{own_address}/live?run={run.id}")
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_visible()
    wait_until(page, lambda: read_run(run.path).step > 5)
    stop.click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    at = read_run(run.path)
    assert at.state == "stopped" and 0 < at.step < 300
    resume.click()  # at once: the page is still being drawn anew for the new state
    expect(stop).to_be_visible()
    expect(page.get_by_text("test, head")).to_be_visible(timeout=2 * PATIENCE)
    assert read_run(run.path).state == "finished"
    steps = [record["step"] for record in run.metrics() if record["kind"] == "step"]
    assert steps == list(range(1, 301)), "no step lost or doubled"
    page.get_by_role("button", name="Use in Segment").click()
    wait_until(page, lambda: "weights=run%3Areal" in page.url or "weights=run:real" in page.url)
    expect(page.get_by_role("application").first).to_be_visible()
    no_traceback(page)


def test_a_killed_run_reads_crashed(page, own_address: str, runs: Path) -> None:
    config = TrainConfig.from_dict({"name": "victim", "steps": 100_000, **SMALL})
    run = launch((config,), LaunchRequest(path=fresh(runs / "victim")))[0]
    page.goto(f"{own_address}/live?run={run.id}")
    wait_until(page, lambda: read_run(run.path).step > 3)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)).to_be_visible()
    os.kill(run.status().pid, signal.SIGKILL)
    expect(page.get_by_text("What happened")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    no_traceback(page)


def test_kill_ends_a_run_at_once_and_its_clone_fills_the_form(page, own_address: str, runs: Path) -> None:
    config = TrainConfig.from_dict({"name": "twice", "seed": 41, "steps": 100_000, **SMALL})
    run = launch((config,), LaunchRequest(path=fresh(runs / "twice")))[0]
    page.goto(f"{own_address}/live?run={run.id}")
    wait_until(page, lambda: read_run(run.path).step > 3)
    page.get_by_test_id("stMain").get_by_role("button", name="Kill", exact=True).click()
    page.get_by_role("button", name="Kill now").click()
    wait_until(page, lambda: not read_run(run.path).living)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()

    page.goto(f"{own_address}/runs?runs={run.id}")
    page.get_by_role("button", name="Clone").click()
    page.wait_for_url("**/train**")
    expect(page.get_by_text("the settings of an earlier run")).to_be_visible()
    page.locator(".st-key-group-yaml summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the settings").click()
    assert TrainConfig.from_yaml(Path(download.value.path()).read_text()) == config
    no_traceback(page)


def test_read_only_shows_runs_and_starts_none(browser, runs: Path, tmp_path: Path) -> None:
    make_run(tmp_path / "runs", "shown", steps=30, state="stopped")
    with serve(tmp_path, FCN_LAB_READONLY="1") as read_only:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for path, words in (
            ("live?run=shown", "stopped"),
            ("runs?runs=shown", "Metrics (.csv)"),
            ("train", "read-only"),
        ):
            page.goto(f"{read_only}/{path}")
            expect(page.get_by_text(words).first).to_be_visible()
            for name in ("Start", "Stop", "Kill", "Resume", "Clone", "Delete"):
                expect(page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)).to_have_count(0)
            no_traceback(page)
        page.close()


def test_choosing_comparing_downloading_deleting(page, own_address: str, runs: Path) -> None:
    make_run(runs, "a-run", steps=30)
    make_run(runs, "b-run", steps=30, seed=5)
    (runs / "c-run").mkdir()
    (runs / "c-run" / "config.yaml").write_text("steps: many")
    page.goto(f"{own_address}/runs?runs=a-run,b-run")
    expect(page.get_by_text("Compare 2 runs")).to_be_visible()
    page.wait_for_selector(".st-key-compare-loss .nsewdrag")
    expect(page.get_by_role("rowheader", name="seed")).to_be_visible()
    expect(page.locator(".fcn-differ mark")).to_have_count(1)

    page.goto(f"{own_address}/runs?runs=a-run")
    with page.expect_download() as download:
        page.get_by_role("button", name="Metrics (.csv)").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len([row for row in rows if row["kind"] == "step"]) == 30
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights (.safetensors").click()
    assert Path(download.value.path()).read_bytes() == (runs / "a-run/checkpoints/best.safetensors").read_bytes()

    page.get_by_label("Notes").fill("worth keeping")
    page.get_by_label("Notes").blur()
    wait_until(page, lambda: (runs / "a-run/notes.txt").is_file())
    assert (runs / "a-run/notes.txt").read_text() == "worth keeping"

    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    assert (runs / "a-run").is_dir()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    wait_until(page, lambda: not (runs / "a-run").exists())
    expect(page.get_by_text("Choose a run by the box")).to_be_visible()
    no_traceback(page)


def test_the_table_is_clicked(page, own_address: str, runs: Path) -> None:
    shutil.rmtree(runs, ignore_errors=True)
    make_run(runs, "only", steps=10)
    page.goto(f"{own_address}/runs")
    table = page.locator(".st-key-runs-table canvas").first
    expect(table).to_be_visible()
    rest(page)
    box = still_box(page, table)
    page.mouse.click(box["x"] + 16, box["y"] + 52)
    wait_until(page, lambda: "runs=only" in page.url)
    expect(page.get_by_role("button", name="Clone")).to_be_visible()
    no_traceback(page)
