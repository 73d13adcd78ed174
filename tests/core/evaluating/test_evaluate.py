from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fcn_core.data.sample import Sample
from fcn_core.evaluating.evaluate import evaluate
from fcn_core.labels import CAMVID, VOID
from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.weights.preprocessing import IMAGENET, Preprocessing


class Pictures:
    labels, name = CAMVID, "pictures"

    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.samples = []
        for number, (h, w) in enumerate(sizes):
            mask = rng.integers(0, 11, (h, w)).astype(np.uint8)
            mask[0] = VOID
            image = rng.integers(0, 256, (h, w, 3)).astype(np.uint8)
            image[..., 0] = mask % 11
            self.samples.append(Sample(image=image, mask=mask, name=f"p{number}"))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


class Oracle(nn.Module):
    """Reads the class from the red channel: right everywhere for the 8s head, always class 0 for 32s."""

    heads = (32, 8)

    def forward(self, x, heads=None):
        right = nn.functional.one_hot(x[:, 0].round().long(), 11).permute(0, 3, 1, 2).float()
        wrong = torch.zeros_like(right)
        wrong[:, 0] = 1
        logits = {32: wrong, 8: right}
        return type("Out", (), {"logits": {h: logits[h] for h in heads or logits}})


PLAIN = Preprocessing(scale=255.0, mean=(0.0,) * 3, std=(1.0,) * 3)


def test_an_oracle_scores_one_and_a_constant_its_share():
    data = Pictures([(20, 30), (9, 7)])
    found = evaluate(Oracle(), data, PLAIN)
    assert list(found.heads) == [32, 8] and found.images == 2 and found.miou == 1.0
    counted = np.concatenate([s.mask[s.mask != VOID] for s in data.samples])
    assert found.heads[32].scores().pa == pytest.approx((counted == 0).mean())
    assert found.heads[8].counts.sum() == counted.size
    values = found.as_dict()["heads"]
    assert list(values) == ["32s", "8s"] and values["8s"]["iou"]["sky"] == 1.0


def test_batches_equal_singles_on_mixed_sizes_and_the_mode_is_kept():
    torch.manual_seed(0)
    model = build(FCNSpec(width=1 / 16, fc_channels=16, num_classes=11))
    for head in (model.head.score_fr, model.head.score_pool4, model.head.score_pool3):
        nn.init.normal_(head.weight)
    model.train()
    data = Pictures([(33, 47), (33, 47), (33, 47), (20, 64), (33, 47)])
    single = evaluate(model, data, IMAGENET)
    batched = evaluate(model, data, IMAGENET, batch_size=3)
    assert model.training
    for head in (32, 16, 8):
        assert (single.heads[head].counts == batched.heads[head].counts).all()
    assert (single.heads[8].counts != single.heads[32].counts).any()


def test_callbacks_and_one_head():
    data = Pictures([(12, 10), (12, 10), (11, 10)])
    seen, steps = [], []
    evaluate(
        Oracle(), data, PLAIN, heads=[8], batch_size=2,
        on_prediction=lambda sample, head, labels: seen.append((sample.name, head, labels)),
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert [(name, head) for name, head, _ in seen] == [("p0", 8), ("p1", 8), ("p2", 8)]
    assert steps == [(2, 3), (3, 3)]
    for sample, (_, _, labels) in zip(data.samples, seen, strict=True):
        counted = sample.mask != VOID
        assert labels.dtype == np.uint8 and (labels[counted] == sample.mask[counted]).all()


def test_wrong_classes_and_empty_data_are_named():
    with pytest.raises(ValueError, match="empty"):
        evaluate(Oracle(), Pictures([]), PLAIN)
    model = build(FCNSpec(width=1 / 16, fc_channels=8, num_classes=21))
    with pytest.raises(ValueError, match="21 classes apart, but the data set has 11"):
        evaluate(model, Pictures([(8, 8)]), IMAGENET)
