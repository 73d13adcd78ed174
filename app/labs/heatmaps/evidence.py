"""Class evidence by occlusion and by gradient: which pixels of the input made the score, told apart from the score."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.heatmaps.evidence_answer import Evidence, Request, compute
from app.labs.heatmaps.evidence_text import DIFFERENCE, evidence_checks, evidence_questions
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.seen import Seen, seen
from app.labs.shared.waited import waited
from app.labs.shared.wall import Tile, ticks, wall
from app.parts.pictures import encode
from app.parts.words import number
from app.visitor import session, widgets
from fcn_core import draw
from fcn_core.analysis.evidence.gradients import STEPS, check_gradient, gradient_map
from fcn_core.analysis.evidence.heatmaps import class_heatmap
from fcn_core.analysis.evidence.occlusion import occlusion_at, occlusion_map, window_count
from fcn_core.analysis.evidence.target import Target, region_mask
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import GridScores

METHODS = {
    "gradient": "Gradient",
    "input": "Input × gradient",
    "integrated": "Integrated gradients",
    "occlusion": "Occlusion",
}
REGIONS = {"pixel": "The pixel alone", "piece": "Its connected piece", "class": "All pixels of the class"}
SPEAKS = "red: this pixel of the input speaks for it; blue: against it"
MEANING = {
    "gradient": "red: a larger value of this pixel would raise the score; blue: lower it",
    "input": SPEAKS,
    "integrated": SPEAKS,
    "occlusion": "red: the score falls when this pixel is covered; blue: it rises",
}
AT_ONCE = ("gradient", "input")  # quick enough not to be asked for


def show(case: Case) -> None:
    st.markdown(DIFFERENCE)
    method, region = _controls(case)
    side = int(session.setting("h_side"))
    look = seen(case, side, why="an attribution takes many passes")
    result = _result(look)
    if result is None:
        return
    pixel = look.pixel or _middle(result, case)
    if look.pixel is None:
        st.caption(
            f":material/info: No pixel is chosen, so a pixel of {case.cls} is taken. Click another one in a map."
        )
    window, step = _window(method)
    index, head = case.labels.index(case.cls), case.head
    target, problem = None, ""
    try:
        target = Target(head, index, region_mask(result.label_maps[head], index, region, pixel))
    except ValueError as error:
        problem = str(error)
    left, right = st.columns([2, 1])
    with left:
        _score(look, result, target, pixel)
    answer = None
    with right:
        if target is None:
            st.info(f"{problem[0].upper()}{problem[1:]}.", icon=":material/info:")
        else:
            answer = _answer(look, Request(method, target, window, step))
            if answer is not None:
                _attribution(look, answer, pixel)
    if answer is not None:
        what = "this pixel's logit" if answer.pixels == 1 else f"the sum of {answer.pixels:,} logits"
        st.caption(f"Explained: {what} of {case.cls} in {head}s, {number(answer.score)} on this picture.")
        evidence_checks(answer)
    lab.questions("evidence", evidence_questions(case, answer))
    lab.show_code(Target, gradient_map, check_gradient, occlusion_map, occlusion_at, class_heatmap)


def _controls(case: Case) -> tuple[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=200):
            widgets.class_picker(case.labels.classes, case.largest_class, place="-evidence")
        if len(case.heads) > 1:
            widgets.head_picker(case.heads, place="-evidence")
        method = widgets.pick_one("h_method", "Evidence by", METHODS)
        region = widgets.pick_one("h_region", "Explain the logit of", REGIONS)
        widgets.pick_one("h_side", "Longer side", {name: f"{name} px" for name in ("240", "320", "480", "640")})
    return method, region


def _window(method: str) -> tuple[int, int]:
    """Window and stride of occlusion, in pixels of the small picture."""
    window, step = session.setting("h_window"), session.setting("h_step")
    if method != "occlusion":
        return 0, 0
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=260):
            widgets.slide("h_window", "Window", 8, 256, format="%d px")
        with st.container(width=260):
            widgets.slide("h_step", "Stride", 4, 256, format="%d px", help="At most the window, or pixels are missed")
    if step > window:
        st.caption(
            f":material/info: A stride of {step} would miss pixels between windows of {window}; {window} is used."
        )
    return window, min(step, window)


def _result(look: Seen) -> SegmentationResult | None:
    """The heads on the small picture; the case's own result where nothing was shrunk."""
    if look.scale == 1 and not look.case.result.tiled:
        return look.case.result
    source, side = look.case.picture.network_input, max(look.size)
    return waited(
        (*look.key, "result"),
        lambda _: look.segmenter.segment(source, max_side=side),
        "Segmenting the small picture …",
        store=bench_kept.results(),
    )


