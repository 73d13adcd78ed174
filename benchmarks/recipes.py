"""Does the paper's order hold here? Staged training against all at once against a frozen trunk; and three trunks.

CVPR 2015, tables 1 and 2, on a slim scale: a quarter of the width, crops of 192×256, a few hundred steps a stage. The
trunk starts from weights learned on the other data set (synthetic streets for CamVid, CamVid for the streets), as the
paper's starts from ImageNet; the score layers start at zero. At once gets the steps of the three stages together.

    python -m benchmarks.recipes --data camvid --root CAMVID --seeds 0 1 2     makes the runs, resumable
    python -m benchmarks.recipes --report --write                             tables and curves from all runs
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_core.training.loop.engine import resume, train
from fcn_core.training.settings.config import TrainConfig

STAGE_STEPS = 400
TRUNK_STEPS = 800
RATE = 1e-3
SLIM = {"backbone": "vgg16_bn", "width": 0.25, "fc_channels": 640, "fc_norm": True, "dropout": 0.1}
OTHER_WEIGHTS = {"camvid": "streets", "streets": "camvid"}


@dataclass(frozen=True)
class Planned:
    """One run of the comparison. folder: its place below the runs' root. after: the run that it goes on from."""

    folder: str
    settings: dict[str, Any]
    after: str | None = None


def base(data: str, root: Path | None, seed: int) -> dict[str, Any]:
    """What all runs on one data set share."""
    if data == "camvid":
        train_data: dict[str, Any] = {"kind": "camvid", "root": str(root), "split": "train"}
        val: dict[str, Any] = {"kind": "camvid", "root": str(root), "split": "val"}
    else:
        train_data = {"kind": "streets", "count": 600, "seed": 0, "size": (240, 320)}
        val = {"kind": "streets", "count": 60, "seed": 1, "size": (240, 320)}
    return {
        "seed": seed,
        "model": SLIM,
        "start": OTHER_WEIGHTS[data],
        "start_parts": "trunk",
        "train": [train_data],
        "val": val,
        "augment": {"crop": (192, 256), "scale": (0.5, 1.2)},
        "optim": {"lr": RATE, "weight_decay": 1e-2, "clip_norm": 5.0, "ema": 0.99},
        "schedule": {"kind": "cosine", "warmup_steps": 20},
        "batch_size": 8,
        "precision": "bf16",
        "previews": 0,
        "workers": 0,
    }


def strategies(data: str, root: Path | None, seed: int) -> Iterator[Planned]:
    """32s with a frozen trunk; 32s, then 16s and 8s from it; 8s at once with the steps of all three."""
    shared, place = base(data, root, seed), f"{data}-seed{seed}"
    only32 = {"model": {**SLIM, "heads": (32,)}, "loss": {"head_weights": {32: 1.0}}, "steps": STAGE_STEPS}
    yield Planned(f"{place}/32s-fixed", {**shared, **only32, "freeze_trunk": True})
    yield Planned(f"{place}/32s", {**shared, **only32})
    coarser = "32s"
    for head, heads, factor in ((16, (32, 16), 0.5), (8, (32, 16, 8), 0.25)):
        stage = {
            "model": {**SLIM, "heads": heads}, "loss": {"head_weights": {head: 1.0}}, "steps": STAGE_STEPS,
            "optim": {**shared["optim"], "lr": RATE * factor}, "start": f"run:{coarser}", "start_parts": "all",
        }  # fmt: skip
        yield Planned(f"{place}/{head}s", {**shared, **stage}, after=coarser)
        coarser = f"{head}s"
    yield Planned(f"{place}/at-once", {**shared, "loss": {"head_weights": {8: 1.0}}, "steps": 3 * STAGE_STEPS})


def trunks(data: str, root: Path | None, seed: int) -> Iterator[Planned]:
    """The paper's three trunks from nothing, at a quarter of their width, with the same steps."""
    shared = {**base(data, root, seed), "start": None, "start_parts": "all"}
    for name in ("alexnet", "vgg16", "googlenet"):
        backbone = "vgg16_bn" if name == "vgg16" else name
        model = {**SLIM, "backbone": backbone, "fc_channels": 640 if backbone != "googlenet" else None}
        yield Planned(f"{data}-seed{seed}/trunk-{name}", {**shared, "model": model, "steps": TRUNK_STEPS})


def make(planned: Planned, runs: Path, *, threads: int) -> None:
    """Train one run, go on with it, or leave it when it is finished."""
    folder = runs / planned.folder
    config = TrainConfig.from_dict(
        {"name": planned.folder.replace("/", "-"), "evaluate_every": 4.0, "threads": threads, **planned.settings}
    )
    result = resume(folder) if (folder / "config.yaml").exists() else train(config, folder)
    best = "none yet" if result.best_miou is None else f"{result.best_miou:.4f}"
    print(f"{planned.folder}: {result.state}, best mIoU of the finest head {best}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=tuple(OTHER_WEIGHTS))
    parser.add_argument("--root", type=Path, help="folder of CamVid")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--what", choices=("strategies", "trunks"), default="strategies")
    parser.add_argument("--runs", type=Path, default=Path("runs/recipes"), help="where the runs lie")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="print the tables of the runs that are there")
    parser.add_argument("--write", action="store_true", help="put them into RESULTS.md")
    options = parser.parse_args()
    if options.report:
        from benchmarks.recipes_report import report

        report(options.runs, write=options.write)
        return
    if options.data is None or (options.data == "camvid" and options.root is None):
        parser.error("give --data streets, or --data camvid with --root, the folder of CamVid")
    plan = strategies if options.what == "strategies" else trunks
    for seed in options.seeds:
        for planned in plan(options.data, options.root, seed):
            make(planned, options.runs, threads=options.threads)


if __name__ == "__main__":
    main()
