"""What all labs share: heading, bench, the network pass, a check of their numbers, the code, and questions.

strip = lab.page("Skip fusion", section="section 4.2", about="…")
case = lab.case(strip)            # one pass of the network, kept; ends the page with a sentence where it cannot
…
lab.check("the three parts and the head's own logit", difference, 1e-4)
lab.questions("fusion", [Question(…), …])
lab.show_code(ledger)
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.run_segmenter import run_segmenter
from app.bench.strip import Strip, bench_strip
from app.bench.truth_source import held_truth
from app.bench.weights_picker import download_panel
from app.labs.shared.question_panel import Question, questions
from app.visitor import session, widgets

__all__ = ["Question", "case", "check", "page", "questions", "show_code", "source_place"]

ROOT = Path(__file__).resolve().parents[3]


def page(title: str, *, section: str, about: str) -> Strip:
    """Head a lab: its title, where the paper treats it (`section 4.2, Figure 4`), a few plain words, and the bench."""
    st.title(title)
    widgets.show_notices()
    strip = bench_strip()
    st.markdown(f"{about} :small[:gray[Long, Shelhamer and Darrell, CVPR 2015: {section}.]]")
    return strip


def case(strip: Strip) -> Case:
    """The result of the weights on the picture in hand: one pass for a fresh picture, then kept.

    Ends the page with what to do where weights or picture are missing, or where the pass failed.
    """
    if strip.record is None:
        st.subheader("No weights found")
        st.markdown(
            "Weights trained by this project lie in `assets/weights/`, and that folder is empty. Choose weights to "
            "download above, import a file of your own there, or train some: `python -m fcn_core train --help`."
        )
        st.stop()
    if not bench_kept.is_here(strip.record):
        download_panel(strip.record)
        st.stop()
    if strip.picture is None:
        st.subheader("No picture yet")
        st.markdown("Upload a photo under Picture above: drop a file, paste from the clipboard, or use the camera.")
        st.stop()
    result = run_segmenter(strip.picture, strip.record)
    if result is None:
        st.stop()
    found = Case(strip.picture, strip.record, result, held_truth(strip.picture, result.labels))
    strip.show_class_of(found)
    if session.bench().pixel and found.pixel is None:
        height, width = result.image.shape[:2]
        st.caption(
            f":material/info: The pixel in the address lies outside this {width}×{height} picture and was ignored."
        )
    return found


def check(text: str, value: float, bound: float) -> bool:
    """Say how far a lab's own numbers are from PyTorch's. `text` names what was compared; whether it holds.

    value: largest absolute difference; not a number fails. bound: what it must stay under.
    """
    holds = value < bound
    sign = ":green[:material/check_circle:]" if holds else ":red[:material/error: **failed**]"
    st.markdown(
        f"{sign} **Checked against PyTorch:** {text}: largest difference {_plain_number(value)} "
        f":gray[(must be under {_plain_number(bound)})]"
    )
    return holds


def show_code(*functions: Callable[..., Any] | type) -> None:
    """The real source of functions or classes, folded away, each under its file and line."""
    with st.expander("Show the code", icon=":material/code:"):
        for function in functions:
            path, line, source = source_place(inspect.unwrap(function))
            st.markdown(f":material/description: `{path}:{line}`")
            st.code(source, language="python")


@lru_cache(maxsize=64)
def source_place(function: Callable[..., Any] | type) -> tuple[str, int, str]:
    """File (below the project's folder), first line and source of a function or class."""
    lines, first = inspect.getsourcelines(function)
    path = Path(inspect.getsourcefile(function) or "").resolve()
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return shown, first, inspect.cleandoc("".join(lines)) if lines[0][:1].isspace() else "".join(lines)


def _plain_number(value: float) -> str:
    """Small numbers as 3e-7; zero as 0."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "not a number"
    text = f"{value:.0e}" if abs(value) < 0.01 else f"{value:.2g}"
    head, mark, power = text.partition("e")
    return f"{head}e{int(power)}" if mark else head
