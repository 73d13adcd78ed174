"""Plotly figures of results; no Streamlit, so that Gradio and tests draw the same ones.

Colours that are not data (paper, text, grid) are left to the template of whoever shows the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import plotly.graph_objects as go

from app.parts.pictures import encode
from fcn_core.draw import colourise
from fcn_core.labels import Colour
from fcn_core.metrics import ConfusionMatrix
from fcn_core.models.spec import fused_map, skips_of, streams_of
from fcn_core.segmenting.result import SegmentationResult

CLEAR = "rgba(0,0,0,0)"


def confusion_figure(matrix: ConfusionMatrix, classes: Sequence[str]) -> go.Figure:
    """Confusion matrix: rows truth, columns prediction, each row as shares of its true pixels.

    Rows are the classes of the truth, columns those of truth or prediction. Hovering tells the counted pixels.
    """
    counts = np.asarray(matrix.counts)
    true = [i for i in range(len(classes)) if counts[i].sum() > 0]
    said = [i for i in range(len(classes)) if counts[i].sum() + counts[:, i].sum() > 0]
    counts = counts[np.ix_(true, said)]
    shares = counts / counts.sum(1, keepdims=True)
    text = [["" if share < 0.005 else f"{100 * share:.0f}" for share in row] for row in shares]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[classes[i] for i in said],
            y=[classes[i] for i in true],
            customdata=counts,
            text=text,
            colorscale="Cividis",
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            hovertemplate="true %{y}, said %{x}: %{customdata:,} pixels, %{z:.1%} of the true ones<extra></extra>",
            colorbar={"title": "share of the<br>true pixels", "tickformat": ".0%", "thickness": 12},
        )
    )
    for row, name in enumerate(true):
        for column, other in enumerate(said):
            # Plotly's own choice of ink is too faint on the middle of the scale.
            ink = "#000" if shares[row, column] >= 0.5 else "#fff"
            figure.add_annotation(
                x=classes[other], y=classes[name], text=text[row][column], showarrow=False, font={"color": ink}
            )
    figure.update_layout(
        height=150 + 30 * len(true),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"title": "prediction", "side": "bottom", "constrain": "domain"},
        yaxis={"title": "truth", "autorange": "reversed"},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
    )
    return figure


def cells(class_indices: np.ndarray, colours: Sequence[Colour], *, side: int = 12) -> np.ndarray:
    """A coarse label map (h×w) as a picture in which every cell is a square of `side` pixels with a gap around it."""
    small = colourise(class_indices.astype(np.uint8), colours)
    large = cv2.resize(small, None, fx=side, fy=side, interpolation=cv2.INTER_NEAREST)
    large[::side] = 255
    large[:, ::side] = 255
    return large


@dataclass(frozen=True)
class Stage:
    """One step from photo to label map: `src` is its picture, which covers `width`×`height` pixels of the photo
    from the top left (a grid's last cells may reach over the photo's edge); `size` says how large the map is, and
    `scale` how large a thumbnail beside the photo's should be (1 is the same)."""

    name: str
    story: str
    src: str
    width: int
    height: int
    size: str
    scale: float = 1.0


def stages(result: SegmentationResult, colours: Sequence[Colour]) -> tuple[Stage, ...]:
    """How an FCN gets from a photo to a label map, from the maps of a real run.

    Each map is shown as the most likely class of every cell. Needs a network with skips in `centered`
    alignment, where cell (i, j) of stride s covers the pixels from s·i to s·(i+1); ValueError otherwise.
    """
    finest = min(result.heads)
    maps = {head: fused_map(head) for head in (32, *(skip.stride for skip in skips_of(finest)))}
    if len(maps) == 1 or any(name not in result.maps for name in maps.values()):
        raise ValueError("the stages need score_fr and the maps fuse_pool4, … of a network with skips")
    height, width = result.image.shape[:2]
    photo = encode(result.image, photo=True).src
    steps = [Stage("photo", "Three numbers a pixel.", photo, width, height, f"{width}×{height}")]
    for stride, name in maps.items():
        best = result.maps[name].argmax(0)
        rows, columns = best.shape
        if (rows, columns) != (-(-height // stride), -(-width // stride)):
            raise ValueError(f"{name} is {columns}×{rows} for a {width}×{height} photo: not in centered alignment")
        picture = encode(cells(best, colours)).src
        scale = finest / stride  # among themselves the maps keep their true proportions
        steps.append(Stage(*_told(stride), picture, columns * stride, rows * stride, f"{columns}×{rows} cells", scale))
    final = encode(colourise(result.label_maps[finest], colours)).src
    story = (
        f"Enlarged {_TIMES[finest]} times, smoothly, and the best class taken at every pixel: the answer of {finest}s."
    )
    return (*steps, Stage(f"{finest}s", story, final, width, height, f"{width}×{height}"))


_TIMES = {32: "32", 16: "16", 8: "eight", 4: "four"}


def _told(stride: int) -> tuple[str, str]:
    """Name and story of a map of scores."""
    cells = f"{stride}×{stride} pixels"
    if stride == 32:
        return "fc7", f"The trunk has seen the whole photo and scores the classes once for every {cells}."
    layer = streams_of(stride)[-1]
    again = "" if stride == 16 else " again"
    return f"+ {layer}", f"Enlarged twice{again}, and the scores of {layer} added: one answer for every {cells}."
