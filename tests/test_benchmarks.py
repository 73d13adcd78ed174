"""The benchmarks run and compare like with like. How fast anything is, is not asserted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import imbalance, inference, memory, networks, recipes, recipes_report, training
from benchmarks.curves import chart
from benchmarks.measure import Timing, interleave, table
from benchmarks.published_fcn8s import published_copy
from benchmarks.results_file import RESULTS, write_part
from benchmarks.training_step import training_step
from benchmarks.upsampling import ways

WIDTH = 1 / 16


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_baseline_is_the_network_that_the_project_reproduces() -> None:
    model = networks.full_network(WIDTH).double()
    published = published_copy(model).double()
    x = torch.randn(1, 3, 61, 83, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        a, b = published(x), model(x).logits[8]
    assert a.shape == b.shape == (1, 21, 61, 83)
    assert (a - b).abs().max() < 1e-12 * b.abs().max()


def test_all_variants_of_the_full_network_give_the_same_labels() -> None:
    variants = networks.full_variants(networks.full_network(WIDTH), (90, 120))
    with torch.inference_mode():
        results = {variant.name: variant.run() for variant in variants}
    published = results[networks.PUBLISHED]
    for name, logits in results.items():
        assert inference.agreement(logits, published) > (0.97 if name.endswith("bf16") else 0.9999), name
    assert set(results[networks.THREE]) == {32, 16, 8} and set(results[networks.ALONE]) == {8}


def test_windowing_saves_the_multiply_adds_that_it_should() -> None:
    variants = {v.name: v for v in networks.full_variants(networks.full_network(WIDTH), (375, 500))}
    plain = inference.floating_point_operations(variants["full, three heads, contiguous"])
    windowed = inference.floating_point_operations(variants[networks.THREE])
    published = inference.floating_point_operations(variants[networks.PUBLISHED])
    assert windowed < 0.75 * plain
    assert plain < published  # interpolation is not counted, dense deconvolutions are


def test_upsampling_ways_agree() -> None:
    dense, *others = (run() for run in ways((45, 70), classes=5).values())
    assert dense.shape == (1, 5, 45, 70)
    for other in others:
        torch.testing.assert_close(other, dense, rtol=1e-5, atol=1e-5)


def test_rounds_take_turns_and_the_first_is_thrown_away() -> None:
    order: list[str] = []
    ticks = iter(range(100))
    times = interleave(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2, clock=lambda: next(ticks) ** 2
    )
    assert order == ["a", "b"] * 3
    assert times["a"].samples == (5**2 - 4**2, 9**2 - 8**2)
    with pytest.raises(ValueError, match="at least one round"):
        interleave({}, rounds=0, clock=lambda: 0.0)


def test_ratios_compare_round_by_round() -> None:
    slow_machine_in_round_two = Timing((1.0, 10.0, 1.0)), Timing((2.0, 20.0, 4.0))
    assert slow_machine_in_round_two[0].ratios(slow_machine_in_round_two[1]) == (0.5, 0.25, 0.5)


def test_table_is_markdown() -> None:
    assert table(["a", "ms"], [["bb", "10"]]) == "| a  | ms |\n|----|---:|\n| bb | 10 |"


def test_training_step_times_both_geometries() -> None:
    spec = replace(networks.SLIM, width=1 / 32, fc_channels=16)
    times = training_step(spec, (20, 24), batch=2, rounds=1, clock=inference.clock_for(busy=True))
    assert len(times) == 4 and all(time.median > 0 for time in times.values())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_a_pass_needs_memory_for_its_first_maps() -> None:
    assert memory.pass_memory(networks.PUBLISHED, (200, 200), width=WIDTH) > 398 * 398 * 4 * 4 / 1e6


def test_the_whole_report_at_tiny_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inference, "RESULTS", tmp_path / "RESULTS.md")
    inference.main(["--tiny", "--rounds", "1", "--no-memory", "--busy", "--write"])
    printed = capsys.readouterr().out
    assert printed.strip() in (tmp_path / "RESULTS.md").read_text()
    for heading in ("## Targets", "## Image 33×47", "## Image 34×46", "## Upsampling", "## Training step"):
        assert heading in printed
    assert printed.count("ms | ") >= 4 and "share of pixels with the published label" in printed


def test_parts_of_the_results_are_written_by_themselves(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    write_part("recipes", "# Recipes\n\nold", file)
    write_part("inference", "# Speed", file)
    write_part("recipes", "# Recipes\n\nnew", file)
    text = file.read_text()
    assert text.index("# Speed") < text.index("# Recipes") and "new" in text and "old" not in text
    with pytest.raises(ValueError, match="no part 'other'"):
        write_part("other", "", file)


def test_the_training_benchmark_measures_both_loops() -> None:
    result = training.measure(training.settings(tiny=True, workers=0), rounds=2, chunk=2)
    assert len(result.engine) == len(result.bare) == len(result.without_data) == 2
    assert result.ratio(result.engine) == "1.000 (1.000–1.000)"
    assert all(value > 0 for value in (*result.engine, *result.bare)) and 0 <= result.wait_share < 1


def test_the_results_say_what_the_stored_runs_say() -> None:
    runs = json.loads(imbalance.STORED.read_text(encoding="utf-8"))["runs"]
    said = imbalance.report(runs)
    assert f"<!-- imbalance -->\n{said}\n<!-- end of imbalance -->" in RESULTS.read_text(encoding="utf-8")
    assert all(f"{100 * imbalance.measured_scores(run).miou:.1f}" in said for run in runs)


def test_one_trunk_alone_is_no_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    scores = {"pa": 0.8, "mpa": 0.5, "miou": 0.4, "fwiou": 0.7}
    names = ("at-once", "trunk-alexnet", "trunk-vgg16")
    runs = [recipes_report.Run("streets", 0, name, scores, ((1, 40.0),), 800, 10**6, 9.0) for name in names]
    for some, tables in ((runs[:2], 0), (runs, 1)):
        monkeypatch.setattr(recipes_report, "finished_runs", lambda root, some=some: some)
        recipes_report.report(tmp_path, write=False)
        assert capsys.readouterr().out.count("### Trunks") == tables


def test_recipes_are_made_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """The whole comparison on next to nothing: every stage starts where the one before ended."""
    monkeypatch.setattr(recipes, "STAGE_STEPS", 1)
    monkeypatch.setattr(recipes, "SLIM", {**recipes.SLIM, "width": 1 / 16, "fc_channels": 16})
    small = {"kind": "streets", "count": 2, "size": (32, 48)}
    monkeypatch.setattr(
        recipes, "base",
        lambda data, root, seed: {
            "seed": seed, "model": recipes.SLIM, "train": [small], "val": {**small, "seed": 1}, "batch_size": 2,
            "augment": {"crop": (32, 48)}, "optim": {"lr": 1e-3}, "previews": 0, "workers": 0,
        },
    )  # fmt: skip
    plan = [planned for planned in recipes.strategies("streets", None, 0) if not planned.settings.get("freeze_trunk")]
    for planned in plan:
        recipes.make(planned, tmp_path, threads=1)
    log = (tmp_path / "streets-seed0/8s/log.txt").read_text()
    assert "started from run 16s" in log
    capsys.readouterr()
    recipes_report.report(tmp_path, write=False)
    said = capsys.readouterr().out
    assert "| 8s, from 16s" in said and "62.7" in said and "no seed is complete" in said
    drawn = chart(recipes_report.curves(recipes_report.finished_runs(tmp_path)), title="a & b")
    assert drawn.count("<circle") == 4 and "a &amp; b" in drawn
