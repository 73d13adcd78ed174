"""A crop that is wrong on purpose: the labels slide off their things, first at the edges, then in the measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch

from app.bench.strip import Strip
from app.labs.alignment import parts
from app.labs.alignment.figures import slip_chart
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.fusion_case import FusionCase, fusion_case, nothing_to_fuse
from app.labs.shared.waited import waited
from app.parts.pictures import Shown, encode, view, view_photo
from app.parts.tables import table
from app.parts.words import percent, signed
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core import draw
from fcn_core.analysis.aligning.shift import MOST, Slip, crops_of, moved, shifted_labels, slip, slips
from fcn_core.analysis.fusing.fusion import Enlargement, Fusion
from fcn_core.models.spec import SKIPS, skips_of
from fcn_core.ops.bilinear import bilinear_weight

BAND = 5  # pixels to a true boundary that count as near
ROWS = 24  # of the label map that are checked against a plain transposed convolution
TITLES = {"final": "The last one, onto the photo", **{skip.layer: skip.score for skip in SKIPS}}
CELLS = {"final": 1, **{skip.layer: skip.stride for skip in SKIPS}}


@dataclass(frozen=True)
class _Kept:
    """What was measured over all shifts."""

    points: tuple[Slip, ...]


def show(strip: Strip) -> None:
    """Which crop, the slider, and what follows from it."""
    found = fusion_case(lab.case(strip))
    if found.fusion is None:
        nothing_to_fuse(found)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        head = widgets.head_picker(found.fusion.heads, place="-alignment")
        crop = widgets.pick_one("a_crop", "The crop of", {name: TITLES[name] for name in crops_of(head)})
    _live(found, head, crop)
    lab.show_code(shifted_labels, moved, slip)


@st.fragment
def _live(found: FusionCase, head: int, crop: str) -> None:
    """Only this is drawn again while the slider moves."""
    fusion = found.fusion
    assert fusion is not None
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        shift = widgets.slide("a_d", f"Too large by, {_unit(crop)}", -MOST, MOST)
        labels = shifted_labels(fusion, head, crop, shift)  # type: ignore[arg-type]
        picture(
            _drawn(found, labels), key="alignment-shift", alt=f"Label map of head {head}s with its crop off by {shift}",
            title=_title(head, crop, shift), most_height="58vh",
        )  # fmt: skip
        st.caption(_story(crop, shift))
    with right:
        _numbers(found, fusion, head, crop, shift, labels)
    _check(found, head, crop, shift, labels)


def _unit(crop: str) -> str:
    return "pixels" if crop == "final" else f"cells of {CELLS[crop]} pixels"


def _drawn(found: FusionCase, labels: np.ndarray) -> Shown:
    case = found.case
    drawn = draw.overlay(
        view_photo(case.result.image), view(labels), case.colours, session.setting("opacity") / 100, case.hidden
    )
    drawn = draw.contours(drawn, view(labels))
    return encode(drawn, full_size=labels.shape, photo=True)


def _title(head: int, crop: str, shift: int) -> str:
    if shift == 0:
        return f"Head {head}s, as it is"
    what = "its last crop" if crop == "final" else f"the crop of score_{crop}"
    return f"Head {head}s, {what} off by {signed(shift, 0)}"


def _story(crop: str, shift: int) -> str:
    if shift == 0:
        return "In place. Move the slider: 1 is the slip that is easily made and hard to see."
    side = "up and to the left" if shift > 0 else "down and to the right"
    if crop == "final":
        return f"All labels slide {side} by {abs(shift)} px; the photo stays. Beyond the map nothing is known: score 0."
    return (
        f"Only {crop}'s scores slide {side}, by {abs(shift)} of their cells, {abs(shift) * CELLS[crop]} px; what the "
        "other streams say stays. Beyond the map that stream says nothing."
    )


def _numbers(found: FusionCase, fusion: Fusion, head: int, crop: str, shift: int, labels: np.ndarray) -> None:
    truth, own = found.case.truth, found.case.result.label_maps[head]
    changed = float((labels != own).mean())
    st.markdown(f"{percent(changed)} of the labels differ from those in place.")
    if truth is None:
        st.caption("With a ground truth, the measures would appear here. Add one under Truth above.")
        return
    near = labs_kept.distances(truth) <= BAND
    kept = waited(
        ("slips", found.case.result.key, truth.key, head, crop, BAND),
        lambda progress: _Kept(slips(fusion, head, crop, truth.mask, near, progress=progress)),  # type: ignore[arg-type]
        "Measuring every shift:",
    )
    if kept is None:
        return
    points = kept.points
    now, home = (next(p for p in points if p.shift == s) for s in (shift, 0))
    rows = [
        _row(name, getattr(now, field), getattr(home, field))
        for field, name in (("pa", "pixel accuracy"), ("miou", "mean IoU"), ("band", f"mean IoU within {BAND} px"))
    ]
    st.html(table(("percent", "now", "in place", "change"), rows))
    lowest = min(v for p in points for v in (p.pa, p.miou, p.band) if v == v)
    parts.drawing(slip_chart(points, shift, _unit(crop), 20 * int(5 * lowest)), key="alignment-slips")
    st.caption(
        f"On this picture, over all shifts. *Near boundaries*: mean IoU of the pixels within {BAND} of a true "
        "boundary. Large things forgive a slip, thin ones and edges do not."
        + ("" if crop == "final" else f" Far out {crop} has left the picture, and the other streams decide alone.")
    )


def _row(name: str, now: float, home: float) -> tuple[str, ...]:
    shown = ["–" if v != v else f"{100 * v:.1f}" for v in (now, home)]
    change = now - home
    return name, *shown, "" if change != change or abs(change) < 5e-4 else signed(100 * change, 1)


def _check(found: FusionCase, head: int, crop: str, shift: int, labels: np.ndarray) -> None:
    """Some rows of the label map against a dense transposed convolution in PyTorch, cropped as the slider says."""
    fusion = found.fusion
    assert fusion is not None
    last = fusion.enlargement(f"upscore{head}")
    placement = last.placement
    weight = bilinear_weight(fusion.num_classes, placement.kernel) if last.weight is None else last.weight
    plain = Enlargement(placement, weight.to(fusion.own(head).dtype))
    top = max((labels.shape[0] - ROWS) // 2, 0)
    rows = min(ROWS, labels.shape[0])
    start, grid = -placement.shift, fusion.own(head)
    if crop == "final":
        start += shift
    else:
        grid = fused_by_hand(fusion, head, crop, shift)
    logits = plain(grid, start=(start + top, start), size=(rows, labels.shape[1]))
    different = float((logits.argmax(0).numpy() != labels[top : top + rows]).mean())
    lab.check(
        f"{rows} rows of this label map, and those of PyTorch's transposed convolution of the score maps, cropped "
        "likewise; share of pixels that differ", different, 1e-3,
    )  # fmt: skip


def fused_by_hand(fusion: Fusion, head: int, crop: str, shift: int) -> torch.Tensor:
    """The head's map added up from its streams, the moved one moved."""
    now = fusion.maps["score_fr"]
    for skip in skips_of(head):
        score, up = fusion.maps[skip.score], fusion.enlargement(skip.enlarges)
        added = moved(score, shift) if skip.layer == crop else score
        now = up(now, start=(up.start, up.start), size=(score.shape[-2], score.shape[-1])) + added
    return now
