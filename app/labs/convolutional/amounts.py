"""Times and memory as they are read aloud."""

from __future__ import annotations


def milliseconds(seconds: float) -> str:
    """A time: 3.2 ms, 1.5 s."""
    return f"{seconds:.3g}\u00a0s" if seconds >= 1 else f"{1e3 * seconds:.3g}\u00a0ms"


def megabytes(count: int) -> str:
    """Bytes as 12.3 MB."""
    return f"{count / 1e6:.3g}\u00a0MB"
