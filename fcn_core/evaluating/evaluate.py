"""Measure a network on a labelled data set: one confusion matrix for each head, over all pixels of all pictures.

Every picture goes through at its own size and is compared at that size; a batch holds only pictures of one size, so
that its result does not depend on the batch size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from fcn_core.data.kept import LabelledPictures, tasks_of, truth_only_of
from fcn_core.data.sample import Sample
from fcn_core.metrics import ConfusionMatrix
from fcn_core.progress import Progress
from fcn_core.weights.preprocessing import Preprocessing


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    heads: head (32, 16, 8) -> confusion matrix. images: pictures measured. seconds: all of it; network_seconds: the
    forward passes alone. tasks: the same for each further set of labels (SIFT Flow's geometric classes).
    """

    heads: dict[int, ConfusionMatrix]
    classes: tuple[str, ...]
    images: int
    seconds: float
    network_seconds: float
    tasks: dict[str, Evaluation] = field(default_factory=dict)

    @property
    def finest(self) -> int:
        """The head with the smallest stride, by which weights are compared."""
        return min(self.heads)

    @property
    def miou(self) -> float:
        """Mean IoU of the finest head."""
        return self.heads[self.finest].scores().miou

    def as_dict(self) -> dict[str, Any]:
        """{"heads": {"32s": {"pa", "mpa", "miou", "fwiou", "iou": {class: value}}, …}} for JSON, coarse to fine.

        Where there are tasks, "tasks" holds the same for each by its name.
        """
        ordered = sorted(self.heads, reverse=True)
        values: dict[str, Any] = {"heads": {f"{h}s": self.heads[h].scores().as_dict(self.classes) for h in ordered}}
        if self.tasks:
            values["tasks"] = {name: task.as_dict()["heads"] for name, task in self.tasks.items()}
        return values

    def matrices(self) -> Iterator[ConfusionMatrix]:
        """Every confusion matrix, always in the same order."""
        for head in sorted(self.heads):
            yield self.heads[head]
        for name in sorted(self.tasks):
            yield from self.tasks[name].matrices()


def evaluate(
    model: nn.Module,
    dataset: LabelledPictures,
    preprocessing: Preprocessing,
    *,
    heads: Sequence[int] | None = None,
    batch_size: int = 1,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    channels_last: bool = True,
    part: tuple[int, int] = (0, 1),
    on_prediction: Callable[[Sample, int, Any], None] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Run `model` over every picture of `dataset` and count.

    model: called as `model(N×C×H×W, heads)` -> output with `.logits[head]` N×K×H×W, its strides in `.heads`; left in
    the mode it was in. heads: strides to measure; None measures all that the model has. dtype: torch.bfloat16 or
    torch.float16 computes under autocast. part: (k, n) measures every n-th picture from the k-th on, the share of one
    of n processes; the parts' matrices add up to the whole. on_prediction: called as (sample, head, label map H×W
    uint8 numpy) for each picture and head, in order. progress: called as (pictures done, pictures in all). ValueError
    when the classes do not fit the data.
    """
    if len(dataset) == 0:
        raise ValueError("the data set is empty, there is nothing to measure")
    first, step = part
    indices = range(first, len(dataset), step)
    truth_only = truth_only_of(dataset)
    matrices = {"": _matrices(model, heads, len(dataset.labels), truth_only)}
    task_labels = tasks_of(dataset)
    for name, labels in task_labels.items():
        matrices[name] = _matrices(model, heads, len(labels), truth_only)
    device = torch.device(device)
    begun, network_seconds, done = time.perf_counter(), 0.0, 0
    was_training = model.training
    model.eval()
    try:
        for samples in _batches_of_one_size(dataset, indices, batch_size):
            batch = torch.stack([preprocessing.apply(s.image) for s in samples])
            batch = batch.to(device, memory_format=torch.channels_last if channels_last else torch.contiguous_format)
            started = time.perf_counter()
            with torch.inference_mode(), _autocast(device, dtype):
                output = model(batch, heads)
                outputs = {"": output.logits, **{name: output.tasks[name].logits for name in task_labels}}
                predictions = {
                    (name, head): _label_maps(scores, matrices[name][head].num_classes)
                    for name, logits in outputs.items()
                    for head, scores in logits.items()
                }
            network_seconds += time.perf_counter() - started
            for (name, head), maps in predictions.items():
                for sample, prediction in zip(samples, maps, strict=True):
                    matrices[name][head].update(sample.tasks[name] if name else sample.mask, prediction)
            if on_prediction is not None:
                for place, sample in enumerate(samples):
                    for name, head in sorted(predictions, reverse=True):
                        if not name:
                            on_prediction(sample, head, predictions[name, head][place])
            done += len(samples)
            if progress is not None:
                progress(done, len(indices))
    finally:
        model.train(was_training)
    seconds = time.perf_counter() - begun

    def measured(name: str, classes: tuple[str, ...], tasks: dict[str, Evaluation]) -> Evaluation:
        return Evaluation(matrices[name], classes, done, seconds, network_seconds, tasks)

    tasks = {name: measured(name, labels.classes, {}) for name, labels in task_labels.items()}
    return measured("", dataset.labels.classes, tasks)


def _matrices(
    model: nn.Module, heads: Sequence[int] | None, classes: int, truth_only: bool
) -> dict[int, ConfusionMatrix]:
    """An empty confusion matrix for each head, coarse to fine."""
    wanted = model.heads if heads is None else heads
    return {head: ConfusionMatrix(classes, truth_only=truth_only) for head in sorted(wanted, reverse=True)}  # type: ignore[union-attr, arg-type]


def _label_maps(logits: torch.Tensor, classes: int) -> Any:
    """N×K×H×W scores -> N×H×W uint8 class indices (numpy)."""
    if logits.shape[1] != classes:
        raise ValueError(
            f"the network tells {logits.shape[1]} classes apart, but the data set has {classes}; "
            "measure it on data with its own classes"
        )
    return logits.argmax(dim=1).to(torch.uint8).cpu().numpy()


def _autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)


def _batches_of_one_size(dataset: LabelledPictures, indices: Sequence[int], batch_size: int) -> Iterator[list[Sample]]:
    """Consecutive samples of equal size, at most `batch_size` of them."""
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    waiting: list[Sample] = []
    for index in indices:
        sample = dataset[index]
        if waiting and (len(waiting) == batch_size or waiting[0].mask.shape != sample.mask.shape):
            yield waiting
            waiting = []
        waiting.append(sample)
    if waiting:
        yield waiting
