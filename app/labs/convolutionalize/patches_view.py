"""Patch by patch against the whole picture at once: the same answers, and what each way costs here."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.convolutionalize import kept
from app.labs.convolutionalize.grid_race import race
from app.labs.convolutionalize.nets import LabNet, patch_net
from app.labs.convolutionalize.questions import patch_questions
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.waited import waited
from app.labs.shared.wall import CLASSES, Tile, wall
from app.parts.colours import swatch
from app.parts.pictures import encode
from app.parts.words import covered, figures, in_units, megabytes, milliseconds
from app.settings.convolutionalize import PATCH_SIDES, PATCH_STEPS
from app.visitor import session, widgets
from fcn_core.analysis.dense.pass_cost import grid_costs
from fcn_core.analysis.dense.patchwise import (
    PatchLabels,
    mirrored,
    one_pass,
    patch_facts,
    sliding_window,
)
from fcn_core.draw import thumbnail
from fcn_core.labels import CAMVID
from fcn_core.models.patch_classifier import PATCH_NETS

MOST_SIDE = 480  # as large as the scenes that the classifiers learned from
MANY = 15_000  # patches that are only run on request
EXACT = 1e-5
DRAWN_PATCHES = 3


def show(strip: Strip) -> None:
    """Draw the view."""
    case = lab.case(strip)
    side, step, net = _controls(case)
    image = thumbnail(case.result.image, MOST_SIDE)
    if image is not case.result.image:
        st.caption(
            ":material/photo_size_select_small: The photo is shrunk to {1}×{0} here, the size "
            "of the scenes that the classifiers learned from.".format(*image.shape)
        )
    fits = min(image.shape[:2]) >= side
    if not fits:
        st.info(
            f"The photo is only {image.shape[1]}×{image.shape[0]} pixels here, smaller than a patch of {side}×{side}. "
            "Choose a larger or less narrow one, or smaller patches.", icon=":material/info:",
        )  # fmt: skip
    elif answers := _answers(case, net, image, side, step):
        slow, quick = answers
        _maps(case, net, image, slow, quick)
        _costs(net, image, side, step, slow, quick)
        largest = max(float(np.abs(slow.scores).max()), 1.0)
        apart = float(np.abs(slow.scores - quick.scores).max()) / largest
        lab.check("all logits of all patches and those of the one pass, as a share of the largest", apart, EXACT)
    race(case, patch_net(safe=case.safe))
    if fits:
        lab.questions("convolutional-patches", patch_questions(side, step, image.shape[:2]))
    lab.show_code(sliding_window, one_pass, grid_costs)


def _answers(
    case: Case, net: LabNet, image: np.ndarray, side: int, step: int
) -> tuple[PatchLabels, PatchLabels] | None:
    """Both ways' answers; None where many patches wait to be asked for, or after a failure that was shown."""
    key = ("patches", side, step, case.picture.key, image.shape)
    patches = -(-image.shape[0] // step) * -(-image.shape[1] // step)
    if patches > MANY and labs_kept.lab_answers().answered((*key, "slow")) is None:
        st.markdown(
            f"**{patches:,} patches** of {side}×{side} pixels: that takes a while, and shows why nobody does it."
        )
        if not st.button("Classify them all", icon=":material/play_arrow:", key="convolutional-many"):
            return None
    slow = waited(
        (*key, "slow"),
        lambda progress: sliding_window(net.pair.full, image, side, step, progress=progress),
        "Patch by patch:",
    )
    quick = waited((*key, "quick"), lambda _: one_pass(net.pair.full, image, side, step), "One pass …")
    return None if slow is None or quick is None else (slow, quick)


def _controls(case: Case) -> tuple[int, int, LabNet]:
    st.subheader("Label a photo patch by patch")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        side = int(widgets.pick_one("c_side", "Patch", {text: f"{text}×{text}" for text in PATCH_SIDES}))
        with st.container(width=260):
            names = {n: f"{n} pixel{'s' * (n > 1)}" for n in PATCH_STEPS}
            step = widgets.slide_steps("c_step", "A patch every", names)
    facts = patch_facts(side)
    st.markdown(
        "Segmentation used to be done like this: cut out a patch around a pixel and classify it for the pixel's label; "
        f"then the next pixel. This is a small classifier of {side}×{side} patches, trained by this project on "
        f"{facts['trained on']}. On {facts['measured on']} it labels {facts['pixel accuracy']} % of the "
        f"pixels asked for correctly (mean IoU {facts['mean IoU']} %)."
    )
    return side, step, patch_net(side, safe=case.safe)


def _maps(case: Case, net: LabNet, image: np.ndarray, slow: PatchLabels, quick: PatchLabels) -> None:
    """The photo with neighbouring patches, both label maps, and the truth if there is one."""
    height, width = image.shape[:2]
    names = dict(enumerate(net.classes))
    photo = encode(image, photo=True).src
    truth = _truth(case, (height, width))
    tiles = [
        Tile(f"{DRAWN_PATCHES} neighbouring patches", photo=photo, boxes=_patches(case, net, image, slow.step)),
        Tile(
            "Patch by patch", values=slow.label_map(height, width), names=names, table=CLASSES, photo=photo,
            note=_right(slow, truth, (height, width)),
        ),
        Tile(
            "One pass", values=quick.label_map(height, width), names=names, table=CLASSES, photo=photo,
            note=_right(quick, truth, (height, width)),
        ),
    ]  # fmt: skip
    if truth is not None:
        tiles.append(Tile("Ground truth", values=truth, names=names, table=CLASSES, photo=photo))
    wall(
        tiles, key="patch-maps", label="Labels, patch by patch and in one pass", size=(height, width),
        palette=net.colours, columns=len(tiles), on_pixel=lambda x, y, _: _hold(case, image, x, y),
    )  # fmt: skip
    st.caption(
        f"Each answer fills its square of {slow.step}×{slow.step} pixels; beyond the photo's edge both ways see it "
        "mirrored. Click to move the patches."
    )
    shares = np.bincount(slow.labels.ravel(), minlength=len(net.classes)) / slow.labels.size
    st.markdown(
        " ".join(
            f":small[{swatch(net.colours[i])} {net.classes[i]} {covered(shares[i])}]\u2002"
            for i in np.argsort(-shares)
            if shares[i]
        )
    )


def _costs(net: LabNet, image: np.ndarray, side: int, step: int, slow: PatchLabels, quick: PatchLabels) -> None:
    """Time, multiply-adds and memory of both ways."""
    x = mirrored(image, PATCH_NETS[side], step)
    one = kept.pass_counts(net.pair, "full", (side, side))
    whole = kept.dense_counts(net.pair, step, tuple(x.shape))
    overlap = (side / step) ** 2
    each = one.multiply_adds * slow.patches
    rows = [
        ("Patch by patch", slow.seconds, each, one.peak_bytes),
        ("One pass", quick.seconds, whole.multiply_adds, whole.peak_bytes),
    ]
    lines = ["| | time here | multiply-adds | memory |", "|:--|--:|--:|--:|"]
    lines += [
        f"| {name} | {milliseconds(seconds)} | {in_units(adds)} | {megabytes(peak)} |"
        for name, seconds, adds, peak in rows
    ]
    st.markdown("\n".join(lines))
    times, work = slow.seconds / max(quick.seconds, 1e-9), each / whole.multiply_adds
    st.markdown(
        f"The same {slow.patches:,} answers, **{figures(times, 2)} times as fast** and with {covered(1 / work)} "
        f"of the work. Every pixel inside the photo lies in about {overlap:,.0f} patches, and each computes it "
        "anew."
    )
    st.caption(
        "Measured on this machine when these maps were made. Patches went through in batches, the memory is counted "
        "for a single one: the most that input and maps take at once, weights apart. Answers closer than the network's "
        f"stride of {PATCH_NETS[side].stride} pixels take strides out and spread the kernels: see Shift and stitch."
    )


def _truth(case: Case, size: tuple[int, int]) -> np.ndarray | None:
    """The bench's truth in CamVid's classes at this size."""
    if case.truth is None or case.labels.classes != CAMVID.classes:
        return None
    height, width = case.truth.mask.shape
    rows, columns = (np.arange(n) * full // n for n, full in zip(size, (height, width), strict=True))
    return np.ascontiguousarray(case.truth.mask[np.ix_(rows, columns)])


def _right(found: PatchLabels, truth: np.ndarray | None, size: tuple[int, int]) -> str:
    if truth is None:
        return ""
    asked = truth != 255
    return f"{covered(float((found.label_map(*size) == truth)[asked].mean()))} right" if asked.any() else ""


def _patches(
    case: Case, net: LabNet, image: np.ndarray, step: int
) -> tuple[tuple[tuple[float, float, float, float], str], ...]:
    """Neighbouring patches around the pixel in hand."""
    height, width = image.shape[:2]
    scale = width / case.result.image.shape[1]
    x, y = (int(at * scale) for at in case.pixel) if case.pixel else (width // 2, height // 2)
    reach = net.pair.side // 2
    middles = [(x // step + i) * step + step // 2 for i in range(DRAWN_PATCHES)]
    top = y // step * step + step // 2 - reach
    return tuple(((m - reach, top, m + reach + 1, top + net.pair.side), "") for m in middles)


def _hold(case: Case, image: np.ndarray, x: int, y: int) -> None:
    height, width = case.result.image.shape[:2]
    scale = width / image.shape[1]
    session.hold(x=min(int((x + 0.5) * scale), width - 1), y=min(int((y + 0.5) * scale), height - 1))
