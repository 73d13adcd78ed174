"""What the views of the Skip fusion lab are about: a case of the bench, and its score maps where there are any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from torch import nn

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.fusion import kept
from app.visitor import session
from fcn_core.analysis.fusing.decisions import Decisions
from fcn_core.analysis.fusing.fusion import Fusion

# One colour a stream, in every chart and map of this lab (Okabe and Ito's, apart under colour-vision deficiencies).
STREAM_COLOURS = {"fc7": (86, 180, 233), "pool4": (230, 159, 0), "pool3": (0, 158, 115)}
FEW_CLASSES = 12


@dataclass(frozen=True)
class FusionCase:
    """A case, its score maps (None where there is nothing to fuse; `why_not` says why), and the class in hand."""

    case: Case
    fusion: Fusion | None
    why_not: str
    cls: str

    @property
    def model(self) -> nn.Module:
        """The loaded network; it is shared by all visitors and never changed."""
        return bench_kept.segmenter(self.case.record).loaded.model

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

    @property
    def truth_key(self) -> tuple:
        """What depends on result and ground truth is kept under this."""
        return (self.case.key, self.case.truth.digest if self.case.truth else "")

    @property
    def distance_key(self) -> str:
        """What depends on the ground truth alone is kept under this."""
        return f"{self.case.truth.digest if self.case.truth else ''}:{self.case.labels.name}"

    def decisions(self, head: int) -> Decisions:
        """Who decided where, for a head."""
        assert self.fusion is not None
        return kept.who_decided(self.case.key, self.fusion, head)

    def spot(self) -> tuple[int, int]:
        """The pixel in hand; as long as none is, the middle of the picture."""
        height, width = self.case.result.image.shape[:2]
        return self.case.pixel or (width // 2, height // 2)


def fusion_case(case: Case) -> FusionCase:
    """The case with its score maps."""
    held = session.bench().cls
    cls = held if held in case.labels.classes else case.largest_class
    fusion, why_not = None, ""
    try:
        fusion = kept.fusion(case.key, case.result, case.record)
    except ValueError as problem:
        why_not = str(problem)
    return FusionCase(case, fusion, why_not, cls)


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
    elif found.fusion is None:
        st.info(
            f"These weights have no skips: {found.why_not}. Choose weights with the heads 16s or 8s, for instance "
            "`streets`.",
            icon=":material/info:",
        )
    else:
        st.info(
            "These weights have the head 32s only: one stream, fc7, and nothing is added to it. Choose weights with "
            "the heads 16s or 8s to see a fusion.",
            icon=":material/info:",
        )
    return True


def chart_json(chart: go.Figure) -> str:
    """A chart for the browser, its words larger where large type is on."""
    return chart.update_layout(font={"size": 18 if session.setting("large") else 12}).to_json()


def css(colour: tuple[int, int, int]) -> str:
    """A colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign and a real minus."""
    return f"{value:+.{digits}f}".replace("-", "−")
