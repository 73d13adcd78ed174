"""All settings of a training run in one validated object that reads and writes YAML.

Each group of settings is a small model; every field says what it does and why one would change it. The form on the
page, the command line and `config.yaml` in the run folder all come from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fcn_core.models.spec import FCNSpec

Share = Annotated[float, Field(ge=0, le=1)]
HeightWidth = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]


class Settings(BaseModel):
    """Common base: unknown names are refused, so that a typing error does not train with the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ModelSettings(Settings):
    """Which network is trained; the number of classes comes from the data."""

    backbone: str = Field(default="vgg16_bn", description="Trunk: vgg16, vgg16_bn, alexnet or googlenet.")
    width: float = Field(default=0.25, gt=0, description="Factor on the trunk's channels; 1 is the published width.")
    fc_channels: int | None = Field(default=512, ge=1, description="Channels of fc6 and fc7; empty takes 4096 × width.")
    fc_norm: bool = Field(
        default=False, description="Batch normalisation after fc6 and fc7; steadies a start from nothing."
    )
    in_channels: int = Field(default=3, ge=1, description="Channels of the images; 3 for photos.")
    heads: tuple[int, ...] = Field(
        default=(32, 16, 8), description="Output strides that are built and trained together."
    )
    alignment: Literal["centered", "reference"] = Field(
        default="centered",
        description="centered: 'same' padding, twice as fast; reference: padded by 100 as published.",
    )
    skip_scales: dict[int, float] = Field(
        default={16: 1.0, 8: 1.0},
        description="Factor on the skips' maps; 0.01 and 0.0001 is the paper's at-once training.",
    )
    learned_deconvs: Literal["none", "intermediate", "all"] = Field(
        default="none",
        description="Which upsamplings learn; the released code freezes all, the CVPR paper only the last.",
    )
    dropout: float = Field(default=0.5, ge=0, lt=1, description="Dropout after fc6 and fc7; less suits a slim network.")

    def spec(self, num_classes: int) -> FCNSpec:
        """The network's description for `num_classes` classes."""
        return FCNSpec(num_classes=num_classes, **self.model_dump())


class DataSettings(Settings):
    """One data set, or one part of a mixture."""

    kind: Literal["streets", "camvid", "folder"] = Field(default="streets", description="Which reader opens it.")
    root: Path | None = Field(default=None, description="Folder of camvid or of a folder data set; streets needs none.")
    split: str | None = Field(default=None, description="train, val or test; may be empty for a folder without splits.")
    count: int = Field(default=2000, ge=1, description="streets: how many different scenes there are.")
    seed: int = Field(
        default=0, ge=0, description="streets: 0 trains, 1 validates, 2 tests, so that they never share a scene."
    )
    size: HeightWidth = Field(default=(360, 480), description="streets: height and width of a scene in pixels.")
    share: float | None = Field(
        default=None, gt=0, description="Weight in a mixture; empty draws each data set as often as it has pictures."
    )
    limit: int | None = Field(
        default=None, ge=1, description="Use only this many pictures, evenly spread; for quick trials."
    )
    keep: bool = Field(
        default=True, description="Keep decoded pictures in memory after their first use; saves decoding."
    )

    @model_validator(mode="after")
    def _has_root(self) -> DataSettings:
        if self.kind != "streets" and self.root is None:
            raise ValueError(f"a {self.kind} data set needs root, the folder where it lies")
        return self


