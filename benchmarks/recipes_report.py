"""Tables and curves of `benchmarks.recipes`, with the paper's figures beside them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.curves import Curve, chart
from benchmarks.measure import machine, table
from benchmarks.results_file import RESULTS, write_part
from fcn_core.training.run_folder.runs import RunFolder

TITLES = {"camvid": "CamVid val, 101 photos, 480×360", "streets": "streets, validation seed, 60 scenes, 320×240"}
# CVPR 2015, table 2: VOC 2011 val, mean IU; the released models on seg11valid for 8s at once (code README).
PAPER = {"32s-fixed": "45.4", "32s": "59.4", "16s": "62.4", "8s": "62.7", "at-once": "(65.4)"}
STRATEGIES = {
    "32s-fixed": "32s, trunk frozen",
    "32s": "32s",
    "16s": "16s, from 32s",
    "8s": "8s, from 16s",
    "at-once": "8s at once",
}
# CVPR 2015, table 1: VOC 2011 val, mean IU, of the full-width nets from ImageNet.
TRUNKS = {"trunk-alexnet": ("AlexNet", "39.8"), "trunk-vgg16": ("VGG16-BN", "56.0"),
          "trunk-googlenet": ("GoogLeNet", "42.5")}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One finished run: its last validation, and the course of the finest head's mean IoU over the steps."""

    data: str
    seed: int
    name: str
    scores: dict[str, Any]
    course: tuple[tuple[float, float], ...]
    steps: int
    parameters: int
    images_per_s: float


def finished_runs(root: Path) -> list[Run]:
    """Every finished run below `root`."""
    found = []
    for config in sorted(root.glob("*-seed*/*/config.yaml")):
        folder = RunFolder(config.parent)
        if folder.status().state != "finished":
            continue
        records = folder.metrics()
        evals = [record for record in records if record["kind"] == "eval"]
        finest = min(evals[-1]["heads"], key=lambda head: int(head.rstrip("s")))
        data, _, seed = config.parent.parent.name.partition("-seed")
        found.append(
            Run(
                data=data,
                seed=int(seed),
                name=config.parent.name,
                scores=evals[-1]["heads"][finest],
                course=tuple((e["step"], 100 * e["heads"][finest]["miou"]) for e in evals),
                steps=evals[-1]["step"],
                parameters=folder.facts().get("parameters", 0),
                images_per_s=statistics.median(r["images_per_s"] for r in records if r["kind"] == "step"),
            )
        )
    return found


def strategy_table(runs: Sequence[Run]) -> str:
    """Pixel accuracy, mean accuracy, mean IoU, frequency-weighted IoU in percent; mean IoU of every seed behind it."""
    rows = []
    for name, title in STRATEGIES.items():
        own = sorted((run for run in runs if run.name == name), key=lambda run: run.seed)
        if own:
            means = [
                f"{statistics.mean(100 * run.scores[key] for run in own):.1f}" for key in ("pa", "mpa", "miou", "fwiou")
            ]
            each = ", ".join(f"{100 * run.scores['miou']:.1f}" for run in own)
            rows.append([title, *means, each, PAPER[name]])
    return table(["", "PA", "MPA", "mIoU", "FWIoU", "mIoU of each seed", "paper's mean IU"], rows)


def trunk_table(runs: Sequence[Run]) -> str:
    rows = []
    for name, (title, paper) in TRUNKS.items():
        own = [run for run in runs if run.name == name]
        if own:
            miou = statistics.mean(100 * run.scores["miou"] for run in own)
            pa = statistics.mean(100 * run.scores["pa"] for run in own)
            rows.append([title, f"{own[0].parameters / 1e6:.2f}", f"{own[0].steps}", f"{pa:.1f}", f"{miou:.1f}", paper])
    return table(["trunk", "parameters, M", "steps", "PA", "mIoU of 8s", "paper's mean IU (full nets)"], rows)


def ordering(runs: Sequence[Run]) -> str:
    """Whether fixed < 32s < 16s < 8s held, for each seed."""
    said = []
    for seed in sorted({run.seed for run in runs}):
        scores = {run.name: run.scores["miou"] for run in runs if run.seed == seed}
        if {"32s-fixed", "32s", "16s", "8s"} <= set(scores):
            chain = [scores[name] for name in ("32s-fixed", "32s", "16s", "8s")]
            said.append(f"seed {seed}: {'yes' if chain == sorted(chain) else 'no'}")
    return f"The paper's order, frozen < 32s < 16s < 8s, held: {', '.join(said) or 'no seed is complete'}."


def report(root: Path, *, write: bool) -> None:
    """Print the report of all finished runs below `root`; write: put it and its curves beside RESULTS.md."""
    runs = finished_runs(root)
    if not runs:
        raise SystemExit(f"no finished runs in {root}; make some first: python -m benchmarks.recipes --data streets")
    blocks = [
        "# Recipes compared",
        f"{machine(busy=False)}. A quarter of VGG16-BN's width (5.4 M parameters), crops of 192×256, batches of 8, "
        f"bf16, AdamW. {_stage_steps(runs)} steps a stage; at once has the steps of three stages. The trunk starts "
        "from weights of the other data set, as the paper's starts from ImageNet (the camvid weights, from which the "
        "streets runs start, had themselves begun on streets); score layers start at zero. Scores "
        "are of the averaged weights at the end, on whole pictures, one confusion matrix for all. Percent.",
        "Made by `python -m benchmarks.recipes` for each data set and seed, then `--report --write`. The paper's "
        "figures are VOC 2011's, from full networks trained for days (CVPR 2015, tables 1 and 2; at once: the "
        "released model, on another split): compare the order, not the size.",
    ]
    for data in sorted({run.data for run in runs}):
        own = [run for run in runs if run.data == data]
        plain = [run for run in own if run.name in STRATEGIES]
        if plain:
            blocks += [f"## {TITLES.get(data, data)}", strategy_table(plain), ordering(plain)]
            if write:
                name = f"recipes-{data}.svg"
                RESULTS.with_name(name).write_text(chart(curves(plain), title=TITLES[data]), encoding="utf-8")
                blocks.append(f"![Mean IoU over the steps]({name})")
        if len({run.name for run in own} & TRUNKS.keys()) > 1:  # one trunk alone compares nothing
            blocks += [f"### Trunks from nothing, width 0.25, {TITLES.get(data, data)}", trunk_table(own)]
    text = "\n\n".join(blocks)
    print(text)
    if write:
        write_part("recipes", text, RESULTS)


def curves(runs: Iterable[Run]) -> list[Curve]:
    """Mean IoU over all steps since the start: a stage begins where the one before it ended. First seed only."""
    runs = list(runs)
    first = min(run.seed for run in runs)
    by_name = {run.name: run for run in runs if run.seed == first}
    found, before = [], 0
    for name, title in STRATEGIES.items():
        if name not in by_name:
            continue
        shift = before if name in ("16s", "8s") else 0
        found.append(Curve(title, tuple((step + shift, value) for step, value in by_name[name].course)))
        if name in ("32s", "16s"):
            before = shift + by_name[name].steps
    return found


def _stage_steps(runs: Sequence[Run]) -> str:
    return ", ".join(sorted({str(run.steps) for run in runs if run.name in ("32s", "16s", "8s")})) or "No"
