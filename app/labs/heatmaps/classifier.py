"""The old view: a classifier turned fully convolutional gives a grid of class scores over a large photo."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.weights_picker import fetch_with_progress
from app.labs.heatmaps import kept
from app.labs.heatmaps.class_views import ClassView, imagenet_view, own_view, score_layer
from app.labs.shared import lab
from app.labs.shared.question_panel import Question
from app.labs.shared.seen import seen
from app.labs.shared.waited import waited
from app.labs.shared.wall import CLASSES, Tile, ticks, wall
from app.parts.pictures import encode
from app.parts.words import covered, megabytes, percent
from app.visitor import session, widgets
from fcn_core.analysis.evidence.classifier_grid import ConvolutionalClassifier, class_grid, top_classes
from fcn_core.analysis.evidence.heatmaps import temperature_softmax
from fcn_core.labels import Colour
from fcn_core.weights import CATALOGUE

CLASSIFIERS = ("vgg16", "vgg16_bn", "googlenet", "alexnet")
MOST_SIDE = 640  # before it is enlarged
MOST_PIXELS = 2_400_000
TOP = 10


def show(case: Case) -> None:
    here = [name for name in CLASSIFIERS if name in CATALOGUE and bench_kept.is_here(CATALOGUE[name])]
    chosen = _controls(case, here)
    _say_plainly(case, here, chosen)
    look = seen(case, MOST_SIDE, why="it is enlarged again below")
    scale = _scale(look.size)
    height, width = (round(n * scale) for n in look.size)
    image = cv2.resize(look.image, (width, height), interpolation=cv2.INTER_CUBIC) if scale != 1 else look.image
    if chosen == "own":
        key = (*look.key, "grid", scale)
        layer = score_layer(kept.layers(look.segmenter))
        view = waited(
            key,
            lambda _: own_view(case, look, layer, image),
            f"Scoring {width}×{height} pixels …",
        )
    else:
        key = (case.picture.key, look.size, "grid", chosen, scale)
        network = kept.classifier(chosen)
        view = waited(key, lambda _: imagenet_view(chosen, network, image), f"Scoring {width}×{height} pixels …")
    if view is None:
        return
    rows, columns = view.scores.shape[1:]
    st.markdown(
        f"The photo at {width}×{height} pixels gives a grid of **{columns}×{rows} cells**, one every {view.stride} "
        f"pixels: {rows * columns} classifications in one pass."
    )
    index = _class_shown(case, view)
    _maps(case, view, image, index)
    _cell_words(case, view, (height, width))
    _check(view)
    lab.questions("classifier", _questions(view, rows, columns))
    lab.show_code(class_grid, ConvolutionalClassifier, top_classes)


def _controls(case: Case, here: list[str]) -> str:
    """Which network; "own" is the one in hand."""
    options = {"own": f"{case.record.name}, its own {len(case.labels)} classes"}
    options |= {name: f"{CATALOGUE[name].title.removesuffix(' (torchvision)')}, 1000 classes" for name in here}
    chosen = session.setting("h_net")
    chosen = (here[0] if here else "own") if chosen == "auto" or chosen not in options else chosen
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if here:
            widgets.pick_one("h_net", "Network", options, fallback=chosen)
        widgets.pick_one("h_scale", "Photo", {"1": "as it is", "1.5": "1.5×", "2": "2×", "3": "3×"})
    return chosen


def _say_plainly(case: Case, here: list[str], chosen: str) -> None:
    if chosen == "own":
        st.markdown(
            f"This is **{case.record.name}** itself, stopped before any upsampling: fc7 scored by `score_fr`, "
            f"with its own {len(case.labels)} classes."
            + ("" if here else " The classic picture has ImageNet's 1000 classes, but **no ImageNet classifier is on "
               "this machine**.")
        )  # fmt: skip
    else:
        st.markdown(
            f"torchvision's **{chosen}**, trained on whole pictures of 224×224 in ImageNet's 1000 classes. Its fully "
            "connected layers are convolutions here; nothing was trained anew."
        )
    if not here and "googlenet" in CATALOGUE:
        record = CATALOGUE["googlenet"]
        size = megabytes(record.size_bytes) if record.size_bytes else "of unknown size"
        if st.button(f"Download GoogLeNet ({size})", icon=":material/download:", key="h-fetch"):
            if fetch_with_progress(record):
                st.rerun()


def _scale(size: tuple[int, int]) -> float:
    wanted = float(session.setting("h_scale"))
    most = (MOST_PIXELS / (size[0] * size[1])) ** 0.5
    if wanted > most:
        st.caption(
            f":material/info: {wanted:g}× would be more than {MOST_PIXELS / 1e6:.1f} megapixels; {most:.2g}× it is."
        )
        return most
    return wanted


def _class_shown(case: Case, view: ClassView) -> int:
    """The class whose score is drawn."""
    if view.own:
        with st.container(width=260):
            return case.labels.index(widgets.class_picker(case.labels.classes, case.largest_class, place="-grid"))
    held = session.setting("h_class")
    top = list(view.top)
    value = held if 0 <= held < len(view.names) else top[0]
    options = list(dict.fromkeys([*top, value]))
    st.session_state["control-h_class"] = value
    with st.container(width=340):
        st.selectbox(
            "Class",
            options,
            format_func=lambda i: view.names[i],
            key="control-h_class",
            help="The classes that win most cells",
            on_change=lambda: session.change_setting("h_class", st.session_state["control-h_class"]),
        )
    return value


def _maps(case: Case, view: ClassView, image: np.ndarray, index: int) -> None:
    photo = encode(image, photo=True).src
    shares = temperature_softmax(view.scores)[index]
    best = view.scores.argmax(0)
    won = int((best == index).sum())
    cells = best.size
    wall(
        [
            Tile("Photo", photo=photo),
            Tile(
                "The most likely class of each cell",
                values=best,
                names=dict(enumerate(view.names)),
                table=CLASSES,
                extent=view.extent,
                cells=True,
                photo=photo,
            ),
            Tile(
                f"Score of {view.names[index]}",
                note=f"wins {won} of {cells} cells",
                values=shares,
                extent=view.extent,
                cells=True,
                photo=photo,
            ),
        ],
        key="class-grid",
        label="Class scores over the photo",
        size=image.shape[:2],
        pixel=_pixel(case, image),
        on_pixel=lambda x, y, _: _hold(case, image, x, y),
        side=300,
        decimals=3,
        bar=("viridis", ticks(0, 1), f"probability of {view.names[index]}"),
        palette=_colours(case, view),
    )
    shown = [i for i in view.top if (best == i).any()]
    st.markdown(
        " ".join(
            f':small[:color[\u2003\u2002]{{background="#{r:02x}{g:02x}{b:02x}"}} {view.names[i]} '
            f"{covered(float((best == i).mean()))}]\u2002"
            for i in shown
            for r, g, b in [_colours(case, view)[i]]
        )
    )


def _colours(case: Case, view: ClassView) -> tuple[Colour, ...]:
    """The palette that is switched on, or that of the classifier's most frequent classes."""
    return case.colours if view.own else view.colours


