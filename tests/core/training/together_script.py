"""Run by torchrun with two processes: what they do together equals what one does alone. Prints nothing when right."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch import nn

from fcn_core.metrics import ConfusionMatrix
from fcn_core.training.loop.together import BatchDropout, SharedBatchNorm, add_up, agree, total
from fcn_core.training.run_folder.runs import RunFolder


def norm_over_both(rank: int) -> None:
    """Outputs, gradients and running statistics of the whole batch, in each half."""
    torch.manual_seed(0)
    whole, seen = torch.randn(4, 3, 5, 6), torch.randn(4, 3, 5, 6)
    alone, shared = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    shared.__class__ = SharedBatchNorm
    inputs = whole.clone().requires_grad_()
    expected = alone(inputs)
    (expected * seen).sum().backward()
    mine = slice(2 * rank, 2 * rank + 2)
    half = whole[mine].clone().requires_grad_()
    got = shared(half)
    (got * seen[mine]).sum().backward()
    torch.testing.assert_close(got, expected[mine].detach(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(half.grad, inputs.grad[mine], atol=1e-5, rtol=1e-4)
    for gradient, other in ((shared.weight.grad, alone.weight.grad), (shared.bias.grad, alone.bias.grad)):
        dist.all_reduce(gradient)
        torch.testing.assert_close(gradient, other, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(shared.running_mean, alone.running_mean, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(shared.running_var, alone.running_var, atol=1e-6, rtol=1e-5)


def masks_of_both(rank: int) -> None:
    """Each process drops what one process would have dropped in its part."""
    x = torch.ones(4, 2, 3, 3)
    torch.manual_seed(5)
    whole = BatchDropout(0.5, channels=False, rank=0, processes=1)(x)
    torch.manual_seed(5)
    part = BatchDropout(0.5, channels=False, rank=rank, processes=2)(x[2 * rank : 2 * rank + 2])
    assert torch.equal(part, whole[2 * rank : 2 * rank + 2]) and 0 < (part == 0).float().mean() < 1


def agreement(accelerator: Accelerator, rank: int) -> None:
    assert agree(accelerator, stop=rank == 1, elapsed=7.5 + rank) == (True, 7.5)
    assert agree(accelerator, stop=False, elapsed=1.0) == (False, 1.0)
    matrix = ConfusionMatrix(2)
    matrix.counts[rank, 0] = 2**53 + 1  # more than a float could tell
    add_up(accelerator, matrix)
    assert matrix.counts.tolist() == [[2**53 + 1, 0], [2**53 + 1, 0]] and matrix.counts.dtype.name == "int64"
    assert total(accelerator, torch.tensor([rank + 1])).tolist() == [3]


if __name__ == "__main__":
    accelerator = Accelerator(cpu=True)
    assert accelerator.num_processes == 2
    rank = accelerator.process_index
    norm_over_both(rank)
    masks_of_both(rank)
    agreement(accelerator, rank)
    from fcn_core.training.loop.engine import resume

    for folder in map(Path, sys.argv[1:]):
        assert RunFolder(folder).config_file.is_file()
        resume(folder)
    dist.destroy_process_group()
