"""Read a person's ground truth: index label map, palette PNG, or colour-coded mask.

What comes out is a label map H×W, uint8, class indices of the given label set and VOID = 255. What cannot
be understood for sure is refused with the reason, because a wrong guess would make every metric a lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fcn_core.draw import VOC_VOID, void_colour
from fcn_core.labels import VOID, Colour, LabelSet
from fcn_core.pictures.images import MAX_PIXELS, ImageError, ImageSource, check_size, decode, open_image, wide_grey

PUBLISHED_VOID = {"camvid": 11}  # the index that the published label maps themselves use for "not labelled"
NAMED_AT_MOST = 6


class GroundTruthError(ImageError):
    """The mask cannot be used as ground truth; the message says why and what would be accepted."""


@dataclass(frozen=True)
class GroundTruth:
    """mask: H×W uint8, class indices and VOID. kind: how it was stored. note: what was assumed, for people to read."""

    mask: np.ndarray
    kind: str  # "index", "palette" or "colour"
    note: str = ""


def read_ground_truth(source: ImageSource, labels: LabelSet, *, size: tuple[int, int] | None = None) -> GroundTruth:
    """Read a mask for `labels`; `size` is the (height, width) of the photo that it belongs to.

    Accepted: one index a pixel (grey image of 8 or 16 bits, an array, or RGB with three equal channels); a palette
    PNG whose indices or colours are those of the label set; RGB in the label set's published or colour-blind-safe
    colours. 255 and the void colour are void, and so are fully transparent pixels.

    Raises GroundTruthError (a ValueError), or ImageError for a file that is no image at all.
    """
    if isinstance(source, np.ndarray):
        truth = _from_array(source, labels)
    else:
        image, name = (source, "the mask") if isinstance(source, Image.Image) else open_image(source)
        check_size(*image.size, name, MAX_PIXELS)
        lossy = image.format == "JPEG"
        image = decode(image, name)
        truth = _from_image(image, labels, lossy=lossy, name=name)
    height, width = truth.mask.shape
    if size is not None and (height, width) != tuple(size):
        turned = " It looks turned by 90 degrees." if (width, height) == tuple(size) and height != width else ""
        raise GroundTruthError(
            f"the mask is {width}×{height} pixels and the photo {size[1]}×{size[0]}; a mask has the size of its photo. "
            f"Resize it with nearest neighbour, or choose the mask of this photo.{turned}"
        )
    if (truth.mask == VOID).all():
        raise GroundTruthError("every pixel of the mask is void, so that there is nothing to compare with")
    return truth


def _from_image(image: Image.Image, labels: LabelSet, *, lossy: bool, name: str) -> GroundTruth:
    if image.mode == "P":
        return _from_palette(image, labels)
    if image.mode.startswith("I") or image.mode == "F":
        return _from_array(wide_grey(image, name), labels)
    if image.mode in ("1", "L"):
        return _from_array(np.array(image.convert("L")) if image.mode == "L" else np.array(image, np.uint8), labels)
    rgba = np.array(image.convert("RGBA"))
    return _from_colours(rgba[:, :, :3], labels, transparent=rgba[:, :, 3] == 0, lossy=lossy)


def _from_array(array: np.ndarray, labels: LabelSet) -> GroundTruth:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim == 3 and array.shape[2] in (3, 4) and array.dtype == np.uint8:
        transparent = array[:, :, 3] == 0 if array.shape[2] == 4 else np.zeros(array.shape[:2], bool)
        return _from_colours(array[:, :, :3], labels, transparent=transparent, lossy=False)
    if array.ndim != 2 or array.size == 0:
        raise GroundTruthError(f"expected a label map H×W or a colour mask H×W×3, got an array of shape {array.shape}")
    if array.dtype.kind not in "uib" and not np.array_equal(array, np.rint(array)):
        raise GroundTruthError("expected whole numbers, one class index a pixel, got fractions; is this a heatmap?")
    values = np.unique(array)
    table, note = _index_table(values, labels)
    if table is None:
        raise GroundTruthError(_not_indices(values, labels))
    mask = np.full(array.shape, VOID, np.uint8)
    for value in values:
        mask[array == value] = table[int(value)]
    return GroundTruth(mask, "index", note)


def _index_table(values: np.ndarray, labels: LabelSet) -> tuple[dict[int, int] | None, str]:
    """stored value -> class index or VOID, or None where a value is neither; and what was assumed."""
    table = {int(value): int(value) for value in values}
    published = PUBLISHED_VOID.get(labels.name)
    note = ""
    for value in table:
        if value == published:
            table[value], note = VOID, f"index {published} was read as void, as {labels.title} stores it"
        elif value != VOID and not 0 <= value < len(labels):
            return None, ""
    return table, note


def _not_indices(values: np.ndarray, labels: LabelSet) -> str:
    strange = [int(v) for v in values if v != VOID and not 0 <= v < len(labels)]
    listed = ", ".join(map(str, strange[:NAMED_AT_MOST])) + (" …" if len(strange) > NAMED_AT_MOST else "")
    return (
        f"the mask holds the value{'s' if len(strange) > 1 else ''} {listed}, but {labels.title} has the indices 0 to "
        f"{len(labels) - 1} and {VOID} for void; is it a mask for other classes, or a grey photo?"
    )


def _from_palette(image: Image.Image, labels: LabelSet) -> GroundTruth:
    """By colour where the used entries show the label set's colours, otherwise by index."""
    indices = np.array(image)
    used = np.unique(indices)
    flat = image.getpalette() or []
    entries: dict[int, Colour] = {int(i): (flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]) for i in used.tolist()}
    known, _ = _colour_table(labels)
    table, note = _index_table(used, labels)
    # Entry 255 is void whatever its colour: that is how VOC's files, and ours, store it.
    by_colour = {i: VOID if i == VOID else known.get(colour) for i, colour in entries.items()}
    coloured = all(value is not None for value in by_colour.values())
    same = table is not None and all(by_colour[i] == table[i] for i in entries)
    if coloured and not same:
        mapping, kind, note = {i: int(v) for i, v in by_colour.items() if v is not None}, "palette", ""
        if table is not None:
            note = "the palette's colours are the label set's but in another order; the colours were followed"
    elif table is not None:
        mapping, kind = table, "palette"
        if not coloured:
            note = note or "read by index: the palette's colours are not those of the label set"
    else:
        strange = [colour for i, colour in entries.items() if by_colour[i] is None]
        raise GroundTruthError(f"{_not_indices(used, labels)} Nor do its colours fit: {_name_colours(strange, labels)}")
    lookup = np.full(256, VOID, np.uint8)
    for index, value in mapping.items():
        lookup[index] = value
    return GroundTruth(lookup[indices], kind, note)


