"""What class weights do to a small network: none, median frequency and ENet's, from the same start on the same draws.

The paper calls balancing the classes unnecessary and reports no comparison (CVPR 2015, section 4.3). Here three runs a
data set differ in `loss.class_weights` alone: a quarter of VGG16-BN's width, small crops, a few hundred steps, the
trunk from weights learned on the other data set. At the end the last weights are measured on the whole validation set,
one confusion matrix for all pictures. The small file that comes out is what the Metrics and imbalance lab shows.

    python -m benchmarks.imbalance --data streets                        makes the runs, resumable
    python -m benchmarks.imbalance --data camvid --root CAMVID
    python -m benchmarks.imbalance --collect                             writes assets/imbalance/runs.json, and a table
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import table
from benchmarks.results_file import RESULTS, write_part
from fcn_core.evaluating.evaluate import evaluate
from fcn_core.metrics import ConfusionMatrix, Scores
from fcn_core.training.loop.engine import resume, train
from fcn_core.training.loop.losses import class_weights
from fcn_core.training.loop.stream import count_classes, open_data
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import load

WEIGHTS = ("none", "median_frequency", "enet")
OTHER_WEIGHTS = {"camvid": "streets", "streets": "camvid"}
TITLES = {"camvid": "CamVid val, 101 photos, 480×360", "streets": "streets, 60 scenes of the validation seed, 320×240"}
SLIM = {"backbone": "vgg16_bn", "width": 0.25, "fc_channels": 640, "fc_norm": True, "dropout": 0.1}
STEPS, BATCH, CROP, RATE = 180, 4, (160, 208), 1e-3
CHANGED = (
    "Median frequency counts a class in the pictures that show it, void too, as Eigen and Fergus and SegNet do. Until "
    "then it took the share of all labelled pixels: on CamVid that made bicyclist 15.4 instead of 8.9 and fence 4.0 "
    "instead of 2.0, and the runs came to a mean IoU of 49.8, 49.7 (CamVid) and 57.1, 56.6 (streets)."
)
STORED = Path(__file__).resolve().parents[1] / "assets" / "imbalance" / "runs.json"


def settings(data: str, root: Path | None, seed: int, weights: str, steps: int) -> dict[str, Any]:
    """One run's settings; within a data set and seed only the class weights differ."""
    if data == "camvid":
        train_data: dict[str, Any] = {"kind": "camvid", "root": str(root), "split": "train"}
        val: dict[str, Any] = {"kind": "camvid", "root": str(root), "split": "val"}
    else:
        train_data = {"kind": "streets", "count": 160, "seed": 0, "size": (240, 320)}
        val = {"kind": "streets", "count": 60, "seed": 1, "size": (240, 320)}
    return {
        "name": f"{data}-seed{seed}-{weights}",
        "seed": seed,
        "model": SLIM,
        "start": OTHER_WEIGHTS[data],
        "start_parts": "trunk",
        "train": [train_data],
        "val": {**val, "limit": 10},
        "evaluate_every": 60 * BATCH / (367 if data == "camvid" else 160),  # every 60 steps
        "augment": {"crop": CROP, "scale": (0.5, 1.0)},
        "loss": {"class_weights": weights, "head_weights": {8: 1.0}},
        "optim": {"lr": RATE, "weight_decay": 1e-2, "clip_norm": 5.0, "ema": 0.98},
        "schedule": {"kind": "cosine", "warmup_steps": 20},
        "batch_size": BATCH,
        "steps": steps,
        "precision": "fp32",  # bf16 is eight times slower on processors without its instructions
        "previews": 0,
        "workers": 0,
    }


def make(values: dict[str, Any], folder: Path, *, threads: int) -> None:
    """Train one run or go on with it, then measure its last weights on the whole validation set."""
    config = TrainConfig.from_dict({**values, "threads": threads})
    result = resume(folder) if (folder / "config.yaml").exists() else train(config, folder)
    if result.state != "finished":
        raise SystemExit(f"{config.name} was stopped; the same command goes on with it")
    if (folder / "measured.json").exists():
        return
    assert config.val is not None
    whole = open_data(config.val.model_copy(update={"limit": None}))
    loaded = load(str(RunFolder(folder).final))
    measured = evaluate(loaded.model, whole, loaded.record.preprocessing, heads=(8,))
    part = open_data(config.train[0])
    counts = count_classes((part,), (1.0,))
    weights = class_weights(counts.pixels, config.loss.class_weights, shown_in=counts.shown_in)
    kept = {
        "classes": list(measured.classes),
        "share": [round(float(value), 6) for value in counts.pixels],
        "shown_in": [round(float(value), 6) for value in counts.shown_in],
        "class_weights": None if weights is None else [round(float(value), 4) for value in weights],
        "pictures": measured.images,
        "confusion": measured.heads[8].counts.tolist(),
    }
    (folder / "measured.json").write_text(json.dumps(kept), encoding="utf-8")
    print(f"{config.name}: mIoU {measured.miou:.4f} on {measured.images} pictures", flush=True)


