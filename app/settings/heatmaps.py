"""What the Heatmaps page lets a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, code, whole

VIEWS = ("scores", "classifier", "layers", "evidence")
CLASSIFIERS = ("vgg16", "vgg16_bn", "alexnet", "googlenet")

SETTINGS: tuple[Setting, ...] = (
    choice("h_view", VIEWS, "scores"),  # on the Heatmaps page
    choice("h_show", ("all", "one", "heads"), "all"),  # all classes of a head, one large, one in every head
    choice("h_map", ("coarse", "up"), "up"),  # the cells as computed, or upsampled
    choice("h_values", ("softmax", "logit"), "softmax"),
    choice("h_range", ("shared", "own"), "shared"),  # of the colours: for all maps alike, or each its own
    whole("h_temp", -20, 20, 0),  # temperature: 10 to the power of a twentieth of this
    choice("h_net", ("auto", "own", *CLASSIFIERS), "auto"),  # which classifier looks at the large photo
    choice("h_scale", ("1", "1.5", "2", "3"), "2"),  # how much larger the photo is made for it
    whole("h_class", -1, 999, -1),  # ImageNet class whose score is shown; -1 takes the most frequent
    code("h_layer"),  # layer to look into; empty takes pool4, or one in the middle
    choice("h_sort", ("mean", "max", "number"), "mean"),
    whole("h_page", 1, 1000, 1),  # page of the wall of channels
    whole("h_ch", -1, 100_000, -1),  # channel; -1 takes the first on the page
    choice("h_method", ("gradient", "input", "integrated", "occlusion"), "gradient"),
    choice("h_region", ("pixel", "piece", "class"), "pixel"),  # where the logits to explain are summed
    whole("h_window", 8, 256, 64),  # side of the window of occlusion, pixels
    whole("h_step", 4, 256, 32),  # its stride
    choice("h_side", ("240", "320", "480", "640"), "320"),  # longer side of the picture for occlusion and gradients
)
