"""Build your own: two stacks of layers side by side, with what they see and what they cost."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.bench.case import Case
from app.labs.receptive_fields.figures import stacks_figure
from app.labs.receptive_fields.layers_view import number
from app.labs.receptive_fields.questions import stack_questions
from app.labs.shared import lab
from app.parts.words import covered, in_units
from app.visitor import session, widgets
from fcn_core.analysis.fields.layer_stack import (
    CHANNELS,
    COMPARISONS,
    LETTERS,
    StackLayer,
    StackReport,
    read_stack,
    spell,
    walk_stack,
)

COLOURS = {"A": "#56b4e9", "B": "#e69f00"}
COLUMNS = ("kind", "kernel", "stride", "padding", "dilation", "channels")
SHORT = {"padding": "pad", "dilation": "dilate", "channels": "chan."}
LARGEST = {"kernel": 255, "stride": 64, "padding": 255, "dilation": 64, "channels": 2048}


def show(case: Case) -> None:
    titles = {name: pair.title for name, pair in COMPARISONS.items()} | {"own": "Your own"}
    pair = widgets.pick_one("r_pair", "Compare", titles)
    with st.container(width=320):
        side = widgets.slide("r_side", "Side of the map that comes in, pixels", 8, 1024)
    if pair in COMPARISONS:
        st.markdown(COMPARISONS[pair].story)
    st.caption(
        f"{CHANNELS} channels come in. Change any number, add a layer in the last line, or tick layers and delete "
        "them. Kernels and strides are square; the multiply-adds are those of the whole map."
    )
    reports: dict[str, StackReport] = {}
    for column, name in zip(st.columns(2, gap="large"), COLOURS, strict=True):
        with column:
            st.subheader(f"Stack {name}")
            layers = _editor(name, _spelled(name))
            reports[name] = walk_stack(layers, size=side, channels=CHANNELS)
            _table(reports[name], name)
    _compare(reports["A"], reports["B"])
    st.plotly_chart(
        stacks_figure({f"stack {name}": (report, COLOURS[name]) for name, report in reports.items()}),
        key="receptive-stacks", config={"displayModeBar": False},
    )  # fmt: skip
    _check(reports)
    lab.questions("receptive-build", stack_questions())
    lab.show_code(walk_stack)


def _spelled(name: str) -> str:
    """The stack's spelling: that of the comparison, or the visitor's own."""
    pair = session.setting("r_pair")
    usual = COMPARISONS[pair if pair in COMPARISONS else "kernels"]
    text = session.setting(f"r_{name.lower()}") if pair == "own" else ""
    return text or (usual.first if name == "A" else usual.second)


def _editor(name: str, text: str) -> tuple[StackLayer, ...]:
    """A table to change the stack in. It starts anew when the stack changes from elsewhere (a link, a comparison)."""
    try:
        layers = read_stack(text)
    except ValueError as problem:
        st.warning(f"The address's stack was ignored: {widgets.plain(str(problem))}", icon=":material/warning:")
        text = COMPARISONS["kernels"].first
        layers = read_stack(text)
    state = st.session_state.setdefault(f"stack-{name}", {"turn": 0, "said": None, "base": ()})
    if state["said"] != spell(layers):
        state.update(turn=state["turn"] + 1, said=spell(layers), base=layers)
    key = f"stack-{name}-{state['turn']}"
    frame = pd.DataFrame([_record(layer) for layer in state["base"]], columns=list(COLUMNS))
    numbers = {
        column: st.column_config.NumberColumn(
            SHORT.get(column, column), help=column, min_value=0, max_value=most, step=1, width=74
        )
        for column, most in LARGEST.items()
    }
    kinds = st.column_config.SelectboxColumn("kind", options=list(LETTERS), width=112)
    edited = st.data_editor(
        frame, key=key, num_rows="dynamic", hide_index=True, width="stretch",
        column_config={"kind": kinds, **numbers}, on_change=_edited, args=(name, key),
    )  # fmt: skip
    return _layers(edited)


def _edited(name: str, key: str) -> None:
    """Takes an edit over into the settings, so that the address carries both stacks."""
    state = st.session_state[f"stack-{name}"]
    frame = pd.DataFrame([_record(layer) for layer in state["base"]], columns=list(COLUMNS))
    changes: dict[str, Any] = st.session_state[key]
    records: list[dict[str, Any]] = frame.to_dict("records")
    for index, change in changes.get("edited_rows", {}).items():
        records[int(index)] |= change
    records = [r for i, r in enumerate(records) if i not in changes.get("deleted_rows", [])]
    records += [dict(added) for added in changes.get("added_rows", [])]
    layers = _layers(pd.DataFrame(records, columns=list(COLUMNS)))
    other = "B" if name == "A" else "A"
    kept = _spelled(other)
    state["said"] = spell(layers)
    session.change_setting(f"r_{other.lower()}", kept.replace(" ", "."))
    session.change_setting(f"r_{name.lower()}", spell(layers).replace(" ", ".") or "c1x3")
    session.change_setting("r_pair", "own")


def _record(layer: StackLayer) -> dict[str, Any]:
    return {column: getattr(layer, column) for column in COLUMNS}


def _layers(frame: pd.DataFrame) -> tuple[StackLayer, ...]:
    """Rows of the table; an empty field takes its usual value."""
    usual = StackLayer()
    layers = []
    for record in frame.to_dict("records"):
        filled = {name: getattr(usual, name) if pd.isna(value) else value for name, value in record.items()}
        numbers = {name: int(filled[name]) for name in COLUMNS[1:]}
        layers.append(StackLayer(filled["kind"], **numbers))
    return tuple(layers)


def _table(report: StackReport, name: str) -> None:
    rows = [
        {
            "layer": row.layer.spelling,
            "map": f"{row.cells}×{row.cells}",
            "sees": row.field.size,
            "stride": number(row.field.stride),
            "first centre": number(row.field.first_centre),
            "padding": row.field.padding,
            "parameters": f"{row.parameters:,}",
            "multiply-adds": in_units(row.multiply_adds),
        }
        for row in report.rows
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), key=f"stack-table-{name}", hide_index=True, width="stretch")
    if report.problem:
        st.warning(f"{report.problem}.", icon=":material/warning:")
    elif not rows:
        st.info("No layers yet: add one in the last line of the table above.", icon=":material/info:")


def _compare(a: StackReport, b: StackReport) -> None:
    if a.problem or b.problem or not a.rows or not b.rows:
        return
    figures = (
        ("Field", f"{a.field} pixels", f"{b.field} pixels"),
        ("Stride", number(a.stride), number(b.stride)),
        ("Parameters", f"{a.parameters:,}", f"{b.parameters:,}"),
        ("Multiply-adds", in_units(a.multiply_adds), in_units(b.multiply_adds)),
    )
    st.dataframe(
        pd.DataFrame(figures, columns=["", "stack A", "stack B"]), key="stack-compare", hide_index=True, width="stretch"
    )
    if a.field != b.field:
        more, less = ("A", "B") if a.field > b.field else ("B", "A")
        st.markdown(
            f"Not the same field: {more} sees {abs(a.field - b.field)} pixels more. For a fair comparison give {less} "
            "another layer, or more stride or dilation."
        )
        return
    words = f"Both see **{a.field} pixels**."
    if a.parameters and b.parameters:
        words += f" A has {covered(a.parameters / b.parameters)} of B's parameters"
        words += f" and {covered(a.multiply_adds / b.multiply_adds)} of its multiply-adds." if b.multiply_adds else "."
    st.markdown(words)


def _check(reports: dict[str, StackReport]) -> None:
    """The walk against the textbook's sum: each layer adds (kernel - 1)·dilation strides."""
    worst = 0
    for report in reports.values():
        if any(row.layer.kind == "transposed" for row in report.rows):
            return
        size, stride = 1, 1
        for row in report.rows:
            size += (row.layer.kernel - 1) * row.layer.dilation * stride
            stride *= row.layer.stride
        worst = max(worst, abs(size - report.field))
    lab.check("fields walked in PyTorch modules, and the sum of (kernel − 1) · dilation · stride", float(worst), 0.5)
