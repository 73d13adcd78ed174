"""What the Imbalance and Doctor views let a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, whole

WEIGHT_KINDS = ("none", "median_frequency", "enet", "sqrt_enet")
EXAMINED = ("case", "paste", "run", "picture")
CASES = ("healthy", "background", "summed", "tiny-rate", "void-class", "palette", "bgr", "per-batch")

SETTINGS: tuple[Setting, ...] = (
    whole("m_cats", 1, 50, 1),  # pixels of a hundred that are cat
    whole("m_found", 0, 100, 0),  # percent of the cats that are found
    whole("m_false", 0, 100, 0),  # percent of the dogs that are called cat
    choice("m_w", WEIGHT_KINDS, "none"),  # class weights of the gradient
    choice("m_set", ("streets", "camvid"), "streets"),  # data set of the stored runs
    choice("m_bars", ("iou", "recall", "precision"), "iou"),  # what of each class is compared between the runs
    choice("m_exam", EXAMINED, "case"),  # what the doctor looks at; a run is the setting `run`
    choice("m_case", CASES, "background"),  # one of the stored cases
)
