"""Data: look through a labelled data set before training on it."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.data import in_hand
from app.data.fetching import download_panel
from app.data.gallery import photos
from app.data.lint_panel import lint_panel
from app.data.picker import can_name_a_folder, found_notice, kind_picker, root_picker
from app.data.views import augment, balance
from app.train import draft_in_hand
from app.visitor import session, widgets
from fcn_core.data.datasets import DATASETS


def augmented(held: in_hand.DataInHand) -> None:
    """What the Train page's augmentation makes of a photo."""
    draft = draft_in_hand.draft()
    augment(held, draft.values["augment"], draft.origin)


VIEWS = {
    "photos": ("Photos", photos),
    "balance": ("Class balance", balance),
    "augment": ("Augmentation", augmented),
    "lint": ("Check", lint_panel),
}

st.title("Data")
widgets.show_notices()
controls, board = st.columns([1, 2.4 if session.setting("large") else 3.2], gap="large")
kind = session.setting("data")
with controls:
    kind_picker(kind, in_hand.choose_kind, place="data")
    root = in_hand.root_in_hand(kind, draft_in_hand.root_of(kind))
    root_picker(kind, root, lambda chosen: in_hand.choose_root(kind, chosen), place="data")
    found = found_notice(kind, root)
    if found.pictures:
        widgets.pick_one("split", "Split", {split: split for split in in_hand.splits_of(found)})
        if st.button("Use this data in Train", icon=":material/model_training:", type="primary", width="stretch"):
            draft_in_hand.use_data(kind, root)
            st.switch_page(page_list.find("train.py").path)
    download_panel(DATASETS[kind])

with board:
    if not found.pictures:
        st.subheader("No data yet")
        if can_name_a_folder():
            st.markdown("Name the folder of the data set first, or choose the drawn streets, which need no files.")
        else:
            st.markdown("Choose the drawn streets: they need no files.")
        st.stop()
    view = widgets.pick_one("look", "View", {name: text for name, (text, _) in VIEWS.items()}, hide_label=True)
    try:
        held = in_hand.opened(found)
    except (ValueError, OSError) as problem:
        st.error(widgets.plain(str(problem)), icon=":material/error:")
        st.stop()
    VIEWS[view][1](held)
