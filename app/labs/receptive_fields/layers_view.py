"""All layers of a network as a table, and how fields grow with depth, several networks overlaid."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import streamlit as st

from app.bench.case import Case
from app.labs.receptive_fields.cell_view import check_boxes
from app.labs.receptive_fields.figures import growth_figure
from app.labs.receptive_fields.nets import IN_HAND, PUBLISHED, Net, net_picker, walked
from app.labs.receptive_fields.place import Place
from app.labs.receptive_fields.questions import layer_questions
from app.labs.shared import lab
from app.visitor import session, widgets
from fcn_core.analysis.fields.probe import probed_box
from fcn_core.analysis.fields.receptive_field import LayerField, receptive_field
from fcn_core.analysis.fields.tap_rules import transposed_window, window

PAPER = {"alexnet": ("fc7", 355), "vgg16": ("fc7", 404), "googlenet_pooled": ("avgpool", 907)}


def show(case: Case) -> None:
    size = case.result.image.shape[:2]
    chosen = widgets.pick_some(
        "r_nets",
        "Networks in the chart",
        {IN_HAND[0]: "In hand"} | {name: title for name, (title, _) in PUBLISHED.items()},
    )
    lines = []
    for name in chosen:
        net = walked(case, name, size)
        title, colour = IN_HAND[1:] if name == IN_HAND[0] else PUBLISHED[name]
        scored = "head.score_fr"
        names = [layer.name for layer in net.fields.layers]
        trunk = net.fields.layers[: names.index(scored)] if scored in names else net.fields.layers
        lines.append((title, colour, [layer for layer in trunk if not layer.is_whole]))
    height, width = size
    st.plotly_chart(
        growth_figure(lines, sides={"photo's width": width, "height": height}), key="receptive-growth",
        config={"displayModeBar": False},
    )  # fmt: skip
    st.caption(
        "Each step is a convolution or pooling on the longest way through the trunk. A layer of kernel k adds k − 1 "
        "strides, so after every pooling the same kernel adds twice as much."
    )
    _googlenets(case, size)
    net = net_picker(case, size)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        widgets.switch("r_every", "Also layers that leave the field alone", help="ReLU, normalisation, dropout")
    _table(net)
    for sentence in net.fields.unanalysed:
        st.caption(f":material/info: Not analysed further: {widgets.plain(sentence)}.")
    _published(case, size)
    maps = net.maps
    checked = maps.get("pool4") or list(maps.values())[len(maps) // 2]
    st.caption(f"The table's fields, tried out on {checked.label}:")
    check_boxes(case, Place(net, checked, *(axis.cells // 2 for axis in checked.axes)))
    lab.questions("receptive-layers", layer_questions())
    lab.show_code(receptive_field, window, transposed_window, probed_box)


def _table(net: Net) -> None:
    every = session.setting("r_every")
    layers = [layer for layer in net.fields.layers if every or not layer.changes_nothing]
    same = all(len(set(layer.axes[:1])) == 1 and _alike(layer) for layer in layers)
    rows = [_row(layer, axis=1) if same else _row(layer, axis=1) | _rows_too(layer) for layer in layers]
    outputs = [layer for name, layer in net.fields.outputs.items() if name.startswith("logits.")]
    rows += [_row(layer, axis=1) for layer in outputs]
    st.dataframe(pd.DataFrame(rows), key="receptive-table", hide_index=True, width="stretch", height=430)
    st.caption(
        "Pixels of the photo. *Sees*: size of the field, through each stream where there are several. *Stride*: from "
        "one cell to the next. *First centre*: the pixel under the middle of cell 0's field, 0 being the first pixel's "
        "middle. *Padding*: how far cell 0's field reaches beyond the photo's edge."
    )


def _alike(layer: LayerField) -> bool:
    rows, columns = layer.axes
    return (rows.size, rows.stride, rows.first_centre, rows.padding) == (
        columns.size, columns.stride, columns.first_centre, columns.padding,
    )  # fmt: skip


def _rows_too(layer: LayerField) -> dict[str, str]:
    return {"sees, rows": str(layer.axes[0].size or "all"), "stride, rows": number(layer.axes[0].stride)}


def _row(layer: LayerField, *, axis: int) -> dict[str, str]:
    own = layer.axes[axis]
    streams = {name: axes[axis].size for name, axes in layer.streams.items() if name}
    through = ", ".join(f"{name} {size}" for name, size in streams.items()) if len(streams) > 1 else ""
    return {
        "layer": layer.label.removeprefix("trunk.").replace("logits.", "pixels of head "),
        "what": layer.kind if not layer.settings else f"{layer.kind} {layer.settings}",
        "map": f"{layer.axes[1].cells}×{layer.axes[0].cells}",
        "sees": "everything" if own.size is None else str(own.size),
        "by stream": through,
        "stride": number(own.stride),
        "first centre": number(own.first_centre),
        "padding": str(own.padding),
    }


def number(value: Fraction) -> str:
    """Halves as 12.5, other fractions as 304/301."""
    if value.denominator in (1, 2, 4, 8):
        return f"{float(value):g}"
    return str(value)


def _googlenets(case: Case, size: tuple[int, int]) -> None:
    sizes = {name: walked(case, name, size).last.axes[1].size for name in PUBLISHED if name.startswith("googlenet")}
    with st.expander("Three GoogLeNets, three numbers", icon=":material/help:"):
        st.markdown(
            f"- **{sizes['googlenet_pooled']}** is the paper's number (table 1). It comes out of the published "
            "network, with 5×5 convolutions in the Inception blocks, counted up to and including its last 7×7 average "
            "pooling.\n"
            f"- **{sizes['googlenet_published']}** is the same network without that pooling: the text of section 4.1 "
            "says that the FCN discards it.\n"
            f"- **{sizes['googlenet']}** is torchvision's GoogLeNet, which Train uses because its ImageNet weights "
            "need it: 3×3 where the published network has 5×5 (its authors call it a known bug), and a fourth pooling "
            "of 2×2 instead of 3×3."
        )


def _published(case: Case, size: tuple[int, int]) -> None:
    for name, (layer, published) in PAPER.items():
        own = walked(case, name, size).fields.layer(layer).axes[1].size
        agrees = ":green[:material/check_circle:]" if own == published else ":red[:material/error: **failed**]"
        st.markdown(f"{agrees} {PUBLISHED[name][0]}: **{own}** from its modules at {layer}, {published} in Table 1.")
