"""Alignment: why an output pixel sits on its input pixel, and what happens where it does not."""

from __future__ import annotations

from app.labs.alignment import chain_view, offsets_view, padding_view, pixel_view, shift_view
from app.labs.alignment.questions import asked
from app.labs.shared import lab
from app.visitor import session, widgets

VIEWS = {
    "chain": ("The chain", chain_view.show),
    "pixel": ("Where a pixel looks", pixel_view.show),
    "offsets": ("Derive the crops", offsets_view.show),
    "shift": ("Shift a crop", shift_view.show),
    "padding": ("Reference or centered", padding_view.show),
}

strip = lab.page(
    "Alignment",
    section="sections 3.3 and 4.2, and the released code",
    about="Convolutions, poolings and paddings move things: the middle of cell 0 is not the middle of pixel 0. Every "
    "crop of an FCN makes up for that, and every crop follows from the layers.",
)
view = widgets.pick_one("a_view", "View", {name: title for name, (title, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](strip)
lab.questions("alignment", asked(session.bench().head))
