"""What the Skip fusion page lets a person set."""

from __future__ import annotations

from app.settings.kinds import HEAD_NAMES, SPLITS, Setting, choice, flag, whole
from fcn_core.data.datasets import DATASETS

VIEWS = ("network", "ledger", "scales", "boundaries")
BOXES = (
    *("photo", "trunk", "pool1", "pool2", "pool3", "pool4", "pool5", "fc7", "inception5b"),
    *("maxpool1", "maxpool2", "maxpool3", "maxpool4", "score_fr", "upscore2", "score_pool4", "fuse_pool4"),
    *("upscore_pool4", "score_pool3", "fuse_pool3", *HEAD_NAMES),
)

SETTINGS: tuple[Setting, ...] = (
    choice("f_view", VIEWS, "network"),  # on the Skip fusion page
    choice("f_box", BOXES, "score_fr"),  # the box of the network whose scores are shown
    whole("f_step", 1, 8, 1),  # from score_fr to the label map
    choice("f_show", ("decided", "pool4", "pool3"), "decided"),  # who decided, or what one skip flipped
    whole("f_p4", -100, 200, 100),  # pool4's factor in percent
    whole("f_p3", -100, 200, 100),
    flag("f_lines", True),  # boundaries over the label map
    whole("f_k", 1, 48, 5),  # half width of the band around boundaries, pixels
    choice("f_iou", ("all", "split"), "all"),  # mean IoU of all classes, or of thin and large ones apart
    choice("f_data", tuple(DATASETS), "streets"),  # the set that is measured as a whole
    choice("f_split", SPLITS, "val"),
    whole("f_n", 1, 5000, 24),  # at most so many of its pictures
)
