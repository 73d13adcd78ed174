"""The Transposed convolution page's views on overlap, upsampling and the fit: states, odd weights, addresses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from segmenters import tiny_model
from streamlit.testing.v1 import AppTest
from visits import change, open_lab, settled, text

from app.bench import kept as bench_kept
from app.bench.held import HeldPicture
from app.labs.transposed_convolution.kernels import kernel_row, short_number

open_page = partial(open_lab, "transposed_convolution.py", cls="road")


def checks(said: str) -> int:
    assert "failed" not in said
    return said.count("Checked against PyTorch")


def test_the_overlap_is_told() -> None:
    test = open_page(t_view="overlap")
    for kernel, stride, fill, wanted in (
        ("3", "2", "ones", "1, 2 or 4 times in two dimensions"),
        ("4", "2", "bilinear", "**2 divides 4**"),
        ("4", "2", "random", "a ripple of"),
        ("2", "5", "bilinear", "the kernel is shorter than the stride"),
        ("12", "1", "ones", "144 in two dimensions"),
    ):
        said = change(test, t_ok=kernel, t_os=stride, t_ofill=fill)
        assert wanted in said and checks(said) == 2 and "Predict, then look" in said
    said = change(test, t_ok="5", t_os="2")
    assert "<td class='here'>4–9</td>" in said and "<td class='even '>36</td>" in said


@pytest.mark.parametrize("what", ["photo", "detail", "scores"])
def test_everything_is_enlarged_by_every_kernel(what: str) -> None:
    test = open_page(t_view="upsample", t_usrc=what, t_uf="3", t_uref="source")
    words = {"learned": "frozen at the bilinear kernel", "fitted": "No kernel was fitted in this visit yet"}
    for kind in ("bilinear", "nearest", "random", "learned", "fitted"):
        said = change(test, t_ukind=kind)
        assert checks(said) == (3 if kind in ("bilinear", "nearest", "fitted") else 1)
        assert "F.interpolate, bilinear" in said and ("the photo itself" in said) == (what == "photo")
        assert words.get(kind, "Sum of the weights") in said
        assert ("checkerboard**" in said) == (kind == "random")


def test_bilinear_and_repeated_edges_equal_interpolation_everywhere() -> None:
    test = open_page(t_view="upsample", t_uedge="repeat")
    for factor in ("2", "7", "32"):
        said = change(test, t_uf=factor)
        assert checks(said) == 3 and "bilinear, everywhere" in said
        assert f"Sum of the weights: **{int(factor) ** 2}**" in said


def test_learned_kernels_are_shown_and_judged(use: Callable[..., None]) -> None:
    use(tiny_model(learned_deconvs="all"))
    test = open_page(t_view="upsample", t_ukind="learned", t_usrc="scores")
    for layer, factor in (("upscore2", 2), ("upscore8", 8)):
        said = change(test, t_ulayer=layer)
        assert f"the kernel with which {layer} enlarges road" in said and f"f² = {factor**2}" in said
        assert "of the layer's weights lead from one class to another" in said and checks(said) == 1


def test_a_kernel_off_the_centre(use: Callable[..., None]) -> None:
    use(tiny_model(backbone="alexnet", alignment="reference", heads=(32,)))
    said = text(open_page(t_view="upsample", t_ukind="learned", t_ulayer="upscore8"))
    assert "63×63" in said and "lies half a pixel off" in said


def test_a_tiled_picture_has_no_score_maps(use: Callable[..., None]) -> None:
    use(tiny_model(), memory_limit=20_000_000)
    assert "was cut into tiles" in text(open_page(t_view="upsample", t_usrc="scores"))


@pytest.mark.usefixtures("forgotten")
def test_a_small_photo_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = HeldPicture("grey.png", "grey", "grey 40×40", np.full((40, 40, 3), 99, np.uint8))
    monkeypatch.setattr(bench_kept, "sample_picture", lambda name: photo)
    said = text(open_page(t_view="upsample", t_uf="32"))
    assert "Choose a smaller factor, or a larger photo" in said


def press(test: AppTest, key: str) -> AppTest:
    next(button for button in test.button if button.key == key).click()
    return settled(test.run())


@pytest.mark.parametrize(("teacher", "words"), [("interpolated", "found the bilinear kernel"), ("photos", "sharper")])
def test_a_fit_is_stopped_goes_on_and_ends(teacher: str, words: str) -> None:
    torch.set_num_threads(1)
    test = press(open_page(t_view="fit", t_fdata=teacher, t_ff="2", t_fsteps="150"), "fit-start")
    test = press(test, "fit-stop")
    said = text(test)
    assert "of 150, stopped" in said and words not in said
    assert "kernel-fits" in test.session_state and "Largest distance" in said
    test = press(test, "fit-on")
    for _ in range(150):
        if "of 150, done" in (said := text(test)):
            break
        settled(test.run())
    assert words in said and "f² = 4" in said
    said = change(test, t_view="upsample", t_ukind="fitted")
    assert "checkerboard" not in said and "stays even" in said, "nearly even is even to the eye"
    assert "As it stands after 150 of 150 steps" in said and "2×2" not in said and "4×4" in said


def test_other_settings_wait_for_their_own_start() -> None:
    test = press(open_page(t_view="fit", t_fsteps="50"), "fit-start")
    assert "Press Start" in change(test, t_ff="3")


@pytest.mark.parametrize("bad", [{"t_ok": "0", "t_os": "7", "t_uf": "33"}, {"t_ukind": "x", "t_ff": "1", "t_usrc": ""}])
def test_absurd_values_are_ignored_with_a_notice(bad: dict[str, str]) -> None:
    said = text(open_page(t_view="overlap", **bad))
    for name, value in bad.items():
        assert f"`{name}={value}` in the address was ignored" in said


def test_painted_kernels_carry_their_numbers() -> None:
    row = kernel_row([("A <b>", np.array([[0.0625, 1], [0, 0.5]]), "sum"), ("B", np.ones((8, 8)), "")])
    assert ">0.0625<" in row and ">1<" in row and "A &lt;b&gt;" in row and row.count("<img") == 1
    assert short_number(-0.0001, 2) == "0" and short_number(-0.25, 2) == "−0.25" and short_number(2, 4) == "2"
