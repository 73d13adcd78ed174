"""Which devices a run will take, told without importing torch: a run that waits should cost next to nothing."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/gpus")


def devices_for(device: str, processes: int = 1) -> tuple[str, ...]:
    """Names of the devices that `processes` processes with this setting occupy on this machine.

    device: as in the settings: auto, cpu, or one of torch's names. GPUs are named as the machine counts them, so two
    runs that see different ones through CUDA_VISIBLE_DEVICES do not wait for each other.
    """
    if device not in ("auto", "cuda"):
        return (device,)
    gpus = _visible_gpus()
    if gpus:
        return tuple(f"cuda:{name}" for name in gpus[:processes])
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return ("mps",)
    return ("cpu",)


def _visible_gpus() -> tuple[str, ...]:
    """The GPUs that torch will find, by their numbers or their universal ids."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = _gpu_count()
    if not count or not _torch_uses_gpus():
        return ()
    if chosen is None:
        return tuple(str(number) for number in range(count))
    names = []
    for word in (part.strip() for part in chosen.split(",")):
        if not word or word == "-1" or (word.isdigit() and int(word) >= count):
            break  # as CUDA does: what follows an unknown one is not seen
        names.append(word)
    return tuple(names)


@cache
def _gpu_count() -> int:
    """How many Nvidia GPUs the driver knows."""
    if DRIVER.is_dir():
        return sum(1 for _ in DRIVER.iterdir())
    if shutil.which("nvidia-smi") is None:
        return 0
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return len(re.findall(r"^GPU \d+", listed, flags=re.MULTILINE))


@cache
def _torch_uses_gpus() -> bool:
    """Whether the installed torch was built for GPUs; it says so in a file that can be read without importing it."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return True
    return re.search(r"^(cuda|hip)\b[^=]*= *['\"]", text, flags=re.MULTILINE) is not None
