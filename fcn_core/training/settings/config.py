"""All settings of a training run in one validated object that reads and writes YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from fcn_core.models.architectures import USUAL
from fcn_core.training.settings.groups import (
    AugmentSettings,
    DataSettings,
    LossSettings,
    OptimSettings,
    ScheduleSettings,
    Settings,
)
from fcn_core.training.settings.networks import NETWORKS, AnyNetwork, NetworkSettings, architecture_in, switched
from fcn_core.training.settings.refusals import refusals

OTHER_RUN = "run:"  # `start` of a run that begins with the weights of another


class TrainConfig(Settings):
    """Everything that a run needs; two runs of equal settings and counted steps give equal weights."""

    name: str = Field(default="run", description="Name of the run and of its weights.")
    seed: int = Field(default=0, ge=0, description="Start of all chance: first weights, order, crops, dropout.")
    model: AnyNetwork = Field(default=NETWORKS[USUAL](), description="The network.")
    start: str | None = Field(
        default=None,
        description="Weights to begin with: a file, a name of the catalogue, imagenet (the trunk's classifier), or "
        "run:ID for the best weights of another run, which is waited for; empty begins from nothing.",
    )
    start_parts: Literal["all", "trunk"] = Field(
        default="all", description="What is taken from these weights; trunk leaves the score layers at zero."
    )
    freeze_trunk: bool = Field(
        default=False, description="Train only the score layers and upsamplings: the paper's 32s-fixed."
    )
    staged: tuple[Annotated[float, Field(gt=0)], ...] | None = Field(
        default=None,
        description="Train the heads one after the other, 32s, 16s, 8s, each run from the one before: the factors on "
        "the learning rate, one a head. Empty trains all heads in one run.",
    )
    train: tuple[DataSettings, ...] = Field(
        default=(DataSettings(),), min_length=1, description="Data sets to learn from."
    )
    val: DataSettings | None = Field(
        default=None, description="Data set that picks the best weights; empty picks the last."
    )
    test: DataSettings | None = Field(
        default=None, description="Data set that the best weights are measured on at the end; empty leaves that out."
    )
    augment: AugmentSettings = Field(default=AugmentSettings(), description="Variation of training pictures.")
    loss: LossSettings = Field(default=LossSettings(), description="What is made small.")
    optim: OptimSettings = Field(default=OptimSettings(), description="How it is made small.")
    schedule: ScheduleSettings = Field(default=ScheduleSettings(), description="Course of the learning rate.")
    batch_size: int = Field(default=8, ge=1, description="Pictures in one pass, over all processes together.")
    accumulate: int = Field(
        default=1, ge=1, description="Passes whose gradients make one step: a large batch for a small memory."
    )
    epochs: float | None = Field(default=None, gt=0, description="Length: passes over the training data.")
    steps: int | None = Field(default=None, ge=1, description="Length: steps.")
    minutes: float | None = Field(
        default=None, gt=0, description="Length: minutes of training; the schedule then follows the clock."
    )
    evaluate_every: float = Field(
        default=1.0, gt=0, description="Epochs between validations; one more comes at the end."
    )
    early_stop: int | None = Field(
        default=None, ge=1, description="End after this many validations without a better mIoU; empty never does."
    )
    previews: int = Field(
        default=4, ge=0, le=16, description="Validation pictures whose label maps are kept at each validation."
    )
    save_every_minutes: float = Field(default=5.0, gt=0, description="Minutes between checkpoints besides validations.")
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        default="fp32", description="Number format of the layers; bf16 is faster where the processor has it."
    )
    channels_last: bool = Field(default=True, description="Memory order of the maps; faster on CPU and GPU.")
    compile: bool = Field(
        default=False, description="Compile the network first: pays in long runs on a GPU; needs a C++ compiler on CPU."
    )
    workers: int = Field(default=1, ge=0, description="Processes that prepare pictures; 0 prepares them in between.")
    device: Literal["auto", "cpu"] = Field(default="auto", description="auto takes a GPU when there is one.")
    threads: int | None = Field(
        default=None, ge=1, description="Processor threads of torch; empty leaves torch's choice."
    )
    pin_threads: bool = Field(
        default=False,
        description="Bind torch's threads to processors of their own; helps on a busy machine of few cores.",
    )

    mirrors: tuple[Literal["tensorboard", "mlflow"], ...] = Field(
        default=(), description="Also write the metrics for these programs, if they are installed."
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_head_weights(cls, values: Any) -> Any:
        """Where nobody weighs the heads' losses, the finest counts 1 and the others 0.3, whatever heads there are."""
        loss = values.get("loss", {}) if isinstance(values, Mapping) else None
        if not isinstance(loss, Mapping) or "head_weights" in loss:
            return values
        usual = usual_head_weights(values.get("model", {}))
        return {**values, "loss": {**loss, "head_weights": usual}} if usual else values

    @model_validator(mode="after")
    def _one_length(self) -> TrainConfig:
        if sum(length is not None for length in (self.epochs, self.steps, self.minutes)) != 1:
            raise ValueError("give the length of the run as exactly one of epochs, steps and minutes")
        heads = self.model.heads_built
        missing = set(self.loss.head_weights) - set(heads)
        if missing:
            raise ValueError(f"loss.head_weights names heads {sorted(missing)}, but the model has {heads}")
        if not any(weight > 0 for weight in self.loss.head_weights.values()):
            raise ValueError("loss.head_weights must give at least one head a weight above 0")
        if self.freeze_trunk and self.start is None:
            raise ValueError("freeze_trunk keeps the trunk as it starts; give start, the weights that it begins with")
        if self.start_parts == "trunk" and self.start is None:
            raise ValueError("start_parts says what to take from start, but start is empty")
        if self.staged is not None and len(self.staged) != len(heads):
            raise ValueError(
                f"staged gives {len(self.staged)} factors on the learning rate, but the model has the heads "
                f"{heads}; give one a head, or leave it empty"
            )
        if self.early_stop is not None and self.val is None:
            raise ValueError("early_stop counts validations; give val, the data set to validate on")
        return self

    @property
    def start_run(self) -> str | None:
        """The id of the run whose best weights are the start; None when it starts from something else."""
        start = self.start or ""
        return start.removeprefix(OTHER_RUN) if start.startswith(OTHER_RUN) else None

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
            lines = [f"{path}: {said}" if path else said for path, said in refusals(error, cls).items()]
            raise ValueError("these settings cannot be used:\n  " + "\n  ".join(lines)) from error

    def replace(self, **changes: Any) -> TrainConfig:
        """A checked copy with some fields changed; nested groups as dicts of their changed fields."""
        values = self.model_dump()
        model = changes.get("model")
        if isinstance(model, dict) and "architecture" in model:
            values = with_architecture(values, model["architecture"])
        for name, value in changes.items():
            if isinstance(value, dict) and isinstance(values.get(name), dict):
                values[name] = {**values[name], **value}
            else:
                values[name] = value
        return type(self).from_dict(values)


def with_architecture(values: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    """Plain settings with a network of another architecture: what both networks have is kept, and the weights of the
    heads' losses are the usual ones again. ValueError for an unknown architecture."""
    model = values.get("model") or {}
    if architecture_in(model) == architecture:
        return dict(values)
    loss = {name: value for name, value in (values.get("loss") or {}).items() if name != "head_weights"}
    return {**values, "model": switched(model, architecture), "loss": loss, "staged": None}


def usual_head_weights(network: Any) -> dict[int, float]:
    """Weights of the heads' losses where nobody chose any: 1 for the finest, 0.3 for the others.

    network: its settings, checked or as plain values; of values that do not fit nothing can be said, {}.
    """
    try:
        checked = network if isinstance(network, NetworkSettings) else NETWORKS[architecture_in(network)](**network)
    except (KeyError, TypeError, ValueError):  # told where the network is checked
        return {}
    heads = checked.heads_built
    return {head: 1.0 if head == heads[-1] else 0.3 for head in heads}
