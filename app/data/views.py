"""Class balance of a data set, and what the augmentation in hand makes of one of its photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from pydantic import ValidationError

from app.data import kept
from app.data.charts import balance_figure
from app.data.in_hand import DataInHand
from app.parts import browser_parts
from app.parts.pictures import sample_view
from app.visitor import session, widgets
from fcn_core.data.balance import ClassBalance
from fcn_core.data.kept import channels_of
from fcn_core.data.sample import Sample
from fcn_core.labels import LabelSet
from fcn_core.training.loop.stream import Draws
from fcn_core.training.settings.groups import AugmentSettings
from fcn_core.weights.preprocessing import IMAGENET

VARIATIONS = 8
SIDE = 210


def balance(held: DataInHand) -> None:
    """Share of each class in the pixels of every split."""
    widgets.switch("rare", "Log scale", help="Rare classes show on a log scale; lengths compare on a linear one.")
    balances: dict[str, ClassBalance] = {}
    with st.spinner("Counting pixels …"):
        for split in dict.fromkeys((held.split, *held.splits)):
            try:
                balances[split] = kept.data_balance(kept.data_set(held.kind, held.root, split))
            except (ValueError, OSError) as problem:
                st.error(widgets.plain(str(problem)), icon=":material/broken_image:")
    if held.split not in balances:
        return
    colours = held.labels.colours(safe=session.setting("safe"))
    figure = balance_figure(balances, held.split, colours, log=session.setting("rare"))
    st.plotly_chart(figure, key="balance", config={"displayModeBar": False})
    chosen = balances[held.split]
    counted = (
        f"{chosen.looked_at} evenly spread pictures of {chosen.of:,}"
        if chosen.looked_at < chosen.of
        else f"all {chosen.of:,} pictures"
    )
    there = [(share, name) for share, name in zip(chosen.shares, held.labels.classes, strict=True) if share > 0]
    absent = [name for share, name in zip(chosen.shares, held.labels.classes, strict=True) if share == 0]
    said = [f"Bars: {held.split}, counted over {counted}; {chosen.void_share:.1%} of the pixels are void."]
    if len(there) > 1:
        most, least = max(there), min(there)
        said.append(
            f"The most frequent class, {widgets.plain(most[1])}, covers {most[0] / least[0]:,.0f} times as many "
            f"pixels as the rarest, {widgets.plain(least[1])}; class weights, rare crops and mixing help such classes."
        )
    if absent:
        said.append(f"Not in these pictures: {widgets.plain(', '.join(absent))}.")
    st.caption(" ".join(said))


class _One:
    """One photo as a data set, so that every draw varies it."""

    name = "one photo"

    def __init__(self, sample: Sample, labels: LabelSet, channels: int) -> None:
        self.sample, self.labels, self.channels = sample, labels, channels

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Sample:
        return self.sample


def augment(held: DataInHand, values: Mapping[str, Any], origin: str) -> None:
    """Eight variations of one photo, as training would draw them. values: of its settings, which are from `origin`."""
    number = min(max(1, session.setting("no")), len(held.data))
    turn = session.setting("draw")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"{VARIATIONS} others",
            icon=":material/casino:",
            on_click=session.change_setting,
            args=("draw", (turn + 1) % 1_000_000),
        )
        st.button(
            "Another photo",
            icon=":material/image:",
            on_click=session.change_setting,
            args=("no", number % len(held.data) + 1),
        )
        widgets.switch("labels", "Label colours")
    try:
        settings = AugmentSettings.model_validate(values)
        sample = kept.data_sample(held.opened, number - 1)
        varied = _vary(held, sample, settings, turn)
    except ValidationError:
        st.error("The augmentation settings in hand do not fit together; correct them on the Train page.")
        return
    except (ValueError, OSError) as problem:
        st.error(widgets.plain(str(problem)), icon=":material/broken_image:")
        return
    opacity = 55 if session.setting("labels") else 0
    look = {"side": 480, "opacity": opacity, "safe": session.setting("safe")}
    items = [("0", f"{sample.name}, as it is", sample_view(sample, held.labels, **look).src)]
    for place, one in enumerate(varied, start=1):
        items.append((str(place), f"Variation {place}", sample_view(one, held.labels, **look).src))
    browser_parts.gallery(
        items,
        key="augment-gallery",
        label="The photo and its variations",
        chosen="0",
        on_choice=lambda name: None,
        side=SIDE,
    )
    height, width = settings.crop
    st.caption(
        f"First {widgets.plain(sample.name)} as it is, then {VARIATIONS} training pictures of {width}×{height} drawn "
        f"from it with the augmentation that the Train page has in hand ({widgets.plain(origin)}). "
        "Where a view reaches beyond the photo it is filled with one colour and counts as void."
    )


def _vary(held: DataInHand, sample: Sample, settings: AugmentSettings, turn: int) -> list[Sample]:
    one = _One(sample, held.labels, channels_of(held.data))
    if settings.rare_classes and set(settings.rare_classes) - set(held.labels.classes):
        settings = settings.model_copy(update={"rare_classes": (), "rare_crops": 0.0})
    draws = Draws([one], shares=[None], augment=settings, preprocessing=IMAGENET, seed=turn)
    return [draws.sample(draw) for draw in range(VARIATIONS)]
