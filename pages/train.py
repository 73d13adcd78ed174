"""Train: recipe, data and settings on the left; what it costs, Start and the queue on the right."""

from __future__ import annotations

import streamlit as st

from app.train import draft_in_hand
from app.train.cost_panel import cost_panel
from app.train.data_settings import data_settings
from app.train.form import grouped_settings, main_settings
from app.train.preset_picker import preset_picker
from app.train.queue_panel import queue_panel
from app.train.start_panel import start_panel
from app.train.yaml_panel import say_problem, yaml_panel
from app.visitor import widgets

st.title("Train")
widgets.show_notices()
draft_in_hand.draft()  # takes up a clone that another page has laid down, before anything says what is wrong with it
say_problem("clone-problem")
settings, costs = st.columns([2.3, 1], gap="large")
with settings:
    st.subheader("Recipe")
    preset_picker()
    st.subheader("Data")
    data_settings()
    st.subheader("Settings")
    main_settings()
    grouped_settings()
    yaml_panel()
with costs, st.container(key="costs"):
    cost_panel()
    start_panel()
    queue_panel()
