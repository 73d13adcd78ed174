"""The photo in hand through a strided convolution and back through its transpose: what is lost, seen."""

from __future__ import annotations

import streamlit as st
import torch
from torch.nn import functional as F

from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.transposed_convolution import kept
from app.labs.transposed_convolution.there_and_back import BRIGHTEST
from app.parts.pictures import colour_bar, view_photo
from app.visitor import widgets
from app.visitor.pixel_picture import picture
from fcn_core.ops.bilinear import bilinear_kernel


def photo_loss(strip: Strip) -> None:
    """Draw the stride, the three maps and the check."""
    if strip.picture is None:
        st.markdown("No picture yet: upload a photo under Picture above.")
        return
    with st.container(width=420):
        factor = widgets.slide("t_bf", "Stride f, with the bilinear kernel", 1, 32)
    photo = view_photo(strip.picture.image, kept.LONGEST)
    if min(photo.shape[:2]) < factor:
        st.warning(f"The photo has only {photo.shape[1]}×{photo.shape[0]} pixels: choose a smaller stride.")
        return
    found = kept.photo_there_and_back(strip.picture, factor)
    (small_height, small_width), (height, width) = found.small.shape[1:], found.back.shape[1:]
    bar = colour_bar("cividis", ("0", f"{BRIGHTEST // 2}", f"{BRIGHTEST}+"), "grey levels of 255")
    titles = {
        "small": f"After the convolution: {small_width}×{small_height}",
        "back": f"Back by its transpose: {width}×{height}",
        "lost": "What is lost: difference to the photo",
    }
    for column, (name, title), shown in zip(st.columns(3), titles.items(), found.pictures, strict=True):
        with column:
            picture(
                shown, key=f"transposed-{name}", alt=title, title=title, bar=bar if name == "lost" else None,
                cells=name == "small", most_height="46vh",
            )  # fmt: skip
    st.caption(
        f"The small map holds one number for every {factor**2} of the photo. What came back is "
        f"{found.lost.mean():.1f} grey levels off on average: edges and texture finer than {factor} pixels are gone, "
        "smooth areas survive. At the rim the kernel meets zeros and the picture darkens."
        if factor > 1
        else "Stride 1 with this kernel of one weight changes nothing: C is the identity, its own inverse."
    )
    kernel, padding = 2 * factor - factor % 2, factor // 2
    weight = bilinear_kernel(kernel).expand(3, 1, kernel, kernel)
    probe = found.image[None].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(
        F.conv2d(probe, weight, stride=factor, padding=padding, groups=3), probe, found.small[None]
    )
    lab.check(
        "the picture that came back and the convolution's gradient", float((gradient[0] - found.back).abs().max()), 1e-5
    )
