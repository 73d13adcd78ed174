"""What the processes of one run do together, so that their number does not change the run.

The batch is divided among them; the loss divides by the pixels of the whole batch; batch normalisation takes its
statistics from the whole batch; dropout draws the whole batch's mask and takes this process's part of it; and all
processes stop at the same step, because one of them says so. Two processes therefore make the same run as one, up to
rounding.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DataLoaderConfiguration, DistributedDataParallelKwargs, broadcast
from torch import Tensor, nn

from fcn_core.metrics import ConfusionMatrix
from fcn_core.training.process import processes_together
from fcn_core.training.settings.config import TrainConfig


def build_accelerator(config: TrainConfig) -> Accelerator:
    """The processes, the device and the precision of this run."""
    if processes_together() == 1:
        # The state is one for a whole process; a second run in it may want another precision.
        AcceleratorState._reset_state()
    trained = {head for head, share in config.loss.head_weights.items() if share > 0}
    some_idle = trained != set(config.model.heads_built)
    return Accelerator(
        mixed_precision="no" if config.precision == "fp32" else config.precision,
        cpu=config.device == "cpu",
        dataloader_config=DataLoaderConfiguration(use_seedable_sampler=True),
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=some_idle)],
    )


def share_layers(model: nn.Module, accelerator: Accelerator) -> None:
    """Put in dropout and normalisation layers that work on the whole batch of all processes. Parameters stay."""
    for module in list(model.modules()):
        for name, layer in module.named_children():
            if isinstance(layer, nn.Dropout | nn.Dropout2d):
                whole = isinstance(layer, nn.Dropout2d)
                rank, count = accelerator.process_index, accelerator.num_processes
                setattr(module, name, BatchDropout(layer.p, channels=whole, rank=rank, processes=count))
            elif isinstance(layer, nn.BatchNorm2d) and accelerator.num_processes > 1:
                layer.__class__ = SharedBatchNorm  # the same parameters and buffers, another forward pass


class BatchDropout(nn.Module):
    """Dropout whose mask belongs to the whole batch: this process draws all of it and uses its own part.

    channels: drop whole channels (Dropout2d) instead of single values.
    """

    def __init__(self, p: float, *, channels: bool, rank: int, processes: int) -> None:
        super().__init__()
        self.p, self.channels, self.rank, self.processes = p, channels, rank, processes

    def forward(self, x: Tensor) -> Tensor:
        """x: N×C×H×W, this process's part of the batch."""
        if not self.training or self.p == 0:
            return x
        n = x.shape[0]
        shape = (n * self.processes, x.shape[1], *((1, 1) if self.channels else x.shape[2:]))
        kept = torch.rand(shape, device=x.device)[n * self.rank : n * (self.rank + 1)] >= self.p
        return x * kept / (1 - self.p)


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the pictures of all processes (torch's own SyncBatchNorm does not work on a CPU)."""

    def forward(self, input: Tensor) -> Tensor:
        """input: N×C×H×W, this process's part of the batch."""
        if not self.training:
            return super().forward(input)
        x = input.float()
        count = x.new_tensor(x.numel() / x.shape[1])
        dist.all_reduce(count)
        mean = _sum(x.sum((0, 2, 3))) / count
        centred = x - mean[:, None, None]
        variance = _sum(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            assert self.running_mean is not None and self.running_var is not None
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
            share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
            self.running_mean.lerp_(mean, share)
            self.running_var.lerp_(variance * count / (count - 1).clamp(min=1), share)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)


class _Sum(torch.autograd.Function):
    """Sum over the processes; the gradient of a sum is the sum of the gradients."""

    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:  # type: ignore[override]
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        total = gradient.clone().contiguous()
        dist.all_reduce(total)
        return total


def _sum(value: Tensor) -> Tensor:
    return _Sum.apply(value)  # type: ignore[no-any-return]


def total(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The sum of a tensor (of one shape everywhere) over the processes, in its own dtype and without gradient."""
    if accelerator.num_processes == 1:
        return value
    summed = value.detach().clone().contiguous()
    dist.all_reduce(summed)
    return summed


def agree(accelerator: Accelerator, *, stop: bool, elapsed: float) -> tuple[bool, float]:
    """One answer for all processes: stop when any was asked to, and the first one's clock."""
    if accelerator.num_processes == 1:
        return stop, elapsed
    asked = total(accelerator, torch.tensor(float(stop), device=accelerator.device))
    clock = broadcast(torch.tensor(elapsed, dtype=torch.float64, device=accelerator.device), from_process=0)
    return bool(asked > 0), float(clock)


def add_up(accelerator: Accelerator, matrix: ConfusionMatrix) -> None:
    """Replace a confusion matrix's K×K counts by the sum over all processes, exactly."""
    matrix.counts = total(accelerator, torch.from_numpy(matrix.counts).to(accelerator.device)).cpu().numpy()


__all__ = ["BatchDropout", "SharedBatchNorm", "add_up", "agree", "build_accelerator", "share_layers", "total"]
