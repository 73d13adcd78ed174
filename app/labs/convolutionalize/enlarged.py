"""The photo as a classifier reads it: enlarged as wished, at least until one window fits."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from app.bench.case import Case
from app.labs.convolutionalize.nets import LabNet
from app.visitor import session
from fcn_core.draw import thumbnail

MOST_SIDE = 640  # before it is enlarged
MOST_PIXELS = 2_400_000


def enlarged(case: Case, net: LabNet) -> np.ndarray | None:
    """The photo as the network reads it here: as large as was wished, and large enough for one window.

    None after it was said that it is too narrow for that.
    """
    image = thumbnail(case.result.image, MOST_SIDE)
    height, width = image.shape[:2]
    wanted = float(session.setting("c_scale"))
    scale = max(min(wanted, (MOST_PIXELS / (height * width)) ** 0.5), net.pair.side / min(height, width))
    if scale**2 * height * width > MOST_PIXELS + 1:
        st.info(
            f"This photo of {case.result.image.shape[1]}×{case.result.image.shape[0]} pixels is too narrow: enlarged "
            f"until a window of {net.pair.side}×{net.pair.side} fits, it would be far too long. Choose a less narrow "
            "one.", icon=":material/info:",
        )  # fmt: skip
        return None
    if scale != wanted:
        st.caption(f":material/info: This photo is read at {scale:.2f}× here, to fit both window and memory.")
    size = (max(round(width * scale), net.pair.side), max(round(height * scale), net.pair.side))
    return image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
