"""The end of a run: the best weights measured on the test data, label maps kept, and a card beside the weights."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from fcn_core.data.sample import Sample
from fcn_core.evaluating.evaluate import Evaluation, evaluate
from fcn_core.machine.atomic import replace_text, written_aside
from fcn_core.pictures.images import png_bytes
from fcn_core.training.loop.journal import Journal
from fcn_core.training.loop.setup import DTYPES, Parts
from fcn_core.training.loop.together import add_up
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import load, read_checkpoint, write_card


def finish(config: TrainConfig, parts: Parts, folder: RunFolder, journal: Journal) -> Evaluation | None:
    """Measure the best weights (else the last) on `config.test`, if there is one; write their card."""
    parts.accelerator.wait_for_everyone()  # the first process has written the weights
    path = folder.weights()
    assert path is not None
    test = None
    if parts.test is not None:
        loaded = load(str(path), device=str(parts.accelerator.device))
        labels = folder.test_folder / "labels"
        labels.mkdir(parents=True, exist_ok=True)
        finest = min(loaded.heads)

        def keep(sample: Sample, head: int, label_map: Any) -> None:
            if head == finest:
                with written_aside(labels / f"{_file_name(sample.name)}.png") as temporary:
                    temporary.write_bytes(png_bytes(label_map))

        accelerator = parts.accelerator
        test = evaluate(
            loaded.model, parts.test, parts.preprocessing, batch_size=4, device=accelerator.device,
            dtype=DTYPES[config.precision], channels_last=config.channels_last,
            part=(accelerator.process_index, accelerator.num_processes), on_prediction=keep,
        )  # fmt: skip
        for matrix in test.matrices():
            add_up(accelerator, matrix)
        if journal.writes:
            about = {"weights": path.name, "data": parts.test.name, "pictures": len(parts.test), **test.as_dict()}
            replace_text(folder.test_folder / "metrics.json", json.dumps(about, indent=1, allow_nan=False) + "\n")
        journal.evaluation("test", "test", test)
    if journal.writes:
        _write_card(config, parts, folder, test)
    return test


def _write_card(config: TrainConfig, parts: Parts, folder: RunFolder, test: Evaluation | None) -> None:
    path = folder.weights()
    assert path is not None
    loaded = load(str(path))
    measured = test.as_dict() if test is not None else read_checkpoint(path).extra.get("val", {"heads": {}})
    on = parts.test if test is not None else parts.val
    learned = ", ".join(f"{part.name} ({len(part)} pictures)" for part in parts.draws.data)
    record = replace(
        loaded.record, name=path.stem, title=config.name, filename=path.name, size_bytes=path.stat().st_size,
        training_data=learned, scored_on=f"{on.name} ({len(on)} pictures)" if on is not None else "",
    )  # fmt: skip
    write_card(
        record, path.parent, scores=measured["heads"], training=config.model_dump(mode="json"), seed=config.seed,
        time=f"finished on {time.strftime('%Y-%m-%d')}",
        machine=str(folder.facts().get("device_name", "")),
    )  # fmt: skip


def _file_name(name: str) -> str:
    """A sample's name as a file name."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:120] or "picture"
