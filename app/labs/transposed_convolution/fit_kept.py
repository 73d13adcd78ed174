"""The fits of this visit: they live in the session, each belongs to its settings, the oldest are forgotten."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from fcn_core.analysis.upsampling.kernel_fit import KernelFit

MOST = 6


@dataclass
class KeptFit:
    """A fit, and whether it is going on."""

    fit: KernelFit
    running: bool = False


def kept_fits() -> dict[Hashable, KeptFit]:
    """All fits by their settings, oldest first."""
    return st.session_state.setdefault("kernel-fits", {})


def keep_fit(key: Hashable, fit: KernelFit) -> KeptFit:
    """Keep a fit that starts to run; it becomes the newest, and no other runs."""
    fits = kept_fits()
    for other in fits.values():
        other.running = False
    fits.pop(key, None)
    fits[key] = KeptFit(fit, running=True)
    for old in list(fits)[: max(0, len(fits) - MOST)]:
        del fits[old]
    return fits[key]


def newest_fit() -> KernelFit | None:
    """The fit that was started last, if it has done a step."""
    for kept in reversed(kept_fits().values()):
        if kept.fit.losses:
            return kept.fit
    return None
