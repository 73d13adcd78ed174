"""The pages with networks of other kinds in hand: a fourth head, a U-Net, two networks in one.

Views that need nothing work; those that need skips say so in one sentence and offer weights that have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pytest
import torch
from segmenters import tiny_model
from visits import control, open_lab, text

from app.bench.strip import heads_in_words
from app.settings.fusion import SCALES
from fcn_core.labels import CAMVID
from fcn_core.models.architectures import build
from fcn_core.models.network import Network
from fcn_core.models.spec import HEADS, SKIPS
from fcn_core.models.unet_spec import UNetSpec

NO_SKIPS = "These weights have no skips"
FOUR = partial(tiny_model, heads=HEADS)


def unet(**settings: object) -> Network:
    """A small U-Net, seeded."""
    torch.manual_seed(3)
    return build(UNetSpec(**{"width": 1 / 16, "num_classes": len(CAMVID), **settings})).eval()  # type: ignore[arg-type]


VIEWS = [
    *(("segment.py", {"view": view}) for view in ("heads", "compare", "differences", "export")),
    *(("heatmaps.py", {"h_view": view}) for view in ("scores", "classifier", "layers")),
    *(("fusion.py", {"f_view": view}) for view in ("network", "ledger", "scales", "boundaries")),
    *(("alignment.py", {"a_net": "own", "a_view": view}) for view in ("chain", "pixel", "offsets", "shift", "padding")),
    ("convolutionalize.py", {"c_view": "stitch", "c_stream": "pool2"}),
    ("receptive_fields.py", {"r_view": "cell"}),
    ("transposed_convolution.py", {"t_view": "upsample", "t_ukind": "learned"}),
]


NAMES = [f"{page.removesuffix('.py')}-{list(address.values())[-1]}" for page, address in VIEWS]
NEED_SKIPS = {
    "f_view": {"network", "ledger", "scales"},
    "a_view": {"shift", "padding"},
    "c_stream": {"pool2"},
}


def said(page: str, **address: str) -> str:
    """What a lab's page says with a pixel in hand; no check on it fails."""
    words = text(open_lab(page, x="100", y="90", **address))
    assert "**failed**" not in words
    return words


@pytest.mark.parametrize(("page", "address"), VIEWS, ids=NAMES)
def test_every_view_takes_a_fourth_head(use: Callable[..., None], page: str, address: Mapping[str, str]) -> None:
    use(FOUR())
    assert NO_SKIPS not in said(page, **address, head="4s")


@pytest.mark.parametrize(("page", "address"), VIEWS, ids=NAMES)
def test_every_view_takes_a_unet_or_says_what_it_lacks(
    use: Callable[..., None], page: str, address: Mapping[str, str]
) -> None:
    use(unet())
    words = said(page, **address)
    name, view = list(address.items())[-1]
    assert (NO_SKIPS in words) == (view in NEED_SKIPS.get(name, ()))


def test_what_is_lacking_comes_with_weights_that_have_it(use: Callable[..., None]) -> None:
    use(unet(form="published", width=1 / 32))
    test = open_lab("fusion.py", f_view="ledger")
    assert "“U-Net”" in text(test)
    control(test, "needs-streets").click()
    assert test.run().query_params["weights"] in ("streets", ["streets"])


def test_each_skip_has_a_slider_of_its_own(use: Callable[..., None]) -> None:
    use(FOUR())
    words = said(
        "fusion.py", f_view="scales", head="4s", **{name: str(10 * i) for i, name in enumerate(SCALES.values(), 1)}
    )
    assert "+ 0.10 · pool4 + 0.20 · pool3 + 0.30 · pool2" in words
    assert SCALES == {skip.layer: f"f_p{skip.layer[-1]}" for skip in SKIPS}


def test_pool2_decides_where_it_decides(use: Callable[..., None]) -> None:
    use(FOUR())
    assert "**pool2** flipped" in said("fusion.py", f_view="ledger", f_show="pool2", head="4s")
    assert "fuse_pool2" in said("fusion.py", f_view="network", f_box="fuse_pool2", head="4s", f_step="11")
    assert "Only pool2's scores slide" in said("alignment.py", a_view="shift", a_crop="pool2", head="4s")
    assert "score_pool2" in said("alignment.py", a_net="own", a_view="offsets", a_off="score_pool2")


@pytest.mark.parametrize(
    ("heads", "words"),
    [
        ((8,), "These weights have this head only."),
        ((32, 16, 8), "32s is the coarse one; 16s adds pool4 to it, 8s pool3 as well."),
        ((32, 8, 4), "32s is the coarse one; 8s adds pool4 and pool3 to it, 4s pool2 as well."),
    ],
)
def test_heads_in_words(heads: tuple[int, ...], words: str) -> None:
    assert heads_in_words(heads) == words
