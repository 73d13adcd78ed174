"""Sample patches of the loss: the same expected gradient, and the variance that it adds."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import streamlit as st
import torch

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.convolutionalize import kept
from app.labs.convolutionalize.cut_picture import MOST_SIDE, MULTIPLE, CutPicture, cut_picture
from app.labs.convolutionalize.dense_questions import sampling_questions
from app.labs.convolutionalize.sampling_figure import convergence_figure
from app.labs.shared import lab
from app.labs.shared.needs import lacks
from app.labs.shared.waited import waited
from app.parts.pictures import colour_bar, encode
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.dense.patch_sampling import (
    PATCH,
    PatchGradients,
    SampledGradients,
    patch_gradients,
    sample_patches,
    sample_pictures,
)
from fcn_core.draw import colour_map
from fcn_core.labels import CAMVID
from fcn_core.progress import Progress

EXACT = 1e-4
KEEPS = {0: "all", **{n: f"1/{2**n}" for n in range(1, 7)}}
OVER = {"photo": "This photo", "photos": "1/p photos"}


def show(strip: Strip) -> None:
    """Draw the view."""
    case = lab.case(strip)
    if lacks(case, "skips"):
        return
    if case.truth is None:
        st.info(
            "The loss needs the right labels, and this photo has none. Add a ground truth under Truth above, or choose "
            "a sample.", icon=":material/info:",
        )  # fmt: skip
        return
    cut = cut_picture(case, why="a gradient is found for every patch")
    if cut is None:
        return
    found = waited((*cut.key, "patches", case.head, case.truth.key), lambda p: _gradients(case, cut, p), "Patch")
    if found is None:
        return
    st.markdown(
        f"The loss of the photo is the mean over its pixels: a sum of **{len(found.losses)} patches** of "
        f"{PATCH}×{PATCH} pixels, one for every cell of fc7. Keep each patch with chance p, divide by p, "
        f"and that is drawing patches. Gradients here are those of the score layers of {case.head}s."
    )
    _live(case, cut, found)
    lab.check(
        "patches added up, all and a random half, and the gradient of the loss masked in the same way",
        found.difference, EXACT,
    )  # fmt: skip
    keep = 2.0 ** -session.setting("c_keep")
    lab.questions("convolutional-sampling", sampling_questions(min(keep, 0.5), len(found.losses)))
    lab.show_code(patch_gradients, sample_patches, sample_pictures)


@st.fragment
def _live(case: Case, cut: CutPicture, found: PatchGradients) -> None:
    """Only this is drawn again while the chance changes."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=330):
            power = widgets.slide_steps("c_keep", "Chance p that a patch is kept", KEEPS)
        names = _sample_names(case)
        over = widgets.pick_one("c_over", "One batch", OVER if len(names) > 1 else {"photo": OVER["photo"]})
    keep = 2.0**-power
    pictures = _all_pictures(case, names) if over == "photos" else (found,)
    if pictures is None:
        return
    sampled = _sampled(pictures, over, keep)
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        _pictures(cut, found, keep)
    with right:
        st.plotly_chart(convergence_figure(sampled), key="sampling-curve", config={"displayModeBar": False})
        st.caption(
            "Distance of the mean of n batches' gradients from the expected gradient, in its own length. "
            f"{kept.DRAWS:,} batches were drawn. It falls like 1/√n: nothing but chance is left between them."
        ) if power or over == "photos" else st.caption("All patches are kept: every batch has the whole gradient.")
        _table(pictures, over, power)


def _sampled(pictures: tuple[PatchGradients, ...], over: str, keep: float) -> SampledGradients:
    return kept.sampled_pictures(pictures, keep) if over == "photos" else kept.sampled_patches(pictures[0], keep)


def _gradients(case: Case, cut: CutPicture, progress: Progress) -> PatchGradients:
    assert case.truth is not None
    target = torch.from_numpy(np.ascontiguousarray(cut.of_truth(case.truth.mask)))
    return patch_gradients(cut.look.model, cut.network_input(), target, case.head, progress=progress)


