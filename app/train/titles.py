"""How the settings of a training run are called and grouped on the form; their explanations stand with the fields."""

from __future__ import annotations

from dataclasses import dataclass

TITLES: dict[str, str] = {
    "model": "Network",
    "val": "Validation data",
    "test": "Test data",
    "train": "Training data",
    "architecture": "Architecture",
    "backbone": "Trunk",
    "form": "Form of the U-Net",
    "first_channels": "Channels of the first image",
    "first_weight": "Share of the first network",
    "fc_channels": "Channels of fc6 and fc7",
    "fc_norm": "Normalise fc6 and fc7",
    "in_channels": "Image channels",
    "skip_scales": "Factors on the skips",
    "learned_deconvs": "Learned upsampling",
    "dropout_kind": "Kind of dropout",
    "start": "Start from",
    "staged": "Stages, a factor on the rate each",
    "start_parts": "Taken from the start",
    "freeze_trunk": "Freeze the trunk",
    "kind": "Kind",
    "train.kind": "Data set",
    "val.kind": "Data set",
    "test.kind": "Data set",
    "root": "Folder",
    "images": "What the network sees",
    "holdout": "Share held out for val",
    "count": "Scenes",
    "size": "Height × width of a scene",
    "share": "Share in the mixture",
    "limit": "At most",
    "keep": "Keep in memory",
    "crop": "Crop, height × width",
    "scale": "Magnification, from, to",
    "balance": "Colour balance",
    "rare_crops": "Crops on rare classes",
    "class_mix": "Mix classes of two pictures",
    "colour_probability": "Share with changed colours",
    "blur_probability": "Share with blur",
    "noise_probability": "Share with noise",
    "reduction": "Sum or mean",
    "fade_weights_from": "Fade class weights from",
    "head_weights": "Weight of each head",
    "sample_share": "Patch sampling",
    "optim.kind": "Optimiser",
    "lr": "Learning rate",
    "beta2": "Beta 2",
    "bias_lr_factor": "Factor on the biases' rate",
    "clip_norm": "Longest gradient",
    "ema": "Averaged weights",
    "schedule.kind": "Schedule",
    "drop": "step: factor at a drop",
    "drop_at": "step: drops at",
    "power": "poly: power",
    "floor": "Lowest rate",
    "evaluate_every": "Epochs between validations",
    "early_stop": "Stop early after",
    "save_every_minutes": "Minutes between checkpoints",
    "channels_last": "Channels last",
    "pin_threads": "Bind threads",
    "mirrors": "Also write metrics for",
}

OPTIONS: dict[str, tuple[int, ...]] = {"heads": (32, 16, 8, 4)}
"""Choices that the type of a field does not tell."""

LENGTHS = ("epochs", "steps", "minutes")
MAIN = (
    "name",
    "model.architecture",
    "model.backbone",
    "model.width",
    "start",
    "optim.lr",
    "batch_size",
    "augment.crop",
)
"""The settings that matter most; they stand open, together with the length of the run."""


@dataclass(frozen=True)
class Group:
    """One folded group of the form. fields: paths, or a nested group's name for all of its fields."""

    title: str
    fields: tuple[str, ...]


GROUPS: tuple[Group, ...] = (
    Group("Network", ("model",)),
    Group("Start and stages", ("start_parts", "freeze_trunk", "staged", "seed")),
    Group("Augmentation", ("augment",)),
    Group("Loss", ("loss",)),
    Group("Optimiser", ("optim", "accumulate")),
    Group("Schedule", ("schedule",)),
    Group("Validation and checkpoints", ("evaluate_every", "early_stop", "previews", "save_every_minutes")),
    Group(
        "Machine",
        ("precision", "device", "workers", "threads", "pin_threads", "channels_last", "compile", "mirrors"),
    ),
)
DATA_GROUPS = ("train", "val", "test")
REST = "More settings"
