from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_core.data.lint.linter import lint
from fcn_core.labels import VOC, VOID, voc_palette


def photo(seed: int, size: tuple[int, int] = (24, 32)) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BILINEAR))


@pytest.fixture
def root(tmp_path) -> Path:
    """A sound data set of three classes: four pictures to learn from, two to validate on."""
    for split, seeds in (("train", range(4)), ("val", range(10, 12))):
        for kind in ("images", "masks"):
            (tmp_path / kind / split).mkdir(parents=True)
        for seed in seeds:
            Image.fromarray(photo(seed)).save(tmp_path / f"images/{split}/p{seed}.png")
            mask = np.random.default_rng(seed).integers(0, 3, (24, 32)).astype(np.uint8)
            mask[:3] = VOID
            Image.fromarray(mask).save(tmp_path / f"masks/{split}/p{seed}.png")
    (tmp_path / "classes.txt").write_text("ground\ntree\nsky\n")
    return tmp_path


def found(root: Path, **options) -> dict:
    report = lint(root, **options)
    assert all(f.mend and f.message for f in report.findings)
    return {f.code: f for f in report.findings}


def test_a_sound_set_has_only_notes(root):
    seen = []
    report = lint(root, progress=lambda done, total: seen.append((done, total)))
    assert report.ok and [f.code for f in report.findings] == ["class_shares"]
    assert report.pictures == {"train": 4, "val": 2} and seen[-1] == (6, 6)
    assert report.void_share == pytest.approx(3 / 24)
    assert sum(report.pixels.values()) == 6 * 21 * 32 and list(report.pixels) == ["ground", "tree", "sky"]


def test_missing_pairs_and_sizes(root):
    (root / "masks/train/p0.png").unlink()
    (root / "images/val/p10.png").unlink()
    Image.fromarray(np.zeros((32, 24), np.uint8)).save(root / "masks/train/p1.png")
    problems = found(root)
    assert problems["photo_without_mask"].files == ("p0.png",)
    assert problems["mask_without_photo"].severity == "warning"
    assert "32×24 pixels, its label map 24×32" in problems["size_mismatch"].message
    assert not lint(root).ok


def test_names_listed_but_absent(root, tmp_path):
    flat = tmp_path / "flat"
    for kind in ("images", "masks"):
        (flat / kind).mkdir(parents=True)
        (flat / kind / "p0.png").write_bytes((root / kind / "train/p0.png").read_bytes())
    (flat / "train.txt").write_text("p0\np7\n")
    assert found(flat)["listed_but_absent"].files == ("p7",)


def test_ids_outside_the_classes(root):
    mask = np.zeros((24, 32), np.uint8)
    mask[5], mask[6] = 3, 17
    Image.fromarray(mask).save(root / "masks/train/p2.png")
    problem = found(root)["ids_outside_classes"]
    assert "3, 17" in problem.message and problem.files == ("p2.png",)


def test_palette_read_as_grey(root):
    mask = np.array(Image.open(root / "masks/train/p2.png"))
    palette = Image.fromarray(mask, mode="P")
    palette.putpalette(np.array(voc_palette(256), np.uint8).tobytes())
    palette.convert("RGB").convert("L").save(root / "masks/train/p2.png")
    assert "palette_as_grey" in found(root)


def test_colour_coded(root):
    colours = np.array(VOC.palette, np.uint8)[np.random.default_rng(0).integers(0, 3, (24, 32))]
    Image.fromarray(colours).save(root / "masks/train/p2.png")
    assert found(root)["colour_coded"].severity == "error"
    (root / "classes.txt").write_text("ground 0 0 0\ntree 128 0 0\nsky 0 128 0\n")
    assert "colour_coded" not in found(root)


def test_jpeg_masks_damaged_files_and_binary_masks(root):
    mask = Image.open(root / "masks/train/p2.png")
    mask.save(root / "masks/train/p2.jpg")
    (root / "masks/train/p2.png").unlink()
    (root / "masks/train/p1.png").write_bytes(b"no picture")
    (root / "images/train/p3.png").write_bytes(b"")
    Image.fromarray(np.where(np.eye(24, 32), 255, 0).astype(np.uint8)).save(root / "masks/val/p10.png")
    problems = found(root)
    assert {"lossy_mask", "unreadable_mask", "unreadable_photo", "binary_with_void"} <= set(problems)


def test_void_balance_and_unlearned_classes(root):
    for name in ("p0", "p1", "p2", "p3"):
        mask = np.full((24, 32), VOID, np.uint8)
        mask[0], mask[1, 0] = 0, 1
        Image.fromarray(mask).save(root / f"masks/train/{name}.png")
    Image.fromarray(np.full((24, 32), VOID, np.uint8)).save(root / "masks/val/p10.png")
    problems = found(root)
    assert problems["much_void"].severity == "warning" and problems["all_void"].files == ("p10.png",)
    assert problems["unlearned_classes"].files == ("sky",)
    assert problems["absent_classes"].files == ("sky",)


def test_rare_classes(root):
    for path in sorted(root.glob("masks/*/*.png")):
        mask = np.zeros((24, 32), np.uint8)
        mask[3:], mask[0, 0] = 1, 2
        Image.fromarray(mask).save(path)
    assert found(root)["rare_classes"].files == ("sky",)


def test_duplicates_between_splits_even_compressed_again(root):
    Image.open(root / "images/train/p1.png").save(root / "images/val/p10.jpg", quality=80)
    (root / "images/val/p10.png").unlink()
    problem = found(root)["duplicates"]
    assert problem.severity == "error" and problem.files == ("train/p1.png = val/p10.jpg",)


def test_camvid_layout(tmp_path):
    for split, seed in (("train", 0), ("val", 1)):
        (tmp_path / split).mkdir()
        (tmp_path / f"{split}annot").mkdir()
        Image.fromarray(photo(seed)).save(tmp_path / split / "a.png")
        mask = np.arange(24 * 32).reshape(24, 32) % 12
        Image.fromarray(mask.astype(np.uint8)).save(tmp_path / f"{split}annot/a.png")
    report = lint(tmp_path)
    assert report.ok and report.void_share == pytest.approx(1 / 12) and len(report.pixels) == 11


def test_no_data_set_at_all(tmp_path):
    with pytest.raises(ValueError, match="neither images/ and masks/"):
        lint(tmp_path)
