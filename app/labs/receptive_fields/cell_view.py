"""Click a cell: the exact box that it sees, stream by stream, padding drawn too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from app.bench.case import Case
from app.labs.receptive_fields.canvas import margin, outline, photo_canvas
from app.labs.receptive_fields.nets import net_picker
from app.labs.receptive_fields.place import Place, hold_from_canvas, is_head, place_picker
from app.labs.receptive_fields.questions import cell_questions
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.streams import STREAM_COLOURS
from app.labs.shared.waited import waited
from app.parts.words import covered
from app.visitor.pixel_picture import picture
from fcn_core.analysis.fields.probe import probed_box
from fcn_core.analysis.fields.reach import Reach
from fcn_core.analysis.fields.receptive_field import Box, LayerField, receptive_field
from fcn_core.models.fcn import FCN
from fcn_core.models.torchvision_fcn import TorchvisionFCN
from fcn_core.progress import Progress

ONE = (86, 180, 233)


def show(case: Case) -> None:
    controls, board = st.columns([1, 1.9], gap="large")
    with controls:
        image = case.result.image
        net = net_picker(case, image.shape[:2])
        place = place_picker(net, image.shape[:2], case.pixel)
        _boxes_in_words(place)
    with board:
        _picture(case, place)
    check_boxes(case, place)
    lab.questions("receptive-cell", cell_questions(place))
    lab.show_code(receptive_field, LayerField.box, Reach.through, probed_box)


def stream_boxes(place: Place) -> dict[str, Box]:
    """One box a stream, the widest first; a map whose streams are not told apart has the one "" only."""
    boxes = {name: place.map.box(place.row, place.column, name) for name in place.map.streams}
    return dict(sorted(boxes.items(), key=lambda item: -item[1].height * item[1].width))


def _picture(case: Case, place: Place) -> None:
    image = case.result.image
    # The heads share one canvas, so that nothing jumps from 32s to 16s to 8s.
    heads = [output for output in place.net.fields.outputs.values() if is_head(output)]
    shown = heads if is_head(place.map) else [place.map]
    room = margin(shown, image.shape[:2])
    boxes = stream_boxes(place)
    outlines = [outline(box, STREAM_COLOURS.get(name, ONE)) for name, box in boxes.items()]
    height, width = image.shape[:2]
    x, y = case.pixel or (width // 2, height // 2)
    picture(
        photo_canvas(image, room, outlines, lit=outline(place.box, ONE)),
        key="receptive-canvas",
        alt=f"The photo with {room} pixels of padding around it, and what {place.words} sees",
        title=f"What {place.words} sees",
        pixel=(x + room, y + room),
        on_pixel=hold_from_canvas(image.shape[:2], room),
        most_height="66vh",
    )
    st.caption(
        f"Click anywhere: the nearest cell answers. Hatched: outside of the photo, {room} pixels drawn. What a box "
        "holds there is padding, zeros that say nothing. Positions under the pointer count from the hatched corner."
    )


def _boxes_in_words(place: Place) -> None:
    if place.map.is_whole:
        st.markdown(f"**{place.words}** depends on the whole picture: {'; '.join(map(str, place.map.notes[:2]))}.")
        return
    boxes = stream_boxes(place)
    st.markdown(f"**{place.words[0].upper()}{place.words[1:]}**")
    rows = "".join(
        f"<tr><td><span style='color:rgb{STREAM_COLOURS.get(name, ONE)}'>■</span>&nbsp;{name or 'box'}</td>"
        f"<td>{box.width}×{box.height}</td><td>{_range(box.left, box.right)}</td><td>{_range(box.top, box.bottom)}</td>"
        f"<td>{covered(box.share_in_padding) if box.share_in_padding else 'none'}</td></tr>"
        for name, box in boxes.items()
    )
    heads = "".join(f"<th style='text-align:left'>{h}</th>" for h in ("sees", "size", "columns", "rows", "in padding"))
    st.html(f"<table style='width:100%;font-variant-numeric:tabular-nums'><tr>{heads}</tr>{rows}</table>")
    axis = place.map.axes[1]
    if axis.stride == 1 and is_head(place.map) and place.map.name != "logits.1":  # which enlarges nothing
        st.caption(
            "A pixel of a head mixes up to two neighbouring cells a step of upsampling, so it sees a stride more than "
            "one cell does: with VGG16 a cell of fc7 sees 404 pixels, a pixel of the 32s head 404 + 32 = 436. The next "
            "pixel may read other cells: boxes move in jumps of the stride, not pixel by pixel."
        )
    if isinstance(place.net.model, TorchvisionFCN) and axis.first_centre != 0 and is_head(place.map):
        st.caption(
            f"The boxes lie {abs(float(axis.first_centre)):.2g} pixels to the upper left of their pixels: cells of "
            "this trunk are centred on pixels 0, 8, 16, …, but its upsampling puts them at 3.5, 11.5, 19.5, …"
        )


def _range(start: int, stop: int) -> str:
    return f"{start} … {stop - 1}".replace("-", "−")


def check_boxes(case: Case, place: Place) -> None:
    """The boxes of three cells of this map against the pixels that get a gradient when nothing hides one."""
    if place.map.is_whole:
        return
    slim = isinstance(place.net.model, FCN)
    key = ("probe", *place.net.key, case.result.image.shape[:2], place.map.name)
    asked = slim or labs_kept.lab_answers().answered(key) is not None
    if not asked and not st.button("Check these boxes with backward passes", icon=":material/fact_check:"):
        return
    channels = case.record.preprocessing.channels if place.net.name == "own" else 3
    found = waited(
        key,
        lambda progress: _Probed(_differences(place, case.result.image.shape[:2], channels, progress)),
        "Checking boxes with backward passes: cell",
    )
    if found is None:
        return
    what = "few channels, positive weights" if slim else "positive weights"
    lab.check(
        f"the boxes of this map's first, middle and last cell, and the pixels that have a gradient in the same layers "
        f"({what} and averages for max poolings, so that nothing hides or cancels), in pixels",
        sum(found.differences), 1.0,
    )  # fmt: skip


def _differences(place: Place, size: tuple[int, int], channels: int, progress: Progress) -> tuple[float, ...]:
    """Pixels between walked and probed ends of the boxes of the first, the middle and the last cell."""
    rows, columns = (axis.cells for axis in place.map.axes)
    worst = []
    for done, (row, column) in enumerate(((0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1))):
        target = replace(place.target, row=row, column=column)
        ends = probed_box(place.net.model, target, size, channels=channels)
        expected = place.map.box(row, column).inside
        if ends is None or expected is None:
            worst.append(0.0 if ends == expected else float("nan"))
        else:
            worst.append(float(max(abs(a - b) for a, b in zip(ends, expected, strict=True))))
        progress(done + 1, 3)
    return tuple(worst)


@dataclass(frozen=True)
class _Probed:
    """What probing found, in pixels, for each cell."""

    differences: tuple[float, ...]
