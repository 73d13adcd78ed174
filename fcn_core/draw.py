"""Turn label maps, probabilities and errors into pictures (numpy and OpenCV only).

Pictures are H×W×3, uint8, RGB. Label maps are H×W, uint8, one class index a pixel, VOID = 255.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

import cv2
import numpy as np

from fcn_core.labels import VOID, VOID_COLOUR, Colour, LabelSet

WRONG: Colour = (213, 94, 0)  # vermilion and light grey-blue stay apart under every common colour-vision deficiency
RIGHT: Colour = (205, 218, 230)
UNCOUNTED: Colour = (40, 40, 40)
VOC_VOID: Colour = (224, 224, 192)


def void_colour(labels: LabelSet) -> Colour:
    """The colour of void beside this label set: black, or the VOC development kit's cream where black is a class."""
    return VOC_VOID if VOID_COLOUR in labels.palette else VOID_COLOUR


def lookup_table(colours: Sequence[Colour], void: Colour = VOID_COLOUR) -> np.ndarray:
    """256×3 uint8 table from class index to colour; every index without a colour is drawn as void."""
    table = np.empty((256, 3), np.uint8)
    table[:] = void
    table[: len(colours)] = colours
    return table


def colourise(label_map: np.ndarray, colours: Sequence[Colour], *, void: Colour = VOID_COLOUR) -> np.ndarray:
    """Paint every pixel in the colour of its class."""
    return lookup_table(colours, void)[_checked(label_map)]


def overlay(
    image: np.ndarray,
    label_map: np.ndarray,
    colours: Sequence[Colour],
    opacity: float = 0.5,
    hidden: Collection[int] = (),
) -> np.ndarray:
    """Lay the class colours over the photo; classes in `hidden`, and void, leave the photo as it is.

    opacity: 0 shows the photo, 1 the colours.
    """
    if not 0.0 <= opacity <= 1.0:
        raise ValueError(f"expected an opacity from 0 to 1, got {opacity}")
    _check_pair(image, label_map)
    visible = np.zeros(256, bool)
    visible[: len(colours)] = True
    visible[[index for index in hidden if 0 <= index < 256]] = False
    mixed = cv2.addWeighted(image, 1.0 - opacity, colourise(label_map, colours), opacity, 0.0)
    return np.where(visible[label_map][:, :, None], mixed, image)


def boundaries(label_map: np.ndarray) -> np.ndarray:
    """H×W bool: pixels whose right or lower neighbour has another class (lines one pixel wide)."""
    label_map = _checked(label_map)
    edge = np.zeros(label_map.shape, bool)
    edge[:, :-1] |= label_map[:, :-1] != label_map[:, 1:]
    edge[:-1] |= label_map[:-1] != label_map[1:]
    return edge


def contours(
    image: np.ndarray, label_map: np.ndarray, *, colour: Colour = (255, 255, 255), thickness: int = 1
) -> np.ndarray:
    """Draw the lines between classes on a copy of the picture, `thickness` pixels wide, each with a dark rim."""
    _check_pair(image, label_map)
    if thickness < 1:
        raise ValueError(f"expected a thickness of at least 1 pixel, got {thickness}")
    edge = boundaries(label_map).astype(np.uint8)
    line = cv2.dilate(edge, np.ones((thickness, thickness), np.uint8)) if thickness > 1 else edge
    rim = cv2.dilate(line, np.ones((3, 3), np.uint8))
    drawn = image.copy()
    drawn[rim > 0] //= 2  # keeps the line visible on a background of its own colour
    drawn[line > 0] = colour
    return drawn


