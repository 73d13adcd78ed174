"""What the pages let a person set, apart from the bench: names, defaults and how an address spells them.

A setting keeps its value from page to page and appears in the address when it differs from its
default. Names are short and stable, because addresses are sent around. Each lab declares its own.
"""

from __future__ import annotations

from app.course.settings import SETTINGS as COURSE
from app.labs.alignment.settings import SETTINGS as ALIGNMENT
from app.labs.convolutionalize.settings import SETTINGS as CONVOLUTIONAL
from app.labs.fusion.settings import SETTINGS as FUSION
from app.labs.heatmaps.settings import SETTINGS as HEATMAPS
from app.labs.metrics.settings import SETTINGS as MEASURES
from app.labs.receptive_fields.settings import SETTINGS as RECEPTIVE
from app.labs.transposed_convolution.settings import SETTINGS as TRANSPOSED
from app.visitor.setting_kinds import HEAD_NAMES, SPLITS, Setting, choice, flag, run_id, whole, words
from fcn_core.data.datasets import DATASETS

DATA_VIEWS = ("photos", "balance", "augment", "lint")
SEGMENT_VIEWS = ("heads", "compare", "heatmaps", "certainty", "differences", "truth", "export")

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        flag("large"),  # large type, for the projector
        flag("safe"),  # colour-blind-safe palette
        choice("view", SEGMENT_VIEWS, "heads"),
        choice("layout", ("side", "one"), "side"),  # heads side by side, or one at a time in one place
        words("heads", HEAD_NAMES, HEAD_NAMES),
        whole("opacity", 0, 100, 65),
        flag("contours"),
        words("off"),  # classes switched off in the overlay
        choice("left", ("photo", *HEAD_NAMES), "photo"),
        choice("right", HEAD_NAMES, "8s"),
        choice("map", ("confidence", "entropy"), "confidence"),
        whole("threshold", 0, 100, 50),
        choice("against", ("32s-16s", "16s-8s", "32s-8s"), "32s-8s"),
        run_id("run"),  # on the Live page; empty takes the newest
        words("runs"),  # chosen on the Runs page
        choice("axis", ("step", "epoch", "minutes"), "step"),  # x axis of the curves
        whole("smooth", 0, 99, 80),  # smoothing of loss and other curves of every step, percent
        flag("log", True),  # loss on a log scale
        choice("data", tuple(DATASETS), "streets"),  # on the Data page
        choice("split", SPLITS, "train"),
        choice("look", DATA_VIEWS, "photos"),
        whole("at", 1, 1_000_000, 1),  # page of the gallery
        whole("no", 0, 10_000_000, 0),  # photo in the large view, counted from 1; 0 shows the gallery
        flag("rare", True),  # class balance on a log scale, so that rare classes show
        whole("draw", 0, 1_000_000, 0),  # which eight variations of a photo
        flag("labels", True),  # label colours over the photos of the Data page
        *HEATMAPS,
        *FUSION,
        *RECEPTIVE,
        *TRANSPOSED,
        *ALIGNMENT,
        *CONVOLUTIONAL,
        *MEASURES,
        *COURSE,
    )
}