class AugmentSettings(Settings):
    """How training pictures are varied; validation pictures never are."""

    crop: HeightWidth = Field(default=(256, 320), description="Height and width of a training picture in pixels.")
    scale: tuple[float, float] = Field(default=(0.6, 1.7), description="Smallest and largest magnification of a crop.")
    stretch: float = Field(
        default=1.0, ge=1, le=2, description="Up to this factor wider or narrower; 1 keeps proportions."
    )
    rotate: float = Field(default=0.0, ge=0, le=180, description="Largest rotation in degrees either way.")
    mirror: Share = Field(default=0.5, description="Share of pictures mirrored left to right.")
    brightness: Share = Field(default=0.3, description="Largest relative change of brightness.")
    contrast: Share = Field(default=0.3, description="Largest relative change of contrast.")
    saturation: Share = Field(default=0.3, description="Largest relative change of saturation.")
    hue: float = Field(default=0.0, ge=0, le=180, description="Largest turn of the colour circle in degrees.")
    balance: Share = Field(default=0.1, description="Largest relative change of each colour channel by itself.")
    gamma: float = Field(default=1.0, ge=1, le=4, description="Largest gamma and its inverse; 1 leaves the tone curve.")
    colour_probability: Share = Field(default=1.0, description="Share of pictures whose colours are changed.")
    blur: float = Field(default=0.0, ge=0, description="Largest blur in pixels (sigma).")
    blur_probability: Share = Field(default=0.2, description="Share of pictures that are blurred.")
    noise: float = Field(default=0.0, ge=0, description="Largest noise in grey levels (sigma).")
    noise_probability: Share = Field(default=0.2, description="Share of pictures with noise.")
    rare_crops: Share = Field(default=0.0, description="Share of crops that are centred near a pixel of a rare class.")
    class_mix: Share = Field(
        default=0.0, description="Share of pictures onto which classes of a second one are pasted."
    )
    rare_classes: tuple[str, ...] = Field(
        default=(),
        description="Class names for rare_crops and class_mix; class_mix without names pastes a random half.",
    )

    @model_validator(mode="after")
    def _scale_in_order(self) -> AugmentSettings:
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale must be (smallest, largest) with 0 < smallest <= largest, got {self.scale}")
        if self.rare_crops > 0 and not self.rare_classes:
            raise ValueError("rare_crops needs rare_classes, the names of the classes to look for")
        return self


class LossSettings(Settings):
    """Softmax cross-entropy over pixels, void left out."""

    reduction: Literal["mean", "sum"] = Field(
        default="mean", description="mean over the pixels that count; sum is the reference code's, with lr near 1e-10."
    )
    class_weights: Literal["none", "median_frequency", "enet", "sqrt_enet"] = Field(
        default="none",
        description="Weights that raise rare classes; the paper found no gain, small nets from nothing do.",
    )
    fade_weights_from: Share = Field(
        default=1.0,
        description="Share of the run after which class weights fade to equal ones; 1 keeps them to the end.",
    )
    head_weights: dict[int, float] = Field(
        default={32: 0.3, 16: 0.3, 8: 1.0},
        description="Weight of each head's loss; all above zero is deep supervision.",
    )
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Share of the target spread over all classes.")


class OptimSettings(Settings):
    """How weights move. Biases and normalisation layers never decay."""

    kind: Literal["sgd", "adamw"] = Field(
        default="adamw", description="SGD is the paper's; AdamW is quicker from nothing."
    )
    lr: float = Field(default=2e-3, gt=0, description="Learning rate at the top of the schedule.")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Momentum of SGD; beta1 of AdamW.")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="AdamW: memory of the squared gradients.")
    weight_decay: float = Field(default=1e-2, ge=0, description="Decay of kernels; the paper used 5e-4 with SGD.")
    bias_lr_factor: float = Field(default=1.0, gt=0, description="Factor on the rate of biases; the paper doubles it.")
    clip_norm: float | None = Field(
        default=None, gt=0, description="Gradients longer than this are shortened; empty: never."
    )
    ema: float = Field(
        default=0.0, ge=0, lt=1, description="Decay of the averaged weights that are tested; 0 keeps none."
    )


class ScheduleSettings(Settings):
    """How the learning rate falls over a run."""

    kind: Literal["fixed", "poly", "cosine"] = Field(
        default="cosine", description="Course of the rate after the warm-up."
    )
    power: float = Field(default=0.9, gt=0, description="poly: exponent.")
    warmup_steps: int = Field(default=0, ge=0, description="Steps over which the rate rises from zero.")
    floor: Share = Field(default=0.0, description="The rate never falls below this share of lr.")


