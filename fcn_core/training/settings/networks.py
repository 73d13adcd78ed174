"""The network of a run: for every architecture the settings that a person chooses, read off its description.

What a field does, its bounds and its default stand with the architecture (`models.network.setting`); an architecture
that is registered can be trained. The number of classes comes from the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, get_type_hints

from pydantic import Discriminator, Field, Tag, create_model, model_validator

from fcn_core.models.architectures import ARCHITECTURES, USUAL
from fcn_core.models.description import NetworkSpec
from fcn_core.training.settings.groups import Settings


class NetworkSettings(Settings):
    """What every network's settings have in common."""

    kind: ClassVar[type[NetworkSpec]]

    in_channels: int | None = Field(
        default=None, ge=1, description="Channels of the images; empty takes as many as the data has (3 for photos)."
    )

    @model_validator(mode="after")
    def _can_be_built(self) -> NetworkSettings:
        self.spec(2, in_channels=self.in_channels)  # says what is wrong with heads, skips and the like
        return self

    @property
    def heads_built(self) -> tuple[int, ...]:
        """The heads that the network will have, coarsest first."""
        return tuple(sorted(self.spec(2, in_channels=self.in_channels).heads, reverse=True))

    def spec(
        self, num_classes: int, *, in_channels: int | None = None, tasks: Mapping[str, int] | None = None
    ) -> NetworkSpec:
        """The network's description. in_channels: of the data; None is what the architecture usually reads. tasks:
        further sets of classes, name -> number.

        ValueError when the settings ask for another number of channels than the data has, or when the architecture
        has no further sets of classes.
        """
        if in_channels is not None and self.in_channels not in (None, in_channels):
            raise ValueError(
                f"model.in_channels is {self.in_channels}, but the images have {in_channels} channels; leave it empty"
            )
        values = {name: value for name, value in self if name not in ("architecture", "in_channels")}
        if in_channels is not None:
            values["in_channels"] = in_channels
        if tasks:
            if "extra_tasks" not in {f.name for f in fields(self.kind)}:  # type: ignore[arg-type]
                raise ValueError(
                    f"the data have further sets of classes ({', '.join(tasks)}), which a network of the architecture "
                    f"{self.kind.architecture} does not learn; choose fcn"
                )
            values["extra_tasks"] = dict(tasks)
        return self.kind(**values, num_classes=num_classes)  # type: ignore[call-arg]


def settings_of(kind: type[NetworkSpec]) -> type[NetworkSettings]:
    """The settings model of an architecture: its name, and the fields of its description that are settings."""
    hints = get_type_hints(kind)
    chosen: dict[str, Any] = {
        "architecture": (
            Literal[kind.architecture],
            Field(default=kind.architecture, description="Kind of network."),
        )
    }
    for one in fields(kind):  # type: ignore[arg-type]
        if "description" in one.metadata:
            limits = dict(one.metadata["limits"])
            choices = limits.pop("choices", None)
            hint = Literal[choices] if choices else hints[one.name]
            chosen[one.name] = (
                hint, Field(default=one.metadata["usual"], description=one.metadata["description"], **limits)
            )  # fmt: skip
    model = create_model(f"{kind.__name__.removesuffix('Spec')}Settings", __base__=NetworkSettings, **chosen)
    model.kind = kind
    return model


NETWORKS: dict[str, type[NetworkSettings]] = {name: settings_of(one.spec) for name, one in ARCHITECTURES.items()}


def architecture_in(values: Any) -> str:
    """The architecture that plain values or settings name; an FCN where they name none."""
    named = values.get("architecture", USUAL) if isinstance(values, Mapping) else getattr(values, "architecture", USUAL)
    return str(named)


def switched(values: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    """The settings of one architecture's network as those of another: what both have is kept. ValueError for an
    unknown architecture."""
    if architecture not in NETWORKS:
        raise ValueError(f"there is no architecture {architecture!r}; there are {', '.join(NETWORKS)}")
    shared = {name: value for name, value in values.items() if name in NETWORKS[architecture].model_fields}
    return {**shared, "architecture": architecture}


if TYPE_CHECKING:
    AnyNetwork = NetworkSettings
else:
    AnyNetwork = Annotated[
        Union[tuple(Annotated[model, Tag(name)] for name, model in NETWORKS.items())],  # noqa: UP007
        Discriminator(architecture_in),
    ]
