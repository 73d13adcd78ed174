"""The stitched map, filled pass by pass in the browser."""

from __future__ import annotations

from app.parts.browser_parts import register
from app.parts.pictures import Shown

_stitching = register("stitching")


def stitching_player(photo: Shown, stitched: Shown, *, key: str, factor: int, stride: int, edge: str, alt: str) -> None:
    """photo: what the network got. stitched: one pixel a cell."""
    _stitching(
        key=key,
        data={
            "photo": photo.src, "map": stitched.src, "factor": factor, "stride": stride, "edge": edge, "alt": alt,
        },
    )  # fmt: skip
