"""A classifier with fully connected layers becomes convolutional: same weights, same numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.convolutionalize import kept
from app.labs.convolutionalize.enlarged import enlarged
from app.labs.convolutionalize.layer_table import layer_table
from app.labs.convolutionalize.nets import LabNet, imagenet_here, imagenet_net, own_net, patch_net
from app.labs.convolutionalize.questions import classifier_questions
from app.labs.shared import lab
from app.labs.shared.waited import waited
from app.labs.shared.wall import CLASSES, Tile, ticks, wall
from app.parts.colours import swatch
from app.parts.pictures import encode
from app.parts.words import covered, in_units
from app.visitor import session, widgets
from fcn_core.analysis.evidence.classifier_grid import ClassGrid, top_classes
from fcn_core.analysis.evidence.heatmaps import temperature_softmax
from fcn_core.labels import Colour, voc_palette
from fcn_core.ops.convolutionalize import as_convolution, convolutionalize, fully_connected

OTHERS: Colour = (120, 120, 120)
SHOWN = 5
LISTED = 12
EXACT = 1e-5


@dataclass(frozen=True)
class WindowSaid:
    """What is said of one window: K logits from the classifier, from its convolutional form, and in the photo's map."""

    full: np.ndarray
    convolutional: np.ndarray
    in_map: np.ndarray

    def apart(self, other: np.ndarray) -> float:
        """Largest difference to the classifier's own numbers, as a share of the largest of them."""
        return float(np.abs(self.full - other).max() / np.abs(self.full).max())


def show(strip: Strip) -> None:
    """Draw the view."""
    case = lab.case(strip)
    net = _controls(case)
    image = enlarged(case, net)
    if image is None:
        return
    rows, columns = net.pair.cells(image.shape[:2])
    key = ("classifier", net.pair.key, case.picture.key, image.shape)
    answers = waited((*key, "map"), lambda _: _map(net, image), "One pass over the whole photo …")
    if answers is None:
        return
    row, column = _cell(case, net, image, (rows, columns))
    said = waited((*key, row, column), lambda _: _window(net, image, answers.scores, row, column), "One window …")
    if said is None:
        return
    _say(net, image, rows, columns)
    _maps(case, net, image, answers, said, (row, column))
    left, right = st.columns([5, 6], gap="large")
    with left:
        _numbers(net, said)
    with right:
        st.subheader("What became what")
        st.markdown(layer_table(net.pair, image.shape[:2]))
        st.caption(
            "Only the shape changes: each kernel is a view of the same numbers in memory, in the same order. On one "
            "window every map is 1×1."
        )
    lab.questions("convolutional-classifier", classifier_questions(net.pair, image.shape[:2]))
    lab.show_code(as_convolution, convolutionalize, fully_connected)


def _controls(case: Case) -> LabNet:
    """The network in hand."""
    problem = ""
    options = {"patch": "33×33 patch classifier"}
    try:
        own = own_net(case)
        options = {"own": f"{case.record.name} as a classifier", **options}
    except ValueError as reason:
        problem = str(reason)
    here = imagenet_here()
    options |= {name: imagenet_title(name) for name in here}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = widgets.pick_one("c_net", "Classifier", options)
        widgets.pick_one("c_scale", "Photo", {"1": "as it is", "1.5": "1.5×", "2": "2×", "3": "3×"})
    if problem:
        st.caption(f":material/info: {problem[0].upper()}{problem[1:]}.")
    if not here:
        st.caption(
            "ImageNet's own classifiers (VGG16, AlexNet, GoogLeNet) appear here once they are downloaded: "
            "`python -m fcn_core weights pull alexnet`."
        )
    if chosen == "own":
        return own
    return patch_net(safe=case.safe) if chosen == "patch" else imagenet_net(chosen)


def imagenet_title(name: str) -> str:
    return {"vgg16": "VGG16", "vgg16_bn": "VGG16 with batch norm", "alexnet": "AlexNet", "googlenet": "GoogLeNet"}[name]


def _map(net: LabNet, image: np.ndarray) -> ClassGrid:
    with torch.inference_mode():
        scores = net.pair.whole(net.prepare(image)[None].to(bench_kept.device()))[0].float().cpu().numpy()
    rows, columns = net.pair.cells(image.shape[:2])  # poolings that round up may add cells that reach beyond
    return ClassGrid(np.ascontiguousarray(scores[:, :rows, :columns]), net.pair.centres)


def _cell(case: Case, net: LabNet, image: np.ndarray, cells: tuple[int, int]) -> tuple[int, int]:
    """The cell whose window lies nearest to the pixel in hand; the middle one as long as there is none."""
    if case.pixel is None:
        return cells[0] // 2, cells[1] // 2
    scale = image.shape[1] / case.result.image.shape[1]
    start, step = float(net.pair.centres(0)), net.pair.stride
    places = [round(((at + 0.5) * scale - 0.5 - start) / step) for at in (case.pixel[1], case.pixel[0])]
    return min(max(places[0], 0), cells[0] - 1), min(max(places[1], 0), cells[1] - 1)


def _window(net: LabNet, image: np.ndarray, scores: np.ndarray, row: int, column: int) -> WindowSaid:
    x = net.pair.window(net.prepare(image)[None], row, column).contiguous().to(bench_kept.device())
    with torch.inference_mode():
        full = net.pair.full(x)[0].float().cpu().numpy()
        convolutional = net.pair.whole(x)[0, :, 0, 0].float().cpu().numpy()
    return WindowSaid(full, convolutional, scores[:, row, column].copy())


