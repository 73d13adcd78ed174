"""Reading `.caffemodel`: both layer lists, old and new shapes, every way to write the numbers, damaged files."""

from __future__ import annotations

import numpy as np
import pytest
from weight_files import caffe_bytes

from fcn_core.weights.caffemodel import CaffeLayer, read_caffemodel


@pytest.fixture
def layers():
    rng = np.random.default_rng(0)
    return {
        "conv1": [rng.standard_normal((4, 3, 3, 3), dtype=np.float32), rng.standard_normal(4, dtype=np.float32)],
        "score": [rng.standard_normal((2, 4, 1, 1), dtype=np.float32)],
    }


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("double", [False, True])
def test_every_way_of_writing_reads_the_same(tmp_path, layers, old, packed, double):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffe_bytes(layers, old=old, packed=packed, double=double))
    found = read_caffemodel(path)
    assert [layer.name for layer in found] == ["conv1", "score"]
    for layer in found:
        assert isinstance(layer, CaffeLayer) and len(layer.blobs) == len(layers[layer.name])
        for blob, expected in zip(layer.blobs, layers[layer.name], strict=True):
            assert blob.dtype == np.float32 and blob.shape == expected.shape and np.array_equal(blob, expected)


def test_legacy_sizes_have_four_axes(tmp_path, layers):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffe_bytes(layers, old=True, old_shape=True))
    conv, _ = read_caffemodel(path)
    assert conv.blobs[0].shape == (4, 3, 3, 3) and conv.blobs[1].shape == (1, 1, 1, 4)


def test_the_wire_format_by_hand(tmp_path):
    """Bytes written out from caffe.proto's field numbers, with fields of other messages in between."""
    numbers = np.array([1.5, -2.0], "<f4").tobytes()
    pieces = b"\x2a\x04" + numbers[:4] + b"\x2a\x04" + numbers[4:]  # field 5 in two packed pieces
    blob = b"\x3a\x03\x0a\x01\x02" + pieces + b"\x32\x04\x00\x00\x00\x00"  # shape {dim: 2}, data, diff (skipped)
    new = b"\x0a\x01a" + b"\x12\x04Conv" + b"\x3a" + bytes([len(blob)]) + blob + b"\xd2\x06\x02\x08\x01"  # field 106
    old = b"\x22\x01b" + b"\x28\x04" + b"\x32" + bytes([len(blob)]) + blob + b"\x3d\x00\x00\x80\x3f"  # name 4, blobs 6
    path = tmp_path / "net.caffemodel"
    path.write_bytes(b"\x12" + bytes([len(old)]) + old + b"\xa2\x06" + bytes([len(new)]) + new)  # layers 2, layer 100
    found = read_caffemodel(path)
    assert [layer.name for layer in found] == ["b", "a"]
    assert all(layer.blobs[0].tolist() == [1.5, -2.0] for layer in found)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><body>not found</body></html>", "damaged|no .caffemodel|no layers"),
        (b'name: "VGG" layer { name: "conv1" }', "damaged|no .caffemodel|no layers"),
        (b"\x0a\x04test", "no layers with parameters"),
    ],
)
def test_foreign_files_get_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_caffemodel(path)


def test_no_cut_or_flipped_byte_is_read_as_the_whole(tmp_path, layers):
    whole = caffe_bytes(layers)
    path = tmp_path / "net.caffemodel"
    for length in range(1, len(whole), 13):
        path.write_bytes(whole[:length])
        try:
            found = read_caffemodel(path)
        except ValueError as problem:
            assert "net.caffemodel" in str(problem)
        else:
            assert len(found) < 2  # cut exactly between two layers
    blob = layers["conv1"][0]
    path.write_bytes(
        caffe_bytes({"conv1": [blob]}).replace(b"\x3a\x06\x0a\x04\x04\x03\x03\x03", b"\x3a\x06\x0a\x04\x04\x03\x03\x02")
    )
    with pytest.raises(ValueError, match="108 numbers do not fill the shape"):
        read_caffemodel(path)
