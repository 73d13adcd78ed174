"""The training loop: draw a batch, compute the loss of every head, step, now and then validate and save.

Nothing random has a state of its own: step n seeds torch with (seed, n), and its pictures follow from n alone. What a
checkpoint needs is therefore the weights, the optimiser, the average, the step and the clock; a run that is stopped
and resumed gives the same losses as one that never stopped (with a length in steps or epochs).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from fcn_core.training.config import TrainConfig
from fcn_core.training.evaluate import Evaluation, evaluate
from fcn_core.training.losses import faded_weights, heads_loss
from fcn_core.training.optim import rate_factor, set_rate
from fcn_core.training.process import leads_the_others, spread_threads, stop_signals
from fcn_core.training.results import Progress, ProgressCallback, RunFailed, TrainResult
from fcn_core.training.runs import RunFolder
from fcn_core.training.setup import DTYPES, pack, prepare, unpack
from fcn_core.training.stream import StepBatches, prepare_worker
from fcn_core.weights.checkpoint import save_checkpoint

STATUS_EVERY_SECONDS = 2.0


def train(config: TrainConfig, run_dir: str | Path, *, progress: ProgressCallback | None = None) -> TrainResult:
    """Train as `config` says and write everything into the new folder `run_dir`.

    SIGINT and SIGTERM finish the step, save and end with state "stopped". RunFailed (a ValueError) when the loss is
    no longer a number; ValueError for settings or data that cannot be used.
    """
    folder = RunFolder.create(run_dir, config) if leads_the_others() else RunFolder(run_dir)
    return _Run(config, folder, None, progress).go()


def resume(run_dir: str | Path, *, progress: ProgressCallback | None = None) -> TrainResult:
    """Go on with a run from its last checkpoint; a finished run returns at once."""
    folder = RunFolder.open(run_dir)
    return _Run(folder.config(), folder, folder.load_state(), progress).go()


class _Run:
    """One run of the loop in this process."""

    def __init__(
        self, config: TrainConfig, folder: RunFolder, saved: dict[str, Any] | None, progress: ProgressCallback | None
    ) -> None:
        self.config, self.folder, self.progress, self.leads = config, folder, progress, leads_the_others()
        self.step, self.elapsed_before = 0, 0.0
        self.best_miou: float | None = None
        self.saved, self.validated_at = saved, -1
        self.begun = self.saved_at = self.status_at = time.monotonic()
        self.loss: float | None = None
        self.lr = 0.0

    def go(self) -> TrainResult:
        self.status("running", message="preparing")
        try:
            self.parts = prepare(self.config, fresh=self.saved is None, log=self.say)
            self.network, self.optimiser = self.parts.accelerator.prepare(self.parts.model, self.parts.optimiser)
            if self.saved is not None:
                self.restore(self.saved)
            self.begun = self.saved_at = time.monotonic()
            with stop_signals() as stop:
                return self.loop(stop)
        except KeyboardInterrupt:  # before the loop; in the loop it is a wish to stop, see stop_signals
            self.status("stopped", message="stopped while preparing")
            raise
        except Exception as error:
            self.say(f"failed: {error}")
            self.status("failed", message=str(error))
            raise

    def loop(self, stop: threading.Event) -> TrainResult:
        config, parts = self.config, self.parts
        batches, evaluation, pinned = self.batches(), None, False
        try:
            while self.fraction() < 1 and not stop.is_set():
                waiting = time.perf_counter()
                images, target = next(batches)
                started = time.perf_counter()
                record = self.train_step(images, target)
                ended = time.perf_counter()
                record["images_per_s"] = round(config.batch_size / (ended - waiting), 2)
                record["wait_share"] = round((started - waiting) / (ended - waiting), 4)
                self.step += 1
                self.write(record)
                if self.config.pin_threads and not pinned:
                    pinned = spread_threads()  # now that the first step has started torch's threads
                if self.evaluation_is_due() and self.fraction() < 1:
                    evaluation = self.validate()
                elif time.monotonic() - self.saved_at > 60 * config.save_every_minutes:
                    self.save()
        finally:
            del batches  # ends the worker processes
        finished = self.fraction() >= 1
        if finished:
            if self.validated_at != self.step:
                evaluation = self.validate()
            self.save_weights(self.folder.final, evaluation)
        else:
            self.save()
        state = "finished" if finished else "stopped"
        self.say(f"{state} after {self.step} steps and {self.elapsed() / 60:.1f} minutes")
        self.status(state)
        parts.accelerator.wait_for_everyone()
        weights = next((path for path in (self.folder.best, self.folder.final) if path.exists()), None)
        return TrainResult(
            run_dir=self.folder.path, state=state, steps=self.step, seconds=self.elapsed(), weights=weights,
            best_miou=self.best_miou, evaluation=evaluation,
        )  # fmt: skip

    def train_step(self, images: torch.Tensor, target: torch.Tensor) -> dict[str, Any]:
        """One update of the weights. images: N×C×H×W float32; target: N×H×W uint8. Returns the step's record."""
        config, parts, accelerator = self.config, self.parts, self.parts.accelerator
        torch.manual_seed(config.seed * 1_000_003 + self.step * 64 + accelerator.process_index)  # dropout
        self.lr = config.optim.lr * rate_factor(config.schedule, step=self.step, progress=self.fraction())
        set_rate(self.optimiser, self.lr)
        images = images.to(
            accelerator.device,
            memory_format=torch.channels_last if config.channels_last else torch.contiguous_format,
        )
        target = target.to(accelerator.device).long()

        self.network.train()
        heads = tuple(head for head, share in config.loss.head_weights.items() if share > 0)
        loss = heads_loss(
            self.network(images, heads).logits,
            target,
            head_weights=config.loss.head_weights,
            weights=faded_weights(parts.weights, fraction=self.fraction(), start=config.loss.fade_weights_from),
            reduction=config.loss.reduction,
            smoothing=config.loss.label_smoothing,
        )
        self.loss = loss.item()
        if not math.isfinite(self.loss):
            raise RunFailed(
                f"the loss became {self.loss} at step {self.step} with learning rate {self.lr:g}; "
                "try a smaller learning rate, gradient clipping or fp32"
            )
        accelerator.backward(loss)
        limit = math.inf if config.optim.clip_norm is None else config.optim.clip_norm
        norm = accelerator.clip_grad_norm_(self.network.parameters(), limit)
        self.optimiser.step()
        self.optimiser.zero_grad()
        if parts.averaged is not None:
            parts.averaged.update(parts.model)
        return {"loss": self.loss, "lr": self.lr, "grad_norm": float(norm)}

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The batches from this step on, endless."""
        accelerator = self.parts.accelerator
        sampler = StepBatches(
            self.config.batch_size,
            first=self.step,
            rank=accelerator.process_index,
            processes=accelerator.num_processes,
        )
        workers = self.config.workers
        loader: DataLoader[tuple[torch.Tensor, torch.Tensor]] = DataLoader(
            self.parts.draws,  # type: ignore[arg-type]
            batch_sampler=sampler,  # type: ignore[arg-type]
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=prepare_worker if workers else None,
            pin_memory=accelerator.device.type == "cuda",
        )
        return iter(loader)

    # Where the run stands.

    def elapsed(self) -> float:
        """Seconds that this run has taken, earlier parts included."""
        return self.elapsed_before + time.monotonic() - self.begun

    def epoch(self) -> float:
        return self.step * self.config.batch_size / self.parts.draws.epoch_length

    def fraction(self) -> float:
        """Share of the run that is done, 0-1."""
        config = self.config
        if config.minutes is not None:
            return min(1.0, self.elapsed() / (60 * config.minutes))
        if config.steps is not None:
            return min(1.0, self.step / config.steps)
        assert config.epochs is not None  # the settings hold exactly one length
        total = max(1, math.ceil(config.epochs * self.parts.draws.epoch_length / config.batch_size))
        return min(1.0, self.step / total)

    def evaluation_is_due(self) -> bool:
        every, before = self.config.evaluate_every, (self.step - 1) * self.config.batch_size
        return int(self.epoch() / every) > int(before / self.parts.draws.epoch_length / every)

    def facts(self) -> dict[str, Any]:
        """What status.json says besides the state."""
        if not hasattr(self, "parts"):
            return {"name": self.config.name}
        fraction = self.fraction()
        eta = self.elapsed() * (1 - fraction) / fraction if fraction > 0 else None
        return {
            "name": self.config.name, "step": self.step, "epoch": self.epoch(), "fraction": fraction,
            "elapsed": self.elapsed(), "eta": eta, "loss": self.loss, "lr": self.lr, "best_miou": self.best_miou,
        }  # fmt: skip

    # What the run leaves behind.

    def say(self, text: str) -> None:
        if self.leads:
            self.folder.log(text)

    def status(self, state: str, *, message: str = "") -> None:
        if self.leads:
            self.folder.write_status(state, **self.facts(), message=message)

    def write(self, record: dict[str, Any]) -> None:
        """The record of a step, and the heartbeat."""
        if not self.leads:
            return
        place = {
            "kind": "step",
            "step": self.step,
            "epoch": round(self.epoch(), 4),
            "elapsed": round(self.elapsed(), 2),
        }
        self.folder.append({**place, **record})
        if time.monotonic() - self.status_at > STATUS_EVERY_SECONDS or self.step == 1:
            self.status_at = time.monotonic()
            self.status("running")
        self.report("")

    def report(self, message: str) -> None:
        if self.progress is not None and self.leads:
            facts = self.facts()
            facts.pop("name")
            self.progress(Progress(**facts, message=message))

    def validate(self) -> Evaluation | None:
        """Measure on the validation data, keep the best weights, save."""
        evaluation, self.validated_at = None, self.step
        if self.parts.val is not None and self.leads:
            evaluation = evaluate(
                self.parts.tested, self.parts.val, self.parts.preprocessing, batch_size=4,
                device=self.parts.accelerator.device, dtype=DTYPES[self.config.precision],
                channels_last=self.config.channels_last,
            )  # fmt: skip
            best = self.best_miou is None or evaluation.miou > self.best_miou
            if best:
                self.best_miou = evaluation.miou
                self.save_weights(self.folder.best, evaluation)
            place = {"step": self.step, "epoch": round(self.epoch(), 4), "elapsed": round(self.elapsed(), 2)}
            self.folder.append({"kind": "eval", "split": self.config.val.split if self.config.val else None, **place,
                                "seconds": round(evaluation.seconds, 2), **evaluation.as_dict()})  # fmt: skip
            measured = ", ".join(f"{head}s {matrix.scores().miou:.4f}" for head, matrix in evaluation.heads.items())
            message = (
                f"step {self.step}, epoch {self.epoch():.1f}, {self.elapsed() / 60:.1f} min: "
                f"loss {self.loss or 0:.4f}, "
                f"mIoU {measured}{' (best)' if best else ''}"
            )
            self.say(message)
            self.report(message)
        self.save()
        return evaluation

    def save_weights(self, path: Path, evaluation: Evaluation | None) -> None:
        """The tested network as a file that loads by its path."""
        if self.leads:
            extra: dict[str, Any] = {"step": self.step, "config": self.config.model_dump(mode="json")}
            if evaluation is not None:
                extra["val"] = evaluation.as_dict()
            save_checkpoint(
                path, self.parts.tested, labels=self.parts.labels, preprocessing=self.parts.preprocessing, extra=extra
            )

    def save(self) -> None:
        """Everything that is needed to go on."""
        self.saved_at = time.monotonic()
        if not self.leads:
            return
        clock = {"step": self.step, "elapsed": self.elapsed(), "best_miou": self.best_miou}
        self.folder.save_state({**clock, **pack(self.parts)})

    def restore(self, saved: dict[str, Any]) -> None:
        """Continue where `saved` stopped."""
        self.step, self.elapsed_before, self.best_miou = saved["step"], saved["elapsed"], saved["best_miou"]
        unpack(self.parts, saved)
        if self.leads:
            self.folder.rewind(self.step)
        if any(r.get("kind") == "eval" and r.get("step") == self.step for r in self.folder.metrics()):
            self.validated_at = self.step  # it was saved after its validation, which need not be repeated
        self.say(f"resumed at step {self.step}")


__all__ = ["Progress", "RunFailed", "TrainResult", "resume", "train"]
