"""Records, catalogue, cards and our file format: round trips, and clear sentences for what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError, safe_open
from weight_files import SPEC, tiny_model

from fcn_core.labels import CAMVID, VOC, LabelSet
from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.models.torchvision_spec import FCNResNet50Spec
from fcn_core.weights import (
    CAFFE_VOC,
    CATALOGUE,
    IMAGENET,
    LoadedModel,
    Preprocessing,
    UnknownWeights,
    WeightRecord,
    classifier_state,
    load,
    read_checkpoint,
    render_card,
    save_checkpoint,
    weights_key,
    write_card,
)


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """An empty folder in the place of the project's own weights, and a fresh cache folder."""
    folder = tmp_path / "bundled"
    folder.mkdir()
    monkeypatch.setattr("fcn_core.weights.catalogue.bundled_folder", lambda: folder)
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    return folder


# preprocessing


def test_preprocessing_by_hand():
    image = np.array([[[10, 20, 30]]], dtype=np.uint8)
    caffe = CAFFE_VOC.apply(image)
    assert caffe.shape == (3, 1, 1) and caffe.dtype == torch.float32
    assert torch.allclose(caffe.flatten(), torch.tensor([30 - 104.00699, 20 - 116.66877, 10 - 122.67892]))
    rgb = IMAGENET.apply(image).flatten()
    assert torch.allclose(rgb, torch.tensor([(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224,
                                             (30 / 255 - 0.406) / 0.225]))  # fmt: skip


def test_preprocessing_keeps_channels_beyond_colour_in_place():
    depth = Preprocessing("BGR", 255.0, (0.0, 0.0, 0.0, 5.0), (1.0, 1.0, 1.0, 2.0))
    assert depth.apply(np.array([[[1, 2, 3, 9]]], dtype=np.float32)).flatten().tolist() == [3, 2, 1, 2]


def test_preprocessing_takes_a_grey_image_without_an_axis():
    assert Preprocessing("RGB", 1.0, (0.0,), (1.0,)).apply(np.full((2, 3), 255, np.uint8)).eq(1).all()


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (1, 4, 4, 3)])
def test_preprocessing_says_what_it_takes(shape):
    with pytest.raises(ValueError, match="expected an H×W×3 image"):
        IMAGENET.apply(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "values",
    [("GBR", 1.0, (0.0,), (1.0,)), ("RGB", 1.0, (0.0,), (0.0,)), ("RGB", 1.0, (0.0,), ()), ("RGB", 0, (0,), (1,))],
)
def test_preprocessing_refuses_nonsense(values):
    with pytest.raises(ValueError):
        Preprocessing(*values)


