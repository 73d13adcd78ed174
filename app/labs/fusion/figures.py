"""Pictures and charts of the Skip fusion lab; no Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.labs.shared.streams import STREAM_COLOURS, head_colour
from app.parts.charts import CLEAR
from app.parts.colours import hex_colour
from app.parts.pictures import Shown, encode, view, view_photo
from fcn_core import draw
from fcn_core.analysis.fusing.decisions import Decisions
from fcn_core.analysis.fusing.fusion import Ledger
from fcn_core.analysis.measuring.trimap import BandPoint
from fcn_core.labels import Colour

FEW_CLASSES = 12
VERDICTS = ((0, 0, 0), (0, 114, 178), (213, 94, 0), (204, 121, 167), (120, 120, 120))
PLAIN_FLIP = (0, 114, 178)
HEAD_DASHES = {32: "dot", 16: "dash"}
SMALL_SIDE = 400  # pixels; beside the maps the label maps are small


def decided_picture(image: np.ndarray, ways: Decisions) -> Shown:
    """Every pixel in the colour of the stream that decided it, over the photo, at viewing size."""
    colours = [STREAM_COLOURS[stream] for stream in ways.streams]
    drawn = draw.overlay(view_photo(image), view(ways.decided), colours, 0.62)
    return encode(drawn, full_size=image.shape[:2], photo=True)


def verdict_picture(image: np.ndarray, ways: Decisions, stream: str, truth: np.ndarray | None) -> Shown:
    """Pixels that a skip flipped over the greyed photo: repaired, broken, still wrong; one colour without truth."""
    if truth is None:
        kinds, table = ways.flipped(stream).astype(np.uint8), np.array([(0, 0, 0), PLAIN_FLIP], np.uint8)
    else:
        kinds, table = ways.verdict(stream, truth), np.array(VERDICTS, np.uint8)
    kinds, photo = view(kinds), view_photo(image)
    grey = draw.threshold_map(photo, np.zeros(photo.shape[:2], np.float32), 1.0)
    return encode(np.where((kinds > 0)[:, :, None], table[kinds], grey), full_size=image.shape[:2])


def summed_picture(
    image: np.ndarray, ways: Decisions, summed: int, colours: Sequence[Colour], *, changed: bool
) -> Shown:
    """The label map after the first `summed` streams over the photo; with `changed`, what the last of them changed."""
    photo, now = view_photo(image, SMALL_SIDE), view(ways.labels[summed - 1], SMALL_SIDE)
    if changed:
        return encode(draw.difference_map(photo, view(ways.labels[summed - 2], SMALL_SIDE), now, colours), photo=True)
    return encode(draw.overlay(photo, now, colours, 0.65), photo=True)


def limit(values: np.ndarray) -> float:
    """The end of a scale for signed values: the largest absolute one."""
    return max(float(np.abs(values).max()), 1e-6)


def ledger_figure(book: Ledger, order: Sequence[int], classes: Sequence[str]) -> go.Figure:
    """Signed bars: for each class, largest logit on top, what every stream adds to it, and the sum as a mark."""
    names = [classes[i] for i in order]
    figure = go.Figure()
    for stream, part in zip(book.streams, book.parts, strict=True):
        figure.add_bar(
            y=names, x=part[list(order)], name=stream, orientation="h", marker_color=hex_colour(STREAM_COLOURS[stream]),
            hovertemplate=f"{stream} gives %{{y}} %{{x:+.3f}}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        y=names, x=book.logits[list(order)], name="logit (the sum)", mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": "#fff", "line": {"width": 2, "color": "#333"}},
        hovertemplate="logit of %{y}: %{x:+.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        barmode="relative", height=110 + 27 * len(names), margin={"l": 8, "r": 8, "t": 36, "b": 40}, bargap=0.3,
        xaxis={"title": "contribution to the logit", "zeroline": True, "zerolinewidth": 2, "zerolinecolor": "#888"},
        yaxis={"autorange": "reversed", "type": "category"}, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
        paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, uirevision="ledger",
    )  # fmt: skip
    return figure


def trimap_figure(points: Sequence[BandPoint], measure: str, title: str) -> go.Figure:
    """A measure (a field of `BandPoint`) over the half width of the band, one line a head.

    The level that whole pictures reach is drawn as a thin dotted line of the head's colour.
    """
    figure = go.Figure()
    for head in dict.fromkeys(point.head for point in points):
        mine = [p for p in points if p.head == head]
        inside = [p for p in mine if p.k is not None]
        figure.add_scatter(
            x=[p.k for p in inside], y=[_whole(getattr(p, measure)) for p in inside], name=f"{head}s",
            mode="lines+markers", marker={"size": 7}, customdata=[p.pixels for p in inside],
            line={"color": head_colour(head), "width": 2.5, "dash": HEAD_DASHES.get(head, "solid")},
            hovertemplate=f"{head}s, within %{{x}} px: %{{y:.1f}} %<br>%{{customdata:,}} pixels<extra></extra>",
        )  # fmt: skip
        level = next(getattr(p, measure) for p in mine if p.k is None)
        figure.add_scatter(
            x=[inside[0].k, inside[-1].k], y=[_whole(level)] * 2, mode="lines", opacity=0.7, showlegend=False,
            line={"color": head_colour(head), "width": 1, "dash": "dot"},
            hovertemplate=f"{head}s, whole picture: %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
    ticks = list(dict.fromkeys(p.k for p in points if p.k is not None))
    figure.update_layout(
        height=370, margin={"l": 8, "r": 8, "t": 40, "b": 44}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, uirevision="trimap",
        xaxis={"type": "log", "title": "half width k of the band, pixels", "tickvals": ticks, "tickangle": 0,
               "ticktext": [str(t) for t in ticks]},
        yaxis={"title": f"{title}, percent", "rangemode": "tozero"},
    )  # fmt: skip
    return figure


def _whole(value: float) -> float | None:
    return None if np.isnan(value) else 100 * value
