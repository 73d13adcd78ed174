"""What a network is, as data: the description that a file or a run keeps, from which it can be built again.

Nothing here imports torch: settings are read and checked by processes that only wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from typing import Any, ClassVar, Literal, Self

Alignment = Literal["centered", "reference"]


def head_name(stride: int) -> str:
    """How a head is called everywhere: 8s scores one cell for every 8×8 pixels."""
    return f"{stride}s"


def setting(default: Any, description: str, *, usual: Any = MISSING, **limits: Any) -> Any:
    """A field of a description that a person may choose for a training run.

    description: what it does and why one would change it, for the form and the command line. usual: the default of a
    run where it differs from the published network's. limits: bounds as pydantic's `Field` takes them (ge, gt, lt),
    and `choices`, the values that there are.
    """
    about = {"description": description, "usual": default if usual is MISSING else usual, "limits": limits}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata=about)
    return field(default=default, metadata=about)


class NetworkSpec:
    """Description of a network: enough to build it again from a file. Subclasses are frozen dataclasses.

    Fields made by `setting` are chosen by a person; the others follow from the data:

    in_channels     image channels: 1 grey, 3 RGB, 4 RGB-D, N hyperspectral
    num_classes     classes of the score layers
    extra_tasks     further sets of score layers, name -> classes; only for architectures that have the field
    """

    architecture: ClassVar[str]
    """Its architecture's name in the registry `ARCHITECTURES`."""

    in_channels: int
    num_classes: int

    @property
    def heads(self) -> tuple[int, ...]:
        """Strides of the grids on which classes are scored, one a head, coarsest first."""
        raise NotImplementedError

    @property
    def alignment(self) -> Alignment:
        """How scores lie on the photo: "centered" unless the first convolution is padded as in the FCN reference."""
        return "centered"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values; `from_dict` is the way back."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The description that `to_dict` wrote; ValueError names settings that it does not know."""
        known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
        if unknown := set(values) - set(known):
            raise ValueError(f"unknown network settings {sorted(unknown)}; was the file made by a newer version?")
        return cls(**{name: _native(value) for name, value in values.items()})


def check_counts(spec: NetworkSpec) -> None:
    """ValueError where a description has no channel or no class."""
    for name in ("in_channels", "num_classes"):
        if getattr(spec, name) < 1:
            raise ValueError(f"{name} must be at least 1, got {getattr(spec, name)}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def _native(value: Any) -> Any:
    """JSON's strings for whole numbers become numbers again, its lists tuples."""
    if isinstance(value, Mapping):
        return {int(key) if str(key).isdigit() else key: _native(inner) for key, inner in value.items()}
    return tuple(_native(inner) for inner in value) if isinstance(value, list) else value
