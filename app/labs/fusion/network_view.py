"""The network as a picture, the scores behind each of its boxes, and the way from fc7 to the label map step by step."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.labs.fusion import kept, parts
from app.labs.fusion.figures import limit
from app.labs.fusion.stories import ORIGIN, story, title
from app.labs.shared import lab
from app.labs.shared.fusion_case import FusionCase, nothing_to_fuse
from app.labs.shared.streams import STREAM_COLOURS
from app.parts.colours import hex_colour
from app.parts.pictures import Shown, colour_bar, encode
from app.parts.tables import table
from app.parts.words import signed
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core import draw
from fcn_core.analysis.fusing.network_picture import DrawnBox, network_boxes
from fcn_core.analysis.fusing.steps import FusingStep, numbers, steps
from fcn_core.models.spec import SKIPS, streams_of

ROWS = {
    name: row
    for step, skip in enumerate(SKIPS, 1)
    for name, row in ((skip.enlarges, 2 * step - 1), (skip.score, 2 * step), (skip.fuse, 2 * step))
}
SKIP_SCORES = {skip.score for skip in SKIPS}


def show(found: FusionCase) -> None:
    """Both parts; each is redrawn alone."""
    _network(found)
    if not nothing_to_fuse(found):
        _steps(found)


@st.fragment
def _network(found: FusionCase) -> None:
    result = found.case.result
    size = result.image.shape[:2]
    channels = found.case.record.preprocessing.channels
    boxes = network_boxes(found.model, result.maps, size, channels)
    st.subheader("The network, for this picture", anchor=False)
    asked = session.setting("f_box")
    names = [box.name for box in boxes]
    chosen = asked if asked in names else ("score_fr" if "score_fr" in names else names[-1])
    parts.network(
        _placed(found, boxes), key="fusion-network", chosen=chosen,
        on_box=lambda name: session.change_setting("f_box", name),
    )  # fmt: skip
    st.caption(
        "Width×height of each map, its channels (ch), and its stride: /16 is one cell for every 16×16 pixels. "
        f"The small maps are the scores of {found.cls}. Click a box."
    )
    box = boxes[names.index(chosen)]
    left, right = st.columns([1.5, 1], gap="large", vertical_alignment="center")
    with left:
        _box_picture(found, box)
    with right:
        _box_facts(found, box)


def _placed(found: FusionCase, boxes: list[DrawnBox]) -> list[dict[str, Any]]:
    """The boxes where they stand: the trunk on top from left to right, the fusion under fc7 from top to bottom."""
    columns: dict[str, int] = {}
    for box in boxes:
        if box.kind in ("photo", "trunk"):
            columns[box.name] = len(columns)
    last = len(columns)
    placed = []
    for box in boxes:
        row = ROWS.get(box.name, 0)
        if box.kind in ("photo", "trunk"):
            column = columns[box.name]
        elif box.name in SKIP_SCORES:
            column = columns[box.sources[0]]
        elif box.kind == "head":
            column, row = last + 1, ROWS.get(box.sources[0], 0)
        else:
            column = last
        stream = ORIGIN.get(box.name)
        src = _heat(found, box.name).src if box.kind in ("score", "enlarge", "add", "head") else ""
        placed.append({
            "name": box.name, "title": box.title, "size": f"{box.width}×{box.height}", "channels": box.channels,
            "stride": box.stride, "about": box.about, "sources": list(box.sources), "column": column, "row": row,
            "src": src, "colour": hex_colour(STREAM_COLOURS[stream]) if stream else "", "plus": box.kind == "add",
        })  # fmt: skip
    return placed


def _heat(found: FusionCase, name: str) -> Shown:
    """The scores of the class in hand on a map or of a head."""
    return kept.plane_picture(found.case.result, found.segmenter, name, found.index)


def _box_picture(found: FusionCase, box: DrawnBox) -> None:
    case = found.case
    if not box.shows:
        if box.kind == "photo":
            picture(
                bench_kept.photo(case.picture), key="fusion-box", alt="The photo",
                pixel=case.pixel, on_pixel=_hold_and_redraw, most_height="50vh",
            )  # fmt: skip
            _redraw_if_wished()
        else:
            st.markdown(
                f"**{box.title}** holds {box.channels} features a cell, and no class has a score here yet. "
                f"Only {_scored(case.heads)} scored."
            )
        return
    values = found.plane(box.shows)
    most = limit(values)
    coarse = values.shape != case.result.image.shape[:2]
    pixel = None
    if case.pixel and found.fusion is not None:
        pixel = found.fusion.cell(box.shows, *case.pixel)

    def hold(column: int, row: int) -> None:
        if found.fusion is not None:
            _hold_and_redraw(*found.fusion.centre(box.shows, column, row))

    ticks = tuple(signed(t * most, 1) if t else "0" for t in (-1, -0.5, 0, 0.5, 1))
    picture(
        _heat(found, box.shows), key="fusion-box", title=f"{box.shows}: scores of {found.cls}",
        alt=f"Scores of {found.cls} on {box.shows}",
        pixel=pixel, on_pixel=hold, bar=colour_bar("diverging", ticks, f"score (logit) of {found.cls}"), cells=coarse,
        most_height="50vh",
    )  # fmt: skip
    _redraw_if_wished()


def _scored(heads: Sequence[int]) -> str:
    """The maps that the heads score, fine to coarse: "pool3, pool4 and fc7 are"."""
    first, *skips = streams_of(min(heads))
    return f"{', '.join(reversed(skips))} and {first} are" if skips else f"{first} is"


def _hold_and_redraw(x: int, y: int) -> None:
    widgets.hold_pixel(x, y)
    st.session_state["fusion-redraw"] = True


def _redraw_if_wished() -> None:
    """A chosen pixel stands in the bench strip too, which lies outside of this fragment."""
    if st.session_state.pop("fusion-redraw", False):
        st.rerun(scope="app")


def _box_facts(found: FusionCase, box: DrawnBox) -> None:
    lines = [
        ("Map", box.title), ("Made of", box.about), ("Size", f"{box.width}×{box.height} cells" if box.stride > 1 else
         f"{box.width}×{box.height} pixels"), ("Channels", f"{box.channels}"), ("Stride", f"{box.stride} pixels"),
    ]  # fmt: skip
    if box.shows:
        values = found.plane(box.shows)
        lines.append((f"Scores of {found.cls}", f"{signed(float(values.min()))} to {signed(float(values.max()))}"))
        if found.fusion is not None and found.case.pixel:
            column, row = found.fusion.cell(box.shows, *found.case.pixel)
            lines.append((f"At cell ({column}, {row})", signed(float(values[row, column]))))
    st.html(table((), lines))
    if box.kind == "trunk" and box.shows:
        st.caption(f"The features of {box.title} are scored by {box.shows}, which is shown.")


@st.fragment
def _steps(found: FusionCase) -> None:
    """The animated addition."""
    fusion = found.fusion
    assert fusion is not None
    head = found.head if len(fusion.streams(found.head)) > 1 else min(fusion.heads)
    way = steps(fusion, found.decisions(head))
    st.subheader(f"From score_fr to {head}s, step by step", anchor=False)
    x, y = found.spot()
    bar = encode(np.repeat(draw.colour_table("diverging")[None], 4, axis=0)).src
    pictures = [_labels_now(found, step, head, way) for step in way]
    data = {
        "steps": [
            {"name": step.name, "kind": step.kind, "sources": list(step.sources), "title": title(step),
             "story": story(step, found.case.labels.classes), "labels": name, "labels_title": words}
            for step, (name, words, _) in zip(way, pictures, strict=True)
        ],
        "pictures": {name: src for name, _, src in pictures},
        "maps": {step.name: _map_data(found, step, x, y) for step in way},
        "classes": list(found.case.labels.classes), "cls": found.cls, "step": session.setting("f_step"), "bar": bar,
        "table": base64.b64encode(draw.colour_table("diverging").tobytes()).decode("ascii"),
    }  # fmt: skip

    def hold(name: str, column: int, row: int) -> None:
        _hold_and_redraw(*((column, row) if name == f"{head}s" else fusion.centre(name, column, row)))

    parts.addition(
        data, key="fusion-addition", on_step=lambda step: session.change_setting("f_step", step), on_cell=hold
    )
    _redraw_if_wished()
    st.caption(
        f"All maps show the scores of {found.cls}, in a step on one scale. Click a cell to read its numbers; it is the "
        "same place in every map. The share that changed is counted at every pixel, as if the network ended here."
    )
    sums = [(step, numbers(fusion, step, *fusion.cell(step.name, x, y))) for step in way if step.kind == "add"]
    difference = max(float(np.abs(sum(n.parts.values()) - n.values).max()) for _, n in sums)
    lab.check(f"the sums at cell {fusion.cell(sums[-1][0].name, x, y)} and the network's own maps", difference, 1e-4)
    lab.show_code(steps, numbers)


def _labels_now(found: FusionCase, step: FusingStep, head: int, way: list[FusingStep]) -> tuple[str, str, str]:
    """(name, title, address) of the label map if the network ended at a step, or of what an addition changed in it."""
    case = found.case
    # A skip's own scores are in nothing yet: the labels are still those of the sum before.
    summed = step.summed or max(s.summed for s in way[: way.index(step)])
    changed = step.kind == "add"
    shown = kept.summed_picture(case.result, found.segmenter, head, summed, changed, case.safe)
    title = "Labels that changed, in their new colours" if changed else "Label map if it ended here"
    return f"{summed}{changed}", title, shown.src


def _map_data(found: FusionCase, step: FusingStep, x: int, y: int) -> dict[str, Any]:
    """What the browser needs of a map: values of the class in hand, the best class and the chosen cell."""
    fusion = found.fusion
    assert fusion is not None
    values = found.plane(step.name)
    facts: dict[str, Any] = {
        "width": step.width, "height": step.height, "stride": step.stride, "limit": float(np.abs(values).max()),
        "cell": list(fusion.cell(step.name, x, y)),
    }  # fmt: skip
    if step.kind != "final":
        best = fusion.maps[step.name].argmax(0).numpy().astype(np.uint8)
        facts["values"] = base64.b64encode(np.ascontiguousarray(values, np.float32).tobytes()).decode("ascii")
        facts["best"] = base64.b64encode(best.tobytes()).decode("ascii")
        return facts
    facts["src"] = _heat(found, step.name).src
    facts["value"] = float(values[y, x])
    label = found.case.result.label_maps[int(step.name[:-1])][y, x]
    facts["winner"] = found.case.labels.classes[int(label)]
    return facts
