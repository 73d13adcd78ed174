"""Receptive fields: what one cell sees, in theory and in effect."""

from __future__ import annotations

from app.labs.receptive_fields import build_view, cell_view, effective_view, layers_view
from app.labs.shared import lab
from app.visitor import widgets

VIEWS = {
    "cell": ("Click a cell", cell_view.show),
    "layers": ("All layers", layers_view.show),
    "effective": ("Effective field", effective_view.show),
    "build": ("Build your own", build_view.show),
}

strip = lab.page(
    "Receptive fields",
    section="sections 3 and 4.1, Table 1; also PAMI 2017",
    about="Every cell of a map depends on a box of the photo: its receptive field. Kernels widen it, strides multiply "
    "what later kernels add. Here it is read off the network's real layers, one by one.",
)
case = lab.case(strip)
view = widgets.pick_one("r_view", "View", {name: title for name, (title, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](case)
