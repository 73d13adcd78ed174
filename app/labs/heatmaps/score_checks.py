"""The numbers of the score maps against PyTorch's."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from app.bench.case import Case
from app.labs.heatmaps import kept
from app.labs.shared import lab
from app.parts.words import number
from fcn_core.analysis.evidence.heatmaps import class_heatmap, full_logits
from fcn_core.segmenting.scores import GridScores

SIDE = 280  # pixels of the longer side of the map on which the softmax is checked


def score_checks(case: Case, temperature: float) -> None:
    """Softmax against torch.softmax, upsampling against a transposed convolution and an interpolation."""
    head, index = case.head, case.labels.index(case.cls)
    shown = full_logits(case.result, head, most_side=SIDE)
    ours = class_heatmap(shown, index, temperature)
    theirs = torch.softmax(torch.from_numpy(shown) / temperature, 0)[index].numpy()
    lab.check("softmax(z / T) of the class in hand and `torch.softmax`", float(np.abs(ours - theirs).max()), 1e-5)
    scores = case.result.scores[head]
    if isinstance(scores, GridScores):
        st.caption("This photo was cut into tiles; the logits of every pixel, to check the upsampling, are not kept.")
        return
    if case.segmenter.loaded.model.learned_upsampling(head):
        st.caption("These weights learned their last upsampling, so it is no longer bilinear: nothing to compare with.")
        return
    found = kept.upsampling_check(case.result, case.segmenter, head, index)
    bound = max(1e-4, float(np.abs(shown).max()) * (2e-3 if scores.logits.dtype == np.float16 else 1e-5))
    if found.everywhere is not None:
        text = f"{head}s upsampled, and `F.conv_transpose2d` of the cells with the bilinear kernel, in logits"
        lab.check(text, found.everywhere, bound)
    if found.inside is not None:
        lab.check(f"{head}s upsampled and `F.interpolate` of the cells, half a cell from the rim", found.inside, bound)
    if found.rim is not None:
        st.caption(
            f"At the rim the two differ by up to {number(found.rim, 1)}: beyond the last cell the transposed "
            "convolution meets zeros, where `F.interpolate` repeats the cell. While the slider moves, your browser "
            "computes the same from the cells' logits (`app/components/heat.js`)."
        )
