"""Heatmaps: scores on the coarse grid and upsampled, a classifier over a large photo, any layer, class evidence."""

from __future__ import annotations

from app.labs.heatmaps import classifier, evidence, inside, scores
from app.labs.shared import lab
from app.visitor import widgets

VIEWS = {
    "scores": ("Score maps", scores.show),
    "classifier": ("Classifier over a large photo", classifier.show),
    "layers": ("Look inside", inside.show),
    "evidence": ("Evidence", evidence.show),
}

strip = lab.page(
    "Heatmaps",
    section="sections 3.1 and 4.1, Figure 2",
    about="Turn a classifier's last layers into convolutions and it answers at every place: a heatmap for each class. "
    "See the cells as they are computed, what upsampling makes of them, and what lies below.",
)
case = lab.case(strip)
view = widgets.pick_one("h_view", "View", {name: text for name, (text, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](case)
