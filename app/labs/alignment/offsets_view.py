"""The crop offsets 19, 27, 31, 5 and 9, derived from the layers step by step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import streamlit as st

from app.bench.strip import Strip
from app.labs.alignment import hand as in_hand
from app.labs.alignment.chain_view import check_places
from app.labs.alignment.hand import KINDS, NETS, Hand
from app.labs.shared import lab
from app.parts.tables import table
from app.visitor import widgets
from fcn_core.analysis.aligning.chain import derived_crops, text
from fcn_core.analysis.aligning.derivation import Derivation, Step, derive, way
from fcn_core.analysis.aligning.networks import chain_of, published_network
from fcn_core.models.spec import PAPER_HEADS, skips_of
from fcn_core.ops.conv_arithmetic import place_upsampling, transposed_map


def show(strip: Strip) -> None:
    """The controls of the network, and the derivation."""
    _live(in_hand.pick(strip, sized=False, headed=False))
    lab.show_code(way, derive, derived_crops, transposed_map, place_upsampling)


@st.fragment
def _live(picked: Hand) -> None:
    """Only this is drawn again while another crop is chosen."""
    heads = {f"upscore{head}": head for head in picked.model.heads}
    finest = min(picked.model.heads)
    meetings = {skip.score: f"{skip.score} against {skip.enlarges}" for skip in skips_of(finest)}
    crop = widgets.pick_one("a_off", "The crop of", {n: f"{n} ({h}s)" for n, h in heads.items()} | meetings)
    hand = in_hand.with_changes(in_hand.with_head(picked, heads.get(crop, finest)))
    found = derive(hand.chain, crop)
    st.markdown(
        "Follow the middle of cell 0 through the layers. Going down, a layer of kernel k, stride s and padding p moves "
        "it by S · ((k − 1)/2 − p) pixels, where S is the stride so far, and then multiplies S by s. Going up, a "
        "transposed convolution divides S by s first, and moves it back."
    )
    if found.other:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown(f"**The enlarged map**, up to {found.steps[-1].layer.name}")
            st.html(_steps(found.steps))
        with right:
            st.markdown(f"**The skip that it meets**, up to {found.other[-1].layer.name}")
            st.html(_steps(found.other))
    else:
        with st.container(width=720):
            st.html(_steps(found.steps))
    _conclusion(found, hand)
    check_places(in_hand.derived(hand))
    st.subheader("All crops, network by network", anchor=False)
    st.html(_overview())
    st.caption(
        "Derived just now from each network's layers. The authors' net.py derives those of VGG16, padded by 100, too: "
        "the prototxt that it writes holds 19, 27, 31, 5 and 9. AlexNet's cells are centred on pixels instead of "
        "between them, so its kernel is 63×63. The paper gives skips to VGG16 only; here every network can have "
        "them. A dash: nothing to crop. "
        "\\*: the enlarged map is cropped, not the skip."
    )


def _steps(steps: Sequence[Step]) -> str:
    """One row a layer; layers that move nothing are joined."""
    rows = []
    for still, some in groupby(steps, key=lambda step: step.adds == 0 and step.before.scale == step.after.scale):
        every = list(some)
        if still and len(every) > 1:
            kept = every[-1].after
            names = f"{every[0].layer.name} … {every[-1].layer.name}"
            rows.append((names, "same middle, same stride", "0", text(kept.scale), text(kept.offset)))
            continue
        for step in every:
            formula = step.formula if step.layer.kind != "sum" else "lies where its enlarged map lies"
            rows.append((step.layer.name, formula, _signed(step), text(step.after.scale), text(step.after.offset)))
    return table(("layer", "moves cell 0 by", "pixels", "stride then", "cell 0 at pixel"), rows)


def _signed(step: Step) -> str:
    shown = text(step.adds)
    return shown if step.adds <= 0 else f"+{shown}"


def _conclusion(found: Derivation, hand: Hand) -> None:
    last = found.steps[-1]
    name, at = last.layer.name, text(last.after.offset)
    scale = last.after.scale
    goal = found.other[-1].after if found.other else None
    if goal is None and scale != 1 or goal is not None and goal.scale != scale:
        st.warning(
            f"{name} comes out with a stride of {text(scale)} pixels, and its target has "
            f"{text(goal.scale) if goal else '1'}: the cells drift apart, and no crop helps.",
            icon=":material/warning:",
        )  # fmt: skip
        return
    if found.crop is None:
        st.warning(
            f"That is {text(found.shift)} cells of the target, and a crop takes whole cells: half a cell is left "
            "over, whatever is cropped. Kernels and paddings must be chosen so that this does not happen.",
            icon=":material/warning:",
        )  # fmt: skip
        return
    if goal is None:
        if found.shift > 0:
            st.warning(f"Cell 0 of {name} lies {at} pixels inside the photo: there is nothing to crop, but rows are "
                       "missing before it.", icon=":material/warning:")  # fmt: skip
            return
        st.success(
            f"Cell 0 of {name} lies at pixel {at}, and one cell is one pixel. So its cell {found.crop} lies on pixel "
            f"0: **crop {found.crop}**.", icon=":material/done_all:",
        )  # fmt: skip
        return
    other = found.other[-1]
    difference = f"({at} − ({text(other.after.offset)})) / {text(found.unit)} = {text(found.shift)}"
    cut = other.layer.name if found.shift > 0 else name
    st.success(
        f"Cell 0 of {name} lies at pixel {at}, cell 0 of {other.layer.name} at {text(other.after.offset)}, and a cell "
        f"is {text(found.unit)} pixels: {difference}. So **{cut} is cropped by {found.crop}**.",
        icon=":material/done_all:",
    )  # fmt: skip
    _reminder(hand)


def _reminder(hand: Hand) -> None:
    if hand.changes:
        st.caption(f":material/edit: With the changes of **The chain**: {widgets.plain(', '.join(hand.changes))}.")


@lru_cache(maxsize=1)
def _overview() -> str:
    rows = []
    for net in ("vgg16", "caffenet", "googlenet_published"):
        for kind in ("reference", "centered"):
            model = published_network(net, kind)  # type: ignore[arg-type]
            final = [str(derived_crops(chain_of(model, head))[f"upscore{head}"]) for head in PAPER_HEADS]
            eight = derived_crops(chain_of(model, 8))
            meets = [_meeting(eight, skip.enlarges, skip.score) for skip in skips_of(8)]
            rows.append((NETS[net], KINDS[kind].lower(), *final, *meets))
    return table(("network", "alignment", "32s", "16s", "8s", "at pool4", "at pool3"), rows)


def _meeting(crops: dict[str, int], coarse: str, skip: str) -> str:
    if crops[skip]:
        return str(crops[skip])
    return f"{crops[coarse]} *" if crops[coarse] else "–"
