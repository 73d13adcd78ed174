"""The photo in hand through a strided convolution and back through its transpose: what is lost, seen."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch
from torch.nn import functional as F

from app.bench.strip import Strip
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.parts import browser_parts
from app.parts.pictures import colour_bar, encode, view_photo
from app.visitor import widgets
from fcn_core.draw import colour_map
from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.transposed_inverse import shrink_and_enlarge

LONGEST = 480
BRIGHTEST = 64  # grey levels at the end of the difference's scale


def photo_loss(strip: Strip) -> None:
    """Draw the stride, the three maps and the check."""
    if strip.picture is None:
        st.markdown("No picture yet: upload a photo under Picture above.")
        return
    with st.container(width=420):
        factor = widgets.slide("t_bf", "Stride f, with the bilinear kernel", 1, 32)
    photo = view_photo(strip.picture.image, LONGEST)
    if min(photo.shape[:2]) < factor:
        st.warning(f"The photo has only {photo.shape[1]}×{photo.shape[0]} pixels: choose a smaller stride.")
        return
    photo = photo[: photo.shape[0] // factor * factor, : photo.shape[1] // factor * factor]
    image = torch.tensor(photo).permute(2, 0, 1).float() / 255
    small, back = shrink_and_enlarge(image, factor)
    difference = 255 * (back - image).abs().mean(0).numpy()
    key = (strip.picture.digest, "there-and-back", factor)
    shown = [
        (f"After the convolution: {small.shape[2]}×{small.shape[1]}", "small", lambda: encode(_bytes(small)), None),
        (f"Back by its transpose: {photo.shape[1]}×{photo.shape[0]}", "back", lambda: encode(_bytes(back)), None),
        (
            "What is lost: difference to the photo", "lost",
            lambda: encode(colour_map(difference / BRIGHTEST, "cividis")),
            colour_bar("cividis", ("0", f"{BRIGHTEST // 2}", f"{BRIGHTEST}+"), "grey levels of 255"),
        ),
    ]  # fmt: skip
    for column, (title, name, draw, bar) in zip(st.columns(3), shown, strict=True):
        with column:
            browser_parts.picture(
                labs_kept.drawn((*key, name), draw), key=f"transposed-{name}", alt=title, title=title, bar=bar,
                cells=name == "small", most_height="46vh",
            )  # fmt: skip
    st.caption(
        f"The small map holds one number for every {factor**2} of the photo. What came back is "
        f"{difference.mean():.1f} grey levels off on average: edges and texture finer than {factor} pixels are gone, "
        "smooth areas survive. At the rim the kernel meets zeros and the picture darkens."
        if factor > 1
        else "Stride 1 with this kernel of one weight changes nothing: C is the identity, its own inverse."
    )
    kernel, padding = 2 * factor - factor % 2, factor // 2
    weight = bilinear_kernel(kernel).expand(3, 1, kernel, kernel)
    probe = image[None].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(
        F.conv2d(probe, weight, stride=factor, padding=padding, groups=3), probe, small[None]
    )
    lab.check(
        "the picture that came back and the convolution's gradient", float((gradient[0] - back).abs().max()), 1e-5
    )


def _bytes(values: torch.Tensor) -> np.ndarray:
    """C×H×W from 0 to 1 as an H×W×C picture."""
    return np.ascontiguousarray((values.permute(1, 2, 0).numpy().clip(0, 1) * 255).round().astype(np.uint8))
