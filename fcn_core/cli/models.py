"""--weights and --head: from what was typed to a loaded model and its heads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_core.cli.console import progress_bar, wrong

if TYPE_CHECKING:
    from fcn_core.weights import LoadedModel

WeightsOption = Annotated[
    str, typer.Option(help="A name of `weights list`, or a .safetensors file of ours.", show_default=True)
]
HeadOption = Annotated[
    str, typer.Option(help="32s, 16s, 8s or 4s (others have their own, as 1s), several joined by commas; finest; all.")
]
FINEST = "finest"


def open_weights(name: str, *, device: str = "cpu") -> LoadedModel:
    """The model of a catalogue name or file, fetched first if need be; a usage error for names that do not exist."""
    from fcn_core.weights import UnknownWeights, load

    looks_like_file = name.endswith(".safetensors") or "/" in name or "\\" in name
    if looks_like_file and not Path(name).expanduser().is_file():
        raise wrong("--weights", f"there is no file {name}")
    try:
        with progress_bar(f"Fetching {name}", data=True) as update:
            return load(name, device=device, progress=update)
    except UnknownWeights as problem:
        raise wrong("--weights", problem) from None


def choose_heads(text: str, loaded: LoadedModel) -> tuple[int, ...]:
    """Strides that --head asks for, coarse to fine; a usage error for heads that these weights do not have."""
    words = [word.strip().lower().removesuffix("s") for word in text.split(",") if word.strip()]
    if words == [FINEST]:
        return (min(loaded.heads),)
    if "all" in words:
        return tuple(sorted(loaded.heads, reverse=True))
    wanted = [int(word) if word.isdigit() else None for word in words]
    if not wanted or any(head not in loaded.heads for head in wanted):
        there = ", ".join(f"{head}s" for head in sorted(loaded.heads))
        raise wrong("--head", f"{loaded.record.name} has the heads {there}; got {text!r}")
    return tuple(sorted({head for head in wanted if head is not None}, reverse=True))
