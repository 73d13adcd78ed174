"""The training loop: draw pictures, add up the loss of every head, step, now and then validate and save.

Nothing random has a state of its own: pass n seeds torch with (seed, n), and its pictures follow from n alone. What a
checkpoint needs is therefore the weights, the optimiser, the average, the step and the clock; a run that is stopped
and resumed gives the same losses as one that never stopped (with a length in steps or epochs).
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from fcn_core.evaluating.evaluate import Evaluation, evaluate
from fcn_core.machine.disk import full_disk_named
from fcn_core.training.loop import ending
from fcn_core.training.loop.heartbeat import heartbeat
from fcn_core.training.loop.journal import Journal
from fcn_core.training.loop.preflight import check
from fcn_core.training.loop.results import RunFailed, RunListener, TrainResult
from fcn_core.training.loop.run_clock import RunClock
from fcn_core.training.loop.setup import DTYPES, pack, prepare, unpack
from fcn_core.training.loop.step import Stepper
from fcn_core.training.loop.together import add_up, agree
from fcn_core.training.process import leads_the_others, spread_threads, stop_signals
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights.checkpoint import save_checkpoint

SAVING_SHARE = 0.05  # of the time since the last checkpoint


def train(
    config: TrainConfig,
    run_dir: str | Path,
    *,
    progress: RunListener | None = None,
    stop: threading.Event | None = None,
) -> TrainResult:
    """Train as `config` says and write everything into the new folder `run_dir`.

    stop: set it, and the run finishes its step, saves and ends with state "stopped"; without one, SIGINT and SIGTERM
    do the same. RunFailed (a ValueError) when the run cannot go on, such as a loss that is no longer a number;
    ValueError for settings or data that cannot be used.
    """
    folder = RunFolder.create(run_dir, config) if leads_the_others() else RunFolder(run_dir)
    return _Run(config, folder, None, progress).go(stop)


def resume(
    run_dir: str | Path, *, progress: RunListener | None = None, stop: threading.Event | None = None
) -> TrainResult:
    """Go on with a run from its last checkpoint, or begin where there is none. A finished run returns at once."""
    folder = RunFolder.open(run_dir)
    status = folder.status()
    if status.state == "finished":
        return TrainResult(
            run_dir=folder.path, state="finished", steps=status.step, seconds=status.elapsed,
            weights=folder.weights(), best_miou=status.best_miou, evaluation=None,
        )  # fmt: skip
    return _Run(folder.config(), folder, folder.load_state(), progress).go(stop)


class _Run:
    """One run from its first sign of life to its last."""

    def __init__(
        self, config: TrainConfig, folder: RunFolder, saved: dict[str, Any] | None, progress: RunListener | None
    ) -> None:
        self.config, self.folder, self.saved = config, folder, saved
        self.clock = RunClock(config, epoch_pictures=1)
        self.journal = Journal(folder, self.clock, progress)
        self.validated_at, self.without_better, self.elapsed_before = -1, 0, 0.0
        self.begun = self.saved_at = time.monotonic()
        self.saving_took = 0.0
        if saved is not None:
            self.take_place(saved)

    def go(self, stop: threading.Event | None) -> TrainResult:
        try:
            with (
                stop_signals() if stop is None else nullcontext(stop) as stop,
                heartbeat(self.folder, stop),
                full_disk_named(self.folder.path),
            ):
                self.journal.status("preparing")
                self.parts = prepare(
                    self.config, saved=self.saved, runs=self.folder.path.resolve().parent, log=self.journal.say
                )
                self.clock.epoch_pictures = self.parts.draws.epoch_length
                self.begin_at(self.saved)
                check(self.config, self.parts, self.folder.path)
                self.stepper = Stepper(self.config, self.parts, self.clock)
                self.journal.begin(self.parts, resumed=self.saved is not None)
                return self.learn(stop)
        except KeyboardInterrupt:
            self.journal.status("stopped", message="interrupted")
            raise
        except Exception as error:
            sentence = failure(error)
            self.journal.say(f"failed: {sentence}")
            self.journal.status("failed", message=sentence)
            if sentence != str(error):
                raise RunFailed(sentence) from error
            raise

    def learn(self, stop: threading.Event) -> TrainResult:
        config, clock = self.config, self.clock
        self.begun = self.saved_at = time.monotonic()
        batches, evaluation, pinned = self.stepper.batches(), None, False
        try:
            while not (clock.done or self.asked_to_stop(stop)):
                waiting = time.perf_counter()
                passes = [next(batches) for _ in range(config.accumulate)]
                started = time.perf_counter()
                record = self.stepper.step(passes)
                ended = time.perf_counter()
                clock.step += 1
                self.tick()
                record["images_per_s"] = round(clock.step_pictures / (ended - waiting), 2)
                record["wait_share"] = round((started - waiting) / (ended - waiting), 4)
                self.journal.loss, self.journal.lr = record["loss"], max(record["lr"].values())
                self.journal.step(record)
                if config.pin_threads and not pinned:
                    pinned = spread_threads()  # now that the first step has started torch's threads
                if clock.evaluation_is_due and not clock.done:
                    evaluation = self.validate()
                elif self.saving_is_due():
                    self.save()
        finally:
            del batches  # ends the worker processes
        test = None
        if clock.done:
            if self.validated_at != clock.step:
                evaluation = self.validate()
            self.save_weights(self.folder.final, evaluation)
            test = ending.finish(config, self.parts, self.folder, self.journal)
        else:
            self.save()
        return self.end(evaluation, test)

    def end(self, evaluation: Evaluation | None, test: Evaluation | None) -> TrainResult:
        self.parts.accelerator.wait_for_everyone()
        state = "finished" if self.clock.done else "stopped"
        why = f", no better result in {self.without_better} validations" if self.clock.ended else ""
        message = f"{state} after {self.clock.step} steps and {self.clock.elapsed / 60:.1f} minutes{why}"
        self.journal.say(message)
        self.journal.status(state, message=message)
        self.journal.close()
        return TrainResult(
            run_dir=self.folder.path, state=state, steps=self.clock.step, seconds=self.clock.elapsed,
            weights=self.folder.weights(), best_miou=self.journal.best_miou, evaluation=evaluation, test=test,
        )  # fmt: skip

    def tick(self) -> None:
        """Read the clock; earlier parts of the run count."""
        self.clock.elapsed = self.elapsed_before + time.monotonic() - self.begun

    def asked_to_stop(self, stop: threading.Event) -> bool:
        """Whether all processes end after this step; they also take over the first one's clock."""
        self.tick()
        asked, self.clock.elapsed = agree(self.parts.accelerator, stop=stop.is_set(), elapsed=self.clock.elapsed)
        return asked

    def validate(self) -> Evaluation | None:
        """Measure on the validation data, each process its share; keep the best weights, save."""
        parts, evaluation, self.validated_at = self.parts, None, self.clock.step
        if parts.val is not None:
            accelerator = parts.accelerator
            evaluation = evaluate(
                parts.tested, parts.val, parts.preprocessing, batch_size=4, device=accelerator.device,
                dtype=DTYPES[self.config.precision], channels_last=self.config.channels_last,
                part=(accelerator.process_index, accelerator.num_processes),
            )  # fmt: skip
            for matrix in evaluation.matrices():
                add_up(accelerator, matrix)
            best = self.journal.best_miou is None or evaluation.miou > self.journal.best_miou
            self.without_better = 0 if best else self.without_better + 1
            if best:
                self.journal.best_miou = evaluation.miou
                self.save_weights(self.folder.best, evaluation)
            self.clock.ended = self.without_better >= (self.config.early_stop or math.inf)
            self.journal.preview()
            self.tick()
            self.journal.evaluation("eval", "val", evaluation, best=best)
        self.save()
        return evaluation

    def save_weights(self, path: Path, evaluation: Evaluation | None) -> None:
        """The tested network as a file that loads by its path. RunFailed when it holds what is no number."""
        if not all(bool(value.isfinite().all()) for value in self.parts.tested.state_dict().values()):
            raise RunFailed(
                f"the weights are no longer numbers after step {self.clock.step} with learning rate "
                f"{self.journal.lr:g}; try a smaller learning rate, a warm-up, gradient clipping, or fp32"
            )
        if leads_the_others():
            extra: dict[str, Any] = {"step": self.clock.step, "config": self.config.model_dump(mode="json")}
            if evaluation is not None:
                extra["val"] = evaluation.as_dict()
            parts = self.parts
            save_checkpoint(path, parts.tested, labels=parts.labels, preprocessing=parts.preprocessing, extra=extra)

    def saving_is_due(self) -> bool:
        """Every so many minutes, and at the end of an epoch unless writing takes too much of the time between."""
        since = time.monotonic() - self.saved_at
        worth_it = self.saving_took < SAVING_SHARE * since
        return since > 60 * self.config.save_every_minutes or (self.clock.epoch_is_over and worth_it)

    def save(self) -> None:
        """Everything that is needed to go on."""
        self.tick()
        began = time.monotonic()
        if leads_the_others():
            place = {
                "step": self.clock.step, "elapsed": self.clock.elapsed, "ended": self.clock.ended,
                "best_miou": self.journal.best_miou, "without_better": self.without_better,
                "validated_at": self.validated_at,
            }  # fmt: skip
            self.folder.save_state({**place, **pack(self.parts)})
        self.saved_at = time.monotonic()
        self.saving_took = self.saved_at - began

    def take_place(self, saved: dict[str, Any]) -> None:
        """Stand where `saved` was made."""
        self.clock.step, self.elapsed_before, self.clock.ended = saved["step"], saved["elapsed"], saved["ended"]
        self.clock.elapsed = self.elapsed_before
        self.journal.best_miou, self.without_better = saved["best_miou"], saved["without_better"]
        self.validated_at = saved["validated_at"]

    def begin_at(self, saved: dict[str, Any] | None) -> None:
        """Put the state back, and take back what was written behind it; without a checkpoint begin anew."""
        if saved is not None:
            unpack(self.parts, saved)
            self.journal.say(f"resumed at step {self.clock.step}")
        if leads_the_others():
            self.folder.rewind(self.clock.step, saved)


def failure(error: Exception) -> str:
    """Why a run failed, as a sentence with what to try."""
    if isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate memory" in str(error):
        return "the memory is not enough for a step; try a smaller batch_size with accumulate, or smaller crops"
    if isinstance(error, torch.distributed.DistError) or "gloo" in str(error):
        return "another process of this run ended, so this one cannot go on; the log says why it did"
    return str(error) or type(error).__name__
