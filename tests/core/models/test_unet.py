"""U-Net: the published parameter count and sizes, exact placing, mirrored margins."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fcn_core.models.architectures import build
from fcn_core.models.network import parameter_count
from fcn_core.models.unet import MARGIN, UNetSpec, _with_margin, mirrored


def test_the_published_network_has_the_published_parameters() -> None:
    with torch.device("meta"):
        model = build(UNetSpec(form="published", in_channels=1, num_classes=2))
    assert parameter_count(model) == 31_030_658


def test_sizes_are_those_of_the_paper() -> None:
    assert _with_margin(388) == 572
    for n in range(1, 200):
        total = _with_margin(n)
        assert total % 16 == 12 and total - 2 * MARGIN >= n > total - 2 * MARGIN - 16


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (97, 131), (200, 160)])
def test_margins_are_mirrored_like_numpys(size: tuple[int, int]) -> None:
    x = torch.randn(1, 2, *size)
    wanted = [_with_margin(n) for n in size]
    pads = [(0, 0), (0, 0), *((MARGIN, total - n - MARGIN) for n, total in zip(size, wanted, strict=True))]
    assert np.array_equal(mirrored(x, wanted).numpy(), np.pad(x.numpy(), pads, mode="reflect"))


@pytest.mark.parametrize("form", ["padded", "published"])
def test_an_output_pixel_sits_on_its_input_pixel(form: str) -> None:
    """With symmetric kernels a mirrored photo gives the mirrored answer."""
    torch.manual_seed(0)
    model = build(UNetSpec(form=form, width=0.0625, num_classes=2)).double().eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 4:
                parameter.copy_((parameter + parameter.flip(-1)) / 2)
    sizes = {"padded": (32, 64), "published": (36, 68)}  # both sides of the photo are treated alike at these
    x = torch.randn(1, 3, *sizes[form], dtype=torch.float64)
    with torch.inference_mode():
        forward, backward = model(x).logits[1], model(x.flip(-1)).logits[1].flip(-1)
    assert torch.allclose(forward, backward, atol=1e-9)


def test_settings_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="form must be"):
        UNetSpec(form="valid")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no trunk 'lenet'"):
        UNetSpec(backbone="lenet")
