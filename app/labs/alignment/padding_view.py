"""Reference against centered: what padding by 100 costs, and the same weights run in both alignments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.alignment import kept
from app.labs.alignment.hand import NETS
from app.labs.shared import lab
from app.labs.shared.needs import lacks
from app.labs.shared.waited import waited
from app.parts import browser_parts
from app.parts.pictures import Shown, encode, view, view_photo
from app.parts.tables import table
from app.parts.words import percent
from app.visitor import session, widgets
from fcn_core import draw
from fcn_core.analysis.aligning.chain import walk
from fcn_core.analysis.aligning.cost import LayerCost, counted_multiply_adds, layer_costs, total
from fcn_core.analysis.aligning.networks import chain_of, published_network
from fcn_core.analysis.aligning.other import in_other_alignment
from fcn_core.metrics import ConfusionMatrix
from fcn_core.models.spec import PAPER_HEADS
from fcn_core.models.windowing import WindowedFCN

BORDER = 32  # pixels from the photo's edge that count as its border
KINDS = ("reference", "centered")
FC6 = {  # kernel of fc6 - 1
    net: f" fc6 is the layer that the padding was made for: without any, it leaves {lost} cells less on each axis."
    for net, lost in (("vgg16", 6), ("caffenet", 5))
}
COLOURS = {"reference": "#e69f00", "centered": "#56b4e9"}


@dataclass(frozen=True)
class _Costs:
    """Multiply-adds of a published network on one size: layer by layer, and as PyTorch counts them; `windowed`: of
    the reference network where only what the photo can reach is computed."""

    layers: dict[str, tuple[LayerCost, ...]]
    counted: dict[str, int]
    windowed: int


@dataclass(frozen=True)
class _Other:
    """The other alignment's answer."""

    labels: np.ndarray


def show(strip: Strip) -> None:
    """The cost first, then both alignments on the picture in hand."""
    _cost()
    _pair(lab.case(strip))
    lab.show_code(layer_costs, counted_multiply_adds, in_other_alignment)