def collect(runs: Path) -> dict[str, Any]:
    """All measured runs below `runs` as one record for `STORED`; paths of this machine stay out."""
    found = []
    for path in sorted(runs.glob("*/measured.json")):
        folder = RunFolder(path.parent)
        config, measured = folder.config(), json.loads(path.read_text(encoding="utf-8"))
        steps = [record for record in folder.metrics() if record["kind"] == "step"]
        evals = [record for record in folder.metrics() if record["kind"] == "eval"]
        data = config.train[0].kind
        found.append(
            {
                "data": data,
                "measured_on": TITLES[data],
                "seed": config.seed,
                "weights": config.loss.class_weights,
                "steps": config.steps,
                "batch_size": config.batch_size,
                "crop": list(config.augment.crop),
                "lr": config.optim.lr,
                "start": f"trunk of the {config.start} weights",
                "loss": [[s["step"], round(s["loss_mean"], 4)] for s in steps if s["step"] % 10 == 0],
                "course": [[e["step"], round(e["heads"]["8s"]["miou"], 4)] for e in evals],
                **measured,
            }
        )
    return {"made_by": "python -m benchmarks.imbalance", "runs": found}


def report(runs: Sequence[Mapping[str, Any]]) -> str:
    """What the runs came to, as a part of RESULTS.md. runs: those of `collect`."""
    rows = []
    for data in sorted({run["data"] for run in runs}):
        for kind in WEIGHTS:
            own = [run for run in runs if (run["data"], run["weights"]) == (data, kind)]
            scores = [measured_scores(run) for run in own]
            each = [", ".join(f"{100 * getattr(s, key):.1f}" for s in scores) for key in ("miou", "mpa", "pa")]
            rows.append([data, kind.replace("_", " "), *each])
    first = runs[0]
    return "\n\n".join(
        (
            "# Class weights compared",
            f"A quarter of VGG16-BN's width, {first['steps']} steps of {first['batch_size']} crops of "
            f"{first['crop'][1]}×{first['crop'][0]}, fp32; within a data set and a seed the runs differ in the class "
            "weights alone. Percent, head 8s, one figure a seed. Made by `python -m benchmarks.imbalance`, then "
            "`--collect`; the Metrics and imbalance page shows the runs class by class.",
            table(["data", "weights", "mIoU", "MPA", "PA"], rows),
            CHANGED,
        )
    )


def measured_scores(run: Mapping[str, Any]) -> Scores:
    """The scores of one stored run, from its confusion matrix."""
    matrix = ConfusionMatrix(len(run["classes"]))
    matrix.counts += np.array(run["confusion"], dtype=np.int64)
    return matrix.scores()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=tuple(OTHER_WEIGHTS))
    parser.add_argument("--root", type=Path, help="folder of CamVid")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--runs", type=Path, default=Path("runs/imbalance"), help="where the runs lie")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--collect", action="store_true", help=f"write {STORED.name} from the runs that are measured")
    options = parser.parse_args()
    if options.collect:
        record = collect(options.runs)
        if not record["runs"]:
            raise SystemExit(f"no measured runs in {options.runs}; make some first: --data streets")
        STORED.parent.mkdir(parents=True, exist_ok=True)
        STORED.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
        write_part("imbalance", report(record["runs"]), RESULTS)
        print(f"{len(record['runs'])} runs written to {STORED.name}")
        return
    if options.data is None or (options.data == "camvid" and options.root is None):
        parser.error("give --data streets, or --data camvid with --root, the folder of CamVid")
    for seed in options.seeds:
        for weights in WEIGHTS:
            values = settings(options.data, options.root, seed, weights, options.steps)
            make(values, options.runs / values["name"], threads=options.threads)


if __name__ == "__main__":
    main()