def _say(net: LabNet, image: np.ndarray, rows: int, columns: int) -> None:
    height, width = image.shape[:2]
    side, pair = net.pair.side, net.pair
    one = kept.pass_counts(pair, "full", (side, side))
    whole = kept.pass_counts(pair, "whole", (height, width))
    st.markdown(
        f"**{widgets.plain(net.title)}** reads a window of **{side}×{side}** pixels and names one of "
        f"{len(net.classes)} classes for it. As convolutions it takes the whole {width}×{height} photo and gives "
        f"**{columns}×{rows} answers**, one every {pair.stride} pixels, for {in_units(whole.multiply_adds)} "
        f"multiply-adds; window by window that would be {rows * columns} × {in_units(one.multiply_adds)} = "
        f"{in_units(rows * columns * one.multiply_adds)}."
    )


def _maps(
    case: Case, net: LabNet, image: np.ndarray, answers: ClassGrid, said: WindowSaid, cell: tuple[int, int]
) -> None:
    """Photo with the window, the winning classes, and the probability of one class."""
    held = net.classes == case.labels.classes
    index = net.classes.index(case.cls) if held else int(said.in_map.argmax())
    photo = encode(image, photo=True).src
    top, left = cell[0] * net.pair.stride, cell[1] * net.pair.stride
    window = ((left, top, left + net.pair.side, top + net.pair.side), "window")
    best = answers.best
    wall(
        [
            Tile("Photo: click to move the window", photo=photo, boxes=(window,)),
            Tile(
                "Most likely class of each window", values=best, names=dict(enumerate(net.classes)), table=CLASSES,
                extent=answers.extent, cells=True, photo=photo,
            ),
            Tile(
                f"Probability of {net.classes[index]}", values=temperature_softmax(answers.scores)[index],
                extent=answers.extent, cells=True, photo=photo,
                note=f"wins {int((best == index).sum())} of {best.size}",
            ),
        ],
        key="convolutional-map", label="Answers of the classifier over the photo", size=image.shape[:2],
        on_pixel=lambda x, y, _: _hold(case, image, x, y), side=300, decimals=3,
        bar=("viridis", ticks(0, 1), f"probability of {net.classes[index]}"), palette=_colours(net, answers),
    )  # fmt: skip
    st.caption(
        "Each cell is drawn around the middle of its window; near the border no window fits. "
        + (
            "Where a photo shows several things, the classifier says where it sees which, though it never learned "
            "places. "
            if not net.colours
            else "It names the class of that middle. "
        )
        + f"On the right: the class {'on the bench' if held else 'that wins the chosen window'}."
    )
    won = np.bincount(best.ravel(), minlength=len(net.classes))
    legend = [(net.classes[i], won[i] / best.size, i) for i in np.argsort(-won)[:LISTED] if won[i]]
    colours = _colours(net, answers)
    st.markdown(" ".join(f":small[{swatch(colours[i])} {widgets.plain(n)} {covered(s)}]\u2002" for n, s, i in legend))


def _numbers(net: LabNet, said: WindowSaid) -> None:
    """One window, three ways."""
    st.subheader("One window, three ways")
    order = np.argsort(-said.full)[:SHOWN]
    lines = ["| class | fully connected | as kernels | in the map |", "|:--|--:|--:|--:|"]
    for i in order:
        numbers = " | ".join(f"{value[i]:.4f}".replace("-", "−") for value in vars(said).values())
        lines.append(f"| {widgets.plain(net.classes[i])} | {numbers} |")
    st.markdown("\n".join(lines))
    st.caption(
        f"Logits of the {len(order)} most likely of {len(net.classes)} classes: by the fully connected layers and by "
        "the same layers as convolutions, both on the cut-out window; and in its cell of the photo's map."
    )
    lab.check(
        f"fully connected and convolutional form on the cut-out {net.pair.side}×{net.pair.side} window, all "
        f"{len(net.classes)} logits, as a share of the largest",
        said.apart(said.convolutional),
        EXACT,
    )
    apart = said.apart(said.in_map)
    if net.pair.pads:
        st.markdown(
            f"In the photo's map the cell of this window differs by **{100 * apart:.0f} %** of the largest logit. This "
            "is no error: the layers pad with zeros, and a window in the photo has neighbours where a cut-out one has "
            "zeros. The patch classifier pads nowhere, and there all three agree."
        )
    else:
        lab.check("the cut-out window and its cell in the photo's map", apart, EXACT)


def _colours(net: LabNet, answers: ClassGrid) -> tuple[Colour, ...]:
    if net.colours:
        return net.colours
    top = top_classes(answers, 12)
    colours = [OTHERS] * len(net.classes)
    for index, colour in zip(top, voc_palette(len(top) + 1)[1:], strict=False):
        colours[index] = colour
    return tuple(colours)


def _hold(case: Case, image: np.ndarray, x: int, y: int) -> None:
    height, width = case.result.image.shape[:2]
    scale = width / image.shape[1]
    session.hold(x=min(int((x + 0.5) * scale), width - 1), y=min(int((y + 0.5) * scale), height - 1))
