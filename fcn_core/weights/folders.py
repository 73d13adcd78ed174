"""Where weights lie: the project's own beside the package, everything fetched in the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "FCN_LAB_HOME"
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """The folder for what is downloaded or imported: FCN_LAB_HOME, else the user's cache folder."""
    chosen = os.environ.get(HOME_VARIABLE, "").strip()
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("fcn-lab", appauthor=False)


def bundled_folder() -> Path:
    """The project's own weights and their cards."""
    return PROJECT_ROOT / "assets" / "weights"


def download_folder(cache_dir: Path | None = None) -> Path:
    return (cache_dir or cache_folder()) / "downloads"


def import_folder(cache_dir: Path | None = None) -> Path:
    return (cache_dir or cache_folder()) / "imported"
