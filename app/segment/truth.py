"""Against the ground truth: error maps, the measures of this picture, and a confusion matrix."""

from __future__ import annotations

import streamlit as st

from app.bench.case import Case
from app.bench.truth_source import truth_uploader
from app.parts import browser_parts
from app.parts.charts import confusion_figure
from app.parts.words import hundredths, percent
from app.segment import kept
from app.segment.pixel_panel import pixel_panel
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.metrics import MEASURES, Scores


def show(case: Case) -> None:
    truth_uploader(case)
    if case.truth is None:
        return
    truth = case.truth
    matrices = {head: kept.confusion(case.result, truth, head) for head in case.heads}
    scores = {head: matrix.scores() for head, matrix in matrices.items()}
    large = session.setting("large")  # four pictures in two rows then, so that their titles fit
    columns = [*st.columns(2), *st.columns(2)] if large and len(case.heads) > 1 else st.columns(1 + len(case.heads))
    with columns[0]:
        _picture(case, kept.truth_picture(truth, case.labels, case.safe), "truth", "Ground truth")
    for column, head in zip(columns[1:], case.heads, strict=False):
        wrong = 1 - scores[head].pa
        with column:
            shown = kept.errors(case.result, truth, head)
            _picture(case, shown, f"errors-{head}", f"{head}s: {percent(wrong)} wrong")
    st.caption("Orange: wrong. Pale: right. Dark: void, which is not counted.")
    row = st.container(horizontal=True, gap="medium")  # wraps where the tables leave no room for the matrix
    with row.container(width=460 if large else 310):
        st.markdown(_measures(scores))
        st.markdown(_class_table(case, scores))
        st.caption("In percent. A class that neither truth nor prediction contains (–) is left out of the means.")
    with row.container(width=640 if large else 450):
        head = widgets.head_picker(case.heads, "Confusion matrix of")
        st.plotly_chart(
            confusion_figure(matrices[head], case.labels.classes), key="confusion", config={"displayModeBar": False}
        )
        st.caption("Rows: truth. Columns: prediction. Numbers are percent of a row's true pixels.")
    pixel_panel(case, case.heads)


def _picture(case: Case, shown: browser_parts.Shown, key: str, title: str) -> None:
    picture(shown, key=key, title=title, alt=title, pixel=case.pixel, on_pixel=widgets.hold_pixel)


def _measures(scores: dict[int, Scores]) -> str:
    lines = [
        f"| head | {' | '.join(measure.short for measure in MEASURES.values())} |",
        "|---" * (1 + len(MEASURES)) + "|",
    ]
    for head, found in scores.items():
        lines.append(f"| **{head}s** | {' | '.join(hundredths(getattr(found, name)) for name in MEASURES)} |")
    return "\n".join(lines)


def _class_table(case: Case, scores: dict[int, Scores]) -> str:
    lines = [f"| IoU | {' | '.join(f'{head}s' for head in scores)} |", "|---" * (1 + len(scores)) + "|"]
    for index, name in enumerate(case.labels.classes):
        lines.append(f"| {name} | {' | '.join(hundredths(found.iou[index]) for found in scores.values())} |")
    return "\n".join(lines)
