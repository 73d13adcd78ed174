"""The class colours over the photo, drawn once for each combination of settings."""

from __future__ import annotations

from app.bench.case import Case
from app.parts.pictures import Shown
from app.segment import kept
from app.visitor import session, widgets


def overlay_controls() -> None:
    """Opacity, contours and palette."""
    widgets.slide("opacity", "Opacity of the classes", 0, 100, format="%d %%")
    widgets.switch("contours", "Contours")
    widgets.switch(
        "safe", "Colour-blind safe", help="Colours that stay apart under the common colour-vision deficiencies"
    )


def overlay(case: Case, head: int) -> Shown:
    """One head's classes over the photo, as the settings say."""
    return kept.overlay(
        case.result,
        head,
        session.setting("opacity"),
        tuple(sorted(case.hidden)),
        session.setting("contours"),
        session.setting("safe"),
    )
