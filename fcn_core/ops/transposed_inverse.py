"""What a transposed convolution is, the gradient of a convolution, and what it is not, its inverse."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.transposed import Axis, output_sizes
from fcn_core.ops.transposed_ways import convolution_matrix, convolve


def gradient_of_convolution(g: Tensor, weight: Tensor, axes: tuple[Axis, ...]) -> Tensor:
    """Let autograd carry the gradient g of a convolution's output back to its input: n or h×w in, N or H×W out.

    The convolution's input has the size that the transposed convolution of g gives. Where the output padding reaches
    a whole stride, the convolution has more outputs than g has cells; no gradient comes from those.
    """
    large = torch.zeros(output_sizes(tuple(g.shape), axes), dtype=g.dtype, requires_grad=True)
    small = convolve(large, weight, axes)
    arriving = torch.zeros_like(small)
    arriving[tuple(slice(n) for n in g.shape)] = g
    (gradient,) = torch.autograd.grad(small, large, arriving)
    return gradient


@dataclass(frozen=True)
class ThereAndBack:
    """A large map y, its convolution C y, and C.T C y; and what C cannot see.

    rank: how many independent numbers C y holds. unseen: a map of largest entry 1 with C unseen = 0, or None where C
    sees everything. closest: the map of smallest norm with the same convolution, by the pseudo-inverse.
    """

    small: Tensor
    back: Tensor
    rank: int
    unseen: Tensor | None
    closest: Tensor


def there_and_back(y: Tensor, sizes: tuple[int, ...], weight: Tensor, axes: tuple[Axis, ...]) -> ThereAndBack:
    """Convolve y (N or H×W) to `sizes`, then apply the transposed convolution with the same kernel.

    ValueError where y does not have the size that the transposed convolution of `sizes` gives.
    """
    if tuple(y.shape) != (expected := output_sizes(sizes, axes)):
        raise ValueError(f"expected a map of {expected} cells, got {tuple(y.shape)}")
    matrix = convolution_matrix(sizes, weight, axes)
    small = matrix @ y.flatten()
    rank = int(torch.linalg.matrix_rank(matrix))
    unseen = _unseen(matrix, rank).reshape(y.shape) if rank < matrix.shape[1] else None
    closest = torch.linalg.pinv(matrix) @ small
    return ThereAndBack(
        small.reshape(sizes), (matrix.T @ small).reshape(y.shape), rank, unseen, closest.reshape(y.shape)
    )


def _unseen(matrix: Tensor, rank: int) -> Tensor:
    """The last right singular vector: C maps it to zero. Scaled so that its largest entry is 1."""
    *_, right = torch.linalg.svd(matrix)
    vector = right[rank:][-1]
    return vector / vector[vector.abs().argmax()]


def shrink_and_enlarge(image: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """A photo through a strided convolution with the bilinear kernel and back through its transpose.

    image: C×H×W, float; sides that are multiples of `factor`. Returns the small map, C×H/f×W/f, and the one that came
    back, C×H×W. Only the small map is divided by f², the sum of the kernel's weights, so that grey stays grey.
    """
    if factor < 1 or any(side % factor for side in image.shape[-2:]):
        raise ValueError(
            f"expected sides that are multiples of the factor {factor}, got {image.shape[-2]}×{image.shape[-1]}; "
            "crop the photo"
        )
    kernel = 2 * factor - factor % 2
    padding = factor // 2
    weight = bilinear_kernel(kernel, dtype=image.dtype).expand(image.shape[0], 1, kernel, kernel)
    groups = image.shape[0]
    small = F.conv2d(image[None], weight, stride=factor, padding=padding, groups=groups) / factor**2
    return small[0], F.conv_transpose2d(small, weight, stride=factor, padding=padding, groups=groups)[0]
