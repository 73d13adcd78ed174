"""Train: recipe, data and settings on the left; what it costs, Start and the queue on the right."""

from __future__ import annotations

import streamlit as st

from app import draft_in_hand, widgets
from app.cost_panel import cost_panel
from app.data_settings import data_settings
from app.preset_picker import preset_picker
from app.queue_panel import queue_panel
from app.settings_form import grouped_settings, main_settings
from app.start_panel import start_panel
from app.yaml_panel import say_problem, yaml_panel

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
