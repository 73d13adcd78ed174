"""Where weights lie: the project's own beside the package, everything fetched in the user's cache folder."""

from __future__ import annotations

from pathlib import Path

from fcn_core.machine.home import HOME_VARIABLE, assets_folder, cache_folder


def bundled_folder() -> Path:
    """The project's own weights and their cards."""
    return assets_folder() / "weights"


def download_folder(cache_dir: Path | None = None) -> Path:
    return (cache_dir or cache_folder()) / "downloads"


def import_folder(cache_dir: Path | None = None) -> Path:
    return (cache_dir or cache_folder()) / "imported"


__all__ = ["HOME_VARIABLE", "bundled_folder", "cache_folder", "download_folder", "import_folder"]
