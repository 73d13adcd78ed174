"""How the doctor says what it found."""

from __future__ import annotations

import streamlit as st

from app.visitor import widgets
from fcn_core.analysis.diagnosing.diagnosis import Diagnosis, percent
from fcn_core.analysis.diagnosing.doctor import SIGNATURES, diagnose
from fcn_core.analysis.diagnosing.symptoms import Symptoms

LOOKED_FOR = {
    "background": "one class everywhere",
    "void": "255 taken as a class",
    "bgr": "RGB for BGR",
    "palette": "a palette misread",
    "summed": "a learning rate for the other form of the loss",
    "per-batch": "mIoU averaged over batches",
}


def findings(symptoms: Symptoms) -> None:
    """The diagnoses as cards, or that none of the signatures was found; then what there was to go by."""
    found = diagnose(symptoms)
    if not found:
        st.success(
            "**None of the six signatures.** That does not prove that all is well: only what is given can be judged.",
            icon=":material/check_circle:",
        )
    for diagnosis in found:
        _card(diagnosis)
    st.caption(_seen(symptoms))
    named = {diagnosis.code for diagnosis in found}
    others = [text for code, text in LOOKED_FOR.items() if code in SIGNATURES and code not in named]
    if found and others:
        st.caption(f"Looked for and not found: {'; '.join(others)}.")


def _card(diagnosis: Diagnosis) -> None:
    with st.container(border=True):
        colour, word = ("red", "certain") if diagnosis.certain else ("orange", "likely")
        st.markdown(f"#### {diagnosis.title} :{colour}-badge[{word}]")
        st.markdown("**Evidence**\n" + "\n".join(f"- {widgets.plain(line)}" for line in diagnosis.evidence))
        st.markdown(f"**Cure** {widgets.plain(diagnosis.cure)}")


def _seen(symptoms: Symptoms) -> str:
    """What was read, so that a person sees what was understood."""
    line, parts = symptoms.scores, []
    names = {"pa": "PA", "mpa": "MPA", "miou": "mIoU", "fwiou": "FWIoU"}
    given = [f"{text} {percent(getattr(line, key))}" for key, text in names.items() if getattr(line, key) is not None]
    if given:
        parts.append(", ".join(given))
    if line.iou:
        parts.append(f"IoU of {len(line.iou)} classes")
    if symptoms.losses:
        parts.append(f"{len(symptoms.losses)} losses from {symptoms.losses[0]:.4g} to {symptoms.losses[-1]:.4g}")
    if symptoms.lr is not None:
        parts.append(f"learning rate {symptoms.lr:g}")
    if symptoms.batch_mious:
        parts.append(f"{len(symptoms.batch_mious)} values of mIoU of single batches")
    if symptoms.label_values:
        parts.append(f"{len(symptoms.label_values)} label values")
    if symptoms.errors:
        parts.append(f"{len(symptoms.errors)} error messages")
    return f"Read: {'; '.join(parts)}." if parts else "Nothing was read that could be judged."
