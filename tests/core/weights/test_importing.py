"""Files that a user has: every published layout comes back to equal outputs, and what does not fit is named."""

from __future__ import annotations

import pytest
import torch
from weight_files import caffe_bytes, caffe_layers, tiny_model, torchfcn_state

from fcn_core.labels import CAMVID, NYUD, VOC
from fcn_core.models.architectures import build
from fcn_core.models.names import torchfcn_to_ours
from fcn_core.models.spec import FCNSpec
from fcn_core.ops.bilinear import bilinear_weight
from fcn_core.weights import (
    CAFFE_VOC,
    CATALOGUE,
    IMAGENET,
    ImportFailed,
    import_file,
    inspect_file,
    load,
    save_checkpoint,
)

AT_ONCE = {16: 0.01, 8: 0.0001}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("fcn_core.weights.catalogue.bundled_folder", lambda: tmp_path / "bundled")


def vgg(head: int = 8, **changes) -> FCNSpec:
    """The published geometry, narrow."""
    facts = {"backbone": "vgg16", "width": 1 / 16, "fc_channels": 48, "num_classes": 21, "alignment": "reference"}
    return FCNSpec(**{**facts, "heads": (head,), **changes})


def assert_same_outputs(model, loaded, heads=None):
    x = torch.randn(1, model.spec.in_channels, 37, 52, generator=torch.Generator().manual_seed(3)) * 50
    with torch.inference_mode():
        expected, found = model(x), loaded.model(x)
    for head in heads or model.spec.heads:
        assert float(expected.logits[head].std()) > 1e-3
        assert torch.equal(expected.logits[head], found.logits[head])


@pytest.mark.parametrize("head", [32, 16, 8])
@pytest.mark.parametrize("old", [False, True])
def test_a_caffemodel_comes_back_to_equal_outputs(tmp_path, head, old):
    model = tiny_model(vgg(head))
    path = tmp_path / "Some FCN.caffemodel"
    path.write_bytes(caffe_bytes(caffe_layers(torchfcn_state(model)), old=old, old_shape=old))
    imported = import_file(path)
    assert imported.report.ok and imported.loaded.record.spec == model.spec and imported.loaded.heads == (head,)
    assert imported.loaded.labels is VOC and imported.loaded.record.preprocessing == CAFFE_VOC
    assert len(imported.report.frozen) == {32: 1, 16: 2, 8: 3}[head]
    assert_same_outputs(model, imported.loaded)
    record = CATALOGUE["some-fcn"]
    assert record.source == "imported" and record.path == imported.path and record.labels == "voc"
    assert_same_outputs(model, load("some-fcn"))


@pytest.mark.parametrize("wrap", ["plain", "trainer", "parallel", "legacy"])
def test_a_torchfcn_file_comes_back_to_equal_outputs(tmp_path, wrap):
    model = tiny_model(vgg())
    state = torchfcn_state(model)
    content = {
        "trainer": {"epoch": 3, "arch": "FCN8s", "model_state_dict": state, "best_mean_iu": 0.5},
        "parallel": {f"module.{key}": value for key, value in state.items()},
    }.get(wrap, state)
    path = tmp_path / "fcn8s.pth"
    torch.save(content, path, _use_new_zipfile_serialization=wrap != "legacy")
    imported = import_file(path, name="mine")
    assert imported.loaded.record.name == "mine" and imported.report.spec == model.spec
    assert any("at-once network cannot be told" in note for note in imported.report.notes)
    assert_same_outputs(model, load("mine"))


