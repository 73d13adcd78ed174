"""What the Data page lets a person set."""

from __future__ import annotations

from app.settings.kinds import SPLITS, Setting, choice, flag, whole
from fcn_core.data.datasets import DATASETS

VIEWS = ("photos", "balance", "augment", "lint")

SETTINGS: tuple[Setting, ...] = (
    choice("data", tuple(DATASETS), "streets"),
    choice("split", SPLITS, "train"),
    choice("look", VIEWS, "photos"),
    whole("at", 1, 1_000_000, 1),  # page of the gallery
    whole("no", 0, 10_000_000, 0),  # photo in the large view, counted from 1; 0 shows the gallery
    flag("rare", True),  # class balance on a log scale, so that rare classes show
    whole("draw", 0, 1_000_000, 0),  # which eight variations of a photo
    flag("labels", True),  # label colours over the photos
)
