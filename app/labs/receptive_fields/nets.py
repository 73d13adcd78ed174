"""The networks whose fields can be shown: the one in hand, and the published ones, built with few channels.

How wide a network is changes no field, so the published ones are slim.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import streamlit as st
from torch import nn

from app.bench.case import Case
from app.labs.shared import kept as labs_kept
from app.visitor import session
from fcn_core.analysis.fields.receptive_field import LayerField, ReceptiveFields, receptive_field
from fcn_core.models.architectures import ARCHITECTURES, build
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import FCNSpec

# name -> (what to call it, colour of its line); Okabe and Ito's colours, told apart by everyone
PUBLISHED: dict[str, tuple[str, str]] = {
    "alexnet": ("AlexNet", "#56b4e9"),
    "vgg16": ("VGG16", "#e69f00"),
    "googlenet_pooled": ("GoogLeNet, with its last pooling", "#009e73"),
    "googlenet_published": ("GoogLeNet, as in the FCN", "#f0e442"),
    "googlenet": ("GoogLeNet, torchvision's", "#0072b2"),
    "fcn_resnet50": ("ResNet-50, dilated", "#d55e00"),
}
IN_HAND = ("own", "Weights in hand", "#cc79a7")


@dataclass(frozen=True)
class Net:
    """A walked network. key: what its fields depend on."""

    name: str
    title: str
    model: nn.Module
    fields: ReceptiveFields
    key: tuple

    @property
    def last(self) -> LayerField:
        """The trunk's last map (what the score layer reads), or the last one that a box describes."""
        scored = self.fields.outputs.get("maps.score_fr")
        return scored if scored is not None else [row for row in self.fields.layers if not row.is_whole][-1]

    @property
    def maps(self) -> dict[str, LayerField]:
        """Maps to look from: the heads' pixels, the fused maps, then every layer that moves the field, by address."""
        found = {name: output for name, output in self.fields.outputs.items() if output.places}
        seen = {id(output._field) for output in found.values()}
        for layer in self.fields.layers:
            if id(layer._field) not in seen and not layer.changes_nothing and layer.places:
                found.setdefault(address(layer), layer)
        return found


def address(layer: LayerField) -> str:
    """A layer's name as an address can hold it."""
    return layer.label.replace(" ", "_")


@lru_cache(maxsize=12)
def published_model(name: str) -> nn.Module:
    """A published network in reference alignment, with few channels and untrained."""
    if name.startswith("fcn_"):
        return build(ARCHITECTURES[name].spec.from_dict({"num_classes": 2})).eval()
    return FCN(FCNSpec(backbone=name, width=1 / 32, fc_channels=4, num_classes=2, alignment="reference")).eval()


@lru_cache(maxsize=40)
def published_fields(name: str, size: tuple[int, int]) -> ReceptiveFields:
    """What the cells of a published network see of a picture of this size."""
    return receptive_field(published_model(name), size)


def walked(case: Case, name: str, size: tuple[int, int]) -> Net:
    """The network of this name, walked with a picture of size (H, W); "own" is that of the weights."""
    if name == IN_HAND[0]:
        loaded = case.segmenter.loaded
        return Net(name, case.record.name, loaded.model, labs_kept.fields(case.segmenter, size), (loaded.key,))
    return Net(name, PUBLISHED[name][0], published_model(name), published_fields(name, size), ("published", name))


def net_picker(case: Case, size: tuple[int, int]) -> Net:
    """The network in question, out of the one in hand and the published ones."""
    options = {IN_HAND[0]: f"In hand: {case.record.name}"} | {name: title for name, (title, _) in PUBLISHED.items()}
    held = session.setting("r_net")
    st.session_state["control-r_net"] = held
    with st.container(width=420):
        st.selectbox(
            "Network", list(options), format_func=options.__getitem__, key="control-r_net", on_change=_choose_net
        )
    return walked(case, held, size)


def _choose_net() -> None:
    session.change_setting("r_net", st.session_state["control-r_net"])
