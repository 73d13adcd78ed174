"""What `pip install` brings: the weights, the program, and dependencies that admit the pinned versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from fcn_core.machine.home import PROJECT_ROOT, assets_folder

PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the source tree, with the build tools that are installed."""
    setuptools = pytest.importorskip("setuptools", reason="a wheel is built by setuptools")
    if Version(setuptools.__version__) < Version("77"):
        pytest.skip(f"the build needs setuptools 77, here is {setuptools.__version__}")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT_ROOT / name, source)
    for name in ("fcn_core", "assets"):
        shutil.copytree(PROJECT_ROOT / name, source / name, symlinks=True)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(out)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(out.glob("fcn_lab-*.whl")))


def test_a_wheel_has_the_weights_and_the_patch_classifiers(wheel):
    inside = set(wheel.namelist())
    for folder in ("weights", "patches"):
        shipped = [path for path in (assets_folder() / folder).iterdir() if path.is_file()]
        assert any(path.suffix == ".safetensors" for path in shipped)
        assert {f"fcn_core/assets/{folder}/{path.name}" for path in shipped} <= inside
    assert not any(name.startswith(("assets/", "app/", "tests/")) for name in inside)


def test_a_wheel_has_the_program_and_every_module(wheel):
    (points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "fcn-lab = fcn_core.cli.program:main" in wheel.read(points).decode()
    modules = {path.relative_to(PROJECT_ROOT).as_posix() for path in (PROJECT_ROOT / "fcn_core").rglob("*.py")}
    assert modules <= set(wheel.namelist())


def test_an_installed_package_finds_its_own_files(tmp_path, monkeypatch):
    from fcn_core.machine import home

    monkeypatch.setattr(home.resources, "files", lambda package: tmp_path)
    assert home.assets_folder() == PROJECT_ROOT / "assets", "a source tree without links"
    (tmp_path / "assets").mkdir()
    assert home.assets_folder() == tmp_path / "assets"


def test_the_ranges_of_the_package_admit_the_pinned_versions():
    lines = (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = {(r := Requirement(line)).name.lower(): r for line in lines if line and not line.startswith("#")}
    for text in PROJECT["dependencies"]:
        asked = Requirement(text)
        (pin,) = pins[asked.name.lower()].specifier
        assert asked.specifier.contains(pin.version), f"{text} does not admit the pinned {pin.version}"
