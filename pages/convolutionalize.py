"""Convolutionalize: a classifier slides over the whole photo in one pass, and what that saves."""

from __future__ import annotations

from app.labs.convolutionalize import classifier_view, equivariance_view, patches_view, sampling_view, stitch_view
from app.labs.shared import lab
from app.visitor import widgets

VIEWS = {
    "classifier": ("Classifier to map", classifier_view.show),
    "patches": ("Patch by patch", patches_view.show),
    "stitch": ("Shift and stitch", stitch_view.show),
    "shift": ("Shift the photo", equivariance_view.show),
    "sampling": ("Sample patches", sampling_view.show),
}

strip = lab.page(
    "Convolutionalize",
    section="sections 3.1, 3.2, 3.4 and 4.3",
    about="A fully connected layer is a convolution whose kernel covers its whole input. Seen so, a classifier takes a "
    "photo of any size and gives a map of answers, and what neighbouring windows share is computed once.",
)
view = widgets.pick_one("c_view", "View", {name: title for name, (title, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](strip)
