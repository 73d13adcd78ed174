"""How busy the machine is: processor, memory, and the GPU where there is one."""

from __future__ import annotations

import psutil
import torch


def machine_load(device: torch.device) -> dict[str, float | None]:
    """cpu_percent (of all processors, since the last call), memory_mb of this process and its workers, and for a
    GPU gpu_memory_mb (most since the last call) and gpu_percent; None where the machine does not tell."""
    process = psutil.Process()
    memory = 0
    for one in (process, *process.children(recursive=True)):
        try:
            memory += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    load: dict[str, float | None] = {"cpu_percent": psutil.cpu_percent(), "memory_mb": round(memory / 1e6)}
    if device.type == "cuda":
        load["gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / 1e6)
        torch.cuda.reset_peak_memory_stats(device)
        load["gpu_percent"] = _gpu_percent(device)
    return load


def _gpu_percent(device: torch.device) -> float | None:
    try:
        return float(torch.cuda.utilization(device))
    except Exception:  # it needs NVIDIA's management library, which need not be there
        return None
