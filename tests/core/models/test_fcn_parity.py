"""The `reference` FCN-8s against the published geometry's scores for seeded weights."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.names import torchfcn_to_ours
from fcn_core.models.spec import FCNSpec

SCORES = Path(__file__).parent / "fcn8s_seeded_scores.npz"


def seed_parameters(model: FCN) -> None:
    """Fills every parameter from a generator seeded by its published name; deconvolutions keep their kernels."""
    own = model.state_dict()
    for theirs, ours in torchfcn_to_ours(model).items():
        if theirs.startswith("upscore"):
            continue
        shape = tuple(own[ours].shape)
        rng = np.random.default_rng(zlib.crc32(theirs.encode()))
        scale = 0.05 if theirs.endswith(".bias") else np.sqrt(2 / np.prod(shape[1:]))
        own[ours].copy_(torch.from_numpy((rng.standard_normal(shape) * scale).astype(np.float32)))


@pytest.fixture(scope="module")
def seeded() -> FCN:
    model = build(FCNSpec(backbone="vgg16", alignment="reference", heads=(32, 16, 8))).eval()
    with torch.no_grad():
        seed_parameters(model)
    return model


def test_every_parameter_has_a_published_name(seeded: FCN) -> None:
    assert set(torchfcn_to_ours(seeded).values()) == set(seeded.state_dict())


def test_fcn8s_scores_equal_the_published_geometry(seeded: FCN) -> None:
    image = (np.random.default_rng(0).standard_normal((1, 3, 97, 131)) * 50).astype(np.float32)
    expected = np.load(SCORES)["scores"]
    with torch.inference_mode():
        scores = seeded(torch.from_numpy(image), heads=(8,)).logits[8][0, :, ::4, ::4].numpy()
    assert scores.shape == expected.shape == (21, 25, 33)
    assert np.abs(scores - expected).max() < 1e-3 * expected.std()
