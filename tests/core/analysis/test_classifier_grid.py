"""Classifiers made convolutional: the classifier's own answer on its size, a grid on larger pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.models import get_model

from fcn_core.analysis.evidence.classifier_grid import ClassGrid, ConvolutionalClassifier, class_grid, top_classes


@pytest.mark.parametrize("name", ["alexnet", "googlenet"])
def test_one_cell_says_what_the_classifier_says(name: str) -> None:
    torch.manual_seed(6)
    extra = {"init_weights": False, "transform_input": False, "aux_logits": True} if name == "googlenet" else {}
    classifier = get_model(name, weights=None, **extra).eval()
    network = ConvolutionalClassifier(name, classifier.state_dict())
    x = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        theirs = classifier(x)[0].numpy()
    grid = class_grid(network, x)
    assert grid.scores.shape == (1000, 1, 1)
    np.testing.assert_allclose(grid.scores[:, 0, 0], theirs, atol=1e-4)
    assert grid.extent == (96, 96, 128, 128)
    wide = class_grid(network, torch.randn(1, 3, 224, 224 + 2 * 32))
    assert wide.scores.shape == (1000, 1, 3)
    with pytest.raises(ValueError, match="at least 224"):
        network(torch.randn(1, 3, 224, 200))


def test_unknown_classifiers_are_refused() -> None:
    with pytest.raises(ValueError, match="vgg16"):
        ConvolutionalClassifier("resnet50", {})


def test_the_classes_that_win_most_cells_come_first() -> None:
    scores = np.zeros((4, 2, 2), np.float32)
    scores[2] = 1
    scores[1, 0, 0] = 5
    scores[3, 1, 1] = 0.5
    grid = ClassGrid(scores, ConvolutionalClassifier.centres)
    assert top_classes(grid, 3) == (2, 1, 3)
