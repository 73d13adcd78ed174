"""The doctor: a stored case, a pasted line, a run or the picture in hand, and what is wrong with it."""

from __future__ import annotations

import streamlit as st

from app.bench.strip import Strip
from app.bench.truth_source import truth_uploader
from app.labs.metrics import kept
from app.labs.metrics.case_file import MADE, TITLES, stored_cases
from app.labs.metrics.findings import findings
from app.labs.metrics.picture_exam import label_file_values
from app.labs.shared import lab
from app.labs.shared.question_panel import Question
from app.parts.words import percent
from app.runs import kept as runs_kept
from app.visitor import session, widgets
from fcn_core.analysis.diagnosing.doctor import diagnose
from fcn_core.analysis.diagnosing.signs_in_scores import averaged_over_batches, one_class_only
from fcn_core.analysis.diagnosing.signs_in_training import palette_misread, summed_loss, void_as_class
from fcn_core.analysis.diagnosing.symptoms import Symptoms, from_run, from_text
from fcn_core.labels import VOID
from fcn_core.training.places.run_state import runs_root
from fcn_core.training.run_folder.runs import RunFolder

EXAMS = {"case": "A stored case", "paste": "Paste", "run": "A run", "picture": "The picture in hand"}
EXAMPLE = "pixel accuracy 73.2  mean accuracy 4.76  mean IU 3.49  f.w. IU 53.6"
LONGEST = 200_000  # characters of pasted text
LAST_STEPS = 2000  # of a run's steps, with its first ones


def show(strip: Strip) -> None:
    """What is examined to the left, what was found to the right."""
    exam = widgets.pick_one("m_exam", "Examine", EXAMS)
    {"case": _case, "paste": _paste, "run": _run, "picture": lambda: _picture(strip)}[exam]()
    lab.questions("metrics-doctor", asked())
    lab.show_code(diagnose, one_class_only, averaged_over_batches, void_as_class, palette_misread, summed_loss)


def _case() -> None:
    cases = stored_cases()
    if not cases:
        st.info("The stored cases are missing; `python -m benchmarks.doctor_cases` makes them.")
        return
    name = widgets.pick_one("m_case", "Case", {name: TITLES[name] for name in cases})
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        st.markdown(f"**What was done.** {MADE[name]}")
        text = cases[name].text
        st.code(text, language=None, wrap_lines=True, height=340 if len(text) > 500 else "content")
        st.caption("What the run or the measurement left behind, as it would be pasted. The doctor sees only this.")
    with right:
        findings(cases[name].symptoms)


def _paste() -> None:
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        st.session_state["doctor-text"] = st.session_state.get("doctor-text", "")
        text = st.text_area(
            "Lines of a log, of metrics.jsonl, a line of scores, or the values of a label map",
            key="doctor-text",
            height=260,
            max_chars=LONGEST,
            placeholder=EXAMPLE,
        )
        with st.container(horizontal=True, gap="small"):
            st.button("Examine", type="primary", icon=":material/stethoscope:")
            st.button("Try an example", on_click=lambda: st.session_state.update({"doctor-text": EXAMPLE}))
        st.caption("Shares or percents. The text stays in this visit and is not written into the address.")
    with right:
        if not text.strip():
            st.info("Paste something, or try the example.", icon=":material/content_paste:")
            return
        try:
            symptoms = from_text(text)
        except ValueError as problem:
            sentence = str(problem)
            st.warning(widgets.plain(sentence[0].upper() + sentence[1:] + "."), icon=":material/help:")
            return
        findings(symptoms)


