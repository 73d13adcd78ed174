"""Charts for the browser, at the size of type that is switched on."""

from __future__ import annotations

import plotly.graph_objects as go

from app.visitor import session


def chart_json(chart: go.Figure) -> str:
    """A chart's JSON, its words larger where large type is on."""
    return chart.update_layout(font={"size": 18 if session.setting("large") else 12}).to_json()
