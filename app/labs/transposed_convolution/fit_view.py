"""Learn the kernel: a fit from random weights that is watched, stopped, and judged against the exact optimum."""

from __future__ import annotations

from collections.abc import Hashable
from time import perf_counter

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.shared.chart_json import chart_json
from app.labs.transposed_convolution.fit_figures import error_figure, row_figure
from app.labs.transposed_convolution.fit_kept import KeptFit, keep_fit, kept_fits
from app.labs.transposed_convolution.kernels import kernel_row
from app.labs.transposed_convolution.upsampling_questions import FIT
from app.parts.browser_figures import figure, plotly_library
from app.visitor import session, widgets
from fcn_core.analysis.upsampling.kernel_fit import CELLS, KernelFit, best_kernel, draw_examples, fit_loss

TEACHERS = {"interpolated": "Small maps, interpolated", "photos": "Photos, made smaller"}
BEAT, CHUNK = 0.4, 0.8  # seconds between two looks, and of fitting at each at most
LOOKS = 12  # so often the fit is seen on its way, at least
NEAR = 0.02


def show(strip: Strip) -> None:
    """Settings, the fit as it stands, and questions."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        teacher = widgets.pick_one("t_fdata", "Examples", TEACHERS)
        with st.container(width=180):
            factor = widgets.slide("t_ff", "Factor f", 2, 8)
        with st.container(width=150):
            steps = widgets.number("t_fsteps", "Steps", 50, 2000, step=50)
        with st.container(width=150):
            seed = widgets.number("t_fseed", "Random start no.", 0, 99)
    st.caption(_told(teacher, factor, _sources(strip, factor)))
    key = (teacher, factor, steps, seed, strip.picture.key if strip.picture is not None else "")
    kept = kept_fits().get(key)
    _buttons(key, kept, strip)
    if kept is None:
        started = "Press Start: the kernel begins at random, and learns for less than a minute."
        held = session.setting("teacher") in ("lock", "hide")  # then there is no button to press
        st.info("No kernel was fitted with these settings." if held else started, icon=":material/info:")
    else:
        plotly_library()
        with st.container(key="live"):  # the page does not grey out while it is drawn again
            st.fragment(_watch, run_every=BEAT if kept.running else None)(key)
    lab.questions("transposed-fit", FIT)
    lab.show_code(draw_examples, fit_loss, KernelFit, best_kernel)


def _sources(strip: Strip, factor: int) -> str:
    """What the squares are cut from: a photo that is smaller than one of them gives none."""
    side = CELLS * factor
    if strip.picture is None or min(strip.picture.image.shape[:2]) < side:
        return f"the samples (a photo in hand of at least {side}×{side} pixels would join them)"
    return "the photo in hand and the samples"


def _told(teacher: str, factor: int, sources: str) -> str:
    if teacher == "interpolated":
        return (
            f"256 squares from {sources}, made {factor} times smaller; the answers to learn "
            "are the small maps enlarged by F.interpolate, bilinear. Nobody tells the fit how that works."
        )
    return (
        f"256 squares from {sources}, made {factor} times smaller by averaging; the answers to "
        "learn are the squares as they were."
    )


def _buttons(key: Hashable, kept: KeptFit | None, strip: Strip) -> None:
    with st.container(horizontal=True, gap="small"):
        if kept is not None and kept.running:
            st.button("Stop", key="fit-stop", icon=":material/stop:", on_click=_stop, args=(kept,))
            return
        if kept is not None and not kept.fit.done:
            st.button("Go on", key="fit-on", icon=":material/play_arrow:", on_click=_go_on, args=(key, kept))
        word, icon = ("Start", "play_arrow") if kept is None else ("From the start", "replay")
        if st.button(word, key="fit-start", icon=f":material/{icon}:"):
            try:
                keep_fit(key, _fresh(strip))
            except ValueError as problem:
                st.error(widgets.plain(str(problem)), icon=":material/error:")
                st.stop()
            st.rerun()


def _stop(kept: KeptFit) -> None:
    kept.running = False


def _go_on(key: Hashable, kept: KeptFit) -> None:
    keep_fit(key, kept.fit)


def _fresh(strip: Strip) -> KernelFit:
    pictures = [bench_kept.sample_picture(name).image for name in bench_kept.sample_names()]
    if strip.picture is not None:
        pictures.insert(0, strip.picture.image)
    teacher, factor, steps, seed = (session.setting(name) for name in ("t_fdata", "t_ff", "t_fsteps", "t_fseed"))
    return KernelFit(draw_examples(pictures, factor, teacher, seed=seed), steps=steps, seed=seed)


def _watch(key: Hashable) -> None:
    """A chunk of the fit if it is going on, then how it stands."""
    kept = kept_fits()[key]
    if kept.running:
        end = perf_counter() + CHUNK
        kept.fit.run(-(-kept.fit.steps // LOOKS), stop=lambda: perf_counter() > end)
        if kept.fit.done:
            kept.running = False
            st.rerun(scope="app")  # the page stops to look, and offers its buttons
    _standing(kept)


def _standing(kept: KeptFit) -> None:
    fit, state = kept.fit, kept.fit.state()
    words = "going on" if kept.running else "done" if fit.done else "stopped"
    st.progress(state.step / state.steps, text=f"Step {state.step} of {state.steps}, {words}")
    if state.step == 0:
        return
    items = [("Start, random", fit.start), ("As learned so far", state.kernel), ("Bilinear", fit.bilinear)]
    notes = [f"sum {weights.sum():.3f}" for _, weights in items]
    if fit.examples.teacher == "photos":
        items.append(("Least squares", fit.best))
        notes.append(f"sum {fit.best.sum():.3f}: the exact optimum")
    most = max(float(np.abs(weights).max()) for _, weights in items)
    st.html(
        kernel_row([(title, weights, note) for (title, weights), note in zip(items, notes, strict=True)], most=most)
    )
    left, right = st.columns(2, gap="large")
    with left:
        chart = error_figure(state.losses, state.steps, fit.bilinear_loss, fit.best_loss)
        figure(chart_json(chart), key="fit-error", alt="Error of the fit at every step, on a log scale")
    with right:
        names = ("start", "fit", "bilinear", "least squares")
        rows = [(name, weights) for name, (_, weights) in zip(names, items, strict=False)]
        figure(chart_json(row_figure(rows)), key="fit-row", alt="Middle row of the kernels: start, fit, bilinear")
    st.markdown(_verdict(kept))
    if fit.examples.teacher == "interpolated":
        lab.check(
            "the least-squares kernel for the answers of F.interpolate, and the bilinear one",
            float(np.abs(fit.best - fit.bilinear).max()), 1e-4,
        )  # fmt: skip


def _verdict(kept: KeptFit) -> str:
    fit, state = kept.fit, kept.fit.state()
    begin = float(np.abs(fit.start - fit.bilinear).max())
    told = (
        f"Largest distance of a weight from the bilinear one: **{_plain(state.from_bilinear)}**, at the start "
        f"{_plain(begin)}; from the least-squares optimum: {_plain(state.from_best)}. Sum of the weights "
        f"**{state.kernel.sum():.3f}**, and f² = {fit.examples.factor**2}."
    )
    if not fit.done:
        return told
    if state.from_bilinear < NEAR:
        return f"{told} **The fit found the bilinear kernel.** Upsample can now enlarge with it (kernel “Fitted here”)."
    if fit.examples.teacher == "photos":
        gain = 100 * (1 - (fit.best_loss / fit.bilinear_loss) ** 0.5)
        return (
            f"{told} For photos the best linear kernel is near bilinear in shape but sharper: its middle is higher. It "
            f"lowers the error by {gain:.0f} % against bilinear."
        )
    return f"{told} It is not there yet: give it more steps."


def _plain(value: float) -> str:
    return "under 0.0001" if value < 1e-4 else f"{value:.2g}"