def test_at_once_by_stored_factor_by_file_name_and_by_option(tmp_path):
    model = tiny_model(vgg(skip_scales=AT_ONCE))
    state = torchfcn_state(model)
    factors = {"scale_pool4.weight": torch.tensor([0.01]), "scale_pool3.weight": torch.tensor([0.0001])}
    (tmp_path / "a.caffemodel").write_bytes(caffe_bytes(caffe_layers({**state, **factors})))
    torch.save(state, tmp_path / "fcn8s-atonce_from_caffe.pth")
    torch.save(state, tmp_path / "b.pth")
    for name, options in (("a.caffemodel", {}), ("fcn8s-atonce_from_caffe.pth", {}), ("b.pth", {"at_once": True})):
        imported = import_file(tmp_path / name, **options)
        assert dict(imported.report.spec.skip_scales) == AT_ONCE
        assert_same_outputs(model, imported.loaded)
    plain = inspect_file(tmp_path / "fcn8s-atonce_from_caffe.pth", at_once=False)
    assert dict(plain.spec.skip_scales) == {16: 1.0, 8: 1.0}


@pytest.mark.parametrize("old", [False, True])
def test_fully_connected_layers_stored_as_matrices(tmp_path, old):
    model = tiny_model(vgg(32))
    state = torchfcn_state(model)
    for layer in ("fc6", "fc7"):
        state[f"{layer}.weight"] = state[f"{layer}.weight"].flatten(1)
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffe_bytes(caffe_layers(state), old=old, old_shape=old))
    imported = import_file(path)
    assert {"fc6.weight", "fc7.weight"} <= set(imported.report.reshaped)
    assert_same_outputs(model, imported.loaded)


@pytest.mark.parametrize("learned", ["intermediate", "all"])
def test_learned_upsamplings_are_kept_and_bilinear_ones_dropped(tmp_path, learned):
    model = tiny_model(vgg(learned_deconvs=learned))
    torch.save(torchfcn_state(model), tmp_path / "net.pth")
    imported = import_file(tmp_path / "net.pth")
    assert imported.report.spec.learned_deconvs == learned
    assert imported.report.frozen == (("upscore8.weight",) if learned == "intermediate" else ())
    assert_same_outputs(model, imported.loaded)


def test_a_nearly_bilinear_kernel_counts_as_bilinear(tmp_path):
    state = torchfcn_state(tiny_model(vgg(32)))
    state["upscore.weight"] += 1e-5
    torch.save(state, tmp_path / "net.pth")
    assert inspect_file(tmp_path / "net.pth").frozen == ("upscore.weight",)


def test_the_alexnet_file(tmp_path):
    spec = FCNSpec(backbone="caffenet", width=1 / 8, fc_channels=32, num_classes=21, heads=(32,), alignment="reference")
    model = tiny_model(spec)
    path = tmp_path / "fcn-alexnet.caffemodel"
    path.write_bytes(caffe_bytes(caffe_layers(torchfcn_state(model))))
    imported = import_file(path)
    assert imported.report.spec == spec and imported.report.frozen == ("upscore.weight",)
    assert_same_outputs(model, imported.loaded)


def test_two_sets_of_score_layers_as_in_sift_flow(tmp_path):
    spec = vgg(8, num_classes=33, extra_tasks={"geometric": 3})
    model = tiny_model(spec)
    own = model.state_dict()
    state = {}
    for theirs, ours in torchfcn_to_ours(model).items():
        layer, _, kind = theirs.rpartition(".")
        if not ours.startswith("head."):
            state[theirs] = own[ours]
            continue
        state[f"{layer}_sem.{kind}"] = own[ours]
        state[f"{layer}_geo.{kind}"] = own[ours.replace("head.", "tasks.geometric.", 1)]
    for task, classes in (("sem", 33), ("geo", 3)):
        for layer, size in (("upscore2", 4), ("upscore_pool4", 4), ("upscore8", 16)):
            state[f"{layer}_{task}.weight"] = bilinear_weight(classes, size)
    path = tmp_path / "siftflow-fcn8s.caffemodel"
    path.write_bytes(caffe_bytes(caffe_layers(state)))
    imported = import_file(path)
    assert imported.report.spec == spec and len(imported.report.frozen) == 6
    assert_same_outputs(model, imported.loaded)
    x = torch.randn(1, 3, 30, 30)
    with torch.inference_mode():
        expected, found = model(x).tasks["geometric"].logits[8], imported.loaded.model(x).tasks["geometric"].logits[8]
    assert torch.equal(expected, found) and expected.shape[1] == 3


