"""Imports run one way, as the contracts in pyproject.toml say; cached functions live in the kept.py of their room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted(p for folder in ("fcn_core", "app", "pages") for p in (ROOT / folder).rglob("*.py"))


def test_imports_run_one_way() -> None:
    check = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    result = subprocess.run(check, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_cached_functions_live_in_the_kept_file_of_their_room() -> None:
    for path in FILES:
        if path.name != "kept.py":
            assert "st.cache_" not in path.read_text(), f"{path}: move the cached function to the kept.py of its room"
