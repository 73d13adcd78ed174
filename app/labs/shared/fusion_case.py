"""A case of the bench with its score maps where there are any: what labs that take a fusion apart are about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import nn

from app.bench.case import Case
from app.labs.shared import kept
from app.labs.shared.needs import lacks, offer_fcns
from app.visitor import session
from fcn_core.analysis.fusing.decisions import Decisions
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.segmenting.segmenter import Segmenter


@dataclass(frozen=True)
class FusionCase:
    """A case, its score maps (None where there is nothing to fuse), and the class in hand."""

    case: Case
    segmenter: Segmenter
    fusion: Fusion | None
    cls: str

    @property
    def model(self) -> nn.Module:
        """The loaded network; it is shared by all visitors and never changed."""
        return self.segmenter.loaded.model

    @property
    def index(self) -> int:
        """Index of the class in hand."""
        return self.case.labels.index(self.cls)

    @property
    def head(self) -> int:
        """The head on the bench, or the finest that there is."""
        return self.case.head

    @property
    def truth(self) -> np.ndarray | None:
        return None if self.case.truth is None else self.case.truth.mask

    def decisions(self, head: int) -> Decisions:
        """Who decided where, for a head."""
        return kept.who_decided(self.case.result, self.segmenter, head)

    def plane(self, name: str) -> np.ndarray:
        """The scores of the class in hand on a map or of a head, h×w float32."""
        return kept.plane(self.case.result, self.segmenter, name, self.index)

    def spot(self) -> tuple[int, int]:
        """The pixel in hand; as long as none is, the middle of the picture."""
        height, width = self.case.result.image.shape[:2]
        return self.case.pixel or (width // 2, height // 2)


def fusion_case(case: Case) -> FusionCase:
    """The case with its score maps."""
    held = session.bench().cls
    cls = held if held in case.labels.classes else case.largest_class
    segmenter = case.segmenter
    return FusionCase(case, segmenter, kept.fusion(case.result, segmenter)[0], cls)


def nothing_to_fuse(found: FusionCase) -> bool:
    """Explain, where there is nothing to take apart; whether that is so."""
    if found.fusion is not None and len(found.fusion.streams(min(found.fusion.heads))) > 1:
        return False
    if found.case.result.tiled:
        st.info(
            "This picture was cut into tiles because one pass would not fit into memory. Each tile has score maps of "
            "its own, and they are not kept, so nothing can be taken apart here. Take a smaller picture (about 2 "
            "megapixels fit), or a sample.",
            icon=":material/grid_view:",
        )
    elif not lacks(found.case, "skips"):
        st.info(
            "These weights have the head 32s only: one stream, fc7, and nothing is added to it. Choose weights with "
            "finer heads to see a fusion.",
            icon=":material/info:",
        )
        offer_fcns()
    return True
