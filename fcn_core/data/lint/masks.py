"""What can be wrong with one label map: unreadable, lossy, colour-coded, a palette misread, strange indices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from fcn_core.data.files import read_colours, read_label_map
from fcn_core.data.folder import indices_of_colours
from fcn_core.labels import VOID, LabelSet, voc_palette

Severity = Literal["error", "warning"]
VOC_BORDER = (224, 224, 192)
UNPACK = "This is not the published label map: unpack the archive again."


@dataclass(frozen=True)
class MaskProblem:
    """One problem of one file."""

    code: str
    file: str
    severity: Severity
    message: str
    mend: str


def inspect_mask(
    path: Path,
    labels: LabelSet | None,
    *,
    coloured: bool = False,
    void: int | None = None,
    published: bool = False,
) -> tuple[list[MaskProblem], np.ndarray | None]:
    """Problems of a label map, and its indices (H×W uint8, void 255) as far as it can be read, else None.

    labels: the classes that it should hold, None for any. coloured: the data set has colours for its classes, so
    colour-coded masks are fine when every colour is known. void: an index in the file that stands for void.
    published: the file belongs to a published set, so that it can be had again.
    """
    problems, indices = _inspect(path, labels, coloured, void)
    if published:  # whose label maps may well hold nothing but background and borders
        problems = [replace(problem, mend=UNPACK) for problem in problems if problem.severity == "error"]
    return problems, indices


def strange_indices(name: str, values: np.ndarray, labels: LabelSet) -> list[MaskProblem]:
    """A problem if `values` (length n: those that a label map holds, void aside) are not all indices of `labels`."""
    strange = values[values >= len(labels)].tolist()
    if not strange:
        return []
    palette = grey_palette(values, labels)
    if palette is not None:
        said = f"{name} holds the grey values of {palette} instead of class indices"
        mend = "A palette file was converted to grey. Go back to the palette PNG, whose indices are right."
        return [MaskProblem("palette_as_grey", name, "error", said, mend)]
    listed = ", ".join(str(v) for v in strange[:6]) + (", …" if len(strange) > 6 else "")
    said = f"{name} contains indices {listed}; the {len(labels)} classes are 0 to {len(labels) - 1}"
    mend = f"Map them to a class or to {VOID} (void), or list all classes in classes.txt."
    if len(strange) > 2 * len(labels):
        mend += " So many different values come from resizing with smoothing: resize with nearest neighbour."
    return [MaskProblem("ids_outside_classes", name, "error", said, mend)]


def _inspect(
    path: Path, labels: LabelSet | None, coloured: bool, void: int | None
) -> tuple[list[MaskProblem], np.ndarray | None]:
    problems = []
    if path.suffix.lower() in (".jpg", ".jpeg"):
        said = f"{path.name} is a JPEG: compression changes the indices along every edge"
        problems.append(_problem(path, "lossy_mask", said, "Save label maps as PNG from the original labelling."))
    try:
        colours = read_colours(path)
    except ValueError as error:
        return [_problem(path, "unreadable_mask", str(error), "Save the label map again as an 8-bit PNG.")], None
    if colours is not None and (colours != colours[..., :1]).any():
        found, decoded = _colour_coded(path, colours, labels, coloured)
        return problems + found, decoded
    try:
        indices = read_label_map(path)
    except ValueError as error:
        mend = "Save the label map as an 8-bit PNG of class indices."
        return [*problems, _problem(path, "unreadable_mask", str(error), mend)], None
    if void is not None:
        indices[indices == void] = np.uint8(VOID)
    values = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
    inside = values[values != VOID]
    renumbered = _renumbered(path, inside, labels) if labels is not None else None
    strange = strange_indices(path.name, inside, labels) if labels is not None else []
    if renumbered is not None:
        problems.append(renumbered)
    elif strange:
        problems += strange
    elif inside.size <= 1 and VOID in values and (inside.size == 0 or inside[0] == 0) and (indices == 0).any():
        said = f"{path.name} holds only 0 and {VOID}; {VOID} is void, so nothing but class 0 would be learned"
        mend = f"If {VOID} marks the object, write it as index 1."
        problems.append(_problem(path, "binary_with_void", said, mend, "warning"))
    return problems, indices


def _problem(path: Path, code: str, message: str, mend: str, severity: Severity = "error") -> MaskProblem:
    return MaskProblem(code, path.name, severity, message, mend)


def _colour_coded(
    path: Path, colours: np.ndarray, labels: LabelSet | None, coloured: bool
) -> tuple[list[MaskProblem], np.ndarray | None]:
    """A mask of RGB colours: fine where all are known, else a problem."""
    if labels is not None:
        try:
            indices = indices_of_colours(colours, labels, path)
        except ValueError as error:
            said = f"{path.name} is colour-coded, not in class indices, and {_without(str(error), path)}"
            mend = "Save label maps as class indices (palette PNG), or give every colour in classes.txt."
            return [_problem(path, "colour_coded", said, mend)], None
        if coloured:
            return [], indices
        said = f"{path.name} is colour-coded in the palette of {labels.name}, not in class indices"
        mend = "Convert the colours to indices, or write the colours behind the names in classes.txt."
        return [_problem(path, "colour_coded", said, mend)], None
    number = len(np.unique(colours.reshape(-1, 3), axis=0))
    said = f"{path.name} is colour-coded ({number} colours), not in class indices"
    return [_problem(path, "colour_coded", said, "List names and colours in classes.txt, or save indices.")], None


def _without(sentence: str, path: Path) -> str:
    """The error's own words: behind the path, and without its advice for folders."""
    return sentence.removeprefix(f"{path} ").partition(";")[0]


def _renumbered(path: Path, values: np.ndarray, labels: LabelSet) -> MaskProblem | None:
    """A palette file whose palette has the classes' colours at other indices, as after quantising a colour image."""
    with Image.open(path) as file:
        if file.mode != "P":
            return None
        flat = file.getpalette("RGB") or []
    colours = [tuple(flat[3 * v : 3 * v + 3]) for v in values.tolist()]
    known = {colour: index for index, colour in enumerate(labels.palette)}
    wrong = [(v, known[c]) for v, c in zip(values.tolist(), colours, strict=True) if c in known and known[c] != v]
    if not wrong or any(colour not in known and colour != VOC_BORDER for colour in colours):
        return None
    index, meant = wrong[0]
    said = f"{path.name} draws index {index} in the colour of class {meant} ({labels.classes[meant]})"
    mend = "Its colours were numbered anew when it was saved: convert each colour to the index of its class."
    return _problem(path, "palette_renumbered", said, mend)


def grey_palette(values: np.ndarray, labels: LabelSet) -> str | None:
    """The name of the palette whose luma values (length n, 0-255) these are, or None."""
    for name, palette in ((labels.name, labels.palette), ("the VOC palette", voc_palette(256))):
        luma = {0} | {_luma(*colour) for colour in palette[: max(len(labels), 21)]} | {_luma(224, 224, 192)}
        if len(values) > 1 and set(values.tolist()) <= luma:
            return name
    return None


def _luma(red: int, green: int, blue: int) -> int:
    """Grey value as image programs convert to it (ITU-R BT.601, as Pillow rounds it)."""
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
