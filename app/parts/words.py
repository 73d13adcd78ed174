"""Shares, times, sizes and counts as people say them, the same on every page; a dash for what is unknown."""

from __future__ import annotations

from math import isfinite

UNKNOWN = "–"
_SPACE = "\u00a0"  # no line breaks between a number and its unit


def percent(share: float | None, digits: int = 1) -> str:
    """A share, 0 to 1: 0.4213 as 42.1 %; what would round to nothing is under 0.1 %."""
    if share is None or not isfinite(share):
        return UNKNOWN
    least = 10.0**-digits
    return f"under {least:g}{_SPACE}%" if 0 < 100 * share < least else f"{100 * share:.{digits}f}{_SPACE}%"


def covered(share: float) -> str:
    """The share of a picture that a class covers; a dash for none."""
    return percent(share) if share else UNKNOWN


def hundredths(share: float) -> str:
    """A share for a table that says that it counts in percent: 0.4213 as 42.1."""
    return f"{100 * share:.1f}" if isfinite(share) else UNKNOWN


def figures(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, large ones in full: 0.0123, 1.5, 173, 4,230."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"


def number(value: float, decimals: int = 2) -> str:
    """A number with a true minus sign, which zero never has."""
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{decimals}f}"


def signed(value: float, decimals: int = 2) -> str:
    """A number with its sign and a true minus."""
    return f"{value:+.{decimals}f}".replace("-", "−")


def megabytes(count: float) -> str:
    """Bytes as 12.3 MB or 1.07 GB."""
    return f"{figures(count / 1e9)}{_SPACE}GB" if count >= 999.5e6 else f"{figures(count / 1e6)}{_SPACE}MB"


def milliseconds(seconds: float) -> str:
    """A short time: 3.2 ms, 1.5 s."""
    return f"{figures(seconds)}{_SPACE}s" if seconds >= 1 else f"{figures(1e3 * seconds)}{_SPACE}ms"


def duration(seconds: float | None) -> str:
    """A time that was measured: 42 s, 3:05 min, 2:03 h."""
    if seconds is None or not isfinite(seconds) or seconds < 0:
        return UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def about(seconds: float | None) -> str:
    """A time that is to be expected: 40 s, 12 min, 3.5 h, 2.1 days."""
    if seconds is None:
        return UNKNOWN
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def in_units(count: int) -> str:
    """A count as 1.8 billion."""
    for unit, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)


def relative(difference: float) -> str:
    """A difference as a share of something: 0.3 %, 170 %; nothing where it is rounding alone."""
    return "nothing" if difference < 1e-5 else f"{figures(100 * difference, 2)}{_SPACE}%"
