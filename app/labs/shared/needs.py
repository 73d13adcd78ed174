"""What a view needs of the network in hand, and what a visitor reads where the network does not offer it."""

from __future__ import annotations

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.visitor import session, widgets
from fcn_core.models.architectures import USUAL, architecture
from fcn_core.models.network import Offer

NEEDS: dict[Offer, tuple[str, str]] = {
    "skips": ("skips", "This view takes apart how an FCN adds up score maps of several strides."),
    "trunk": ("single trunk", "This view goes through the layers of a network's encoder."),
}
MOST_OFFERED = 3


def lacks(case: Case, need: Offer) -> bool:
    """Whether the network in hand does not offer what a view needs; then it says so, and offers weights that do."""
    model = case.segmenter.loaded.model
    if need in model.offers:
        return False
    what, why = NEEDS[need]
    kind = architecture(model.spec.architecture).title
    st.info(
        f"These weights have no {what}: {widgets.plain(case.record.name)} is of the kind “{kind}”. {why} Choose "
        "weights of an FCN with several heads.",
        icon=":material/info:",
    )
    offer_fcns()
    return True


def offer_fcns() -> None:
    """Buttons for weights on this machine that are an FCN with skips and read photos."""
    fitting = [
        name
        for name, record in bench_kept.weight_records().items()
        if record.spec is not None
        and record.spec.architecture == USUAL
        and len(record.heads) > 1
        and record.preprocessing.values == "photo"
        and bench_kept.is_here(record)
    ]
    if widgets.hidden("weights") or widgets.locked("weights"):
        return
    with st.container(horizontal=True, gap="small"):
        for name in fitting[:MOST_OFFERED]:
            st.button(
                f"Use {widgets.plain(name)}", key=f"needs-{name}", icon=":material/swap_horiz:",
                on_click=session.hold, kwargs={"weights": name},
            )  # fmt: skip
