"""One step of training: the loss of every head on a batch, gradients, and the weights moved.

CVPR 2015, section 4.3: whole images, softmax cross-entropy over all pixels, summed in the released code, here a mean
unless the settings ask for the sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fcn_core.training.loop.losses import counted_weight, faded_weights, summed_loss
from fcn_core.training.loop.optim import rate_factor, set_rate
from fcn_core.training.loop.results import RunFailed
from fcn_core.training.loop.run_clock import RunClock
from fcn_core.training.loop.setup import Parts
from fcn_core.training.loop.stream import StepBatches, prepare_worker
from fcn_core.training.loop.together import total
from fcn_core.training.settings.config import TrainConfig

Batch = Sequence[Any]
"""Images N×C×H×W float32, label maps N×H×W uint8, and where there are further tasks {name: N×H×W uint8}."""


class Stepper:
    """The part of a run that learns: batches in, weights moved, a record of what happened out."""

    def __init__(self, config: TrainConfig, parts: Parts, clock: RunClock) -> None:
        self.config, self.parts, self.clock, self.accelerator = config, parts, clock, parts.accelerator
        network, self.optimiser = self.accelerator.prepare(parts.model, parts.optimiser)
        self.network: nn.Module = torch.compile(network) if config.compile else network  # type: ignore[assignment]
        self.heads = tuple(head for head, share in config.loss.head_weights.items() if share > 0)

    def batches(self) -> Iterator[Batch]:
        """This process's part of every pass from the present step on, endless."""
        sampler = StepBatches(
            self.config.batch_size,
            first=self.clock.step * self.config.accumulate,
            rank=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )
        workers = self.config.workers
        loader: DataLoader[Batch] = DataLoader(
            self.parts.draws,  # type: ignore[arg-type]
            batch_sampler=sampler,  # type: ignore[arg-type]
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=prepare_worker if workers else None,
            pin_memory=self.accelerator.device.type == "cuda",
        )
        return iter(loader)

    def step(self, passes: Sequence[Batch]) -> dict[str, Any]:
        """One update of the weights from the gradients of all `passes`. Returns the step's record."""
        config, parts, clock = self.config, self.parts, self.clock
        lr = config.optim.lr * rate_factor(config.schedule, step=clock.step, progress=clock.fraction)
        set_rate(self.optimiser, lr)
        weights = faded_weights(parts.weights, fraction=clock.fraction, start=config.loss.fade_weights_from)
        # A mean divides by what counts in all passes of all processes, so that neither number changes the result.
        targets = [self.targets(batch) for batch in passes]
        counted = torch.stack(
            [torch.stack([counted_weight(t, w) for t, w in self.tasks(ts, weights)]) for ts in targets]
        )
        counted = total(self.accelerator, counted.sum(0)).clamp(min=1e-6)
        sums = torch.zeros_like(counted)

        self.network.train()
        if config.freeze_trunk:
            for trunk in parts.model.trunks().values():
                trunk.eval()
        for number, (batch, own) in enumerate(zip(passes, targets, strict=True)):
            torch.manual_seed(config.seed * 1_000_003 + clock.step * config.accumulate + number)  # dropout
            last = number == len(passes) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.network):
                losses = self.losses(batch[0], own, weights)
                objective = losses.sum() if config.loss.reduction == "sum" else (losses / counted).sum()
                # Gradients are averaged over the processes; the loss is a sum over them.
                self.accelerator.backward(objective * self.accelerator.num_processes)
            sums += losses.detach()

        sums = total(self.accelerator, sums)
        loss_sum, loss_mean = float(sums.sum()), float((sums / counted).sum())
        limit = math.inf if config.optim.clip_norm is None else config.optim.clip_norm
        norm = float(self.accelerator.clip_grad_norm_(self.network.parameters(), limit))
        # In fp16 the scaler leaves out a step whose gradients are too large, and goes on with smaller ones.
        if not math.isfinite(loss_mean) or not (math.isfinite(norm) or config.precision == "fp16"):
            what = f"loss became {loss_mean}" if not math.isfinite(loss_mean) else f"gradient became {norm}"
            raise RunFailed(
                f"the {what} at step {clock.step + 1} with learning rate {lr:g}; "
                "try a smaller learning rate, a warm-up, gradient clipping, or fp32"
            )
        self.optimiser.step()
        self.optimiser.zero_grad()
        if parts.averaged is not None:
            parts.averaged.update(parts.model)
        rates = {group["name"]: group["lr"] for group in self.optimiser.param_groups}
        loss = loss_sum if config.loss.reduction == "sum" else loss_mean
        return {"loss": loss, "loss_mean": loss_mean, "loss_sum": loss_sum, "lr": rates, "grad_norm": norm}

    def targets(self, batch: Batch) -> dict[str, Tensor]:
        """The label maps on the device, N×H×W int64: the main one under "", the tasks' by their names."""
        maps = {"": batch[1], **(batch[2] if len(batch) > 2 else {})}
        return {name: target.to(self.accelerator.device).long() for name, target in maps.items()}

    @staticmethod
    def tasks(targets: dict[str, Tensor], weights: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Each target with its class weights, which only the main classes have."""
        for name, target in targets.items():
            yield target, None if name else weights

    def losses(self, images: Tensor, targets: dict[str, Tensor], weights: Tensor | None) -> Tensor:
        """The summed loss of each task. images: N×C×H×W."""
        memory_format = torch.channels_last if self.config.channels_last else torch.contiguous_format
        output = self.network(images.to(self.accelerator.device, memory_format=memory_format), self.heads)
        logits = {"": output.logits, **{name: task.logits for name, task in output.tasks.items()}}
        loss = self.config.loss
        return torch.stack(
            [
                summed_loss(
                    logits[name],
                    target,
                    head_weights=loss.head_weights,
                    weights=None if name else weights,
                    smoothing=loss.label_smoothing,
                )
                for name, target in targets.items()
            ]
        )