class TrainConfig(Settings):
    """Everything that a run needs; two runs of equal settings and counted steps give equal weights."""

    name: str = Field(default="run", description="Name of the run and of its weights.")
    seed: int = Field(default=0, ge=0, description="Start of all chance: first weights, order, crops, dropout.")
    model: ModelSettings = Field(default=ModelSettings(), description="The network.")
    start: str | None = Field(
        default=None, description="Weights to begin with: a file or a catalogue name; empty begins from nothing."
    )
    train: tuple[DataSettings, ...] = Field(
        default=(DataSettings(),), min_length=1, description="Data sets to learn from."
    )
    val: DataSettings | None = Field(
        default=None, description="Data set that picks the best weights; empty picks the last."
    )
    augment: AugmentSettings = Field(default=AugmentSettings(), description="Variation of training pictures.")
    loss: LossSettings = Field(default=LossSettings(), description="What is made small.")
    optim: OptimSettings = Field(default=OptimSettings(), description="How it is made small.")
    schedule: ScheduleSettings = Field(default=ScheduleSettings(), description="Course of the learning rate.")
    batch_size: int = Field(default=8, ge=1, description="Pictures a step, over all processes together.")
    epochs: float | None = Field(default=None, gt=0, description="Length: passes over the training data.")
    steps: int | None = Field(default=None, ge=1, description="Length: steps.")
    minutes: float | None = Field(
        default=None, gt=0, description="Length: minutes of training; the schedule then follows the clock."
    )
    evaluate_every: float = Field(
        default=1.0, gt=0, description="Epochs between validations; one more comes at the end."
    )
    save_every_minutes: float = Field(default=5.0, gt=0, description="Minutes between checkpoints besides validations.")
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        default="fp32", description="Number format of the layers; bf16 is faster where the processor has it."
    )
    channels_last: bool = Field(default=True, description="Memory order of the maps; faster on CPU and GPU.")
    workers: int = Field(default=1, ge=0, description="Processes that prepare pictures; 0 prepares them in between.")
    device: Literal["auto", "cpu"] = Field(default="auto", description="auto takes a GPU when there is one.")
    threads: int | None = Field(
        default=None, ge=1, description="Processor threads of torch; empty leaves torch's choice."
    )
    pin_threads: bool = Field(
        default=False,
        description="Bind torch's threads to processors of their own; helps on a busy machine of few cores.",
    )

    @model_validator(mode="after")
    def _one_length(self) -> TrainConfig:
        if sum(length is not None for length in (self.epochs, self.steps, self.minutes)) != 1:
            raise ValueError("give the length of the run as exactly one of epochs, steps and minutes")
        missing = set(self.loss.head_weights) - set(self.model.heads)
        if missing:
            raise ValueError(f"loss.head_weights names heads {sorted(missing)}, but the model has {self.model.heads}")
        if not any(weight > 0 for weight in self.loss.head_weights.values()):
            raise ValueError("loss.head_weights must give at least one head a weight above 0")
        return self

    def to_yaml(self) -> str:
        """The settings as YAML, in the order of the fields."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    @classmethod
    def from_yaml(cls, text: str) -> TrainConfig:
        """Settings from YAML; ValueError names each field that is wrong and why."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"the settings are not readable as YAML: {error}") from error
        if not isinstance(values, dict):
            raise ValueError(f"the settings must be a YAML mapping of names to values, got {type(values).__name__}")
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """Settings from plain values; ValueError names each field that is wrong and why."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            lines = [f"{'.'.join(str(p) for p in e['loc']) or 'settings'}: {e['msg']}" for e in error.errors()]
            raise ValueError("these settings cannot be used:\n  " + "\n  ".join(lines)) from error

    def replace(self, **changes: Any) -> TrainConfig:
        """A checked copy with some fields changed; nested groups as dicts of their changed fields."""
        values = self.model_dump()
        for name, value in changes.items():
            if isinstance(value, dict) and isinstance(values.get(name), dict):
                values[name] = {**values[name], **value}
            else:
                values[name] = value
        return type(self).from_dict(values)
