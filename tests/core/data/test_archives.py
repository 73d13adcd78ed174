"""Data sets fetched from a server on this machine, verified and unpacked into place."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from published_data import write_sbd, write_voc

from fcn_core.cli.program import main
from fcn_core.data import archives, datasets
from fcn_core.data.archives import VOC2012_ARCHIVE, Archive, unpack
from fcn_core.data.datasets import DATASETS, download_dataset, open_dataset
from fcn_core.machine.download import DownloadError

SPLITS = {"train": ["2007_000032"], "val": ["2007_000033"]}


def pack(folder: Path, mode: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    return packed.getvalue()


@pytest.fixture
def served(tmp_path, monkeypatch):
    """VOC 2012, VOC 2011 and SBD as their publishers pack them, on a server of this machine."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = files.get(self.path.rpartition("/")[2])
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    write_voc(tmp_path / "v12/VOCdevkit/VOC2012", SPLITS)
    write_voc(tmp_path / "v11/TrainVal/VOCdevkit/VOC2011", SPLITS)
    write_sbd(tmp_path / "sbd/benchmark_RELEASE/dataset", {"train": ["2008_000002"], "val": ["2008_000007"]})
    for folder, mode, kinds in (("v12", "w", ["voc2012"]), ("v11", "w", ["voc2011"]), ("sbd", "w:gz", ["sbd"])):
        packed = pack(tmp_path / folder, mode)
        for kind in kinds:
            real = DATASETS[kind].download[0]
            files[real.filename] = packed
            small = replace(
                real, url=f"http://127.0.0.1:{server.server_port}/{real.filename}",
                md5=hashlib.md5(packed).hexdigest(), size_bytes=len(packed), unpacked_bytes=len(packed),
            )  # fmt: skip
            monkeypatch.setitem(DATASETS, kind, replace(DATASETS[kind], download=(small,)))
    both = (*DATASETS["sbd"].download, *DATASETS["voc2011"].download)
    monkeypatch.setitem(DATASETS, "voc-sbd", replace(DATASETS["voc-sbd"], download=both))
    monkeypatch.setattr(archives, "SPARE_DISK", 0)
    yield namedtuple("Served", "files asked")(files, asked)
    server.shutdown()
    server.server_close()
    thread.join()


def visible(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if not path.name.endswith((".lock", ".verified"))}


def test_fetched_unpacked_and_opened(served, tmp_path):
    root, steps = tmp_path / "data", []
    folders = download_dataset("voc2012", root, progress=lambda *step: steps.append(step))
    assert folders == [root / "VOCdevkit/VOC2012"]
    assert len(open_dataset("voc2012", root=root, split="trainval")) == 2
    assert visible(root) == {"VOCdevkit", VOC2012_ARCHIVE.filename}
    for what in ("Fetching", "Unpacking"):
        own = [step for step in steps if step[0] == f"{what} PASCAL VOC 2012 (train and val)"]
        assert [done for _, done, _ in own] == sorted(done for _, done, _ in own) and own[-1][1] <= own[-1][2]
    download_dataset("voc2012", root)
    assert len(served.asked) == 1


def test_the_combination_needs_two_archives_and_they_share_a_folder(served, tmp_path):
    root = tmp_path / "data"
    download_dataset("voc2012", root)
    (root / "VOCdevkit/my_results").mkdir()
    download_dataset("voc-sbd", root)
    assert len(open_dataset("voc-sbd", root=root, split="train")) == 1
    assert open_dataset("voc-sbd", root=root, split="val")[0].name == "2007_000033"
    assert (root / "VOCdevkit/my_results").is_dir() and len(served.asked) == 3


def test_a_file_put_there_by_hand_needs_no_network(served, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / VOC2012_ARCHIVE.filename).write_bytes(served.files[VOC2012_ARCHIVE.filename])
    download_dataset("voc2012", root)
    assert served.asked == [] and len(open_dataset("voc2012", root=root)) == 1


def test_without_a_network_it_says_how_to_do_it_by_hand(monkeypatch, tmp_path):
    import socket

    def unknown_name(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: namedtuple("usage", "free")(10**12))
    with pytest.raises(DownloadError, match="cannot be reached; is there a network") as caught:
        download_dataset("voc2012", tmp_path / "data")
    by_hand = tmp_path / "data" / VOC2012_ARCHIVE.filename
    assert f"By hand: get {VOC2012_ARCHIVE.url} and put it at {by_hand}" in str(caught.value)


