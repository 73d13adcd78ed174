"""The Segment page with images of six channels: .npy and TIFF uploads, and sentences where weights do not fit."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from app_bench import TINY
from segmenters import tiny_weights
from test_pages import open_page, upload

from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import Preprocessing, save_checkpoint, write_card

BANDS = np.random.default_rng(0).integers(0, 4000, (40, 56, 6), dtype=np.uint16)


def stored(kind: str, array: np.ndarray = BANDS) -> bytes:
    stream = io.BytesIO()
    if kind == "npy":
        np.save(stream, array)
    else:
        tifffile.imwrite(stream, array.transpose(2, 0, 1), photometric="minisblack")
    return stream.getvalue()


@pytest.fixture(autouse=True)
def planes(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Weights `tiny` for photos and `six` for six channels; returns what every network pass reads, in order."""
    loaded = tiny_weights(in_channels=6)
    raw = Preprocessing.of_bands((2000.0,) * 6, (1000.0,) * 6)
    path = save_checkpoint(
        own_home / "imported" / "six.safetensors", loaded.model, labels=loaded.labels, preprocessing=raw
    )
    about = {"name": "six", "knows": "Nothing.", "source": "imported", "filename": path.name, "folder": path.parent}
    write_card(replace(loaded.record, preprocessing=raw, **about), path.parent)
    seen: list[np.ndarray] = []
    forward = Segmenter._forward

    def watched(self, planes, heads, **settings):
        seen.append(planes)
        return forward(self, planes, heads, **settings)

    monkeypatch.setattr(Segmenter, "_forward", watched)
    return seen


@pytest.mark.parametrize("kind", ["npy", "tif"])
def test_an_upload_of_six_channels_is_segmented(planes: list, kind: str) -> None:
    test = open_page(weights="six")
    assert any("read 6 channels" in box.value for box in test.error), "the sample is a photo"
    test = upload(test, (f"field.{kind}", stored(kind), "application/octet-stream"))
    assert not test.exception and not test.error, [box.value for box in test.error]
    assert np.array_equal(planes[-1], BANDS)


def test_weights_for_photos_say_what_came(planes: list) -> None:
    test = upload(open_page(weights=TINY), ("field.npy", stored("npy"), "application/octet-stream"))
    assert not test.exception
    assert any("read photos (3 channels, RGB), but field.npy has 6 channels" in box.value for box in test.error)
    test = upload(open_page(weights="six"), ("five.npy", stored("npy", BANDS[..., :5]), "application/octet-stream"))
    assert any("H×W×6, but five.npy has 5" in box.value for box in test.error) and not test.exception


def test_a_damaged_file_gets_a_sentence(planes: list) -> None:
    test = upload(open_page(weights="six"), ("cut.npy", stored("npy")[:-50], "application/octet-stream"))
    assert not test.exception and any("cut.npy is cut short" in box.value for box in test.error)
