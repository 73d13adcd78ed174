"""Transposed convolution: the sizes, three views of one operation, and what it is not."""

from __future__ import annotations

from app.labs.shared import lab
from app.labs.transposed_convolution import (
    arithmetic_view,
    fit_view,
    gradient_view,
    overlap_view,
    steps_view,
    upsample_view,
)
from app.labs.transposed_convolution.questions import asked
from app.visitor import widgets

VIEWS = {
    "arithmetic": ("Sizes", arithmetic_view.show),
    "steps": ("Step by step", steps_view.show),
    "gradient": ("Gradient, not inverse", gradient_view.show),
    "overlap": ("Overlap", overlap_view.show),
    "upsample": ("Upsample", upsample_view.show),
    "fit": ("Learn the kernel", fit_view.show),
}

strip = lab.page(
    "Transposed convolution",
    section="section 3.3",
    about="A convolution with stride f makes a map f times smaller; its transpose makes one f times larger: the same "
    "kernel, the same connections, walked the other way. FCN enlarges its score maps with it.",
)
view = widgets.pick_one("t_view", "View", {name: title for name, (title, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](strip)
if view in ("arithmetic", "steps", "gradient"):  # the others ask about what they show
    lab.questions("transposed", asked())
