"""What the pages let a person set, apart from the bench: names, defaults and how an address spells them.

A setting keeps its value from page to page and appears in the address when it differs from its
default. Names are short and stable, because addresses are sent around.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fcn_core.data.datasets import DATASETS

RUN_ID = re.compile(r"[\w.-]{1,100}")
CODE = re.compile(r"[A-Za-z0-9_.:]{1,120}")
WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Setting:
    """One setting: `read` turns an address's text into a value (ValueError if absurd), `write` the reverse.

    options or limits say which values there are, where they can be told so; tests draw from them.
    """

    name: str
    default: Any
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    options: tuple[str, ...] | None = None
    limits: tuple[int, int] | None = None


def choice(name: str, options: tuple[str, ...], default: str) -> Setting:
    """One of some words."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"expected one of {', '.join(options)}")
        return text

    return Setting(name, default, read, str, options=options)


def whole(name: str, low: int, high: int, default: int) -> Setting:
    """A whole number from low to high, which may lie below zero."""

    def read(text: str) -> int:
        if not WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(text)

    return Setting(name, default, read, str, limits=(low, high))


def flag(name: str, default: bool = False) -> Setting:
    """On (1) or off (0)."""

    def read(text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError("expected 0 or 1")
        return text == "1"

    return Setting(name, default, read, lambda value: "1" if value else "0")


def run_id(name: str) -> Setting:
    """The id of a training run, as its folder is called; empty for none."""

    def read(text: str) -> str:
        if not RUN_ID.fullmatch(text):
            raise ValueError("expected the id of a run: letters, digits, . _ -")
        return text

    return Setting(name, "", read, str)


def words(name: str, default: tuple[str, ...] = (), options: tuple[str, ...] | None = None) -> Setting:
    """Several words, joined by commas; out of `options` if given, in that order."""

    def read(text: str) -> tuple[str, ...]:
        given = [word.strip() for word in text.split(",") if word.strip()]
        if len(given) > 300 or any(len(word) > 60 for word in given):
            raise ValueError("expected a few names, joined by commas")
        if options is None:
            return tuple(dict.fromkeys(given))
        if not given or any(word not in options for word in given):
            raise ValueError(f"expected some of {', '.join(options)}, joined by commas")
        return tuple(option for option in options if option in given)

    return Setting(name, default, read, ",".join, options=options)


def code(name: str) -> Setting:
    """A technical name: letters, digits, dots, a colon; empty for none."""

    def read(text: str) -> str:
        if not CODE.fullmatch(text):
            raise ValueError("expected a technical name: letters, digits, . _ :")
        return text

    return Setting(name, "", read, str)


HEAD_NAMES = ("32s", "16s", "8s")
SPLITS = ("train", "val", "test", "trainval", "all")
DATA_VIEWS = ("photos", "balance", "augment", "lint")
HEATMAP_VIEWS = ("scores", "classifier", "layers", "evidence")
CLASSIFIERS = ("vgg16", "vgg16_bn", "alexnet", "googlenet")
SEGMENT_VIEWS = ("heads", "compare", "heatmaps", "certainty", "differences", "truth", "export")
FUSION_VIEWS = ("network", "ledger", "scales", "boundaries")
FUSION_BOXES = (
    *("photo", "trunk", "pool1", "pool2", "pool3", "pool4", "pool5", "fc7", "inception5b"),
    *("maxpool1", "maxpool2", "maxpool3", "maxpool4", "score_fr", "upscore2", "score_pool4", "fuse_pool4"),
    *("upscore_pool4", "score_pool3", "fuse_pool3", *HEAD_NAMES),
)

RECEPTIVE_VIEWS = ("cell", "layers", "effective", "build")
RECEPTIVE_NETS = ("alexnet", "vgg16", "googlenet_pooled", "googlenet_published", "googlenet", "fcn_resnet50")

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
        choice("h_view", HEATMAP_VIEWS, "scores"),  # on the Heatmaps page
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
        choice("f_view", FUSION_VIEWS, "network"),  # on the Skip fusion page
        choice("f_box", FUSION_BOXES, "score_fr"),  # the box of the network whose scores are shown
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
        choice("r_view", RECEPTIVE_VIEWS, "cell"),  # on the Receptive fields page
        choice("r_net", ("own", *RECEPTIVE_NETS), "own"),  # whose fields
        code("r_map"),  # the map to look from; empty takes the pixels of the head in hand
        words("r_nets", ("alexnet", "vgg16", "googlenet_pooled"), ("own", *RECEPTIVE_NETS)),  # in the chart
        flag("r_every"),  # layers that leave the field alone too
        choice("r_inputs", ("photos", "random"), "photos"),  # what gradients are averaged over
        whole("r_n", 1, 16, 4),  # how many of them
        choice("r_measure", ("absolute", "squared"), "absolute"),  # of a gradient's size
        choice("r_scale", ("linear", "log"), "log"),  # of its colours
        choice("r_pair", ("kernels", "stride", "large", "vgg", "own"), "kernels"),  # stacks to compare
        code("r_a"),  # the stacks of "own", as fcn_core.analysis.layer_stack spells them
        code("r_b"),
        whole("r_side", 8, 1024, 224),  # side of the picture that the stacks look at
    )
}
