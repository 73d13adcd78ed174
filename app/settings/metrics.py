"""What the Metrics and imbalance page lets a person set."""

from __future__ import annotations

from app.settings.imbalance import SETTINGS as IMBALANCE
from app.settings.kinds import Setting, choice, code, flag, whole

VIEWS = ("disturb", "averages", "imbalance", "doctor")

SETTINGS: tuple[Setting, ...] = (
    choice("m_view", VIEWS, "disturb"),  # on the Metrics and imbalance page
    choice("m_from", ("truth", "result", "upload"), "truth"),  # the label map that is disturbed
    whole("m_grow", -32, 32, 0),  # erodes (below 0) or dilates the class in hand, pixels
    whole("m_dx", -64, 64, 8),  # shifts the label map to the right, pixels
    whole("m_dy", -64, 64, 0),  # and down
    whole("m_salt", 0, 100, 0),  # percent of the pixels that get a random class
    flag("m_drop"),  # the class in hand is never predicted
    choice("m_flood", ("off", "background", "class"), "off"),  # everything is background, or the class in hand
    whole("m_d", 1, 32, 5),  # width of the boundary band of boundary IoU, pixels
    code("m_cell"),  # truth.prediction: the cell of the confusion matrix whose pixels are shown
    choice("m_pred", ("network", "disturbed"), "network"),  # whose label maps are averaged over the samples
    whole("m_batch", 1, 6, 2),  # pictures a batch
    choice("m_absent", ("out", "zero", "one"), "out"),  # what a class counts that is in neither truth nor prediction
    *IMBALANCE,
)
