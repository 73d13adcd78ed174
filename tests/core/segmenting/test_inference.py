"""Segmenter: one pass for all heads, the same answers as the plain model, from any thread, tiled or whole."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from segmenters import tiny_model, tiny_weights
from torch import nn

from fcn_core.models.architectures import build
from fcn_core.models.network import Network, NetworkOutput
from fcn_core.models.torchvision_spec import FCNResNet50Spec
from fcn_core.pictures.bands import show_bands
from fcn_core.pictures.images import ImageError, png_bytes
from fcn_core.segmenting.folding import folded_copy
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import Preprocessing

PHOTO = np.random.default_rng(3).integers(0, 256, (75, 101, 3), np.uint8)


class Counted(Network):
    """A network that counts its passes, also in the Segmenter's private copy."""

    def __init__(self, network: nn.Module, passes: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.network = network
        self.spec = network.spec
        self.record = passes.append  # a bound method of the caller's list: a deep copy would have its own

    def __deepcopy__(self, memo: dict) -> Counted:
        copied = Counted(folded_copy(self.network), [])
        copied.record = self.record
        return copied

    @property
    def widest(self) -> float:
        return self.network.widest

    def forward(self, x: torch.Tensor, heads: Sequence[int] | None = None) -> NetworkOutput:
        self.record(tuple(x.shape))
        return self.network(x, heads)


def plain_logits(model: nn.Module, photo: np.ndarray) -> dict[int, np.ndarray]:
    x = Preprocessing().apply(photo)[None]
    with torch.no_grad():
        return {head: logits[0].numpy() for head, logits in model(x).logits.items()}


def test_answers_equal_the_plain_model() -> None:
    weights = tiny_weights()
    result = Segmenter(weights).segment(PHOTO)
    expected = plain_logits(weights.model, PHOTO)
    assert result.heads == (32, 16, 8) and not result.tiled and result.weights == "tiny"
    for head, logits in expected.items():
        p = torch.from_numpy(logits).softmax(0)
        np.testing.assert_allclose(result.probabilities[head], p, atol=1e-5)
        assert (result.label_maps[head] == logits.argmax(0)).mean() > 0.9999
        np.testing.assert_allclose(result.confidence(head), p.amax(0), atol=1e-5)
        entropy = torch.special.entr(p).sum(0) / np.log(11)
        np.testing.assert_allclose(result.entropy(head), entropy, atol=1e-5)
        np.testing.assert_allclose(result.heatmap(head, "pole"), p[2], atol=1e-5)
        np.testing.assert_array_equal(result.heatmap(head, 2), result.heatmap(head, "pole"))
        counts = np.bincount(logits.argmax(0).ravel(), minlength=11)
        np.testing.assert_allclose(result.shares(head), counts / counts.sum(), atol=1e-3)
        assert result.shares(head).sum() == pytest.approx(1.0)
        top = result.top(head, 17, 42, k=5)
        assert [index for index, _ in top] == p[:, 42, 17].argsort(descending=True)[:5].tolist()
        assert top[0][1] == pytest.approx(float(p[:, 42, 17].max()), abs=1e-5)
    assert result.maps["score_fr"].shape[0] == 11
    assert set(result.timings) == {"read", "network", "total"}


def test_one_pass_serves_all_heads_and_all_questions() -> None:
    passes: list[tuple[int, ...]] = []
    segmenter = Segmenter(tiny_weights(Counted(tiny_model(), passes)))
    encoded = segmenter.encode(PHOTO)
    assert passes == [(1, 3, 75, 101)]
    for heads in (None, (8,), (16, 32), (32,)):
        result = segmenter.segment(encoded, heads)
        for head in result.heads:
            result.confidence(head), result.heatmap(head, 4), result.top(head, 0, 0), result.probabilities[head]
    assert len(passes) == 1
    assert segmenter.segment(PHOTO, heads=[8]).heads == (8,)
    assert len(passes) == 2


def test_asking_for_what_is_not_there() -> None:
    segmenter = Segmenter(tiny_weights(heads=(32, 8)))
    assert segmenter.heads == (32, 8)
    with pytest.raises(ValueError, match="has heads 32s, 8s; got \\[16\\]"):
        segmenter.encode(PHOTO, heads=[16])
    encoded = segmenter.encode(PHOTO, heads=[8])
    with pytest.raises(ValueError, match="encoded for head 8s only; call encode"):
        segmenter.segment(encoded, heads=[32])
    result = segmenter.segment(encoded)
    for ask in (lambda: result.confidence(32), lambda: result.top(8, 101, 0), lambda: result.heatmap(8, "unicorn")):
        with pytest.raises(ValueError, match="not computed|outside the 101×75 photo|no class"):
            ask()
    with pytest.raises(ImageError):
        segmenter.segment(b"not a photo")


def test_the_shared_model_stays_as_it_is() -> None:
    weights = tiny_weights()
    before = {key: value.clone() for key, value in weights.model.state_dict().items()}
    modules = [type(module) for module in weights.model.modules()]
    Segmenter(weights, dtype=torch.bfloat16).segment(PHOTO)
    after = weights.model.state_dict()
    assert [type(module) for module in weights.model.modules()] == modules
    assert list(after) == list(before)
    for key, value in before.items():
        assert after[key].dtype == value.dtype and torch.equal(after[key], value), key
    assert all(parameter.requires_grad for parameter in weights.model.parameters())


@pytest.mark.parametrize(
    "model",
    [
        tiny_model(fc_norm=True),
        tiny_model(backbone="vgg16"),
        tiny_model(backbone="googlenet"),
        tiny_model(backbone="alexnet", alignment="reference"),
        build(FCNResNet50Spec(num_classes=3)).eval(),
    ],
    ids=lambda model: getattr(getattr(model, "spec", None), "backbone", "resnet50"),
)
def test_folding_changes_nothing_but_the_layers(model: nn.Module) -> None:
    folded = folded_copy(model)
    norms = [module for module in folded.modules() if isinstance(module, nn.BatchNorm2d)]
    assert not norms
    x = torch.randn(1, 3, 65, 70, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        a, b = model(x).logits, folded(x).logits
    for head in a:
        torch.testing.assert_close(b[head], a[head], atol=1e-4 * float(a[head].std()) + 1e-6, rtol=1e-4)


def test_folded_copy_shares_what_it_does_not_fold() -> None:
    model = tiny_model(backbone="vgg16")
    folded = folded_copy(model)
    for (name, a), (_, b) in zip(model.named_parameters(), folded.named_parameters(), strict=True):
        assert a.data_ptr() == b.data_ptr() and a is not b, name
    folded.to(torch.bfloat16)
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


def test_four_threads_get_the_same_answers() -> None:
    segmenter = Segmenter(tiny_weights())
    rng = np.random.default_rng(8)
    photos = [rng.integers(0, 256, (40 + 9 * i, 50 + 7 * i, 3), np.uint8) for i in range(4)]
    alone = [segmenter.segment(photo) for photo in photos]
    wrong: list[str] = []

    def work(i: int) -> None:
        for _ in range(5):
            result = segmenter.segment(photos[i])
            for head in result.heads:
                if not np.array_equal(result.probabilities[head], alone[i].probabilities[head]):
                    wrong.append(f"thread {i}, head {head}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_tiles_equal_the_whole_photo() -> None:
    # The tiny VGG16 has the full one's receptive field, 404 pixels: a margin of 96 does not cover its theoretical
    # context, but nearly all of its influence. Smooth content as in photos.
    rng = np.random.default_rng(2)
    photo = np.kron(rng.integers(0, 256, (20, 28, 3), np.uint8), np.ones((40, 40, 1), np.uint8))[:793, :1101]
    segmenter = Segmenter(tiny_weights(fc_norm=True), memory_limit=2**33)
    whole = segmenter.segment(photo)
    steps: list[tuple[int, int]] = []
    tiled = segmenter.segment(photo, tile=576, progress=lambda done, total: steps.append((done, total)))
    assert tiled.tiled and not whole.tiled and tiled.maps == {}
    assert steps == [(i, steps[-1][1]) for i in range(len(steps))] and len(steps) > 6
    for head in (32, 16, 8):
        assert (tiled.label_maps[head] == whole.label_maps[head]).mean() > 0.995
        np.testing.assert_allclose(tiled.shares(head), whole.shares(head), atol=0.005)
        assert np.abs(tiled.confidence(head) - whole.confidence(head)).mean() < 0.005
        assert np.abs(tiled.entropy(head) - whole.entropy(head)).mean() < 0.005
        assert np.abs(tiled.heatmap(head, 3) - whole.heatmap(head, 3)).mean() < 0.01
        for x, y in ((5, 5), (901, 640), (1100, 792)):
            a, b = dict(tiled.top(head, x, y, 11)), dict(whole.top(head, x, y, 11))
            assert max(abs(a[i] - b[i]) for i in range(11)) < 0.1
    with pytest.raises(ValueError, match="1101×793 photo would take .* GiB"):
        tiled.probabilities[8]


def test_tiles_are_automatic_above_the_memory_limit() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)
    segmenter = Segmenter(tiny_weights())
    need = segmenter.estimate_bytes(700, 900, (8,))
    segmenter.memory_limit = int(need) + 1
    assert not segmenter.segment(photo, heads=[8]).tiled
    segmenter.memory_limit = int(need) - 1
    assert segmenter.segment(photo, heads=[8]).tiled
    small = segmenter.segment(photo, heads=[8], max_side=300)
    assert not small.tiled and small.image.shape == (233, 300, 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (33, 7)])
@pytest.mark.parametrize("alignment", ["centered", "reference"])
def test_any_size(size: tuple[int, int], alignment: str) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    result = Segmenter(tiny_weights(alignment=alignment)).segment(photo)
    for head in result.heads:
        assert result.label_maps[head].shape == size and result.probabilities[head].shape == (11, *size)


def test_bfloat16_agrees_on_most_labels() -> None:
    weights = tiny_weights()
    full, half = (Segmenter(weights, dtype=dtype).segment(PHOTO) for dtype in (None, torch.bfloat16))
    for head in (32, 16, 8):
        assert half.probabilities[head].dtype == np.float32
        assert (half.label_maps[head] == full.label_maps[head]).mean() > 0.9


def test_large_results_are_kept_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = Segmenter(tiny_weights())
    full = segmenter.segment(PHOTO)
    monkeypatch.setattr("fcn_core.segmenting.segmenter.HALF_ABOVE", 1000)
    half = segmenter.segment(PHOTO)
    assert half.probabilities[8].dtype == np.float16
    np.testing.assert_array_equal(half.label_maps[8], full.label_maps[8])
    np.testing.assert_allclose(half.probabilities[8], full.probabilities[8], atol=2e-3)


def test_other_numbers_of_channels() -> None:
    grey = tiny_weights(in_channels=1)
    object.__setattr__(grey.record, "preprocessing", Preprocessing(mean=(0.5,), std=(0.25,)))
    assert Segmenter(grey).segment(PHOTO).image.shape == PHOTO.shape
    cube = tiny_weights(in_channels=5)
    object.__setattr__(cube.record, "preprocessing", Preprocessing(mean=(0.5,) * 5, std=(0.25,) * 5))
    bands = np.dstack([PHOTO, PHOTO[:, :, :2]])
    result = Segmenter(cube).segment(bands)
    assert np.array_equal(result.image, show_bands(bands)) and result.image[..., 1].std() > 0
    with pytest.raises(ImageError, match="H×W×5"):
        Segmenter(cube).segment(PHOTO)


def test_files_of_many_channels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bands = rng.integers(0, 4000, (40, 60, 6), dtype=np.uint16)
    weights = tiny_weights(in_channels=6)
    object.__setattr__(weights.record, "preprocessing", Preprocessing.of_bands((2000.0,) * 6, (1000.0,) * 6))
    segmenter = Segmenter(weights)
    expected = segmenter.segment(bands)
    np.save(tmp_path / "a.npy", bands)
    tifffile.imwrite(tmp_path / "a.tif", bands.transpose(2, 0, 1), photometric="minisblack")
    for source in (tmp_path / "a.npy", str(tmp_path / "a.tif"), (tmp_path / "a.npy").read_bytes()):
        result = segmenter.segment(source)
        np.testing.assert_array_equal(result.label_maps[8], expected.label_maps[8])
        assert np.array_equal(result.image, show_bands(bands))
    with (tmp_path / "a.tif").open("rb") as file:
        np.testing.assert_array_equal(segmenter.segment(file).label_maps[8], expected.label_maps[8])
    assert segmenter.segment(bands, max_side=30).image.shape == (20, 30, 3)
    with pytest.raises(ImageError, match=r"read 6 channels: expected an image H×W×6, but b.npy has 4"):
        np.save(tmp_path / "b.npy", bands[..., :4])
        segmenter.segment(tmp_path / "b.npy")
    with pytest.raises(ImageError, match="moveaxis"):
        segmenter.segment(bands.transpose(2, 0, 1))
    with pytest.raises(ImageError, match="H×W×6, but the image has 3"):
        segmenter.segment(png_bytes(PHOTO))
    photos = Segmenter(tiny_weights())
    for name in ("a.npy", "a.tif"):
        with pytest.raises(ImageError, match=rf"read photos \(3 channels, RGB\), but {name} has 6 channels"):
            photos.segment(tmp_path / name)
    np.save(tmp_path / "photo.npy", PHOTO)
    np.testing.assert_array_equal(photos.segment(tmp_path / "photo.npy").image, PHOTO)


def test_one_raw_channel_is_not_made_grey_of_8_bits() -> None:
    depth = np.random.default_rng(0).uniform(500, 9000, (40, 50)).astype(np.float32)
    weights = tiny_weights(in_channels=1)
    object.__setattr__(weights.record, "preprocessing", Preprocessing.of_bands((4000.0,), (2000.0,)))
    planes, shown = Segmenter(weights)._read(depth, None, None)
    assert np.array_equal(planes[..., 0], depth) and shown.shape == (40, 50, 3)


def test_results_can_be_pickled() -> None:
    result = Segmenter(tiny_weights()).segment(PHOTO)
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.probabilities[16], result.probabilities[16])


def test_scripts_written_for_the_old_place_of_the_segmenter_run() -> None:
    from fcn_core.inference import Segmenter as former

    assert former is Segmenter
