"""The groups of settings of a training run: data, augmentation, loss, optimiser, schedule (`networks.py`: the network).

Every field says what it does and why one would change it: the form on the page, the command line and the run's
`config.yaml` all come from here. `config.py` puts the groups together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
DataKind = Literal[
    "streets", "camvid", "folder", "voc2012", "voc2011", "sbd", "voc-sbd", "pascal-context", "nyudv2", "siftflow"
]
HeightWidth = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]


class Settings(BaseModel):
    """Common base: unknown names are refused, so that a typing error does not train with the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class DataSettings(Settings):
    """One data set, or one part of a mixture."""

    kind: DataKind = Field(
        default="streets", description="Which data set it is: streets is drawn, the others are read."
    )
    root: Path | None = Field(default=None, description="Folder where the data set lies; streets needs none.")
    split: str | None = Field(default=None, description="train, val or test; may be empty for a folder without splits.")
    images: str = Field(
        default="rgb", description="What the network sees: rgb, or for NYUDv2 also depth, rgbd, hha and rgb-hha."
    )
    holdout: float = Field(
        default=0.2, gt=0, lt=1, description="A folder without splits: share of its pictures that becomes val."
    )
    count: int = Field(default=2000, ge=1, description="streets: how many different scenes there are.")
    seed: int = Field(
        default=0, ge=0,
        description="streets: 0 trains, 1 validates, 2 tests, so that they never share a scene. "
        "A folder without splits: start of the chance that divides it.",
    )  # fmt: skip
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
        description="Weights that raise rare classes; unnecessary says the paper, but small nets from nothing gain.",
    )
    fade_weights_from: Share = Field(
        default=1.0,
        description="Share of the run after which class weights fade to equal ones; 1 keeps them to the end.",
    )
    head_weights: dict[int, Annotated[float, Field(ge=0)]] = Field(
        default={32: 0.3, 16: 0.3, 8: 1.0},
        description="Weight of each head's loss; all above zero is deep supervision.",
    )
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Share of the target spread over all classes.")
    sample_share: float = Field(
        default=1.0, gt=0, le=1,
        description="Share of each picture's 32×32 blocks that count, drawn anew each step: patch sampling.",
    )  # fmt: skip


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

    kind: Literal["fixed", "step", "poly", "cosine"] = Field(
        default="cosine", description="Course of the rate after the warm-up."
    )
    drop: float = Field(default=0.1, gt=0, lt=1, description="step: factor on the rate at each drop.")
    drop_at: tuple[Share, ...] = Field(default=(0.5, 0.75), description="step: shares of the run at which it drops.")
    power: float = Field(default=0.9, gt=0, description="poly: exponent.")
    warmup_steps: int = Field(default=0, ge=0, description="Steps over which the rate rises from zero.")
    floor: Share = Field(default=0.0, description="The rate never falls below this share of lr.")
