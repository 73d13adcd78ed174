"""What a run tells while it goes on: metrics, status, log, previews, and mirrors of the metrics for other programs.

The first process writes; the journals of the others keep silent.
"""

from __future__ import annotations

import time
from typing import Any

import torch

from fcn_core.evaluating.evaluate import Evaluation
from fcn_core.machine.load import machine_load
from fcn_core.training.loop.mirrors import Mirrors
from fcn_core.training.loop.previews import Previews
from fcn_core.training.loop.results import RunListener, RunUpdate
from fcn_core.training.loop.run_clock import RunClock
from fcn_core.training.loop.setup import Parts
from fcn_core.training.process import leads_the_others
from fcn_core.training.run_folder.runs import RunFolder

STATUS_EVERY_SECONDS = 1.0


class Journal:
    """The first process's pen. `loss`, `lr` and `best_miou` are the newest figures for status and progress."""

    def __init__(self, folder: RunFolder, clock: RunClock, progress: RunListener | None) -> None:
        self.folder, self.clock, self.progress = folder, clock, progress
        self.writes = leads_the_others()
        self.loss: float | None = None
        self.lr = 0.0
        self.best_miou: float | None = None
        self.status_at = 0.0
        self.previews: Previews | None = None
        self.parts: Parts | None = None
        self.mirrors: Mirrors | None = None

    def begin(self, parts: Parts, *, resumed: bool) -> None:
        """The network and the data are ready: write the facts, the watched pictures, open the mirrors."""
        self.parts = parts
        self.mirrors = Mirrors(parts.accelerator, self.clock.config, self.folder.path)
        if not self.writes:
            return
        device = parts.accelerator.device
        trained = sum(p.numel() for p in parts.model.parameters() if p.requires_grad)
        self.folder.write_facts(
            {
                "classes": list(parts.labels.classes),
                "palette": [list(colour) for colour in parts.labels.palette],
                "labels": parts.labels.name,
                "train_pictures": sum(len(part) for part in parts.draws.data),
                "val_pictures": len(parts.val) if parts.val is not None else 0,
                "epoch_steps": self.clock.epoch_pictures / self.clock.step_pictures,
                "total_steps": self.clock.total_steps,
                "parameters": sum(p.numel() for p in parts.model.parameters()),
                "trained_parameters": trained,
                "device": str(device),
                "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else "processor",
                "processes": parts.accelerator.num_processes,
                "torch": torch.__version__,
            }
        )
        self.previews = Previews(self.folder.previews, parts.val, self.clock.config.previews)
        self.previews.begin()
        if resumed:
            self.previews.forget_after(self.clock.step)
        machine_load(device)

    def say(self, text: str) -> None:
        """A line of the log."""
        if self.writes:
            self.folder.log(text)

    def status(self, state: str, *, message: str = "") -> None:
        """Replace the status."""
        if self.writes:
            self.status_at = time.monotonic()
            self.folder.write_status(state, **self.facts(), message=message)

    def step(self, record: dict[str, Any]) -> None:
        """The record of a step; the status now and then."""
        if not self.writes:
            return
        self.folder.append({"kind": "step", **self.clock.place, **record})
        assert self.mirrors is not None
        self.mirrors.write(record, step=self.clock.step)
        if time.monotonic() - self.status_at > STATUS_EVERY_SECONDS or self.clock.step == 1:
            self.status("running")
        self.report("")

    def evaluation(self, kind: str, split: str, evaluation: Evaluation, *, best: bool = False) -> None:
        """The record of a validation ("eval") or of the final test ("test"), and a line of the log."""
        measured = ", ".join(f"{head}s {matrix.scores().miou:.4f}" for head, matrix in evaluation.heads.items())
        clock = self.clock
        message = (
            f"step {clock.step}, epoch {clock.epoch:.1f}, {clock.elapsed / 60:.1f} min: "
            f"{'loss ' + format(self.loss, '.4g') + ', ' if self.loss is not None and kind == 'eval' else ''}"
            f"{split} mIoU {measured}{' (best)' if best else ''}"
        )
        if self.writes:
            assert self.parts is not None and self.mirrors is not None
            record = {"kind": kind, "split": split, **clock.place, "seconds": round(evaluation.seconds, 2)}
            load = machine_load(self.parts.accelerator.device)
            self.folder.append({**record, **evaluation.as_dict(), "load": load})
            scores = {f"{split}/{head}s/miou": m.scores().miou for head, m in evaluation.heads.items()}
            self.mirrors.write(scores, step=clock.step)
            self.say(message)
            self.report(message)

    def preview(self) -> None:
        """The watched pictures as the network sees them now."""
        if self.previews is not None and self.parts is not None:
            parts = self.parts
            self.previews.write(self.clock.step, parts.tested, parts.preprocessing, device=parts.accelerator.device)

    def facts(self) -> dict[str, Any]:
        """What the status says besides the state."""
        clock = self.clock
        return {
            "name": clock.config.name, "step": clock.step, "epoch": clock.epoch, "fraction": clock.fraction,
            "elapsed": clock.elapsed, "eta": clock.eta, "loss": self.loss, "lr": self.lr,
            "best_miou": self.best_miou,
        }  # fmt: skip

    def report(self, message: str) -> None:
        """Tell whoever started the run."""
        if self.progress is not None and self.writes:
            facts = self.facts()
            facts.pop("name")
            self.progress(RunUpdate(**facts, message=message))

    def close(self) -> None:
        """The run is over: end the mirrors."""
        if self.mirrors is not None:
            self.mirrors.close()
