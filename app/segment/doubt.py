"""The notice above a result that the weights may not be able to judge, with what to use instead."""

from __future__ import annotations

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.weights_picker import fetch_with_progress
from app.parts.words import megabytes
from app.segment import kept
from app.visitor import session


def doubt_notice(case: Case) -> None:
    """Say plainly what the model knows, and offer other weights; nothing is drawn without a doubt."""
    found = kept.judged(case.result, case.record)
    if found.doubt is None:
        return
    with st.container(border=True, key="doubt"):
        st.markdown(
            f":material/help: **These weights may not know what is in this picture.** {found.doubt}\n\n"
            f"They know only: {', '.join(case.labels.classes)}."
        )
        offers = _offers(case)
        with st.container(horizontal=True, gap="small"):
            for name, record in offers.items():
                here = bench_kept.is_here(record)
                text = f"Use {name}" if here else f"Download {name} ({megabytes(record.size_bytes)})"
                icon = ":material/swap_horiz:" if here else ":material/download:"
                if st.button(text, key=f"offer-{name}", icon=icon, help=record.knows):
                    if here or fetch_with_progress(record):
                        session.hold(weights=name)
                        st.rerun()


def _offers(case: Case) -> dict:
    """Up to three other weights: those here first, and torchvision's for everyday photos."""
    records = bench_kept.weight_records()
    here = [name for name, record in records.items() if bench_kept.is_here(record) and name != case.record.name]
    everyday = [name for name in ("fcn_resnet50",) if name in records and name != case.record.name]
    return {name: records[name] for name in dict.fromkeys([*everyday, *here][:3])}
