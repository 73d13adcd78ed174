"""What the Alignment page lets a person set."""

from __future__ import annotations

import re

from app.settings.kinds import Setting, choice, code, flag, whole
from fcn_core.models.spec import HEADS, SKIPS

VIEWS = ("chain", "pixel", "offsets", "shift", "padding")
NETS = ("vgg16", "caffenet", "googlenet_published", "own")
CROPS = (*(f"upscore{head}" for head in HEADS), *(skip.score for skip in SKIPS))
CHANGES = re.compile(r"[A-Za-z0-9_.:]{1,600}")


def _changes(name: str) -> Setting:
    """Changed layers as fcn_core.analysis.aligning.chain spells them: `conv1_1:p1.upscore8:k16c31`; empty for none."""

    def read(text: str) -> str:
        if not CHANGES.fullmatch(text):
            raise ValueError("expected changed layers such as conv1_1:p1.upscore8:c30")
        return text

    return Setting(name, "", read, str)


SETTINGS: tuple[Setting, ...] = (
    choice("a_view", VIEWS, "chain"),  # on the Alignment page
    choice("a_net", NETS, "vgg16"),  # whose layers; own: those of the weights in hand
    choice("a_kind", ("reference", "centered"), "reference"),  # how a published network is padded
    whole("a_h", 1, 4096, 500),  # height of the photo that the chain is laid out for, pixels
    whole("a_w", 1, 4096, 500),
    code("a_layer"),  # the layer whose numbers the sliders change; empty takes the first
    _changes("a_set"),  # layers that were changed
    whole("a_i", 0, 4095, 250),  # output pixel whose place is looked up
    flag("a_near", True),  # close up around that pixel, or the photo's whole width
    choice("a_off", CROPS, "upscore32"),  # the crop whose offset is derived
    choice("a_crop", ("final", *(skip.layer for skip in SKIPS)), "final"),  # the crop that is shifted on purpose
    whole("a_d", -16, 16, 8),  # by so many pixels of its own map
)
