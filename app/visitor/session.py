"""What one visitor has in hand: the bench, the settings, the uploads; kept across pages and in the address.

Streamlit forgets a widget's value when its page is left, and a widget cannot follow a change of the
address. So the values live here, widgets show them (`app.visitor.widgets`), and everything that is not an
upload is written into the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Any

import streamlit as st

from app.visitor import address
from app.visitor.address import Names
from app.visitor.lock import BENCH_CONTROLS, Way, settings_of, way
from app.visitor.settings import SETTINGS
from app.visitor.upload import Upload, content_hash

MOST_UPLOADS = 24
# Streamlit sends the address along with every click. A quick second click can carry an address that
# was already replaced; for this long such an echo is not taken for a new wish.
ECHO_SECONDS = 5.0


@dataclass(frozen=True)
class Bench:
    """The things in hand on every page.

    `upload` and `truth` are content hashes of uploaded files (see `uploads`); an upload goes before the
    sample. `weights` None means: the usual ones for this picture. `x`, `y` are pixels from the top left.
    """

    sample: str | None = None
    upload: str | None = None
    truth: str | None = None
    weights: str | None = None
    head: int = 8
    cls: str | None = None
    x: int | None = None
    y: int | None = None

    @property
    def pixel(self) -> tuple[int, int] | None:
        """The pixel in hand as (x, y)."""
        return None if self.x is None or self.y is None else (self.x, self.y)


def bench() -> Bench:
    """The bench of this visitor."""
    return st.session_state.setdefault("bench", Bench())


def hold(**changes: Any) -> Bench:
    """Put something else on the bench, as far as teacher mode leaves it free.

    A new picture takes the old one's pixel and ground truth off.
    """
    free = {name: value for name, value in changes.items() if control(BENCH_CONTROLS[name]) == "free"}
    return _put(**free) if free else bench()


def _put(**changes: Any) -> Bench:
    """Put something on the bench, free or not: what an address says, and what no longer exists."""
    before = bench()
    if ("sample" in changes or "upload" in changes) and _picture(replace(before, **changes)) != _picture(before):
        changes = {"x": None, "y": None, "truth": None, **changes}
    if "sample" in changes:
        changes = {"upload": None, **changes}
    st.session_state["bench"] = replace(before, **changes)
    publish_address()
    return st.session_state["bench"]


def _picture(held: Bench) -> tuple[str, str | None]:
    return ("upload", held.upload) if held.upload else ("sample", held.sample)


def setting(name: str) -> Any:
    """Value of a setting of app/visitor/settings.py. The projector has large type, whatever was chosen for the desk."""
    if name == "large" and _settings().get("projector"):
        return True
    return _settings().get(name, SETTINGS[name].default)


def change_setting(name: str, value: Any) -> None:
    """Set a setting, if teacher mode leaves it free; the address follows."""
    if name not in SETTINGS:
        raise ValueError(f"no setting {name!r}; declare it in app/visitor/settings.py")
    if control(name) == "free":
        _settings()[name] = value
        publish_address()


def control(name: str) -> Way:
    """How a control is to be shown: free, locked or hidden. name: of a setting, or a part of the bench strip."""
    return way(name, setting("teacher"), setting("keep"))


def reveals() -> bool:
    """Whether answers are shown before anyone has answered: teacher mode."""
    return setting("teacher") != "off"


def _settings() -> dict[str, Any]:
    return st.session_state.setdefault("settings", {})


def keep_upload(name: str, data: bytes, *, use: str = "picture") -> Upload:
    """Remember an uploaded file for this visit; the oldest goes when there are too many."""
    kept = uploads()
    upload = Upload(name, data, content_hash(data), use)
    kept.pop(upload.digest, None)
    kept[upload.digest] = upload
    held = bench()
    for digest in [d for d in kept if d not in (held.upload, held.truth, upload.digest)]:
        if len(kept) <= MOST_UPLOADS:
            break
        del kept[digest]
    return upload


def drop_upload(digest: str | None) -> None:
    """Forget an uploaded file; if it was on the bench, the newest other upload takes its place, or the sample."""
    if uploads().pop(digest, None) is None:  # type: ignore[arg-type]
        return
    if bench().upload == digest:
        hold(upload=next((upload.digest for upload in reversed(picture_uploads())), None))


def uploads() -> dict[str, Upload]:
    """Uploaded files of this visit by content hash, oldest first."""
    return st.session_state.setdefault("uploads", {})


def picture_uploads() -> list[Upload]:
    """The uploaded pictures, oldest first."""
    return [upload for upload in uploads().values() if upload.use == "picture"]


def open_address(names: Names) -> None:
    """Take over what a new address says; write the bench into an empty one. Runs before every page.

    names: what exists here. The first sample lies on the bench of a visitor who brings nothing.
    """
    st.session_state.setdefault("bench", Bench(sample=next(iter(names.samples), None)))
    params = dict(st.query_params)
    published: list[tuple[float, dict[str, str]]] = st.session_state.setdefault("published", [])
    now = monotonic()
    # An address counts as an echo for a while after another one has replaced it, however long it stood before.
    replaced = zip(published, published[1:], strict=False)
    echoes = [spelled for (_, spelled), (then, _) in replaced if now - then < ECHO_SECONDS]
    st.session_state["notices"] = ()
    if params and (not published or params != published[-1][1]) and params not in echoes:
        reading = address.read(params, names)
        published.append((now, params))
        bench_changes: Mapping[str, Any] = reading.bench
        if page := names.stops.get(reading.settings.get("stop", 0)):  # a stop opens its lab as it is meant to be seen
            bench_changes = {"cls": None, "x": None, "y": None, **bench_changes}
            for name in settings_of(page):
                _settings().pop(name, None)
        if bench_changes:
            _put(**bench_changes)
        _settings().update(reading.settings)
        st.session_state["notices"] = reading.notices
    held = bench().weights
    if held is not None and held not in names.weights:  # those of a run that was deleted meanwhile
        _put(weights=None)
        add_notice(f"There are no weights `{held}` any more; other weights are used instead.")
    publish_address()


def publish_address() -> None:
    """Write the bench and the settings into the address bar."""
    spelled = address.write(asdict(bench()), _settings())
    if bench().upload:
        spelled.pop("sample", None)  # an upload is not in the address: whoever opens it would see another picture
        spelled.pop("x", None)
        spelled.pop("y", None)
    published = st.session_state.setdefault("published", [])
    if not published or published[-1][1] != spelled:
        published.append((monotonic(), spelled))
        del published[:-16]
    if dict(st.query_params) != spelled:
        st.query_params.from_dict(spelled)


def notices() -> tuple[str, ...]:
    """Sentences about parts of the address that were ignored."""
    return st.session_state.get("notices", ())


def add_notice(sentence: str) -> None:
    """One more small notice for this run."""
    st.session_state["notices"] = (*notices(), sentence)