def _run() -> None:
    infos = [info for info in runs_kept.runs(str(runs_root())) if info.config is not None]
    if not infos:
        st.info("There is no training run yet. Start one on the Train page, or look at a stored case.")
        return
    ids = [info.id for info in infos]
    wanted = session.setting("run")
    st.session_state["control-doctor-run"] = wanted if wanted in ids else ids[0]
    chosen = st.selectbox(
        "Run",
        ids,
        key="control-doctor-run",
        on_change=lambda: session.change_setting("run", st.session_state["control-doctor-run"]),
    )
    info = infos[ids.index(chosen)]
    assert info.config is not None
    folder = RunFolder(info.path)
    symptoms = from_run(_ends(folder.metrics()), info.config.model_dump(mode="json"), folder.log_tail(30))
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        st.markdown(f"**{widgets.plain(info.id)}**: {info.state}, step {info.step:,}. {widgets.plain(info.message)}")
        st.code(folder.log_tail(14) or "The log is empty.", language=None, wrap_lines=True)
        st.caption("The end of its log. The doctor also reads metrics.jsonl and the settings.")
    with right:
        if symptoms.losses or not symptoms.scores.is_empty or symptoms.errors:
            findings(symptoms)
        else:
            st.info("This run has not written anything yet that can be judged.")


def _ends(records: list[dict]) -> list[dict]:
    """The first and the last records of a long run: a fault shows at the start or at the end."""
    return records if len(records) <= 2 * LAST_STEPS else [*records[:LAST_STEPS], *records[-LAST_STEPS:]]


def _picture(strip: Strip) -> None:
    case = lab.case(strip)
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        st.markdown(
            f"**The result of head {case.head}s** is measured against the ground truth, and once more with red and "
            "blue exchanged: if that is better, the weights are fed in the wrong order."
        )
        values = _label_file()
    with right:
        if values:
            findings(Symptoms(label_values=values))
            return
        if case.truth is None:
            truth_uploader(case)
            return
        if not (case.truth.mask != VOID).any():
            st.info("Every pixel of the ground truth is void: there is nothing to measure.")
            return
        with st.spinner("One more pass, with red and blue exchanged …"):
            symptoms = kept.symptoms(case.result, case.truth, case.head, case.segmenter)
        findings(symptoms)
        assert symptoms.scores.miou is not None and symptoms.swapped.miou is not None
        st.caption(
            f"mIoU {percent(symptoms.scores.miou)} as fed, {percent(symptoms.swapped.miou)} with the channels "
            "exchanged. Weights that were trained with changes of hue care little."
        )


def _label_file() -> tuple[int, ...]:
    """Values of an uploaded label map; empty without one."""
    file = st.file_uploader("Or a label map file, to see whether it holds class indices", key="doctor-labels",
                            type=["png", "bmp", "tif", "tiff", "gif", "jpg", "jpeg"])  # fmt: skip
    if file is None:
        return ()
    try:
        values, how = label_file_values(file.getvalue(), file.name)
    except ValueError as problem:
        st.error(widgets.plain(str(problem)), icon=":material/error:")
        return ()
    listed = ", ".join(map(str, values[:24])) + (", …" if len(values) > 24 else "")
    st.markdown(f"**{widgets.plain(file.name)}** is {how}. Values: {listed}")
    return values


def asked() -> list[Question]:
    """Two lines to judge by eye."""
    return [
        Question(
            "A validation prints PA 74 %, MPA 4.8 %, mIoU 3.5 %, FWIoU 55 %. What happened?",
            (
                "the network predicts one class everywhere",
                "the learning rate was a little too large",
                "mIoU was averaged over batches",
            ),
            0,
            "MPA is 1/21, mIoU 74/21 and FWIoU 0.74²: one column of the confusion matrix is filled, that of a class "
            "which covers 74 % of the truth. Paste the line and see.",
        ),
        Question(
            "Another one prints MPA 61 % and mIoU 66 %. Is that possible?",
            ("yes, when rare classes are found well", "no: mIoU is never above MPA", "yes, with many classes"),
            1,
            "The union of a class is never smaller than its true pixels, so its IoU is never above its accuracy, and "
            "the means keep that order. Such a line was averaged over batches or pictures, or mixes two measurements.",
        ),
    ]