def _cost() -> None:
    st.subheader("What padding by 100 costs", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        offered = {name: title for name, title in NETS.items() if name != "own"}
        net = widgets.pick_one("a_net", "Network", offered)
        head = widgets.head_picker(PAPER_HEADS, place="-alignment")
        with st.container(horizontal=True, width=420 if session.setting("large") else 290, gap="small"):
            for name, label in (("a_w", "Photo's width, px"), ("a_h", "height, px")):
                widgets.number(name, label, 1, 4096)
    photo = (session.setting("a_h"), session.setting("a_w"))
    costs = _costs(net, head, photo)
    sums = {kind: total(costs.layers[kind]) for kind in KINDS}
    factor = sums["reference"] / sums["centered"]
    height, width = photo
    st.markdown(
        f"{NETS[net]} on {width}×{height}: **{billions(sums['reference'])}** multiply-adds padded by 100, "
        f"**{billions(sums['centered'])}** with “same” padding, {_times(factor)} times as many. The padded photo has "
        f"{width + 200}×{height + 200} pixels, {_times((width + 200) * (height + 200) / (width * height))} times as "
        f"many; {_share(width, height)} of them are empty."
    )
    st.html(_bars(costs))
    st.caption(
        "Billions of multiply-adds of the convolutions, weight times value; upsamplings, which are interpolation, are "
        "left out." + FC6.get(net, "")
    )
    if costs.windowed < sums["reference"]:
        st.markdown(
            f"The empty margin need not be computed cell by cell: away from the photo all its cells are alike. This "
            f"project's segmenter gets the same map from **{billions(costs.windowed)}**."
        )
    worst = max(abs(costs.counted[kind] - sums[kind]) for kind in KINDS)
    lab.check("multiply-adds from the layers' sizes, and those that PyTorch counts in the network", float(worst), 0.5)


@lru_cache(maxsize=24)
def _costs(net: str, head: int, photo: tuple[int, int]) -> _Costs:
    models = {kind: published_network(net, kind) for kind in KINDS}  # type: ignore[arg-type]
    layers = {kind: layer_costs(walk(chain_of(model, head), photo)) for kind, model in models.items()}
    counted = {kind: counted_multiply_adds(model, photo, head) for kind, model in models.items()}
    windowed = counted_multiply_adds(WindowedFCN(models["reference"]).eval(), photo, head)
    return _Costs(layers, counted, windowed)


def _share(width: int, height: int) -> str:
    share = 100 - 100 * width * height / ((width + 200) * (height + 200))
    return "more than 99 %" if share > 99 else f"{share:.0f} %"


def _times(ratio: float) -> str:
    """1.68, or 40401: as many digits as mean something."""
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


def _shown(multiply_adds: int) -> str:
    """In billions; small ones keep two digits that count."""
    value = multiply_adds / 1e9
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"


def billions(number: int) -> str:
    """146.3 billion, or 12 million where that reads better."""
    return f"{number / 1e9:.1f} billion" if number >= 1e9 else f"{number / 1e6:.1f} million"


def _bars(costs: _Costs) -> str:
    """Stages of the network with a bar for each alignment."""
    grouped = {kind: _stages(costs.layers[kind]) for kind in KINDS}
    most = max(value for stages in grouped.values() for value in stages.values())
    rows = []
    for name in grouped["reference"]:
        both = [grouped[kind][name] for kind in KINDS]
        bars = "".join(
            f"<div style='height:.5rem;margin:2px 0;width:{100 * value / most:.1f}%;min-width:1px;"
            f"background:{COLOURS[kind]}'></div>"
            for kind, value in zip(KINDS, both, strict=True)
        )
        rows.append(
            f"<tr><td>{name}</td><td style='width:55%;text-align:left'>{bars}</td>"
            + "".join(f"<td>{_shown(value)}</td>" for value in both)
            + f"<td>{_times(both[0] / both[1])}×</td></tr>"
        )
    names = "".join(f"<th><span style='color:{COLOURS[kind]}'>■</span> {kind}</th>" for kind in KINDS)
    return table((), ()).replace("</table>", f"<tr><th></th><th></th>{names}<th>ratio</th></tr>{''.join(rows)}</table>")


def _stages(costs: tuple[LayerCost, ...]) -> dict[str, int]:
    """Convolutions summed up by stage: conv1, conv2, …, fc6, fc7, scores."""
    stages = groupby(costs, key=lambda cost: _stage(cost.name))
    return {name: sum(cost.multiply_adds for cost in some) for name, some in stages}


def _stage(name: str) -> str:
    if name.startswith("score"):
        return "scores"
    return name[:10] if name.startswith("inception") else name.split("_")[0]


def _pair(case: Case) -> None:
    st.subheader("The same weights in both alignments", anchor=False)
    if lacks(case, "skips"):
        return
    mine = case.segmenter.loaded.model.spec.alignment
    other = "centered" if mine == "reference" else "reference"
    head = case.head
    found = waited(
        ("other-alignment", case.result.key, head),
        lambda progress: _run(case, head),
        f"Running {case.record.name} {other} …",
    )
    if found is None:
        return
    own = case.result.label_maps[head]
    shown = {mine: own, other: found.labels}
    browser_parts.before_after(
        *((kind, _drawn(case, shown[kind])) for kind in KINDS), key="alignment-pair",
    )  # fmt: skip
    different = own != found.labels
    border = np.ones_like(different)
    border[BORDER:-BORDER, BORDER:-BORDER] = False
    split = ""
    if not border.all():
        near, inside = (percent(float(different[where].mean())) for where in (border, ~border))
        split = f": {near} within {BORDER} pixels of the photo's edge, {inside} further inside"
    st.markdown(f"Head {head}s, trained {mine}. {percent(float(different.mean()))} of the labels differ{split}.")
    if case.truth is not None:
        rows = [_measured(kind, shown[kind], case, border) for kind in KINDS]
        st.html(table(("percent", "pixel accuracy", "mean IoU", f"mean IoU, {BORDER} px border"), rows))
    st.caption(
        "Padding and crops hold no weights, so the same weights run in both ways. Both put every cell in its place; "
        "the grid of cells lies differently on the photo, and at the edges the padding differs: 100 empty pixels, "
        "or a zero beside every map. Weights do best in the alignment that they were trained in."
    )


def _run(case: Case, head: int) -> _Other:
    result = kept.other_alignment(case.segmenter).segment(case.picture.network_input)
    return _Other(result.label_maps[head])


def _drawn(case: Case, labels: np.ndarray) -> Shown:
    drawn = draw.overlay(view_photo(case.result.image), view(labels), case.colours, 0.65, case.hidden)
    return encode(draw.contours(drawn, view(labels)), full_size=labels.shape, photo=True)


def _measured(kind: str, labels: np.ndarray, case: Case, border: np.ndarray) -> tuple[str, ...]:
    assert case.truth is not None
    matrices = []
    for where in (np.ones_like(border), border):
        matrix = ConfusionMatrix(len(case.labels))
        matrix.update(case.truth.mask[where], labels[where])
        matrices.append(matrix.scores())
    whole, edge = matrices
    return kind, *("–" if v != v else f"{100 * v:.1f}" for v in (whole.pa, whole.miou, edge.miou))
