"""Named recipes: the published ones, the quick one for a class, and those that made the bundled weights.

Figures of the published recipes: CVPR 2015, section 4.3, and the authors' solver files (fcn.berkeleyvision.org). They
start from the ImageNet classifier, a download, and a step of the full VGG16 wants a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A recipe. settings: fields of TrainConfig that differ from their defaults. needs_root: the data is the user's."""

    title: str
    about: str
    settings: Mapping[str, Any]
    needs_root: bool = False


SLIM = {"backbone": "vgg16_bn", "width": 0.25, "fc_channels": 640, "fc_norm": True}

STREETS_LOOK = {
    "brightness": 0.35,
    "contrast": 0.35,
    "saturation": 0.4,
    "hue": 12.0,
    "balance": 0.12,
    "gamma": 1.3,
    "blur": 1.0,
    "noise": 10.0,
    "noise_probability": 0.25,
}

VOC_SBD = {
    "train": [{"kind": "voc-sbd", "split": "train"}],
    "val": {"kind": "voc-sbd", "split": "val", "limit": 100},
    "test": {"kind": "voc-sbd", "split": "val"},
}
WHOLE_IMAGES = {
    "crop": (500, 500), "scale": (1.0, 1.0), "mirror": 0.0,
    "brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "balance": 0.0,
}  # fmt: skip
FULL = {"backbone": "vgg16", "width": 1.0, "fc_channels": 4096, "alignment": "reference"}
HEAVY = {"kind": "sgd", "momentum": 0.99, "weight_decay": 5e-4, "bias_lr_factor": 2.0}

