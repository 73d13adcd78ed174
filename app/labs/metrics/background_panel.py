"""Why a model that predicts only background scores p / K."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.labs.metrics.bench import Measured
from app.labs.shared import lab
from app.parts.words import percent
from fcn_core.analysis.measuring.torch_measures import largest_difference, torch_measures
from fcn_core.labels import VOID


def background_panel(found: Measured) -> None:
    """The four measures of a map of one class: derived, with the numbers of the present truth, and counted."""
    floor = found.floor
    sizes = np.bincount(found.truth[found.truth != VOID], minlength=len(found.labels))
    wanted = constant_scores(sizes, floor)
    name, hit, total = found.labels.classes[floor], int(sizes[floor]), int(sizes.sum())
    classes = int((sizes > 0).sum() + (hit == 0))
    in_truth = int((sizes > 0).sum())
    st.subheader(f"Predict only {name}: why it scores p / K", anchor=False)
    if found.background is None:
        st.caption(f"These classes have no background; the most frequent class of this truth, {name}, takes its place.")
    st.markdown(
        f"Let p be the share of {name} in the true pixels: p = {hit:,} / {total:,} = **{percent(hit / total)}**. "
        f"Predicted everywhere, {name} is hit on all its t pixels, so n = t, and it is predicted on all N pixels, so "
        "its union is N. Every other class has n = 0, and so accuracy and IoU 0, but it stays in the mean."
    )
    rows = [
        ("PA", "t / N", "p", wanted["pa"], f"{hit:,} / {total:,}"),
        ("MPA", "(1 + 0 + … + 0) / K", "1 / K", wanted["mpa"], f"{int(hit > 0)} / {in_truth}"),
        ("mIoU", "(t / N + 0 + … + 0) / K", "p / K", wanted["miou"], f"{hit / total:.3f} / {classes}"),
        ("FWIoU", "t · (t / N) / N", "p²", wanted["fwiou"], f"{hit / total:.3f}²"),
    ]
    body = "".join(
        f"<tr><td>{name}</td><td>{long}</td><td>{short}</td><td>{filled}</td><td><b>{percent(value)}</b></td></tr>"
        for name, long, short, value, filled in rows
    )
    head = "<tr><th>measure</th><th>counted out</th><th>short</th><th>here</th><th></th></tr>"
    st.html(f"<div class='fcn-classes' style='max-width:46rem'><table>{head}{body}</table></div>")
    counted = torch_measures(found.truth, np.full(found.truth.shape, floor, np.uint8), len(found.labels))
    lab.check(f"the four short formulas and a map of {name} alone, counted", largest_difference(wanted, counted), 1e-9)
    st.caption(
        "Pixel accuracy is K times the mean IoU: the more classes there are, the more it flatters a lazy model. K "
        f"counts the classes of this truth ({in_truth} of {len(found.labels)}), and the one predicted where it is not "
        "among them; over a whole set it counts all that occur anywhere in it."
    )


def constant_scores(sizes: np.ndarray, cls: int) -> dict[str, float]:
    """PA, MPA, mIoU and FWIoU, 0-1, of predicting `cls` everywhere, from the true pixels of every class.

    With p the share of `cls` and K the classes of the truth: p, 1/K, p/K, p². A class that is not in the truth scores
    0 in all four, over one more class.
    """
    total, in_truth = int(sizes.sum()), int((sizes > 0).sum())
    if total == 0:
        raise ValueError("expected at least one pixel with a true class")
    p, there = float(sizes[cls] / total), bool(sizes[cls])
    return {"pa": p, "mpa": int(there) / in_truth, "miou": p / (in_truth + (not there)), "fwiou": p * p}