def _from_colours(rgb: np.ndarray, labels: LabelSet, *, transparent: np.ndarray, lossy: bool) -> GroundTruth:
    codes = (rgb[:, :, 0].astype(np.uint32) << 16) | (rgb[:, :, 1].astype(np.uint32) << 8) | rgb[:, :, 2]
    found, inverse, counts = np.unique(codes[~transparent], return_inverse=True, return_counts=True)
    colours = [(int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for c in found]
    best: dict[Colour, int] = {}
    for known in _colour_table(labels):
        if all(colour in known for colour in colours):
            best = known
            break
    if not best:
        if all(r == g == b for r, g, b in colours) and len(colours) <= len(labels) + 2:
            grey = np.where(transparent, VOID, rgb[:, :, 0]).astype(np.uint8)
            return _from_array(grey, labels)
        known = _colour_table(labels)[0]
        strange = [colours[i] for i in np.argsort(-counts, kind="stable") if colours[i] not in known]
        if len(colours) > 4 * len(labels):
            hint = " It was saved as JPEG, which changes colours; save it as PNG." if lossy else " Is it a photo?"
        else:
            hint = ""
        raise GroundTruthError(f"the mask is not in this label set's colours: {_name_colours(strange, labels)}{hint}")
    mask = np.full(rgb.shape[:2], VOID, np.uint8)
    mask[~transparent] = np.array([best[colour] for colour in colours], np.uint8)[inverse.ravel()]
    return GroundTruth(mask, "colour")


def _colour_table(labels: LabelSet) -> tuple[dict[Colour, int], dict[Colour, int]]:
    """colour -> class index or VOID: the published colours, then the colour-blind-safe ones."""
    tables = []
    for palette in (labels.palette, labels.colour_blind_safe):
        void = {VOC_VOID: VOID, void_colour(labels): VOID}
        tables.append(void | {colour: index for index, colour in reversed(list(enumerate(palette)))})
    return tables[0], tables[1]


def _name_colours(strange: list[Colour], labels: LabelSet) -> str:
    listed = ", ".join(f"RGB ({r}, {g}, {b})" for r, g, b in strange[:NAMED_AT_MOST])
    more = f" and {len(strange) - NAMED_AT_MOST} more" if len(strange) > NAMED_AT_MOST else ""
    verb = "belongs" if len(strange) == 1 else "belong"
    return f"{listed}{more} {verb} to no class of {labels.title}."