def _sample_names(case: Case) -> tuple[str, ...]:
    """The samples with labels that these weights can be held against."""
    if case.labels.classes != CAMVID.classes or case.record.preprocessing.channels != 3:
        return ()
    return tuple(name for name in bench_kept.sample_names() if bench_kept.sample_truth(name) is not None)


def _all_pictures(case: Case, names: tuple[str, ...]) -> tuple[PatchGradients, ...] | None:
    """The gradients of all samples, each computed once for these weights and head; None after a failure was shown."""
    weights = case.segmenter.loaded.key
    found = []
    for number, name in enumerate(names, 1):
        one = waited(
            ("patches", name, weights, case.head),
            lambda progress, name=name: _of_sample(case, name, progress),  # type: ignore[misc]
            f"Photo {number} of {len(names)}: patch",
        )
        if one is None:
            return None
        found.append(one)
    return tuple(found)


def _of_sample(case: Case, name: str, progress: Progress) -> PatchGradients:
    segmenter, photo, truth = case.segmenter, bench_kept.sample_picture(name).image, bench_kept.sample_truth(name)
    assert truth is not None
    mask = truth.mask
    scale = min(MOST_SIDE / max(mask.shape), 1)
    width, height = (round(n * scale) for n in mask.shape[::-1])
    rows, columns = (n // MULTIPLE * MULTIPLE for n in (height, width))
    small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)[:rows, :columns]
    target = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)[:rows, :columns]
    goal = torch.from_numpy(np.ascontiguousarray(target))
    return patch_gradients(segmenter.loaded.model, segmenter.prepare(small), goal, case.head, progress=progress)


def _pictures(cut: CutPicture, found: PatchGradients, keep: float) -> None:
    kept = np.random.default_rng(0).random((1, len(found.losses)))[0] < keep
    mask = np.kron(kept.reshape(found.grid), np.ones((PATCH, PATCH), bool))[: cut.size[0], : cut.size[1]]
    drawn = np.where(mask[..., None], cut.image, cut.image // 5 + 180)
    picture(
        encode(drawn.astype(np.uint8), photo=True), key="sampling-kept", most_height="36vh",
        title=f"One draw: {int(kept.sum())} of {len(kept)} patches count in this photo",
        alt="The photo with the kept patches",
    )  # fmt: skip
    sizes = found.sizes
    most = float(sizes.max()) or 1.0
    picture(
        encode(colour_map((sizes / most).astype(np.float32)), full_size=cut.size), key="sampling-sizes", cells=True,
        most_height="36vh", title="Length of every patch's gradient", alt="Length of the gradient of every patch",
        bar=colour_bar("viridis", ("0", "0.5", "1"), "gradient, the longest = 1"),
    )  # fmt: skip


def _table(pictures: tuple[PatchGradients, ...], over: str, chosen: int) -> None:
    rows = []
    for power, text in KEEPS.items():
        one = _sampled(pictures, over, 2.0**-power)
        rows.append(
            {
                "p": ("▸ " if power == chosen else "") + text,
                "photos a batch": one.pictures,
                "variance measured": f"{one.variance:.3g}",
                "by formula": f"{one.predicted:.3g}",
                "cosine to the expected": f"{one.cosine:.2f}",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="sampling-table")
    if over == "photos":
        st.caption(
            f"The batch holds 1/p of the {len(pictures)} samples, drawn at random, and as many patches count as in one "
            "photo. Expected is the mean gradient of all samples; p = all draws whole photos, which differ too. By "
            "formula: (1 − p) · Σ|g|² of a photo's patches + p · variance between photos. The passes cost 1/p times as "
            "much."
        )
    else:
        st.caption(
            "Variance: mean squared distance of one batch's gradient from the photo's, in units of its length squared. "
            "By formula: (1 − p)/p · Σ|g|² over the patches."
        )
