"""The map of a layer with its check, and the questions of the view that looks inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from app.labs.shared.question_panel import Question
from fcn_core.analysis.evidence.layers import Layer, LayerMap, layer_map, truncated_forward
from fcn_core.analysis.fields.receptive_field import LayerField


@dataclass(frozen=True)
class LayerAnswer:
    """values: C×h×w. check: largest difference from the layers called in a row; None where they form no row."""

    values: np.ndarray
    map: LayerMap
    low: float
    high: float
    check: float | None

    def order(self, by: str) -> np.ndarray:
        """Channels, the most active first."""
        return self.map.order(by)


def measured(model: nn.Module, layer: Layer, x: Tensor) -> LayerAnswer:
    """Run up to the layer, and once more without hooks."""
    found = layer_map(model, layer, x)
    again = truncated_forward(model, layer, x)
    check = None if again is None else float(np.abs(again[0].float().cpu().numpy() - found.values).max())
    return LayerAnswer(found.values, found, float(found.values.min()), float(found.values.max()), check)


def inside_questions(
    layer: Layer, answer: LayerAnswer, field: LayerField | None, size: tuple[int, int]
) -> list[Question]:
    """Questions about the layer that is shown."""
    silent = int((answer.map.peaks() <= 0).sum())
    count, rows, columns = answer.values.shape
    asked = [
        Question(
            "A cell of a map in the middle of the trunk is bright. What does that say?",
            (
                "The picture shows the class of that channel there",
                "What this channel looks for is strong somewhere in the cell's receptive field",
                "The pixel exactly there is bright",
            ),
            1,
            "Channels of hidden layers have no class; classes appear only in the score layers. And a cell answers for "
            "all that it sees, not for one pixel.",
        )
    ]
    if field is not None and not field.is_whole and field.axes[0].size:
        right = f"{field.axes[1].size}×{field.axes[0].size} pixels"
        step = field.axes[1].stride
        others = (f"{float(step):g}×{float(step):g} pixels", f"{size[1]}×{size[0]} pixels, the whole picture")
        if right not in others and others[0] != others[1]:
            asked.append(
                Question(
                    f"How much of the picture does one cell of {layer.title} see?",
                    (others[0], right, others[1]),
                    1,
                    f"The stride ({float(step):g} pixels) says how far the next cell looks further on. What a cell "
                    "sees grows with every kernel on the way and overlaps its neighbours' fields.",
                )
            )
    if layer.kind == "ReLU" and count >= 8:
        share = silent / count
        answers = ("None", "Some, but less than half", "More than half")
        right_index = 0 if silent == 0 else (1 if share < 0.5 else 2)
        asked.append(
            Question(
                f"How many of the {count} channels of {layer.title} stay silent on this picture (zero everywhere)?",
                answers,
                right_index,
                f"{silent} of {count}. A ReLU lets only positive answers through, and no picture contains everything "
                "that the channels look for.",
            )
        )
    return asked
