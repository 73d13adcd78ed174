"""Imports run one way: pages -> app -> fcn_core; inside fcn_core from the ground floor up."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUND = ("labels", "metrics", "draw", "progress", "ops")
UPPER = ("inference", "analysis", "training")
FILES = sorted(p for folder in ("fcn_core", "app", "pages") for p in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names of every module that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part(path: Path) -> str:
    """First name below fcn_core: `models`, `labels`, …"""
    return path.relative_to(ROOT / "fcn_core").parts[0].removesuffix(".py")


def below(names: set[str], *prefixes: str) -> set[str]:
    return {n for n in names if any(n == p or n.startswith(p + ".") for p in prefixes)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    names = imported(path)
    folder = path.relative_to(ROOT).parts[0]
    if folder == "fcn_core":
        assert not below(names, "streamlit", "gradio", "plotly", "app", "pages")
        if part(path) in GROUND:
            allowed = tuple(f"fcn_core.{name}" for name in GROUND)
            assert not below(names, "fcn_core") - below(names, *allowed)
        if part(path) in UPPER:
            others = tuple(f"fcn_core.{name}" for name in UPPER if name != part(path))
            assert not below(names, *others)
        if part(path) == "models":
            assert not below(names, *(f"fcn_core.{name}" for name in (*UPPER, "data", "weights")))
    else:
        assert not below(names, "pages")
        if path.name == "charts.py":
            assert not below(names, "streamlit")


def test_cached_functions_live_in_the_kept_file_of_their_room() -> None:
    for path in FILES:
        if path.name != "kept.py":
            assert "st.cache_" not in path.read_text(), f"{path}: move the cached function to the kept.py of its room"
