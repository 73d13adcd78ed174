"""The Receptive fields page: every view, its state in the address, stacks that do not work."""

from __future__ import annotations

from functools import partial
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_weights
from visits import control, open_lab, settled, text

from app.bench import kept as bench_kept
from app.labs.receptive_fields.canvas import Outline, margin, photo_canvas
from app.labs.receptive_fields.effective_view import _photos
from app.labs.receptive_fields.figures import longest
from app.labs.receptive_fields.layers_view import PAPER
from app.labs.receptive_fields.nets import PUBLISHED, published_fields
from app.labs.shared.seen import Seen
from app.settings.receptive_fields import NETS, VIEWS
from app.visitor import address
from app.visitor.settings import SETTINGS
from fcn_core.draw import thumbnail
from fcn_core.segmenting.segmenter import Segmenter

OWN = [name for name in SETTINGS if name.startswith("r_")]
visit = partial(open_lab, "receptive_fields.py")


def test_the_settings_know_the_same_networks() -> None:
    assert tuple(PUBLISHED) == NETS


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_runs_and_checks_itself(view: str) -> None:
    test = visit(r_view=view, r_n="1", x="40", y="30")
    words = text(test)
    assert "failed" not in words and "check_circle" in words
    assert "Predict, then look" in words
    assert len(test.get("radio")) >= 2


def test_the_boxes_of_the_heads() -> None:
    test = visit(x="100", y="80", head="32s")
    assert "A pixel of the 32s head, row 80, column 100" in text(test)
    control(test, "control-r_from").set_value("logits.8")
    settled(test.run())
    assert "A pixel of the 8s head, row 80, column 100" in text(test)
    assert test.query_params["head"] == "8s" and "r_map" not in test.query_params
    control(test, "control-r_from").set_value("layer")
    settled(test.run())
    assert "A cell of pool4, row 5, column 6" in text(test) and test.query_params["r_map"] == "pool4"


@pytest.mark.parametrize("net", ["googlenet_pooled", "alexnet", "fcn_resnet50"])
def test_published_networks(net: str) -> None:
    test = visit(r_net=net, r_view="layers", r_nets=f"own,{net}", r_every="1")
    words = text(test)
    assert "**907** from its modules at avgpool, 907 in Table 1" in words and "failed" not in words


def test_the_papers_numbers_are_walked_not_typed() -> None:
    for name, (layer, published) in PAPER.items():
        assert published_fields(name, (200, 300)).layer(layer).axes[0].size == published


def test_a_map_that_the_network_lacks_is_told() -> None:
    assert "This network has no map `conv9_9`" in text(visit(r_map="conv9_9"))


def test_stacks_from_the_address() -> None:
    test = visit(r_view="build", r_pair="own", r_a="c3s2p1.c3d2", r_b="m2s2.c300", r_side="64")
    words = text(test)
    assert "Layer 2 (300×300 convolution): a kernel that spans 300 pixels does not fit" in words
    rows = next(frame.value for frame in test.dataframe if "multiply-adds" in frame.value.columns)
    assert list(rows["sees"]) == [3, 11] and list(rows["map"]) == ["32×32", "28×28"]
    assert "was ignored" in text(visit(r_view="build", r_pair="own", r_a="conv3"))


def test_stacks_at_the_same_field_are_compared() -> None:
    words = text(visit(r_view="build", r_pair="stride"))
    assert "Both see **" in words and "of B's parameters" in words
    assert "Not the same field: B sees 4 pixels more" in text(visit(r_view="build", r_pair="own", r_a="c3", r_b="c7"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_addresses_go_round(data: st.DataObject) -> None:
    """What the settings spell is read back as the same settings, without a notice."""
    choices = {
        "r_view": st.sampled_from(VIEWS), "r_net": st.sampled_from(("own", *NETS)),
        "r_map": st.sampled_from(["", "pool4", "trunk.features.inception3a:_concatenation", "backbone.layer1.0.conv2"]),
        "r_nets": st.lists(st.sampled_from(("own", *NETS)), min_size=1, unique=True).map(tuple),
        "r_every": st.booleans(), "r_inputs": st.sampled_from(["photos", "random"]), "r_n": st.integers(1, 16),
        "r_measure": st.sampled_from(["absolute", "squared"]), "r_scale": st.sampled_from(["linear", "log"]),
        "r_pair": st.sampled_from(["kernels", "stride", "large", "vgg", "own"]),
        "r_a": st.sampled_from(["", "c3p1.m2s2.c3d2x8"]), "r_b": st.sampled_from(["", "t4s2p1"]),
        "r_side": st.integers(8, 1024),
    }  # fmt: skip
    assert set(choices) == set(OWN)
    state = {name: data.draw(values) for name, values in choices.items()}
    state["r_nets"] = tuple(name for name in ("own", *NETS) if name in state["r_nets"])
    spelled = address.write({}, state)
    reading = address.read(spelled, address.Names())
    assert reading.notices == ()
    assert {name: reading.settings.get(name, SETTINGS[name].default) for name in OWN} == state


def test_the_canvas_keeps_the_photo_in_its_middle() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    shown = photo_canvas(image, 20, [Outline((-10, -10, 20, 20), (255, 0, 0))], lit=Outline((0, 0, 20, 20), (0, 0, 0)))
    assert (shown.width, shown.height) == (100, 80)
    fields = published_fields("vgg16", (40, 60))
    assert margin([fields.outputs["logits.8"]], (40, 60)) == 60


def test_depths_take_the_largest_field() -> None:
    layers = published_fields("googlenet", (240, 320)).layers
    points = longest(layers)
    sizes = [point.axes[1].size for point in points]
    assert sizes == sorted(sizes) and [p.depth for p in points] == list(range(1, len(points) + 1))


def test_the_photo_in_hand_counts_once() -> None:
    picture, names = bench_kept.sample_picture("streets-2"), bench_kept.sample_names()
    case = SimpleNamespace(picture=picture)
    look = Seen(thumbnail(picture.image, 64), 0.1, (), Segmenter(tiny_weights()), case)  # type: ignore[arg-type]
    photos = {photo.numpy().tobytes() for photo in islice(_photos(look), len(names))}
    assert len(photos) == len(names)