def _pixel(case: Case, image: np.ndarray) -> tuple[int, int] | None:
    if case.pixel is None:
        return None
    ratio = max(image.shape[:2]) / max(case.result.image.shape[:2])
    return tuple(min(int((p + 0.5) * ratio), n - 1) for p, n in zip(case.pixel, image.shape[1::-1], strict=True))  # type: ignore[return-value]


def _hold(case: Case, image: np.ndarray, x: int, y: int) -> None:
    height, width = case.result.image.shape[:2]
    ratio = max(image.shape[:2]) / max(height, width)
    session.hold(x=min(int((x + 0.5) / ratio), width - 1), y=min(int((y + 0.5) / ratio), height - 1))


def _cell_words(case: Case, view: ClassView, size: tuple[int, int]) -> None:
    """The strongest classes of the cell under the pixel in hand."""
    ratio = max(size) / max(case.result.image.shape[:2])
    if case.pixel is None:
        st.caption("Click a cell to read its classes.")
        return
    left, top, right, bottom = view.extent
    rows, columns = view.scores.shape[1:]
    column = int(((case.pixel[0] + 0.5) * ratio - left) // ((right - left) / columns))
    row = int(((case.pixel[1] + 0.5) * ratio - top) // ((bottom - top) / rows))
    if not (0 <= row < rows and 0 <= column < columns):
        st.caption("No cell is centred there: a window around it would reach beyond the photo.")
        return
    shares = temperature_softmax(view.scores[:, row, column])
    order = np.argsort(-shares, kind="stable")[:5]
    words = ", ".join(f"{view.names[i]} {percent(shares[i])}" for i in order)
    st.markdown(f"**Cell {column}, {row}:** {words}")


def _check(view: ClassView) -> None:
    if view.check is not None:
        text = (
            "one cell of the grid, and the trunk's layers called one by one up to `score_fr`"
            if view.own
            else "the grid on one 224×224 crop, and torchvision's classifier itself on that crop"
        )
        lab.check(f"{text}, in logits", view.check, 1e-3)


def _questions(view: ClassView, rows: int, columns: int) -> list[Question]:
    return [
        Question(
            "The photo is made twice as large on each side. How does the number of cells change?",
            ("It stays: the network has a fixed output", "It doubles", "It becomes about four times as many"),
            2,
            f"A cell for every {view.stride}×{view.stride} pixels, whatever the photo's size; now {columns}×{rows}.",
        ),
        Question(
            "Why is one pass over the large photo cheaper than a classification of every window cut out of it?",
            (
                "Neighbouring windows overlap, and what they share is computed once",
                "Convolutions need fewer weights than fully connected layers",
                "The photo is read at a lower resolution",
            ),
            0,
            "The paper measured 22 ms for a 10×10 grid against 1.2 ms for a single window with AlexNet: more than five "
            "times faster than a hundred windows (section 3.1). The weights are the very same.",
        ),
    ]
