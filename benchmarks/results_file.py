"""RESULTS.md: each benchmark writes its own part and leaves the others as they are."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
ORDER = ("inference", "training", "recipes", "imbalance", "labs")


def write_part(name: str, text: str, path: Path) -> None:
    """Put `text` in place of the part called `name`, one of ORDER."""
    if name not in ORDER:
        raise ValueError(f"no part {name!r}; the parts are {', '.join(ORDER)}")
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    parts = dict(re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end of \1 -->", before, flags=re.DOTALL))
    parts[name] = text.strip()
    whole = [f"<!-- {part} -->\n{parts[part]}\n<!-- end of {part} -->" for part in ORDER if part in parts]
    path.write_text("\n\n".join(whole) + "\n", encoding="utf-8")
