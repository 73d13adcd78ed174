"""Teacher mode for controls that a page draws by itself, as style: app.visitor.widgets know their way without it.

What they would change stays as it is in any case (`app.visitor.session`); this is how they look.
"""

from __future__ import annotations

from app import page_list
from app.visitor import session
from app.visitor.lock import PLAYED, settings_of

KINDS = (
    "stButton", "stButtonGroup", "stCheckbox", "stRadio", "stSelectbox", "stMultiSelect", "stSlider", "stNumberInput",
    "stTextInput", "stTextArea", "stFileUploader", "stDataFrame", "stCameraInput",
)  # fmt: skip
# Where controls are not the page's own.
SPARED = ("[class*=st-key-question-]", "[class*=st-key-legend]", ".st-key-course-line", ".st-key-corner")
LOCKED = "pointer-events: none; interactivity: inert; opacity: .55;"
HIDDEN = "display: none !important;"


def style(page: page_list.PageRecord) -> str:
    """CSS rules for the mode in hand; empty while controls are free, and on pages that teacher mode leaves alone."""
    mode = session.setting("teacher")
    if mode not in ("lock", "hide") or not settings_of(page):
        return ""
    kept = (*SPARED, *(f".st-key-control-{name}" for name in (*PLAYED, *session.setting("keep")) if _is_plain(name)))
    outside = "".join(f":not({place} *):not({place})" for place in kept)
    kinds = ", ".join(f".{kind}" for kind in KINDS)
    return f".stMain .stElementContainer:has(> :is({kinds})){outside} {{ {LOCKED if mode == 'lock' else HIDDEN} }}"


def _is_plain(name: str) -> bool:
    """Whether a name from an address may stand in a style sheet."""
    return name.replace("_", "").replace("-", "").isalnum() and name.isascii()
