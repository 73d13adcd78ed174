"""The registry of data sets."""

from __future__ import annotations

import pytest

from fcn_core.data.datasets import DATASETS, dataset_record, open_dataset
from fcn_core.labels import CAMVID, LabelSet


def test_every_record_is_complete():
    for kind, record in DATASETS.items():
        assert record.kind == kind and record.title and record.about and record.splits and "rgb" in record.channels
        assert record.layout or not record.needs_root
        assert all(isinstance(labels, LabelSet) for labels in record.tasks.values())


@pytest.mark.parametrize("kind", [kind for kind, record in DATASETS.items() if record.needs_root])
def test_every_reader_says_what_it_needs(kind, tmp_path):
    with pytest.raises(ValueError, match=f"the {kind} data set needs root"):
        open_dataset(kind)
    with pytest.raises(ValueError, match=str(tmp_path)):
        open_dataset(kind, root=tmp_path)
    with pytest.raises(ValueError, match="nowhere"):
        open_dataset(kind, root=tmp_path / "nowhere", split="train")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="no data set 'coco'; the data sets are streets, camvid, folder"):
        dataset_record("coco")
    with pytest.raises(ValueError, match="streets has the images rgb, not 'depth'"):
        open_dataset("streets", images="depth")
    with pytest.raises(ValueError, match="streets has the splits train, val, test"):
        open_dataset("streets", split="trainval")


def test_splits_of_streets_share_no_scene():
    def seeds(**asked):
        return {data[i].name for data in [open_dataset("streets", count=2, size=(32, 48), **asked)] for i in range(2)}

    assert seeds(split="val") == seeds(seed=1) and seeds(split="train") == seeds()
    drawn = [seeds(split=split, seed=seed) for split in ("train", "val", "test") for seed in (0, 2)]
    assert len(set.union(*drawn)) == 12 and open_dataset("streets", count=1).labels is CAMVID