def _answer(look: Seen, request: Request) -> Evidence | None:
    """The kept attribution; a long one only after it was asked for."""
    key = (*look.key, request.key)
    asked: set = st.session_state.setdefault("h-asked", set())
    if request.method not in AT_ONCE and key not in asked and labs_kept.lab_answers().answered(key) is None:
        passes = STEPS if request.method == "integrated" else window_count(*look.size, request.window, request.step)
        st.markdown(f"**Heatmap, an attribution:** {METHODS[request.method].lower()}")
        st.button(
            f"Compute ({passes} passes)",
            type="primary",
            icon=":material/play_arrow:",
            on_click=asked.add,
            args=(key,),
            key="h-compute",
        )
        return None
    answer = waited(key, lambda progress: compute(look, request, progress), f"{METHODS[request.method]}: pass")
    if answer is None:
        asked.discard(key)
    return answer


def _middle(result: SegmentationResult, case: Case) -> tuple[int, int]:
    """A pixel well inside the class in hand; the picture's middle where the head sees none."""
    labelled = result.label_maps[case.head] == case.labels.index(case.cls)
    height, width = labelled.shape
    if not labelled.any():
        return width // 2, height // 2
    depth = cv2.distanceTransform(np.pad(labelled, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(column), int(row)


def _score(look: Seen, result: SegmentationResult, target: Target | None, pixel: tuple[int, int]) -> None:
    """The input, with the outline of what is explained, and the class's score at every pixel."""
    case = look.case
    index, head = case.labels.index(case.cls), case.head
    scores = result.scores[head]
    heat = scores.heatmap(index) if isinstance(scores, GridScores) else class_heatmap(scores.logits, index)
    photo = look.image
    if target is not None and target.pixels > 1:
        photo = draw.contours(photo, target.mask.astype(np.uint8))
    wall(
        [
            Tile("The input", photo=encode(photo, photo=True).src),
            Tile(f"Heatmap, a score: probability of {case.cls}", values=heat),
        ],
        key="evidence-score",
        label="Photo and score",
        size=look.size,
        pixel=pixel,
        on_pixel=lambda x, y, _: session.hold(**look.held(x, y)),
        columns=2,
        decimals=3,
        bar=("viridis", ticks(0, 1), f"{head}s: how likely is {case.cls} at this pixel of the output?"),
    )


def _attribution(look: Seen, answer: Evidence, pixel: tuple[int, int]) -> None:
    """Signed values on the input; the largest one in a thousand are drawn as the end of the scale."""
    most = float(np.quantile(np.abs(answer.values), 0.999)) or 1.0
    decimals = 3 if most < 10 else 1
    title = f"Heatmap, an attribution: {METHODS[answer.method].lower()}"
    wall(
        [Tile(title, values=answer.values, shown=(-most, most), table="diverging")],
        key="evidence-attribution",
        label="Attribution",
        size=look.size,
        pixel=pixel,
        on_pixel=lambda x, y, _: session.hold(**look.held(x, y)),
        columns=1,
        decimals=decimals,
        bar=("diverging", ticks(-most, most, decimals), MEANING[answer.method]),
    )
