"""Where the project lies and where it keeps things for this user; imports nothing heavy, so that waiting is cheap."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import platformdirs

HOME_VARIABLE = "FCN_LAB_HOME"
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def assets_folder() -> Path:
    """What ships with the project: in an installed package its own copy, in the source tree `assets/` beside it."""
    packed = Path(str(resources.files("fcn_core") / "assets"))  # in the source tree a link, where links exist
    return packed.resolve() if packed.is_dir() else PROJECT_ROOT / "assets"


def cache_folder() -> Path:
    """The folder for what is downloaded or imported: FCN_LAB_HOME, else the user's cache folder."""
    chosen = os.environ.get(HOME_VARIABLE, "").strip()
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("fcn-lab", appauthor=False)


def import_path() -> str:
    """PYTHONPATH of a process that is started elsewhere and has to find this very fcn_core."""
    return os.pathsep.join(filter(None, (str(PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