PRESETS: dict[str, Preset] = {
    "classroom": Preset(
        title="Classroom: two minutes",
        about="From nothing to a visibly right segmentation of drawn streets, in two minutes on two processor cores.",
        settings={
            "name": "classroom",
            "model": {"backbone": "vgg16_bn", "width": 0.125, "fc_channels": 256, "fc_norm": True, "dropout": 0.0},
            "train": [{"kind": "streets", "count": 400, "seed": 0, "size": (240, 320)}],
            "val": {"kind": "streets", "count": 16, "seed": 1, "size": (240, 320)},
            "augment": {"crop": (160, 208), "scale": (0.5, 0.9)},
            "loss": {"class_weights": "sqrt_enet"},
            "optim": {"lr": 5e-3, "weight_decay": 1e-2, "clip_norm": 5.0, "ema": 0.98},
            "schedule": {"kind": "cosine", "warmup_steps": 10},
            "batch_size": 8,
            "minutes": 2.0,
            "evaluate_every": 0.5,
            "precision": "bf16",
        },
    ),
    "staged": Preset(
        title="32s, then 16s, then 8s",
        about="The paper's order on drawn streets: three linked runs, each net from the coarser one.",
        settings={
            "name": "staged",
            "staged": (1.0, 0.5, 0.25),
            "model": {**SLIM, "dropout": 0.1},
            "train": [{"kind": "streets", "count": 1500, "seed": 0, "size": (240, 320)}],
            "val": {"kind": "streets", "count": 40, "seed": 1, "size": (240, 320)},
            "augment": {"crop": (192, 256), "scale": (0.7, 1.3)},
            "loss": {"class_weights": "sqrt_enet"},
            "optim": {"lr": 2e-3, "weight_decay": 2e-2, "clip_norm": 5.0, "ema": 0.995},
            "schedule": {"kind": "cosine", "warmup_steps": 30},
            "batch_size": 8,
            "minutes": 8.0,
            "evaluate_every": 0.5,
            "precision": "bf16",
        },
    ),
    "paper-cvpr": Preset(
        title="The paper's recipe (CVPR 2015)",
        about="VGG16 on SBD and VOC: SGD, 20 whole images a step, the upsampling learned; three linked runs.",
        settings={
            "name": "paper-cvpr",
            "model": {**FULL, "learned_deconvs": "intermediate"},
            "start": "imagenet",
            "staged": (1.0, 0.01, 0.01),
            **VOC_SBD,
            "augment": WHOLE_IMAGES,
            "optim": {"kind": "sgd", "lr": 1e-4, "momentum": 0.9, "weight_decay": 5e-4, "bias_lr_factor": 2.0},
            "schedule": {"kind": "fixed"},
            "batch_size": 4,
            "accumulate": 5,
            "epochs": 175.0,
        },
        needs_root=True,
    ),
    "reference-heavy": Preset(
        title="The released code's recipe",
        about="One image a step, the loss summed, momentum 0.99, learning rates 1e-10, 1e-12 and 1e-14; three runs.",
        settings={
            "name": "reference-heavy",
            "model": FULL,
            "start": "imagenet",
            "staged": (1.0, 1e-2, 1e-4),
            **VOC_SBD,
            "augment": WHOLE_IMAGES,
            "loss": {"reduction": "sum"},
            "optim": {**HEAVY, "lr": 1e-10},
            "schedule": {"kind": "fixed"},
            "batch_size": 1,
            "steps": 100_000,
        },
        needs_root=True,
    ),
    "at-once": Preset(
        title="FCN-8s at once",
        about="The released code's single run: all skips from the start, pool4 scaled by 0.01 and pool3 by 0.0001.",
        settings={
            "name": "at-once",
            "model": {**FULL, "skip_scales": {16: 0.01, 8: 0.0001}},
            "start": "imagenet",
            **VOC_SBD,
            "augment": WHOLE_IMAGES,
            "loss": {"reduction": "sum", "head_weights": {8: 1.0}},
            "optim": {**HEAVY, "lr": 1e-10},
            "schedule": {"kind": "fixed"},
            "batch_size": 1,
            "steps": 300_000,
        },
        needs_root=True,
    ),
    "modern": Preset(
        title="What works best today",
        about="VGG16 with batch normalisation from ImageNet: AdamW, cosine, every head's loss, strong augmentation, "
        "averaged weights, bf16. For any data set.",
        settings={
            "name": "modern",
            "model": {"backbone": "vgg16_bn", "width": 1.0, "fc_channels": 4096, "dropout": 0.3},
            "start": "imagenet",
            "train": [{"kind": "camvid", "split": "train"}],
            "val": {"kind": "camvid", "split": "val"},
            "augment": {
                **STREETS_LOOK,
                "crop": (352, 480),
                "scale": (0.5, 2.0),
                "rotate": 4.0,
                "class_mix": 0.25,
            },
            "loss": {"class_weights": "sqrt_enet", "fade_weights_from": 0.5},
            "optim": {"lr": 2e-4, "weight_decay": 2e-2, "clip_norm": 5.0, "ema": 0.999},
            "schedule": {"kind": "cosine", "warmup_steps": 200},
            "batch_size": 8,
            "epochs": 200.0,
            "evaluate_every": 5.0,
            "precision": "bf16",
        },
        needs_root=True,
    ),
    "streets": Preset(
        title="Streets from nothing",
        about="A slim VGG16-BN on synthetic street scenes; needs no data and no download.",
        settings={
            "name": "streets",
            "model": {**SLIM, "dropout": 0.1},
            "train": [
                {"kind": "streets", "count": 2000, "seed": 0, "size": (240, 320), "share": 1.0},
                {"kind": "streets", "count": 1200, "seed": 0, "size": (360, 480), "share": 1.0},
            ],
            "val": {"kind": "streets", "count": 60, "seed": 1, "size": (240, 320)},
            "augment": {**STREETS_LOOK, "crop": (240, 320), "scale": (0.7, 1.5)},
            "loss": {"class_weights": "sqrt_enet"},
            "optim": {"lr": 2e-3, "weight_decay": 2e-2, "clip_norm": 5.0, "ema": 0.998},
            "schedule": {"kind": "cosine", "warmup_steps": 100},
            "batch_size": 8,
            "minutes": 24.0,
            "evaluate_every": 0.8,
            "precision": "bf16",
        },
    ),
    "streets-fine": Preset(
        title="Streets, larger scenes",
        about="Goes on from the streets weights on scenes of CamVid's size.",
        settings={
            "name": "streets",
            "seed": 1,
            "model": {**SLIM, "dropout": 0.1},
            "start": "streets",
            "train": [{"kind": "streets", "count": 1500, "seed": 0, "size": (360, 480)}],
            "val": {"kind": "streets", "count": 60, "seed": 1, "size": (360, 480)},
            "augment": {**STREETS_LOOK, "crop": (256, 352), "scale": (0.75, 1.5)},
            "loss": {"class_weights": "sqrt_enet", "fade_weights_from": 0.3},
            "optim": {"lr": 1.5e-3, "weight_decay": 2e-2, "clip_norm": 5.0, "ema": 0.998},
            "schedule": {"kind": "cosine", "warmup_steps": 30},
            "batch_size": 8,
            "minutes": 19.0,
            "evaluate_every": 2.0,
            "precision": "bf16",
        },
    ),
    "camvid": Preset(
        title="CamVid, from the streets weights",
        about="Goes on from the synthetic streets on CamVid's 367 training photos.",
        settings={
            "name": "camvid",
            "model": {**SLIM, "dropout": 0.3},
            "start": "streets",
            "train": [{"kind": "camvid", "split": "train"}],
            "val": {"kind": "camvid", "split": "val"},
            "augment": {
                "crop": (256, 352),
                "scale": (0.55, 1.8),
                "stretch": 1.1,
                "rotate": 4.0,
                "brightness": 0.4,
                "contrast": 0.4,
                "saturation": 0.4,
                "hue": 10.0,
                "balance": 0.12,
                "gamma": 1.4,
                "blur": 1.0,
                "noise": 8.0,
                "rare_crops": 0.3,
                "class_mix": 0.35,
                "rare_classes": ("pole", "sign", "fence", "pedestrian", "bicyclist"),
            },
            "loss": {"class_weights": "sqrt_enet", "fade_weights_from": 0.55},
            "optim": {"lr": 1.8e-3, "weight_decay": 3e-2, "clip_norm": 5.0, "ema": 0.999},
            "schedule": {"kind": "cosine", "warmup_steps": 100},
            "batch_size": 8,
            "minutes": 76.0,
            "evaluate_every": 8.0,
            "precision": "bf16",
        },
        needs_root=True,
    ),
}
