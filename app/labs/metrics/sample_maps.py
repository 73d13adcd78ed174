"""Truth and prediction of every bundled sample: of the network in hand, or the disturbed ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.run_segmenter import run_segmenter
from app.labs.metrics import kept
from app.labs.metrics.bench import wished
from app.visitor import session, widgets
from fcn_core.labels import CAMVID, VOID
from fcn_core.metrics import ConfusionMatrix


@dataclass(frozen=True)
class SampleMap:
    """A sample's name and label maps, H×W uint8 in CamVid's classes; 255 is void in the truth."""

    name: str
    truth: np.ndarray
    prediction: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """Confusion matrix, K×K."""
        matrix = ConfusionMatrix(len(CAMVID))
        matrix.update(self.truth, self.prediction)
        return matrix.counts


def sample_maps(case: Case) -> list[SampleMap] | None:
    """The samples' maps as the settings wish; None after a reason was shown."""
    truths = {
        name: truth.mask for name in bench_kept.sample_names() if (truth := bench_kept.sample_truth(name)) is not None
    }
    if len(truths) < 2:
        st.info("This view needs two or more samples with ground truth in `assets/samples/`.", icon=":material/info:")
        return None
    options = {"network": f"The network, head {case.head}s", "disturbed": "Disturbed ground truth"}
    if case.labels.name != CAMVID.name:
        del options["network"]
        st.caption(
            f"These weights answer in other classes ({case.labels.title}) than the samples' ground truth, whose "
            "disturbed maps stand in for a prediction. Choose the weights `streets` or `camvid` to see a network's."
        )
    if widgets.pick_one("m_pred", "Label maps of", options) == "network":
        return _network(case, truths)
    st.caption("The ground truth of every sample, disturbed as the sliders of the first view say.")
    return _disturbed(truths)


def _network(case: Case, truths: dict[str, np.ndarray]) -> list[SampleMap] | None:
    found = []
    for name, truth in truths.items():
        result = run_segmenter(bench_kept.sample_picture(name), case.record)
        if result is None:
            return None
        found.append(SampleMap(name, truth, result.label_maps[case.head]))
    return found


def _disturbed(truths: dict[str, np.ndarray]) -> list[SampleMap]:
    sizes = sum(np.bincount(truth[truth != VOID], minlength=len(CAMVID)) for truth in truths.values())
    most = int(np.argmax(sizes))
    held = session.bench().cls
    wish = wished(CAMVID.index(held) if held in CAMVID.classes else most, most)
    return [SampleMap(name, truth, kept.disturbed(truth, wish, len(CAMVID))) for name, truth in truths.items()]
