"""The bench, small, above a page: picture, ground truth, weights, head, class and pixel, each to be swapped there.

Every part is a button that says what is in hand; its picker is only built while it is open, so that the
strip costs a moving slider nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.bench import kept
from app.bench.case import Case
from app.bench.held import HeldPicture, HeldTruth
from app.bench.picture_source import held_picture, picture_source
from app.bench.truth_source import held_truth, truth_source
from app.bench.weights_picker import held_weights, weights_picker
from app.parts.colours import hex_colour
from app.visitor import pixel_picture, session, widgets
from fcn_core.labels import LabelSet
from fcn_core.models.spec import skips_of
from fcn_core.weights import WeightRecord

THUMBNAIL_SIDE = 96
LONGEST_TITLE = 24
PICKER_WIDTH = 360
_FILL = "background: center / cover"


@dataclass(frozen=True)
class Strip:
    """What the strip found in hand. `usual` is the class it showed; None before these weights saw this picture."""

    picture: HeldPicture | None
    record: WeightRecord | None
    usual: str | None
    class_place: DeltaGenerator

    def show_class_of(self, case: Case) -> None:
        """Show the class of a result that was not there yet when the strip was drawn."""
        if self.usual is None:
            with self.class_place:
                _class_part(case.labels, case.largest_class, place="-after")


def bench_strip() -> Strip:
    """Draw the strip."""
    picture, record = held_picture(), held_weights()
    labels = record.label_set if record is not None else None
    truth = held_truth(picture, labels) if picture is not None and labels is not None else None
    case = finished_case(picture, record, truth)
    usual = case.largest_class if case is not None else None
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="bench-strip"):
        _picture_part(picture)
        _truth_part(picture, labels, truth)
        _weights_part(record)
        if record is not None:
            _head_part(record)
        class_place = st.empty()
        if labels is not None:
            with class_place:
                _class_part(labels, usual)
        if picture is not None:
            _pixel_part(picture)
    return Strip(picture, record, usual, class_place)


def finished_case(picture: HeldPicture | None, record: WeightRecord | None, truth: HeldTruth | None) -> Case | None:
    """The case on the bench if its pass is already kept; this never starts one."""
    if picture is None or record is None or not kept.is_here(record):
        return None
    result = kept.found_segmentation(picture, record)
    return Case(picture, record, result, truth) if result is not None else None


@contextmanager
def _part(name: str, label: str, *, place: str = "") -> Iterator[bool]:
    """One part with its picker inside; whether it is open. Teacher mode locks it, or leaves its words only."""
    if widgets.hidden(name):
        with st.container(key=f"bench-{name}{place}", width="content"):
            st.markdown(f":small[{label}]", width="content")
        yield False
        return
    locked = widgets.locked(name)
    with st.popover(label, key=f"bench-{name}{place}", on_change="rerun", disabled=locked) as part:
        with st.container(width=PICKER_WIDTH * 3 // 2 if session.setting("large") else PICKER_WIDTH):
            yield bool(part.open) and not locked


def _picture_part(picture: HeldPicture | None) -> None:
    if picture is not None:
        src = kept.thumbnail(picture, THUMBNAIL_SIDE)
        _before("picture", f"width: 2.7rem; height: 2rem; margin: -.3rem .5rem -.3rem -.4rem; {_FILL} url({src});")
    name = widgets.plain(short(picture.title.removeprefix("sample "))) if picture is not None else "none yet"
    with _part("picture", named("Picture", name)) as is_open:
        if is_open:
            picture_source()


def _truth_part(picture: HeldPicture | None, labels: LabelSet | None, truth: HeldTruth | None) -> None:
    with _part("truth", named("Truth", "yes" if truth else "no")) as is_open:
        if is_open and (picture is None or labels is None):
            st.markdown("Ground truth belongs to a picture, in the classes of the weights: choose both first.")
        elif is_open and labels is not None:
            truth_source(truth, labels)


def _weights_part(record: WeightRecord | None) -> None:
    name = widgets.plain(short(record.name)) if record is not None else "none yet"
    with _part("weights", named("Weights", name)) as is_open:
        if is_open:
            weights_picker()


def _head_part(record: WeightRecord) -> None:
    held = session.bench().head
    head = held if held in record.heads else min(record.heads)
    with _part("head", named("Head", f"{head}s")) as is_open:
        if is_open:
            widgets.head_picker(record.heads, place="-bench")
            st.caption(heads_in_words(record.heads))


def heads_in_words(heads: Sequence[int]) -> str:
    """What each head adds to the one before it. heads: strides, coarsest first."""
    if len(heads) == 1:
        return "These weights have this head only."
    words = []
    for coarse, fine in pairwise(heads):
        added = " and ".join(skip.layer for skip in skips_of(fine) if skip.stride < coarse)
        words.append(f"{fine}s {added} as well" if words else f"{fine}s adds {added} to it")
    return f"{heads[0]}s is the coarse one; {', '.join(words)}."


def _class_part(labels: LabelSet, usual: str | None, *, place: str = "") -> None:
    held = session.bench().cls if session.bench().cls in labels.classes else None
    name = held or usual
    if name is not None:
        colour = hex_colour(labels.colours(safe=session.setting("safe"))[labels.index(name)])
        _before(f"class{place}", f"width: 1.1rem; height: 1.1rem; margin-right: .4rem; background: {colour};")
    with _part("class", named("Class", widgets.plain(short(name)) if name else "the largest"), place=place) as is_open:
        if is_open:
            widgets.class_picker(labels.classes, usual or labels.classes[0], place="-bench")
            if held is None:
                st.caption("Until you choose one: the largest in the picture.")
            else:
                st.button("Back to the largest", type="tertiary", on_click=session.hold, kwargs={"cls": None})


def _pixel_part(picture: HeldPicture) -> None:
    height, width = picture.image.shape[:2]
    pixel = session.bench().pixel
    inside = pixel if pixel and pixel[0] < width and pixel[1] < height else None
    with _part("pixel", named("Pixel", "{}, {}".format(*inside) if inside else "none")) as is_open:
        if is_open:
            pixel_picture.picture(
                kept.photo(picture),
                key="bench-pixel-picture",
                alt="The picture in hand; choose a pixel",
                pixel=inside,
                on_pixel=widgets.hold_pixel,
                most_height="40vh",
            )
            widgets.pixel_fields(width, height, inside)


def named(what: str, value: str) -> str:
    """A part's label: what it is, quiet, and what is in hand."""
    return f":gray[{what}] {value}"


def short(text: str) -> str:
    """A name that fits on the strip; the middle of long ones goes."""
    half = (LONGEST_TITLE - 1) // 2
    return text if len(text) <= LONGEST_TITLE else f"{text[:half]}…{text[-half:]}"


def _before(part: str, style: str) -> None:
    """A small picture before a part's words: style, not text, so that a screen reader hears the words only."""
    rule = f"content: ''; flex: none; border-radius: 3px; {style}"
    st.html(f"<style>.st-key-bench-{part} button[aria-haspopup]::before, .st-key-bench-{part} "
            f"[data-testid=stPopoverButton]::before {{ {rule} }}</style>")  # fmt: skip
