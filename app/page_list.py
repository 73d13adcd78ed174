"""The ordered list of pages: navigation, Home's cards, the session and the tests read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.settings import (
    alignment,
    convolutionalize,
    course,
    data,
    fusion,
    heatmaps,
    metrics,
    receptive_fields,
    runs,
    segment,
    transposed_convolution,
)  # fmt: skip
from app.settings.kinds import Setting

PAGES_FOLDER = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True)
class PageRecord:
    """One page: its file in pages/, how it is announced, the section it stands in, and what it lets a person set."""

    file: str
    title: str
    icon: str
    section: str
    summary: str
    settings: tuple[Setting, ...] = ()
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
        file="course.py",
        title="Course",
        icon=":material/school:",
        section="",
        summary="Ninety minutes in twelve stops, from pixels to what came after, with questions and a report to keep.",
        settings=course.SETTINGS,
    ),
    PageRecord(
        file="segment.py",
        title="Segment",
        icon=":material/layers:",
        section="Use",
        summary="Give a photo to FCN-32s, 16s and 8s; compare the heads, click any pixel, take the results with you.",
        settings=segment.SETTINGS,
    ),
    PageRecord(
        file="heatmaps.py",
        title="Heatmaps",
        icon=":material/grid_on:",
        section="Understand",
        summary="Scores of every class, coarse and upsampled; look into any layer; ask what the evidence was.",
        settings=heatmaps.SETTINGS,
    ),
    PageRecord(
        file="fusion.py",
        title="Skip fusion",
        icon=":material/merge:",
        section="Understand",
        summary="Take the network's sum apart: what fc7, pool4 and pool3 contribute to every pixel, and who decided.",
        settings=fusion.SETTINGS,
    ),
    PageRecord(
        file="receptive_fields.py",
        title="Receptive fields",
        icon=":material/center_focus_weak:",
        section="Understand",
        summary="Click a cell and see what it sees, in theory and by its gradient. Build your own stacks of layers.",
        settings=receptive_fields.SETTINGS,
    ),
    PageRecord(
        file="transposed_convolution.py",
        title="Transposed convolution",
        icon=":material/open_in_full:",
        section="Understand",
        summary="Sizes forwards and back, the operation in three views step by step, overlap, kernels that upsample.",
        settings=transposed_convolution.SETTINGS,
    ),
    PageRecord(
        file="alignment.py",
        title="Alignment",
        icon=":material/align_horizontal_center:",
        section="Understand",
        summary="Where does an output pixel look? Padding, sizes and crop offsets along the whole network, derived.",
        settings=alignment.SETTINGS,
    ),
    PageRecord(
        file="convolutionalize.py",
        title="Convolutionalize",
        icon=":material/view_comfy:",
        section="Understand",
        summary="From a classifier to a map: same weights, patch by patch against the whole image, shift and stitch.",
        settings=convolutionalize.SETTINGS,
    ),
    PageRecord(
        file="metrics.py",
        title="Metrics and imbalance",
        icon=":material/rule:",
        section="Understand",
        summary="Disturb a label map and watch every metric move; rare classes and weights; a doctor for failed runs.",
        settings=metrics.SETTINGS,
    ),
    PageRecord(
        file="train.py",
        title="Train",
        icon=":material/model_training:",
        section="Train",
        summary="Choose a recipe and a data set, see what it will cost, press Start. The run goes on without the page.",
    ),
    PageRecord(
        file="data.py",
        title="Data",
        icon=":material/photo_library:",
        section="Train",
        summary="Look through a data set: photos under their labels, class balance, augmentation, and what is wrong.",
        settings=data.SETTINGS,
    ),
    PageRecord(
        file="live.py",
        title="Live",
        icon=":material/monitoring:",
        section="Train",
        summary="Watch a training run: loss, accuracy and pictures grow. Stop it, resume it, use its weights.",
        settings=runs.LIVE,
    ),
    PageRecord(
        file="runs.py",
        title="Runs",
        icon=":material/table_rows:",
        section="Train",
        summary="All training runs: compare them, take notes, download metrics and weights, start again from one.",
        settings=runs.RUNS,
    ),
)


def by_section() -> dict[str, list[PageRecord]]:
    """Pages grouped by section, in the order of first appearance."""
    sections: dict[str, list[PageRecord]] = {}
    for page in PAGES:
        sections.setdefault(page.section, []).append(page)
    return sections


def find(file: str) -> PageRecord:
    """The page of a file; ValueError if none is registered."""
    for page in PAGES:
        if page.file == file:
            return page
    raise ValueError(f"no page {file!r} in app/page_list.py")
