"""What the Convolutionalize page lets a person set."""

from __future__ import annotations

from app.setting_kinds import Setting, choice, whole

CONVOLUTIONAL_VIEWS = ("classifier", "patches", "stitch", "shift", "sampling")
CLASSIFIER_NETS = ("own", "patch", "vgg16", "vgg16_bn", "alexnet", "googlenet")
RACE_NETS = ("own", "patch", "alexnet")
PATCH_SIDES = ("15", "33", "65")
GRID_SIDES = (1, 2, 3, 4, 6, 8, 10)
PATCH_STEPS = (1, 2, 4, 8)

SETTINGS: tuple[Setting, ...] = (
    choice("c_view", CONVOLUTIONAL_VIEWS, "classifier"),  # on the Convolutionalize page
    choice("c_net", CLASSIFIER_NETS, "own"),  # the classifier that becomes convolutional
    choice("c_scale", ("1", "1.5", "2", "3"), "1"),  # how far the photo is enlarged for it
    choice("c_race", RACE_NETS, "own"),  # the network that is timed
    whole("c_n", 1, 10, 10),  # side of the grid of outputs that is timed
    choice("c_side", PATCH_SIDES, "33"),  # patch of the sliding-window segmenter, pixels
    whole("c_step", 1, 8, 8),  # pixels from patch to patch
)
