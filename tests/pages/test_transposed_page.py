"""The Transposed convolution page: sizes, steps and gradient, their state in the address, settings that do not work."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from visits import change, open_lab, settled, text

from app.labs.transposed_convolution.cells import number
from app.labs.transposed_convolution.formulas import down_formula, size_by_torch, up_formula
from app.labs.transposed_convolution.plan import DRAWN, LARGEST, LEAST, Plan
from app.labs.transposed_convolution.stepping import partial_results, step_data, too_large
from app.labs.transposed_convolution.window_picture import window_picture
from app.visitor import address
from app.visitor.settings import SETTINGS
from fcn_core.ops.transposed import Axis
from fcn_core.ops.transposed_ways import by_torch

OWN = ("arithmetic", "steps", "gradient")
visit = partial(open_lab, "transposed_convolution.py")


@pytest.mark.parametrize("dim", ["1d", "2d"])
def test_every_view_runs_and_checks_itself(dim: str) -> None:
    test = visit(t_dim=dim, t_back="numbers", t_apart="1", t_ky="2", t_opy="1")
    for view in OWN:
        words = change(test, t_view=view)
        assert "failed" not in words and words.count("check_circle") >= 2
        assert "Predict, then look" in words


def test_both_formulas_with_their_numbers() -> None:
    test = visit(t_n="8", t_k="3", t_s="3", t_p="1", t_op="1")
    words = text(test)
    assert r"\frac{8 + 2\cdot 1 - 1(3-1) - 1}{3}" in words and r"\mathbf{3}" in words
    assert r"(8-1)\cdot 3 - 2\cdot 1 + 1(3-1) + 1 + 1" in words and r"\mathbf{23}" in words
    assert "8 pixels go down to m = 3; all of 7 … 9 give this m. Output padding 1, as set, gets **8** back." in words
    words = change(test, t_n="9")
    assert "With output padding 1, as set, 8 come back; output padding **2** gets 9 back." in words


def test_invalid_settings_say_why_and_torch_agrees() -> None:
    test = visit(t_n="2", t_k="5", t_p="0", t_op="3")
    words = text(test)
    assert "a kernel that spans 5 pixels does not fit into 2 pixels" in words
    assert "output padding 3 is too large: it must be smaller than the stride (2) or the dilation (1)" in words
    assert words.count("PyTorch refuses as well") == 2 and "failed" not in words
    assert "No such transposed convolution" in change(test, t_view="steps")
    assert "nothing is left" in change(test, t_view="gradient", t_n="1", t_k="3", t_p="3", t_op="0")
    words = change(test, t_view="steps", t_k="1", t_s="5", t_p="2", t_op="4")  # the padding cuts off the only input
    assert words.count("check_circle") == 3 and "failed" not in words


def test_too_much_to_draw_is_told() -> None:
    test = visit(t_view="steps", t_n="10", t_s="6")
    assert "can be drawn with their numbers" in text(test)
    words = change(test, t_n="300", t_s="1")
    assert "shows n as 10, not 300" in words and "failed" not in words


def test_a_new_number_changes_the_steps_and_the_address() -> None:
    test = visit(t_view="steps", t_w="bilinear", t_x="one")
    next(field for field in test.number_input if field.key == "control-t_k").set_value(4)
    settled(test.run())
    assert test.query_params["t_k"] == "4" or test.query_params["t_k"] == ["4"]
    assert "failed" not in text(test)


def test_the_photo_comes_back_blurred() -> None:
    test = visit(t_view="gradient", t_back="photo", t_bf="8")
    words = text(test)
    assert "one number for every 64 of the photo" in words and "failed" not in words
    assert "changes nothing" in change(test, t_bf="1")


SMALL = st.integers(1, 2).flatmap(
    lambda dims: st.builds(
        Plan,
        st.tuples(*[st.integers(1, 4)] * dims),
        st.tuples(
            *[st.builds(Axis, st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 2))] * dims
        ),
    )
)


@settings(max_examples=60, deadline=None)
@given(SMALL, st.integers(0, 99))
def test_the_three_ways_agree_after_every_step(plan: Plan, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    x = torch.randint(-9, 10, plan.sizes, generator=random).double()
    weight = torch.randint(-9, 10, [axis.kernel for axis in plan.axes], generator=random).double()
    try:
        if too_large(plan):
            return
    except ValueError:
        return
    partial = partial_results(x, weight, plan.axes)
    assert torch.equal(partial["scatter"], partial["zeros"]) and torch.equal(partial["zeros"], partial["matrix"])
    assert torch.equal(partial["matrix"][-1], by_torch(x, weight, plan.axes).flatten())
    data = step_data(plan, x, weight)
    # What the browser draws: every input stands where it says in the stretched map, and the products make the output.
    stretched, values = data["stretched"]["values"], data["x"]["values"]
    assert all(stretched[place] == value for place, value in zip(data["places"], values, strict=True) if place >= 0)
    assert sum(value != 0 for value in stretched) <= len(values)
    sums = [0.0] * len(data["y"]["values"])
    for i, t, j in data["products"]:
        sums[j] += values[i] * data["w"]["values"][t]
    assert sums == data["y"]["values"]


@settings(max_examples=60, deadline=None)
@given(SMALL)
def test_formulas_and_torchs_own_sizes(plan: Plan) -> None:
    axis, n = plan.axes[-1], plan.sizes[-1]
    for up, formula, size in ((True, up_formula, axis.up), (False, down_formula, axis.down)):
        by_torch_size = size_by_torch(Plan((n,), (axis,)), up=up)
        if isinstance(by_torch_size, str):
            with pytest.raises(ValueError, match=r"\w"):
                formula(n, axis)
        else:
            assert by_torch_size == (size(n),) and rf"\mathbf{{{size(n)}}}" in formula(n, axis)


def test_the_window_picture_counts_places_and_says_when_it_is_too_large() -> None:
    found = window_picture(8, 3, Axis(3, stride=3, padding=1), up=False)
    assert found is not None and found.count("class='tap'") == 9 and found.count("class='pixel rim'") == 2
    assert window_picture(544, 16, Axis(64, stride=32), up=True) is None


def test_numbers_in_cells() -> None:
    assert [number(v) for v in (0, -0.0, 1, -2.5, 0.0625, 100, -0.001)] == ["0", "0", "1", "−2.5", "0.06", "100", "0"]


def test_limits_of_the_fields_are_those_of_the_settings() -> None:
    for short in LARGEST:
        for name in (f"t_{short}", f"t_{short}y"):
            assert SETTINGS[name].limits == (LEAST[short], LARGEST[short])
        assert all(limits[short] <= LARGEST[short] for limits in DRAWN.values())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_addresses_go_round(data: st.DataObject) -> None:
    """What the settings spell is read back as the same settings, without a notice."""
    state = {}
    for name in (name for name in SETTINGS if name.startswith("t_")):
        setting = SETTINGS[name]
        if setting.options:
            state[name] = data.draw(st.sampled_from(setting.options))
        elif setting.limits:
            state[name] = data.draw(st.integers(*setting.limits))
        else:
            state[name] = data.draw(st.booleans())
    reading = address.read(address.write({}, state), address.Names())
    assert reading.notices == ()
    assert {name: reading.settings.get(name, SETTINGS[name].default) for name in state} == state


def test_odd_addresses_are_ignored_with_a_notice() -> None:
    odd = {"t_k": "0", "t_s": "abc", "t_view": "none", "t_n": "9" * 12}
    words = text(visit(**odd))
    for name, value in odd.items():
        assert f"`{name}={value}` in the address was ignored" in words
