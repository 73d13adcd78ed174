"""The logit ledger of a pixel, and the map of who decided."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.labs.fusion import kept
from app.labs.fusion.figures import FEW_CLASSES, ledger_figure
from app.labs.shared import lab
from app.labs.shared.chart_json import chart_json
from app.labs.shared.fusion_case import FusionCase, nothing_to_fuse
from app.labs.shared.streams import STREAM_COLOURS
from app.parts.browser_figures import figure, plotly_library
from app.parts.colours import hex_colour
from app.parts.words import percent, signed
from app.visitor import widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.fusing.decisions import Decisions, decisions, who_decided
from fcn_core.analysis.fusing.fusion import Fusion, Ledger
from fcn_core.labels import VOID
from fcn_core.segmenting.scores import FullScores


def show(found: FusionCase) -> None:
    """Map on the left, ledger on the right."""
    if nothing_to_fuse(found):
        return
    fusion = found.fusion
    assert fusion is not None
    plotly_library()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        head = widgets.head_picker(fusion.heads)
        ways = found.decisions(head)
        options = {"decided": "Who decided", **{s: f"Flipped by {s}" for s in ways.streams[1:]}}
        kind = widgets.pick_one("f_show", "Map", options, fallback="decided")
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _map(found, ways, kind)
    with right:
        _ledger(found, head)
    _checks(found, head)


def _map(found: FusionCase, ways: Decisions, kind: str) -> None:
    case = found.case
    if kind == "decided":
        shown = kept.decided_picture(case.result, found.segmenter, ways.head)
        title = f"Which stream tipped each pixel to its final class, head {ways.head}s"
    else:
        shown = kept.verdict_picture(case.result, found.segmenter, ways.head, kind, case.truth)
        title = f"Pixels whose label the addition of {kind} changed"
    picture(shown, key="fusion-decided", title=title, alt=title, pixel=case.pixel, on_pixel=widgets.hold_pixel)
    if kind == "decided":
        keys = "&emsp;".join(
            f"{_swatch(STREAM_COLOURS[stream])} {stream} **{percent(share)}**" for stream, share in ways.shares.items()
        )
        st.markdown(keys)
        st.caption(
            "The last stream whose addition changed the pixel's best class; fc7 where no addition did. Click a pixel."
        )
        if len(ways.streams) == 1:
            st.caption("The 32s head has one stream: fc7 decides everywhere.")
    else:
        _flip_words(ways, kind, found.truth)


def _flip_words(ways: Decisions, stream: str, truth: np.ndarray | None) -> None:
    flips = ways.flips(stream, truth)
    share = flips.pixels / ways.decided.size
    if truth is None or flips.repaired is None or flips.broken is None:
        st.markdown(f"**{stream}** flipped {flips.pixels:,} pixels ({percent(share)}).")
        st.caption("With a ground truth, the map would show whether that was right. Add one under Truth above.")
        return
    gain = flips.repaired - flips.broken
    st.markdown(
        f"**{stream}** flipped {flips.pixels:,} pixels ({percent(share)}): {_swatch(REPAIRED)} {flips.repaired:,} "
        f"repaired, {_swatch(BROKEN)} {flips.broken:,} broken, {_swatch(STILL)} {flips.still_wrong:,} wrong before and "
        f"after. Net {'gain' if gain >= 0 else 'loss'}: **{abs(gain):,}** pixels."
    )
    st.caption("Against the ground truth; where that is void, nothing is judged (grey).")


REPAIRED, BROKEN, STILL = (0, 114, 178), (213, 94, 0), (204, 121, 167)


def _swatch(colour: tuple[int, int, int]) -> str:
    return f':color[\u2003]{{background="{hex_colour(colour)}"}}'


def _ledger(found: FusionCase, head: int) -> None:
    case, fusion = found.case, found.fusion
    assert fusion is not None
    x, y = found.spot()
    book = fusion.ledger(head, x, y, own_logits(found, head, x, y))
    classes = case.labels.classes
    if case.pixel is None:
        st.markdown(f"**Ledger of the pixel in the middle, x {x}, y {y}** :small[Click any pixel of the map.]")
    else:
        st.markdown(f"**Ledger of pixel x {x}, y {y}**")
    st.markdown(in_words(book, classes) + _truth_words(found, book, x, y))
    order = np.argsort(-book.logits, kind="stable")[:FEW_CLASSES]
    figure(
        chart_json(ledger_figure(book, [int(i) for i in order], classes)), key="fusion-ledger",
        alt=f"Signed parts of every class's logit at pixel {x}, {y}",
    )  # fmt: skip
    if len(classes) > FEW_CLASSES:
        st.caption(f"The {FEW_CLASSES} largest of {len(classes)} classes.")
    with st.expander("The numbers"):
        st.markdown(ledger_table(book, [int(i) for i in np.argsort(-book.logits, kind="stable")], classes))
    residual = f"{float(np.abs(book.residual).max()):.0e}".replace("e-0", "e-")
    st.caption(
        "Bars to the right speak for a class, bars to the left against it; the mark is their sum, the logit. Residual, "
        f"what the parts leave unexplained: at most {residual}."
    )


def own_logits(found: FusionCase, head: int, x: int, y: int) -> np.ndarray | None:
    """What the network itself said at a pixel; None where that was rounded to 16 bits, as for large photos."""
    scores = found.case.result.scores[head]
    if not isinstance(scores, FullScores) or scores.logits.dtype == np.float16:
        return None
    return scores.logits[:, y, x].astype(np.float64)


def in_words(book: Ledger, classes: tuple[str, ...]) -> str:
    """The story of a pixel in a few sentences."""
    names = [classes[i] for i in book.after]
    said = [f"{book.streams[0]} alone says **{names[0]}**"]
    said += [f"with {s} it is **{n}**" for s, n in zip(book.streams[1:], names[1:], strict=True)]
    return f"{', '.join(said)}. **{book.decided_by}** decided."


def _truth_words(found: FusionCase, book: Ledger, x: int, y: int) -> str:
    if found.truth is None:
        return ""
    true = int(found.truth[y, x])
    verdict = "" if true == VOID else (", so that is right" if true == book.winner else ", so that is wrong")
    return f" Ground truth: {found.case.true_class(x, y)}{verdict}."


def ledger_table(book: Ledger, order: list[int], classes: tuple[str, ...]) -> str:
    """Class, one column a stream, their sum and the residual, as Markdown."""
    heads = " | ".join(book.streams)
    lines = [f"| class | {heads} | logit | residual |", "|---" + "|---:" * (len(book.streams) + 2) + "|"]
    for i in order:
        row = " | ".join(signed(float(v), 3) for v in book.parts[:, i])
        lines.append(f"| {classes[i]} | {row} | **{signed(float(book.logits[i]), 3)}** | {book.residual[i]:.0e} |")
    return "\n".join(lines)


def _checks(found: FusionCase, head: int) -> None:
    fusion = found.fusion
    assert fusion is not None
    x, y = found.spot()
    own = own_logits(found, head, x, y)
    book = fusion.ledger(head, x, y, own)
    whose = "the head's own logits" if own is not None else "the head's own last map, enlarged"
    bound = 1e-5 * max(1.0, float(np.abs(book.logits).max()))
    lab.check(
        f"the parts of all {len(book.logits)} classes at this pixel, summed, and {whose}",
        float(np.abs(book.residual).max()), bound,
    )  # fmt: skip
    last = found.decisions(head).labels[-1]
    different = float((last != found.case.result.label_maps[head]).mean())
    lab.check(f"label map after all streams and that of head {head}s, share of pixels that differ", different, 1e-4)
    lab.show_code(Fusion.shares_of_grid, Fusion.ledger, decisions, who_decided)
