"""Small tables as HTML: the browser shows them sooner than Markdown, and a moving slider changes them often."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
.fcn-fusion { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
.fcn-fusion :is(td, th) { padding: .28rem .4rem; border-bottom: 1px solid rgb(128 128 128 / 25%); text-align: right;
  font-weight: 400; }
.fcn-fusion th { opacity: .75; }
.fcn-fusion :is(td, th):first-child { text-align: left; padding-left: 0; }
"""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """HTML of a table: the first column to the left, numbers to the right; without `heads` there is no top row."""
    top = "<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>" if heads else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<style>{STYLE}</style><table class='fcn-fusion'>{top}{body}</table>"
