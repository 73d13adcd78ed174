"""The little Markdown that questions use, as HTML that stands alone: everything else is shown as it is written."""

from __future__ import annotations

import html
import re

ICON = re.compile(r":material/\w+:")
COLOURED = re.compile(r":(?:small|red|green|blue|orange|violet|gray|grey|rainbow|primary|color)\[([^\[\]]*)\]")
LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")
ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>$:#~|])")
CODE = re.compile(r"(`[^`]+`)")
STYLES = ((re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"), (re.compile(r"\*([^*\s](?:[^*]*[^*\s])?)\*"), r"<i>\1</i>"))


def plain_html(text: str) -> str:
    """Markdown of one paragraph as HTML: bold, italics and code; colours, icons and links leave their words.

    Nothing of the text reaches the page as markup of its own.
    """
    parts = CODE.split(text)
    return "".join(f"<code>{html.escape(part[1:-1])}</code>" if i % 2 else _words(part) for i, part in enumerate(parts))


def _words(text: str) -> str:
    kept: list[str] = []

    def keep(found: re.Match) -> str:
        kept.append(found[1])
        return f"\0{len(kept) - 1}\0"

    text = ESCAPED.sub(keep, ICON.sub("", text.replace("\0", "")))
    while COLOURED.search(text):
        text = COLOURED.sub(r"\1", text)
    shown = html.escape(LINK.sub(r"\1", text)).replace("  \n", "<br>")
    for pattern, markup in STYLES:
        shown = pattern.sub(markup, shown)
    return re.sub(r"\0(\d+)\0", lambda found: html.escape(kept[int(found[1])]), shown).strip(" ") if kept else shown
