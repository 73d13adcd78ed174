"""Small pieces that run in the browser: a before/after edge, galleries, players, paste.

Their HTML, CSS and JavaScript lie in app/components/ and are sent along with the page: nothing is
fetched from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.parts.charts import Stage
from app.parts.pictures import Shown

FOLDER = Path(__file__).resolve().parents[1] / "components"
MOST_HEIGHT = "72vh"


def register(name: str, *, html: bool = True) -> Any:
    """Register the component of app/components with this name; registering the same text again is free."""
    return st.components.v2.component(
        f"fcn_lab_{name}",
        html=(FOLDER / f"{name}.html").read_text("utf-8") if html else "<span></span>",
        css=(FOLDER / f"{name}.css").read_text("utf-8") if html else None,
        js=(FOLDER / f"{name}.js").read_text("utf-8"),
    )


_compare = register("compare")
_gallery = register("gallery")
_stages = register("stages")
_paste = register("paste", html=False)
_previews = register("previews")


def before_after(left: tuple[str, Shown], right: tuple[str, Shown], *, key: str) -> None:
    """Two pictures of one size, (name, picture) each, under an edge that the pointer or the arrow keys move."""
    (left_name, left_shown), (right_name, right_shown) = left, right
    _compare(
        key=key,
        data={
            "left": {"name": left_name, "src": left_shown.src},
            "right": {"name": right_name, "src": right_shown.src},
            "width": left_shown.width,
            "height": left_shown.height,
            "most_height": MOST_HEIGHT,
        },
    )


def paste_into(uploader: str) -> None:
    """Let Ctrl+V on this page add pictures to the file uploader with that key."""
    _paste(key=f"paste-{uploader}", data={"uploader": uploader})


def gallery(
    items: Sequence[tuple[str, str, str]],
    *,
    key: str,
    label: str,
    chosen: str | None,
    on_choice: Callable[[str], None],
    side: int = 68,
) -> None:
    """Thumbnails to choose from: items are (name, title, picture address); `on_choice(name)` runs before the page.

    side: the narrowest that a thumbnail gets, in pixels.
    """

    def clicked() -> None:
        name = (st.session_state.get(key) or {}).get("choice")
        if name in [item[0] for item in items]:
            on_choice(name)

    _gallery(
        key=key,
        data={
            "label": label,
            "chosen": chosen,
            "side": side,
            "items": [{"name": name, "title": title, "src": src} for name, title, src in items],
        },
        on_choice_change=clicked,
    )


def stage_player(steps: Sequence[Stage], *, key: str) -> None:
    """The stages from photo to label map, with a slider and a play button that run in the browser.

    Beside the picture every map stands at its own relative size.
    """
    _stages(
        key=key,
        data={
            "stages": [
                {
                    "name": step.name,
                    "story": step.story,
                    "src": step.src,
                    "width": step.width,
                    "height": step.height,
                    "size": step.size,
                    "scale": step.scale,
                }
                for step in steps
            ]
        },
    )


def previews(
    run: str,
    heads: Sequence[str],
    pictures: Sequence[Mapping[str, str]],
    moments: Sequence[Mapping[str, Any]],
    *,
    key: str,
) -> None:
    """The same pictures at every validation of a run, with a slider that runs in the browser.

    pictures: name, and addresses of photo and truth. moments: step, label, scores (a text a head) and maps (addresses,
    a list a picture, one a head). A slider that stands at the newest moment follows to a newer one.
    """
    _previews(
        key=key,
        data={"run": run, "heads": list(heads), "pictures": list(pictures), "moments": list(moments)},
    )
