"""What the Receptive fields page lets a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, code, flag, whole, words

VIEWS = ("cell", "layers", "effective", "build")
NETS = ("alexnet", "vgg16", "googlenet_pooled", "googlenet_published", "googlenet", "fcn_resnet50")

SETTINGS: tuple[Setting, ...] = (
    choice("r_view", VIEWS, "cell"),  # on the Receptive fields page
    choice("r_net", ("own", *NETS), "own"),  # whose fields
    code("r_map"),  # the map to look from; empty takes the pixels of the head in hand
    words("r_nets", ("alexnet", "vgg16", "googlenet_pooled"), ("own", *NETS)),  # in the chart
    flag("r_every"),  # layers that leave the field alone too
    choice("r_inputs", ("photos", "random"), "photos"),  # what gradients are averaged over
    whole("r_n", 1, 16, 4),  # how many of them
    choice("r_measure", ("absolute", "squared"), "absolute"),  # of a gradient's size
    choice("r_scale", ("linear", "log"), "log"),  # of its colours
    choice("r_pair", ("kernels", "stride", "large", "vgg", "own"), "kernels"),  # stacks to compare
    code("r_a"),  # the stacks of "own", as fcn_core.analysis.fields.layer_stack spells them
    code("r_b"),
    whole("r_side", 8, 1024, 224),  # side of the picture that the stacks look at
)