def test_classes_are_named_by_their_number_or_by_the_user(tmp_path):
    for count in (7, 11, 40):
        torch.save(torchfcn_state(tiny_model(vgg(32, num_classes=count))), tmp_path / f"net{count}.pth")
    seven = import_file(tmp_path / "net7.pth").loaded.labels
    assert seven.classes == tuple(f"class {i}" for i in range(7))
    assert import_file(tmp_path / "net11.pth", labels="camvid").loaded.labels is CAMVID
    assert import_file(tmp_path / "net40.pth").loaded.labels == NYUD
    assert load("net40").labels == NYUD
    with pytest.raises(ValueError, match="7 classes apart and label set 'voc' names 21"):
        import_file(tmp_path / "net7.pth", labels="voc")
    with pytest.raises(ValueError, match="no label set 'cats'; the label sets are camvid"):
        import_file(tmp_path / "net7.pth", labels="cats")


def test_our_own_files_import_too(tmp_path):
    model = tiny_model()
    path = save_checkpoint(tmp_path / "run.safetensors", model, labels=CAMVID, preprocessing=IMAGENET,
                           extra={"knows": "Streets of one town."})  # fmt: skip
    imported = import_file(path)
    assert imported.path.parent == tmp_path / "home" / "imported" and CATALOGUE["run"].knows == "Streets of one town."
    path.unlink()
    assert_same_outputs(model, load("run"))


def test_what_does_not_fit_is_named(tmp_path, monkeypatch):
    state = torchfcn_state(tiny_model(vgg()))
    del state["conv3_2.bias"]
    state["score_pool4.weight"] = state["score_pool4.weight"][:, :20].clone()
    state["surprise.weight"] = torch.zeros(3)
    state["fc7.bias"][4] = float("nan")
    state["upscore8.weight"] = state["upscore8.weight"][:, :, :8, :8].clone()
    torch.save(state, tmp_path / "net.pth")
    report = inspect_file(tmp_path / "net.pth", spec=vgg())
    assert report.missing == ("conv3_2.bias",) and set(report.extra) == {"surprise.weight", "upscore8.weight"}
    assert str(report.wrong_shape[0]) == "score_pool4.weight is 21×20×1×1, expected 21×32×1×1"
    assert report.not_finite == ("fc7.bias",) and not report.ok
    with pytest.raises(ImportFailed) as caught:
        import_file(tmp_path / "net.pth", spec=vgg())
    for part in ("net.pth does not fit", "1 missing: conv3_2.bias", "surprise.weight", "21×20×1×1", "fc7.bias"):
        assert part in str(caught.value)
    assert caught.value.report == report and not (tmp_path / "home" / "imported").exists()


def test_the_wrong_number_of_classes_is_a_wrong_shape(tmp_path):
    torch.save(torchfcn_state(tiny_model(vgg(32))), tmp_path / "net.pth")
    with pytest.raises(ImportFailed, match="score_fr.weight is 21×48×1×1, expected 11×48×1×1"):
        import_file(tmp_path / "net.pth", spec=vgg(32, num_classes=11))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"features.0.weight": torch.zeros(64, 3, 3, 3)}, "image classifier of torchvision"),
        ({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, "fc6.weight and score_fr.weight are not in the file"),
        ({"lstm.weight": torch.zeros(3)}, "expected a layer conv1_1 .* begins with lstm.weight"),
        ({"backbone.layer1.0.conv1.weight": torch.zeros(1)}, "but not like its FCN"),
        ({}, "holds no tensors"),
        ([1, 2], "holds a list, expected a state dict"),
    ],
)
def test_other_networks_get_a_sentence(tmp_path, state, sentence):
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(ValueError, match=sentence):
        import_file(tmp_path / "net.pth")


def test_torchvisions_fcn_is_recognised_and_checked(tmp_path):
    state = {
        "backbone.layer1.0.conv1.weight": torch.zeros(64, 64, 1, 1),
        "classifier.4.weight": torch.zeros(21, 512, 1, 1),
    }
    torch.save(state, tmp_path / "net.pth")
    report = inspect_file(tmp_path / "net.pth")
    assert "backbone.conv1.weight" in report.missing and not report.extra and not report.wrong_shape