# our file format


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        FCNSpec(backbone="vgg16", width=1 / 16, num_classes=3, heads=(8,), alignment="reference",
                skip_scales={16: 0.01, 8: 0.0001}, learned_deconvs="all"),
        FCNSpec(backbone="googlenet", width=1 / 8, num_classes=4, in_channels=4, heads=(32, 8)),
        FCNSpec(backbone="vgg16", width=1 / 16, num_classes=4, extra_tasks={"geometric": 3}),
    ],
)  # fmt: skip
def test_a_file_round_trips_to_equal_outputs(tmp_path, spec):
    model = tiny_model(spec)
    labels = LabelSet("own", "Own classes", *((tuple(f"c{i}" for i in range(spec.num_classes)),)
                      + (tuple((i, i, i) for i in range(spec.num_classes)),) * 2))  # fmt: skip
    channels = Preprocessing("BGR", 255.0, (1.5,) * spec.in_channels, (2.0,) * spec.in_channels)
    path = save_checkpoint(
        tmp_path / "net.safetensors", model, labels=labels, preprocessing=channels, extra={"epoch": 3}
    )
    loaded = load(path)
    assert loaded.record.spec == spec and loaded.heads == tuple(sorted(spec.heads, reverse=True))
    assert loaded.labels == labels and loaded.record.preprocessing == channels
    assert not loaded.model.training and read_checkpoint(path).extra == {"epoch": 3}
    x = torch.randn(1, spec.in_channels, 45, 61, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected, found = model(x), loaded.model(x)
    for head in spec.heads:
        assert torch.equal(expected.logits[head], found.logits[head])
        for task in spec.extra_tasks:
            assert torch.equal(expected.tasks[task].logits[head], found.tasks[task].logits[head])


def test_half_precision_halves_the_file_and_keeps_vectors_exact(tmp_path):
    model = tiny_model()
    full = save_checkpoint(tmp_path / "full.safetensors", model, labels=CAMVID, preprocessing=IMAGENET)
    half = save_checkpoint(tmp_path / "half.safetensors", model, labels=CAMVID, preprocessing=IMAGENET, half=True)
    assert half.stat().st_size < 0.62 * full.stat().st_size
    with safe_open(half, "pt") as file:
        assert file.get_tensor("head.score_fr.weight").dtype == torch.float16
    before, after = model.state_dict(), load(half).model.state_dict()
    for name, tensor in before.items():
        assert after[name].dtype == tensor.dtype
        if tensor.ndim <= 1:
            assert torch.equal(after[name], tensor)
        else:
            assert torch.allclose(after[name], tensor, rtol=1e-3, atol=1e-6)


def test_half_precision_never_makes_a_weight_infinite(tmp_path):
    model = tiny_model()
    with torch.no_grad():
        model.head.score_fr.weight[0, 0] = 1e6
    path = save_checkpoint(tmp_path / "a.safetensors", model, labels=CAMVID, preprocessing=IMAGENET, half=True)
    assert float(load(path).model.head.score_fr.weight.detach()[0, 0]) == 1e6


def test_a_failed_save_leaves_the_old_file_and_no_rest(tmp_path):
    path = save_checkpoint(tmp_path / "net.safetensors", tiny_model(), labels=CAMVID, preprocessing=IMAGENET)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_checkpoint(path, tiny_model(seed=1), labels=CAMVID, preprocessing=IMAGENET, extra={"not": object()})
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "net.safetensors", tiny_model(), labels=CAMVID, preprocessing=IMAGENET)
    before = path.read_bytes()

    def fail(tensors, filename, metadata):
        Path(filename).write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr("fcn_core.weights.checkpoint.save_file", fail)
    with pytest.raises(OSError, match=r"disk full.*No space left.*net\.safetensors"):
        save_checkpoint(path, tiny_model(seed=1), labels=CAMVID, preprocessing=IMAGENET)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is empty"), (b"not a checkpoint, just text", "damaged or is no safetensors"), (None, "damaged")],
)
def test_damaged_files_get_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "net.safetensors"
    if content is None:
        whole = save_checkpoint(path, tiny_model(), labels=CAMVID, preprocessing=IMAGENET).read_bytes()
        content = whole[: len(whole) // 2]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        load(path)


def test_a_foreign_safetensors_file_gets_a_sentence(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match="not one of FCN Lab"):
        load(tmp_path / "foreign.safetensors")


def test_a_file_with_other_tensors_than_it_says_is_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    path = save_checkpoint(tmp_path / "net.safetensors", tiny_model(), labels=CAMVID, preprocessing=IMAGENET)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    del tensors["head.score_fr.bias"]
    tensors["head.score_fr.weight"] = tensors["head.score_fr.weight"][:5].clone()
    save_file(tensors, path, metadata)
    with pytest.raises(ValueError, match=r"missing: head.score_fr.bias.*wrong shape: head.score_fr.weight is 5×"):
        load(path)


# catalogue


def test_the_catalogue_without_bundled_weights_has_the_known_ones(bundled):
    assert {"vgg16", "vgg16_bn", "alexnet", "googlenet", "fcn_resnet50", "fcn_resnet101", "fcn8s-heavy-pascal",
            "fcn16s-heavy-pascal", "fcn32s-heavy-pascal", "fcn8s-atonce-pascal", "fcn-alexnet-pascal",
            "nyud-fcn32s-color-heavy", "torchfcn-fcn8s", "torchfcn-fcn8s-atonce"} <= set(CATALOGUE)  # fmt: skip
    for name, record in CATALOGUE.items():
        assert record.name == name and record.knows and record.licence and record.url and record.filename
        assert record.scores or name.startswith("nyud")
        assert record.kind == "classifier" or record.labels in ("voc", "nyud")
        assert WeightRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_cards_from_before_there_were_other_networks_still_load():
    record = CATALOGUE["camvid"]
    old = {key: value for key, value in record.to_dict().items() if key != "architecture"} | {"kind": "fcn"}
    assert WeightRecord.from_dict(old, folder=record.folder) == record


def test_torchvisions_facts_are_its_own(bundled):
    from torchvision.models import VGG16_Weights
    from torchvision.models.segmentation import FCN_ResNet50_Weights

    resnet = FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1
    record = CATALOGUE["fcn_resnet50"]
    assert record.url == resnet.url and resnet.url.endswith(f"-{record.sha256}.pth")
    assert record.heads == (8,) and record.alignment == "centered" and record.label_set is VOC
    assert record.scores["8s"]["miou"] == pytest.approx(0.605)
    transform = resnet.transforms()
    image = np.random.default_rng(0).integers(0, 256, (520, 520, 3), dtype=np.uint8)
    theirs = transform(torch.from_numpy(image).permute(2, 0, 1))
    assert torch.allclose(record.preprocessing.apply(image), theirs, atol=1e-6)
    assert CATALOGUE["vgg16"].url == VGG16_Weights.IMAGENET1K_V1.url


def test_googlenets_preprocessing_is_what_its_convolutions_see(bundled):
    """torchvision's GoogLeNet re-normalises inside `forward`; a trunk made of its layers does not."""
    from torchvision.models import GoogLeNet

    inside = GoogLeNet(num_classes=2, aux_logits=False, transform_input=True, init_weights=False)
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    seen = inside._transform_input(IMAGENET.apply(image)[None])[0]
    assert torch.allclose(CATALOGUE["googlenet"].preprocessing.apply(image), seen, atol=1e-6)


def test_the_published_networks_are_those_of_the_reference(bundled):
    eight, at_once = CATALOGUE["fcn8s-heavy-pascal"], CATALOGUE["fcn8s-atonce-pascal"]
    assert eight.spec == FCNSpec(backbone="vgg16", num_classes=21, heads=(8,), alignment="reference")
    assert dict(at_once.spec.skip_scales) == {16: 0.01, 8: 0.0001}
    assert CATALOGUE["fcn-alexnet-pascal"].spec.backbone == "caffenet"
    assert CATALOGUE["torchfcn-fcn8s"].md5 == "de93e540ec79512f8770033849c8ae89"
    for name, drive_id, md5 in (
        ("torchfcn-fcn16s", "1bctu58B6YH9bu6lBBSBB2rUeGlGhYLoP", "a2d4035f669f09483b39c9a14a0d6670"),
        ("torchfcn-fcn32s", "11k2Q0bvRQgQbT6-jYWeh6nmAsWlSCY3f", "d3eb467a80e7da0468a20dfcbc13e6c8"),
    ):  # the files that the project names today; earlier ones are superseded
        assert drive_id in CATALOGUE[name].url and CATALOGUE[name].md5 == md5
    assert eight.preprocessing == CAFFE_VOC and len(CATALOGUE["nyud-fcn32s-color-heavy"].label_set) == 40


def test_an_unknown_name_gets_a_suggestion(bundled):
    with pytest.raises(UnknownWeights, match="did you mean 'fcn_resnet50'"):
        load("fcn_resnet5")
    with pytest.raises(ValueError, match="no such file"):
        load("nowhere/net.safetensors")
    assert CATALOGUE.get("nothing like it") is None


def test_a_classifier_is_no_segmenter_and_the_other_way_round(bundled):
    with pytest.raises(ValueError, match="a training can start from it"):
        load("vgg16")
    with pytest.raises(ValueError, match="no classifier; the classifiers are vgg16, "):
        classifier_state("fcn_resnet50")


def bundle(folder, name: str = "tiny"):
    """A bundled checkpoint with its cards, as a training would leave it."""
    model = tiny_model()
    path = save_checkpoint(folder / f"{name}.safetensors", model, labels=CAMVID, preprocessing=IMAGENET, half=True)
    record = WeightRecord(
        name, "Tiny streets", spec=model.spec, label_set=CAMVID, source="bundled", filename=path.name,
        size_bytes=path.stat().st_size, licence="MIT", training_data="made up", knows="Streets.", scored_on="a test",
    )  # fmt: skip
    iou = {"sky": 0.9, "building": 0.5, "pole": None}
    scores = {
        "8s": {"pa": 0.9, "mpa": 0.8, "miou": 0.7, "fwiou": 0.85, "iou": iou},
        "32s": {"pa": 0.8, "mpa": 0.6, "miou": 0.5, "fwiou": 0.75, "iou": {**iou, "sky": 0.7}},
    }
    write_card(
        record, folder, scores=scores, training={"epochs": 2, "optimiser": "adamw"}, command="python -m fcn_core train",
        seed=7, time="3 minutes", machine="2 cores",
    )  # fmt: skip
    return model, record


def test_bundled_weights_appear_with_their_card(bundled):
    model, _ = bundle(bundled)
    record = CATALOGUE["tiny"]
    assert next(iter(CATALOGUE)) == "tiny" and record.source == "bundled" and record.label_set is CAMVID
    assert record.scores["8s"]["miou"] == 0.7 and record.path == bundled / "tiny.safetensors"
    loaded = load("tiny")
    assert loaded.record == record and loaded.heads == (32, 16, 8)
    assert torch.allclose(loaded.model.head.score_fr.weight, model.head.score_fr.weight, atol=1e-3)
    text = (bundled / "tiny.md").read_text()
    for needed in ("# Tiny streets", "| 8s | 90.0 | 80.0 | 70.0 | 85.0 |", "| sky | 90.0 | 70.0 |", "| pole | – | – |",
                   "| seed | 7 |", "3 minutes", "2 cores", "python -m fcn_core train", '"epochs": 2'):  # fmt: skip
        assert needed in text
    assert render_card(record) == text


def test_new_scores_on_a_card_are_seen_at_once(bundled):
    _, record = bundle(bundled)
    assert CATALOGUE["tiny"].scored_on == "a test"
    write_card(replace(record, scored_on="another set"), bundled)
    assert CATALOGUE["tiny"].scored_on == "another set"


def test_cards_without_weights_and_damaged_cards_are_left_out(bundled, caplog):
    bundle(bundled)
    (bundled / "tiny.safetensors").rename(bundled / "elsewhere.bin")
    (bundled / "broken.json").write_text("{")
    (bundled / "broken.safetensors").write_bytes(b"x")
    assert not {"tiny", "broken"} & set(CATALOGUE)
    assert "broken.json cannot be read" in caplog.text and "tiny.json has no weights" in caplog.text


def test_every_record_renders(bundled):
    for record in CATALOGUE.values():
        text = render_card(record)
        assert text.startswith(f"# {record.title}\n") and record.knows in text and record.url in text


# torchvision's network behind our call


def test_the_adapter_returns_torchvisions_own_logits():
    from torchvision.models.segmentation import fcn_resnet50

    torch.manual_seed(0)
    theirs = fcn_resnet50(weights=None, weights_backbone=None, num_classes=5, aux_loss=True).eval()
    ours = build(FCNResNet50Spec(num_classes=5)).eval()
    ours.load_state_dict(ours.published_keys(theirs.state_dict()))
    x = torch.randn(1, 3, 33, 50)
    with torch.inference_mode():
        output = ours(x)
        assert torch.equal(output.logits[8], theirs(x)["out"])
        assert output.maps["score_fr"].shape == (1, 5, 5, 7) and set(output.logits) == {8}
        assert ours(torch.randn(1, 3, 1, 1), heads=(8,)).logits[8].shape == (1, 5, 1, 1)
    with pytest.raises(ValueError, match=r"has the heads \(8,\), asked for \(8, 32\)"):
        ours(x, heads=(8, 32))


def test_loaded_weights_keep_the_key_of_the_file_that_was_read(tmp_path):
    path = save_checkpoint(tmp_path / "a.safetensors", tiny_model(), labels=CAMVID, preprocessing=IMAGENET)
    first, again = load(path), load(path)
    assert first.key == again.key == weights_key(first.record)
    save_checkpoint(path, tiny_model(), labels=CAMVID, preprocessing=IMAGENET, extra={"title": "another"})
    second = load(path)
    assert second.key != first.key == again.key, "the key is that of the time of reading"
    assert replace(second, record=first.record).key == second.key


def test_hand_made_models_are_never_taken_for_each_other():
    first, second = (LoadedModel(WeightRecord("a", "a"), tiny_model(), CAMVID, (8,)) for _ in range(2))
    assert first.key != second.key


def test_a_download_is_named_by_its_checksum():
    record = CATALOGUE["fcn_resnet50"]
    assert weights_key(record) == weights_key(replace(record, title="other words"))
    assert weights_key(record) != weights_key(replace(record, sha256="0" * 64, md5=None))