def test_the_disk_is_checked_before_anything_is_fetched(served, tmp_path, monkeypatch):
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: namedtuple("usage", "free")(1000))
    with pytest.raises(DownloadError, match=r"disk is too full: 0.0 GB are needed in .* choose a root on another disk"):
        download_dataset("voc2012", tmp_path / "data")
    assert served.asked == []


def test_a_wrong_archive_is_not_unpacked(served, tmp_path):
    served.files[VOC2012_ARCHIVE.filename] = b"something else"
    with pytest.raises(DownloadError, match="Wrong checksum: md5"):
        download_dataset("voc2012", tmp_path / "data")
    assert visible(tmp_path / "data") == set()


@pytest.mark.parametrize("escape", ["absolute", "dots", "link"])
def test_an_archive_that_reaches_outside_is_refused(tmp_path, escape):
    root = tmp_path / "root"
    root.mkdir()
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        good = tarfile.TarInfo("VOCdevkit/a.txt")
        good.size = 2
        tar.addfile(good, io.BytesIO(b"ok"))
        name = {"absolute": str(tmp_path / "out.txt"), "dots": "../out.txt", "link": "VOCdevkit/out"}[escape]
        bad = tarfile.TarInfo(name)
        if escape == "link":
            bad.type, bad.linkname = tarfile.SYMTYPE, "../../.."
        else:
            bad.size = 2
        tar.addfile(bad, io.BytesIO(b"no"))
    if escape == "absolute":  # the leading slash is taken away, so that it lands inside
        unpack(tmp_path / "bad.tar", root)
    else:
        with pytest.raises(DownloadError, match="is refused.*Nothing was unpacked"):
            unpack(tmp_path / "bad.tar", root)
        assert list(root.iterdir()) == []
    assert not (tmp_path / "out.txt").exists()


def test_a_damaged_archive_leaves_nothing(tmp_path):
    root = tmp_path / "root"
    write_voc(tmp_path / "v/VOCdevkit/VOC2012", SPLITS)
    root.mkdir()
    for mode, keep in (("w", 6000), ("w:gz", 3000)):
        (tmp_path / "cut.tar").write_bytes(pack(tmp_path / "v", mode)[:keep])
        with pytest.raises(DownloadError, match="is damaged|could not be unpacked"):
            unpack(tmp_path / "cut.tar", root)
    assert list(root.iterdir()) == []


def test_a_disk_that_fills_up_while_unpacking_leaves_nothing(tmp_path, monkeypatch):
    root = tmp_path / "root"
    write_voc(tmp_path / "v/VOCdevkit/VOC2012", SPLITS)
    root.mkdir()
    (tmp_path / "a.tar").write_bytes(pack(tmp_path / "v", "w"))

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extract", full)
    with pytest.raises(DownloadError, match="No space left on device.*Nothing was kept"):
        unpack(tmp_path / "a.tar", root)
    assert list(root.iterdir()) == []


def test_what_is_not_offered_says_where_it_is():
    with pytest.raises(ValueError, match="PASCAL-Context is not offered for download; get it from https"):
        download_dataset("pascal-context", "data")
    with pytest.raises(ValueError, match="it needs no download. Downloads: voc2012, voc2011, sbd, voc-sbd"):
        download_dataset("streets", "data")
    with pytest.raises(ValueError, match="no data set 'imagenet'"):
        download_dataset("imagenet", "data")


def test_the_published_files_are_those_that_torchvision_names():
    from torchvision.datasets.sbd import SBDataset
    from torchvision.datasets.voc import DATASET_YEAR_DICT

    for year, archive in (("2011", datasets.VOC2011_ARCHIVE), ("2012", VOC2012_ARCHIVE)):
        known = DATASET_YEAR_DICT[year]
        assert (archive.url, archive.filename, archive.md5) == (known["url"], known["filename"], known["md5"])
        assert archive.holds == known["base_dir"]
    sbd: Archive = datasets.SBD_ARCHIVE
    assert (sbd.url, sbd.filename, sbd.md5) == (SBDataset.url, SBDataset.filename, SBDataset.md5)


def test_command_line(served, tmp_path, capsys):
    assert main(["data", "download", "voc2012", "--root", str(tmp_path / "data")]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "data/VOCdevkit/VOC2012") in out
    assert main(["data", "download", "camvid", "--root", str(tmp_path / "data")]) == 1
    assert "not offered for download" in capsys.readouterr().err
    assert main(["data", "download", "imagenet", "--root", str(tmp_path)]) == 2
    assert main(["data", "list", "--json"]) == 0
    assert '"kind": "voc-sbd"' in capsys.readouterr().out
