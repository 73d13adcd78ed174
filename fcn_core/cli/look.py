"""Options of commands that draw pictures."""

from __future__ import annotations

from typing import Annotated

import typer

OpacityOption = Annotated[float, typer.Option(min=0, max=1, help="Of the class colours in overlays.")]
ContoursOption = Annotated[bool, typer.Option("--contours", help="Draw the borders of classes in overlays.")]
SafeOption = Annotated[bool, typer.Option("--safe-colours", help="Use the colour-blind-safe palette.")]