class Surprise:
    """Something that only full unpickling would bring back."""


def test_a_file_that_would_run_code_is_not_opened(tmp_path):
    torch.save({"model": Surprise()}, tmp_path / "net.pth")
    with pytest.raises(ValueError, match="would run code from the file, so it is not opened.*state_dict"):
        import_file(tmp_path / "net.pth")


@pytest.mark.parametrize("suffix", [".pth", ".caffemodel", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"just text", b"<html></html>", b"PK\x03\x04", bytes(range(256)) * 9])
def test_damaged_and_foreign_files_get_a_sentence(tmp_path, suffix, content):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"net{suffix}.*(empty|damaged|no layers|not one of)"):
        import_file(path)
    assert not (tmp_path / "home" / "imported").exists()


def test_cut_files_are_never_taken(tmp_path):
    state = torchfcn_state(tiny_model(vgg(32)))
    torch.save(state, tmp_path / "net.pth")
    (tmp_path / "net.caffemodel").write_bytes(caffe_bytes(caffe_layers(state)))
    for path in (tmp_path / "net.pth", tmp_path / "net.caffemodel"):
        whole = path.read_bytes()
        for part in (0.1, 0.5, 0.9, 0.999):
            path.write_bytes(whole[: int(part * len(whole))])
            with pytest.raises(ValueError, match="net"):
                import_file(path)


@pytest.mark.parametrize(
    ("path", "sentence"), [("gone.pth", "there is no file"), ("photo.jpg", "none of the files that can be read")]
)
def test_files_that_cannot_be_meant(tmp_path, path, sentence):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(ValueError, match=sentence):
        import_file(tmp_path / path)


def test_names_do_not_collide(tmp_path):
    torch.save(torchfcn_state(tiny_model(vgg(32))), tmp_path / "vgg16.pth")
    assert import_file(tmp_path / "vgg16.pth").loaded.record.name == "vgg16-2"
    assert import_file(tmp_path / "vgg16.pth").loaded.record.name == "vgg16-3"
    with pytest.raises(ValueError, match="weights named 'vgg16-2' already"):
        import_file(tmp_path / "vgg16.pth", name="vgg16-2")
    with pytest.raises(ValueError, match="cannot be a name"):
        import_file(tmp_path / "vgg16.pth", name="../up")


def test_a_published_file_put_into_the_folder_by_hand_loads(tmp_path, monkeypatch):
    """The catalogue's own entry, narrowed, read from the download folder as `.caffemodel`."""
    from dataclasses import replace

    from fcn_core.weights import catalogue

    model = tiny_model(vgg(16))
    narrow = replace(CATALOGUE["fcn16s-heavy-pascal"], spec=model.spec)
    monkeypatch.setattr(catalogue, "_remote", lambda: (narrow,))
    folder = tmp_path / "home" / "downloads"
    folder.mkdir(parents=True)
    (folder / narrow.filename).write_bytes(caffe_bytes(caffe_layers(torchfcn_state(model))))
    loaded = load("fcn16s-heavy-pascal")
    assert loaded.labels is VOC and loaded.heads == (16,)
    assert_same_outputs(model, loaded)
    (folder / narrow.filename).write_bytes(caffe_bytes(caffe_layers(torchfcn_state(tiny_model(vgg(32))))))
    with pytest.raises(ValueError, match="missing: .*score_pool4.weight"):
        load("fcn16s-heavy-pascal")


def test_build_is_what_the_spec_says(tmp_path):
    """The detected spec builds a network of exactly the published number of parameters."""
    with torch.device("meta"):
        model = build(CATALOGUE["fcn8s-heavy-pascal"].spec)
    assert sum(p.numel() for p in model.parameters()) * 4 == pytest.approx(
        CATALOGUE["fcn8s-heavy-pascal"].size_bytes, rel=0.01
    )
