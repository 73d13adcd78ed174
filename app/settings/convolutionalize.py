"""What the Convolutionalize page lets a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, whole
from fcn_core.models.description import head_name
from fcn_core.models.spec import HEADS, STREAMS

VIEWS = ("classifier", "patches", "stitch", "shift", "sampling")
CLASSIFIER_NETS = ("own", "patch", "vgg16", "vgg16_bn", "alexnet", "googlenet")
RACE_NETS = ("own", "patch", "alexnet")
PATCH_SIDES = ("15", "33", "65")
GRID_SIDES = (1, 2, 3, 4, 6, 8, 10)
PATCH_STEPS = (1, 2, 4, 8)
STITCH_FACTORS = ("2", "4", "8")
STITCH_EDGES = ("wrap", "zero")
SHIFT_MAPS = (*map(head_name, HEADS), *STREAMS[1:])
SAMPLING_OVER = ("photo", "photos")

SETTINGS: tuple[Setting, ...] = (
    choice("c_view", VIEWS, "classifier"),  # on the Convolutionalize page
    choice("c_net", CLASSIFIER_NETS, "own"),  # the classifier that becomes convolutional
    choice("c_scale", ("1", "1.5", "2", "3"), "1"),  # how far the photo is enlarged for it
    choice("c_race", RACE_NETS, "own"),  # the network that is timed
    whole("c_n", 1, 10, 10),  # side of the grid of outputs that is timed
    choice("c_side", PATCH_SIDES, "33"),  # patch of the sliding-window segmenter, pixels
    whole("c_step", 1, 8, 8),  # pixels from patch to patch
    choice("c_stream", STREAMS, "fc7"),  # the score map that shift-and-stitch makes denser
    choice("c_f", STITCH_FACTORS, "4"),  # by which factor
    choice("c_edge", STITCH_EDGES, "wrap"),  # what happens at borders: also when the photo is shifted
    choice("c_map", SHIFT_MAPS, "32s"),  # the output whose movement is measured
    whole("c_d", 0, 64, 12),  # pixels by which the photo is shifted
    whole("c_margin", 0, 160, 64),  # pixels left out at each side where borders are padded with zeros
    whole("c_keep", 0, 6, 2),  # patches are kept with the chance 1 / 2^this
    choice("c_over", SAMPLING_OVER, "photo"),  # patches of the photo in hand, or of the same number over many photos
)
