"""Metrics and imbalance: what the scores count, where they mislead, and what rare classes do to a training."""

from __future__ import annotations

from app.labs.metrics import averages_view, disturb_view, doctor_view, imbalance_view
from app.labs.shared import lab
from app.visitor import widgets

VIEWS = {
    "disturb": ("Disturb a label map", disturb_view.show),
    "averages": ("Three averages", averages_view.show),
    "imbalance": ("Imbalance", imbalance_view.show),
    "doctor": ("Doctor", doctor_view.show),
}

strip = lab.page(
    "Metrics and imbalance",
    section="section 5",
    about="Four numbers summarise a label map: pixel accuracy, mean accuracy, mean IoU and frequency-weighted IoU. "
    "Here each can be pushed until it moves, and read back to the pixels behind it.",
)
view = widgets.pick_one("m_view", "View", {name: title for name, (title, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](strip)
