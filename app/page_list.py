"""The ordered list of pages: navigation, Home's cards and the tests read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGES_FOLDER = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True)
class PageRecord:
    """One page: its file in pages/, how it is announced, and the section it stands in."""

    file: str
    title: str
    icon: str
    section: str
    summary: str
    default: bool = False

    @property
    def path(self) -> Path:
        """Absolute path of the page's file."""
        return PAGES_FOLDER / self.file

    @property
    def address(self) -> str:
        """Last part of the page's address; the default page stands at the root."""
        return "" if self.default else self.path.stem


PAGES: tuple[PageRecord, ...] = (
    PageRecord(
        file="home.py",
        title="Home",
        icon=":material/home:",
        section="",
        summary="What a fully convolutional network is, in one picture.",
        default=True,
    ),
    PageRecord(
        file="segment.py",
        title="Segment",
        icon=":material/layers:",
        section="Use",
        summary="Give a photo to FCN-32s, 16s and 8s; compare the heads, click any pixel, take the results with you.",
    ),
)


def by_section() -> dict[str, list[PageRecord]]:
    """Pages grouped by section, in the order of first appearance."""
    sections: dict[str, list[PageRecord]] = {}
    for page in PAGES:
        sections.setdefault(page.section, []).append(page)
    return sections