def error_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Right pixels pale, wrong ones vermilion, void ones (which no metric counts) dark."""
    if truth.shape != prediction.shape:
        raise ValueError(f"ground truth is {_size(truth)}, prediction {_size(prediction)}; both must be the same size")
    table = np.array([RIGHT, WRONG, UNCOUNTED], np.uint8)
    return table[np.where(truth == VOID, 2, (truth != prediction).astype(np.intp))]


def difference_map(
    image: np.ndarray, first: np.ndarray, second: np.ndarray, colours: Sequence[Colour], *, fade: float = 0.75
) -> np.ndarray:
    """Where two heads disagree, in the colours of `second`; elsewhere the photo in faded grey."""
    _check_pair(image, first)
    _check_pair(image, second)
    return np.where((first != second)[:, :, None], colourise(second, colours), _faded(image, fade))


def threshold_map(image: np.ndarray, values: np.ndarray, threshold: float, *, fade: float = 0.75) -> np.ndarray:
    """The photo where `values` (H×W) reach the threshold, faded grey where they do not."""
    _check_pair(image, values)
    return np.where((values >= threshold)[:, :, None], image, _faded(image, fade))


def colour_map(values: np.ndarray, name: str = "viridis") -> np.ndarray:
    """Map H×W values to colours: "viridis" and "cividis" take 0 to 1, "diverging" -1 to 1 with white at 0.

    Values outside are drawn as the nearest end, NaN as the middle grey.
    """
    table = colour_table(name)
    values = np.asarray(values, np.float32)
    unit = (values + 1.0) / 2.0 if name == "diverging" else values
    index = np.rint(np.clip(np.nan_to_num(unit, nan=0.0), 0.0, 1.0) * 255).astype(np.uint8)
    picture = table[index]
    missing = np.isnan(values)
    if missing.any():
        picture[missing] = 128
    return picture


@lru_cache(maxsize=8)
def colour_table(name: str) -> np.ndarray:
    """The 256×3 uint8 table behind `colour_map`; ValueError lists the known names."""
    published = {"viridis": cv2.COLORMAP_VIRIDIS, "cividis": cv2.COLORMAP_CIVIDIS}
    if name in published:
        ramp = np.arange(256, dtype=np.uint8)[:, None]
        table = cv2.applyColorMap(ramp, published[name])[:, 0, ::-1].copy()
    elif name == "diverging":
        # Blue, white, red in steps that are even to the eye: straight lines in CIE L*a*b* from the white middle.
        ends = np.array([[[33, 102, 172]], [[255, 255, 255]], [[178, 24, 43]]], np.float32) / 255
        low, middle, high = cv2.cvtColor(ends, cv2.COLOR_RGB2LAB)[:, 0]
        t = (np.arange(256, dtype=np.float32) - 127.5)[:, None] / 127.5
        lab = np.where(t < 0, middle + (low - middle) * -t, middle + (high - middle) * t).astype(np.float32)
        table = np.rint(cv2.cvtColor(lab[:, None], cv2.COLOR_LAB2RGB)[:, 0].clip(0, 1) * 255).astype(np.uint8)
    else:
        raise ValueError(f"no colour map {name!r}; choose viridis, cividis or diverging")
    table.setflags(write=False)
    return table


def thumbnail(image: np.ndarray, side: int = 256) -> np.ndarray:
    """Shrink a picture so that its longer side is at most `side` pixels; a smaller one is returned as it is."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1.0:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _faded(image: np.ndarray, fade: float) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    pale = grey * (1.0 - fade) + 235.0 * fade
    return np.repeat(pale.astype(np.uint8)[:, :, None], 3, axis=2)


def _checked(label_map: np.ndarray) -> np.ndarray:
    if label_map.ndim != 2 or label_map.dtype != np.uint8:
        raise ValueError(f"expected a label map H×W of uint8, got shape {label_map.shape} of {label_map.dtype}")
    return label_map


def _check_pair(image: np.ndarray, plane: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected an image H×W×3 of uint8, got shape {image.shape} of {image.dtype}")
    if image.shape[:2] != plane.shape:
        raise ValueError(f"image is {_size(image)}, map {_size(plane)}; both must be the same size")


def _size(array: np.ndarray) -> str:
    return f"{array.shape[1]}×{array.shape[0]}"
