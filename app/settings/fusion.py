"""What the Skip fusion page lets a person set."""

from __future__ import annotations

from app.settings.kinds import HEAD_NAMES, SPLITS, Setting, choice, flag, whole
from fcn_core.data.datasets import DATASETS
from fcn_core.models.spec import SKIPS

VIEWS = ("network", "ledger", "scales", "boundaries")
BOXES = (
    *("photo", "trunk", "pool1", "pool2", "pool3", "pool4", "pool5", "fc7", "inception5b"),
    *("maxpool1", "maxpool2", "maxpool3", "maxpool4", "score_fr", "score", *HEAD_NAMES),
    *(name for skip in SKIPS for name in (skip.enlarges, skip.score, skip.fuse)),
)

SCALES = {skip.layer: f"f_p{skip.layer.removeprefix('pool')}" for skip in SKIPS}
"""Skip -> the name of its factor in an address."""

SETTINGS: tuple[Setting, ...] = (
    choice("f_view", VIEWS, "network"),  # on the Skip fusion page
    choice("f_box", BOXES, "score_fr"),  # the box of the network whose scores are shown
    whole("f_step", 1, 3 * len(SKIPS) + 2, 1),  # from score_fr to the label map
    choice("f_show", ("decided", *(skip.layer for skip in SKIPS)), "decided"),  # who decided, or what one skip flipped
    *(whole(name, -100, 200, 100) for name in SCALES.values()),  # a skip's factor in percent
    flag("f_lines", True),  # boundaries over the label map
    whole("f_k", 1, 48, 5),  # half width of the band around boundaries, pixels
    choice("f_iou", ("all", "split"), "all"),  # mean IoU of all classes, or of thin and large ones apart
    choice("f_data", tuple(DATASETS), "streets"),  # the set that is measured as a whole
    choice("f_split", SPLITS, "val"),
    whole("f_n", 1, 5000, 24),  # at most so many of its pictures
)
