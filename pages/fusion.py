"""Skip fusion: the sum that makes FCN-16s and 8s, taken apart."""

from __future__ import annotations

from app.labs.fusion import boundaries_view, ledger_view, network_view, scales_view
from app.labs.fusion.questions import asked
from app.labs.shared import lab
from app.labs.shared.fusion_case import fusion_case
from app.visitor import widgets

VIEWS = {
    "network": ("Network, step by step", network_view.show),
    "ledger": ("Logit ledger", ledger_view.show),
    "scales": ("Scale the skips", scales_view.show),
    "boundaries": ("Boundaries", boundaries_view.show),
}

strip = lab.page(
    "Skip fusion",
    section="section 4.2 and Figure 3",
    about="A coarse map knows what, a fine one knows where. The network scores fc7, pool4 and pool3 apart, enlarges "
    "the coarse scores and adds the finer ones. Enlarging is linear, so every logit is a sum, to be read backwards.",
)
found = fusion_case(lab.case(strip))
view = widgets.pick_one("f_view", "View", {name: title for name, (title, _) in VIEWS.items()}, hide_label=True)
VIEWS[view][1](found)
lab.questions("fusion", asked(found))
