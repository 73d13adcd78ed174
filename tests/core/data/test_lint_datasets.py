"""The linter on every kind of data set, with faults put into files of the published formats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from published_data import (
    SIZE,
    photo,
    save_gtcls,
    save_palette,
    seed_of,
    truth,
    write_list,
    write_pascal_context,
    write_sbd,
    write_voc,
)
from scipy.io import savemat

from fcn_core.cli.program import main
from fcn_core.data.balance import class_balance
from fcn_core.data.datasets import DATASETS, open_dataset
from fcn_core.data.lint.linter import LintReport, lint, lint_dataset
from fcn_core.data.pairs import Pairs
from fcn_core.labels import CAMVID, VOC, VOID, voc_palette

SPLITS = {"train": ["2007_000032", "2007_000039"], "val": ["2007_000033"]}


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    write_voc(tmp_path / "VOCdevkit/VOC2012", SPLITS)
    return tmp_path


def codes(report: LintReport) -> dict:
    assert all(f.mend and f.message for f in report.findings)
    return {f.code: f for f in report.findings if f.severity == "error"}


def test_a_sound_voc(voc):
    seen = []
    report = lint_dataset("voc2012", voc, progress=lambda *step: seen.append(step))
    assert report.ok and codes(report) == {} and report.kind == "voc2012"
    assert report.pictures == {"train": 2, "val": 1} and seen[-1] == (3, 3)
    assert report.void_share == pytest.approx(1 / 20) and report.split_void == {"train": 60, "val": 30}
    assert report.split_pixels["val"]["person"] == (truth(seed_of("2007_000033")) == 15).sum()
    assert {name: sum(s[name] for s in report.split_pixels.values()) for name in VOC.classes} == report.pixels


def test_missing_pairs_in_voc(voc):
    folder = voc / "VOCdevkit/VOC2012"
    (folder / "SegmentationClass/2007_000032.png").unlink()
    (folder / "JPEGImages/2007_000033.jpg").unlink()
    with (folder / "ImageSets/Segmentation/train.txt").open("a") as listed:
        listed.write("2007_555555\n")
    found = codes(lint_dataset("voc2012", voc))
    assert found["photo_without_mask"].files == ("2007_000032.jpg",)
    assert found["mask_without_photo"].files == ("2007_000033.png",)
    assert found["listed_but_absent"].files == ("2007_555555",)


def colours_of(name: str) -> Image.Image:
    palette = list(voc_palette(256))
    palette[255] = (224, 224, 192)
    return Image.fromarray(np.array(palette, np.uint8)[truth(seed_of(name))])


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda mask, image: image.convert("L"), "palette_as_grey", "grey values of voc"),
        (lambda mask, image: image, "colour_coded", "belong to no class, such as 224 224 192"),
        (lambda mask, image: image.quantize(22), "palette_renumbered", "in the colour of class"),
        (lambda mask, image: Image.fromarray(mask + 5), "ids_outside_classes", "the 21 classes are 0 to 20"),
        (lambda mask, image: Image.fromarray(mask.T.copy()), "size_mismatch", "30×20 pixels, its label map 20×30"),
    ],
)
def test_misread_masks(voc, spoil, code, words):
    name = "2007_000039"
    path = voc / f"VOCdevkit/VOC2012/SegmentationClass/{name}.png"
    spoil(truth(seed_of(name)), colours_of(name)).save(path)
    found = codes(lint_dataset("voc2012", voc))
    assert set(found) == {code} and words in found[code].message
    assert found[code].files in ((f"{name}.png",), (f"{name}.jpg",))


def test_an_optimised_palette_png_is_sound(voc):
    """Pillow may leave out unused colours; the indices stay."""
    path = voc / "VOCdevkit/VOC2012/SegmentationClass/2007_000039.png"
    mask = np.where(truth(1) < 15, 0, 15).astype(np.uint8)
    save_palette(mask, path)
    with Image.open(path) as image:
        image.load()
    image.save(path, optimize=True)
    assert codes(lint_dataset("voc2012", voc)) == {}


def test_a_border_is_not_taken_for_a_binary_mask(voc):
    mask = np.zeros(SIZE, np.uint8)
    mask[3:5] = VOID
    save_palette(mask, voc / "VOCdevkit/VOC2012/SegmentationClass/2007_000039.png")
    assert "binary_with_void" not in {f.code for f in lint_dataset("voc2012", voc).findings}


def test_duplicates_between_train_and_val(voc):
    Image.fromarray(photo(seed_of("2007_000032"))).save(
        voc / "VOCdevkit/VOC2012/JPEGImages/2007_000033.jpg", quality=80
    )
    found = codes(lint_dataset("voc2012", voc))["duplicates"]
    assert found.files == ("train/2007_000032.jpg = val/2007_000033.jpg",) and "Remove them" in found.mend


def test_sbd_and_the_combination(tmp_path):
    sbd = write_sbd(tmp_path / "benchmark_RELEASE/dataset", {"train": ["2008_000002", "2010_000001"],
                                                             "val": ["2008_000007"]})  # fmt: skip
    write_voc(
        tmp_path / "TrainVal/VOCdevkit/VOC2011", {"train": ["2007_000032"], "val": ["2007_000033", "2010_000001"]}
    )
    report = lint_dataset("voc-sbd", tmp_path)
    assert codes(report) == {} and report.pictures == {"train": 2, "val": 1}
    assert lint_dataset("sbd", tmp_path).pictures == {"train": 2, "val": 1}
    with pytest.raises(ValueError, match="no split 'train': train.txt is missing"):
        (sbd / "train.txt").rename(sbd / "away")
        lint_dataset("voc-sbd", tmp_path)
    (sbd / "away").rename(sbd / "train.txt")
    save_gtcls(np.full(SIZE, 21, np.uint8), sbd / "cls/2008_000002.mat")
    (sbd / "cls/2010_000001.mat").write_bytes(b"damaged")
    (sbd / "cls/2008_000007.mat").unlink()
    found = codes(lint_dataset("sbd", tmp_path))
    assert set(found) == {"ids_outside_classes", "unreadable_mask", "photo_without_mask"}
    assert found["unreadable_mask"].files == ("2010_000001.mat",) and "unpack the archive again" in str(found)


def test_pascal_context(tmp_path):
    root = write_pascal_context(tmp_path, {"train": ["2008_000002"], "val": ["2008_000007"]})
    report = lint_dataset("pascal-context", root)
    assert codes(report) == {} and 0.5 < report.void_share and len(report.pixels) == 59  # 400 of 459 ids are void
    savemat(root / "trainval/2008_000007.mat", {"LabelMap": np.zeros((5, 5), np.uint16)})
    assert set(codes(lint_dataset("pascal-context", root))) == {"size_mismatch"}


def test_streets_are_drawn_and_sound():
    report = lint_dataset("streets", count=2, limit=2)
    assert report.ok and report.root is None and report.pictures == {"train": 2, "val": 2, "test": 2}


def test_a_data_set_that_is_only_opened(monkeypatch, tmp_path):
    """Any other reader is looked at through its samples; splits that it refuses are named."""
    save_palette(truth(1), tmp_path / "a.png")
    save_palette(truth(2, 22), tmp_path / "b.png")
    save_palette(truth(3, size=(8, 8)), tmp_path / "c.png")
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        Image.fromarray(photo(seed)).save(tmp_path / f"{name}.jpg")

    class Unchecked(Pairs):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            sample.mask[5, 5] = 99
            return sample

    def opens(asked):
        if asked.split == "val":
            raise ValueError("no val here")
        kind = Pairs if asked.split == "train" else Unchecked
        names = "abc" if asked.split == "train" else "a"
        files = [[tmp_path / f"{n}.{suffix}" for n in names] for suffix in ("jpg", "png")]
        from fcn_core.data.files import read_label_map

        return kind("made", VOC, names, *files, read_label_map)

    from dataclasses import replace

    record = replace(DATASETS["voc2012"], kind="made", splits=("train", "val", "test", "trainval"), opens=opens)
    monkeypatch.setitem(DATASETS, "made", record)
    report = lint_dataset("made", tmp_path)
    found = codes(report)
    assert found["broken_picture"].count == 2 and "class index 21" in found["broken_picture"].message
    assert "indices 99" in found["ids_outside_classes"].message
    missing = next(f for f in report.findings if f.code == "split_missing")
    assert missing.message == "val cannot be opened: no val here" and missing.severity == "note"
    assert list(report.pictures) == ["train", "test"]  # trainval holds train once more
    assert "duplicates" in found  # a is in train and test
    monkeypatch.setitem(DATASETS, "made", replace(record, splits=("train", "val")))
    assert next(f for f in lint_dataset("made", tmp_path).findings if f.code == "split_missing").severity == "warning"
    monkeypatch.setitem(DATASETS, "made", replace(record, splits=("val",)))
    with pytest.raises(ValueError, match="no val here"):
        lint_dataset("made", tmp_path)


def test_what_is_not_there_is_said():
    with pytest.raises(ValueError, match="voc2012 data set needs root.*VOCdevkit"):
        lint_dataset("voc2012")
    with pytest.raises(ValueError, match="no data set 'imagenet'"):
        lint_dataset("imagenet", "x")


def test_grey_values_without_a_class_list(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for seed in range(3):
        Image.fromarray(photo(seed)).save(tmp_path / f"images/{seed}.png")
        Image.fromarray(np.array([0, 38, 113], np.uint8)[truth(seed, 3) % 3]).save(tmp_path / f"masks/{seed}.png")
    finding = next(f for f in lint(tmp_path).findings if f.code == "grey_values")
    assert "grey values of VOC's palette" in finding.message and "palette PNG" in finding.mend
    for seed in range(3):
        Image.fromarray((truth(seed, 3) % 3 * 100).astype(np.uint8)).save(tmp_path / f"masks/{seed}.png")
    finding = next(f for f in lint(tmp_path).findings if f.code == "grey_values")
    assert "3 different values up to 200" in finding.message and "classes.txt" in finding.mend


def test_channels_of_any_number_are_compared_too(tmp_path):
    for split, seed in (("train", 1), ("val", 1), ("val", 2)):
        for kind in ("images", "masks"):
            (tmp_path / kind / split).mkdir(parents=True, exist_ok=True)
        bands = np.random.default_rng(seed).integers(0, 4000, (20, 30, 5), dtype=np.uint16)
        np.save(tmp_path / f"images/{split}/{seed}.npy", bands)
        Image.fromarray(truth(seed, 3)).save(tmp_path / f"masks/{split}/{seed}.png")
    found = codes(lint(tmp_path))
    assert found["duplicates"].files == ("train/1.npy = val/1.npy",)


def test_class_balance(voc):
    data = open_dataset("voc2012", root=voc, split="train")
    balance = class_balance(data)
    masks = np.stack([data[i].mask for i in range(2)])
    assert balance.pixels.tolist() == [(masks == i).sum() for i in range(21)] and balance.void == (masks == VOID).sum()
    assert balance.shares.sum() == pytest.approx(1) and balance.void_share == pytest.approx(1 / 20)
    assert balance.shown_in[15] == sum(mask.size for mask in masks if (mask == 15).any())
    assert balance.pictures[15] == sum((mask == 15).any() for mask in masks) and balance.looked_at == balance.of == 2
    assert class_balance(data, at_most=1).looked_at == 1


def test_command_line(voc, capsys):
    assert main(["data", "lint", "--dataset", "voc2012", "--root", str(voc), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] and said["pictures"] == {"train": 2, "val": 1} and said["split_pixels"]["train"]["person"] > 0
    (voc / "VOCdevkit/VOC2012/SegmentationClass/2007_000039.png").write_bytes(b"no picture")
    assert main(["data", "lint", str(voc), "--dataset", "voc2012"]) == 1
    assert "unpack the archive again" in capsys.readouterr().out
    for arguments in ([], ["--dataset", "imagenet"], ["--dataset", "voc2012"], [str(voc), "--root", str(voc)]):
        assert main(["data", "lint", *arguments]) == 2
        assert "Error" in capsys.readouterr().err


def test_camvid_by_name(tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"CamVid/{split}").mkdir(parents=True)
        (tmp_path / f"CamVid/{split}annot").mkdir()
        Image.fromarray(photo(len(split))).save(tmp_path / f"CamVid/{split}/a.png")
        Image.fromarray(np.arange(600).reshape(SIZE).astype(np.uint8) % 12).save(
            tmp_path / f"CamVid/{split}annot/a.png"
        )
    write_list(tmp_path / "CamVid/train.txt", ["a", "b"])
    report = lint_dataset("camvid", tmp_path)
    assert set(codes(report)) == {"listed_but_absent"} and list(report.pixels) == list(CAMVID.classes)
