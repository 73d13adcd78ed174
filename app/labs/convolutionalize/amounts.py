"""Times, memory and ratios as they are read aloud."""

from __future__ import annotations


def figures(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, large ones in full: 0.0123, 1.5, 173, 4,230."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"


def milliseconds(seconds: float) -> str:
    """A time: 3.2 ms, 1.5 s."""
    return f"{figures(seconds)}\u00a0s" if seconds >= 1 else f"{figures(1e3 * seconds)}\u00a0ms"


def megabytes(count: int) -> str:
    """Bytes as 12.3 MB."""
    return f"{figures(count / 1e6)}\u00a0MB"


def share(value: float) -> str:
    """A difference as a share of something: 0.3 %, 170 %; nothing where it is rounding alone."""
    return "nothing" if value < 1e-5 else f"{figures(100 * value, 2)}\u00a0%"
