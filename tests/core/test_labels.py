"""Label sets: consistent, and colours as published."""

from __future__ import annotations

import pytest

from fcn_core.labels import CAMVID, LABEL_SETS, VOC, LabelSet, spread_palette, voc_palette


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=lambda labels: labels.name)
def test_names_and_colours_are_distinct(labels: LabelSet) -> None:
    assert len(set(labels.classes)) == len(set(labels.palette)) == len(set(labels.colour_blind_safe)) == len(labels)
    assert labels.colours() == labels.palette and labels.colours(safe=True) == labels.colour_blind_safe


def test_voc_colours_are_the_published_ones() -> None:
    assert voc_palette(21)[1] == (128, 0, 0) and voc_palette(21)[15] == (192, 128, 128)
    assert VOC.palette[VOC.index("tv monitor")] == (0, 64, 128) and CAMVID.palette[CAMVID.index("pole")] == (
        192,
        192,
        128,
    )


def test_unknown_class_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no class 'cat' in camvid; its classes are sky"):
        CAMVID.index("cat")


def test_a_set_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="give one of each a class"):
        LabelSet("x", "x", ("a", "b"), voc_palette(2), voc_palette(1))
    names = tuple(f"class {i}" for i in range(256))
    with pytest.raises(ValueError, match="256 classes"):
        LabelSet("x", "x", names, voc_palette(256), spread_palette(256))
