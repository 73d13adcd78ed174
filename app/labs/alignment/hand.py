"""Which chain of layers the views are about: network, alignment, head, size of the photo, and what was changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.strip import Strip
from app.visitor import session, widgets
from fcn_core.analysis.aligning import changes as alignment_changes
from fcn_core.analysis.aligning.chain import Chain, Walked, changed, derived_crops, walk
from fcn_core.analysis.aligning.changes import Changes
from fcn_core.analysis.aligning.networks import chain_of, published_network
from fcn_core.analysis.aligning.probe import probed_places, torch_sizes
from fcn_core.models.fcn import FCN

NETS = {"vgg16": "VGG16", "caffenet": "AlexNet", "googlenet_published": "GoogLeNet", "own": "Weights in hand"}
KINDS = {"reference": "Reference", "centered": "Centered"}


@dataclass(frozen=True)
class Hand:
    """A chain in hand. usual: as the network is built; chain: with the changes of the address.

    asked: all changes of the address; changes: those that this chain can take.
    """

    title: str
    model: FCN
    usual: Chain
    chain: Chain
    changes: Changes
    asked: Changes
    photo: tuple[int, int]

    @property
    def walked(self) -> Walked:
        return walk(self.chain, self.photo)

    @property
    def head(self) -> int:
        return self.chain.head


def pick(strip: Strip, *, sized: bool = True, headed: bool = True) -> Hand:
    """The controls, and the chain that they choose, as it is built.

    sized, headed: whether the view asks for the photo's size and for a head.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        net = widgets.pick_one("a_net", "Network", NETS)
        own = _own(strip) if net == "own" else None
        missing, kind = net == "own" and own is None, "reference"
        net = "vgg16" if missing else net
        if own is None:
            kind = widgets.pick_one("a_kind", "Alignment", KINDS)
        model = own or published_network(net, kind)  # type: ignore[arg-type]
        head = widgets.head_picker(model.heads, place="-alignment") if headed else min(model.heads)
        if sized:
            with st.container(horizontal=True, width=420 if session.setting("large") else 290, gap="small"):
                for name, label in (("a_w", "Photo's width, px"), ("a_h", "height, px")):
                    widgets.number(name, label, 1, 4096)
    if missing:
        st.caption(
            ":material/info: The weights in hand are no FCN with skips, or are not downloaded yet: VGG16 is shown."
        )
    usual = chain_of(model, head)
    title = strip.record.name if own is not None and strip.record is not None else NETS[net]
    return Hand(title, model, usual, usual, {}, {}, (session.setting("a_h"), session.setting("a_w")))


def with_changes(hand: Hand) -> Hand:
    """The chain with the changes of the address; says which of them it cannot take."""
    asked = _asked()
    changes = _fitting(hand.usual, asked)
    if waiting := [name for name in asked if name not in changes]:
        names = widgets.plain(", ".join(waiting))
        st.caption(f":material/info: Changes that wait for a chain with these layers: {names}.")
    return replace(hand, asked=asked, changes=changes, chain=changed(hand.usual, changes))


def with_head(hand: Hand, head: int) -> Hand:
    """The same network's chain of another head, as it is built."""
    usual = chain_of(hand.model, head)
    return replace(hand, usual=usual, chain=usual)


def derived(hand: Hand) -> Hand:
    """The same chain with the crops that follow from its layers; as it is where no crop helps."""
    try:
        crops = derived_crops(hand.chain)
    except ValueError:
        return hand
    return replace(hand, chain=changed(hand.chain, {name: {"crop": crop} for name, crop in crops.items()}))


def _own(strip: Strip) -> FCN | None:
    """The network of the weights in hand, if it is an FCN that is on this machine."""
    if strip.record is None or not bench_kept.is_here(strip.record):
        return None
    try:
        model = bench_kept.segmenter(strip.record).loaded.model
    except ValueError:
        return None
    return model if isinstance(model, FCN) else None


def _asked() -> Changes:
    """The changes of the address; a sentence if they make no sense."""
    try:
        return alignment_changes.read(session.setting("a_set"))
    except ValueError as problem:
        st.caption(f":material/info: The changes in the address were ignored: {widgets.plain(str(problem))}.")
        return {}


def _fitting(usual: Chain, asked: Changes) -> Changes:
    """The changes that this chain can take; those of other layers wait for a chain that has them."""
    found: Changes = {}
    for layer in usual.layers:
        values = asked.get(layer.name, {}) if layer.kind not in ("sum", "block") else {}
        values = {what: value for what, value in values.items() if what != "crop" or layer.may_crop}
        if values:
            found[layer.name] = values
    return found


def hold_changes(changes: Changes, hand: Hand) -> None:
    """Keep changes in the address; a value that is the network's own is no change."""
    real = {name: values for name, values in hand.asked.items() if name not in hand.changes}
    for name, values in changes.items():
        layer = hand.usual.layer(name)
        different = {what: value for what, value in values.items() if value != getattr(layer, what)}
        if different:
            real[name] = different
    session.change_setting("a_set", alignment_changes.spell(real))


@lru_cache(maxsize=128)
def probed(chain: Chain) -> dict[str, tuple[float, float]]:
    """Where the output looks, measured with a ramp in PyTorch's layers."""
    return probed_places(chain)


@lru_cache(maxsize=128)
def sizes_in_torch(chain: Chain, photo: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Sizes of the maps as PyTorch's layers give them."""
    return torch_sizes(chain, photo)
