"""Downloads against a server on this machine that can do everything wrong that servers do."""

from __future__ import annotations

import errno
import hashlib
import re
import socket
import threading
import time
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fcn_core.machine import transfer as transfer_module
from fcn_core.weights import DownloadError, WeightRecord, fetch, is_here

CONTENT = bytes(i * 7 % 251 for i in range(300_000))
SHA = hashlib.sha256(CONTENT).hexdigest()
ETAG = '"v1"'


class Server(ThreadingHTTPServer):
    """What it serves, and how badly, are attributes that a test sets; `ranges` records what was asked for."""

    content: bytes = CONTENT
    etag: str | None = ETAG
    status = 200
    content_type = "application/octet-stream"
    ranges_work = True
    cut_after: int | None = None  # bytes of the body after which the connection is dropped
    cuts = 10**9  # how many connections are dropped
    say_length = True
    pause = 0.0

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is part of these tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        if server.status != 200:
            self.send_error(server.status)
            return
        start, whole = 0, len(server.content)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fresh = self.headers.get("If-Range") in (None, server.etag)
        if asked and server.ranges_work and fresh:
            start = int(asked.group(1))
            if start >= whole:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{whole}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        else:
            self.send_response(200)
        body = server.content[start:]
        if server.say_length:
            self.send_header("Content-Length", str(len(body)))
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Type", server.content_type)
        self.end_headers()
        if server.cut_after is not None and server.cuts > 0:
            server.cuts -= 1
            body = body[: server.cut_after]
        if server.pause:
            self.wfile.write(body[:1000])
            time.sleep(server.pause)
            body = body[1000:]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.ranges = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def record(server, tmp_path, monkeypatch):
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(transfer_module, "CHUNK", 10_000)
    return make_record(server)


def make_record(server, **changes) -> WeightRecord:
    url = f"http://127.0.0.1:{server.server_port}/net.pth"
    facts = {"source": "published", "url": url, "filename": "net.pth", "sha256": SHA, **changes}
    return WeightRecord("net", "The net", **facts)


def leftovers(folder) -> set[str]:
    """What a person would see in the download folder, hidden housekeeping left aside."""
    return {path.name for path in folder.glob("downloads/*") if not path.name.startswith(".")}


def test_a_download_reports_progress_and_is_not_repeated(server, record, tmp_path):
    steps = []
    assert not is_here(record)
    path = fetch(record, progress=lambda done, total: steps.append((done, total)))
    assert path == tmp_path / "downloads" / "net.pth" and path.read_bytes() == CONTENT and is_here(record)
    assert steps[0] == (0, len(CONTENT)) and steps[-1] == (len(CONTENT), len(CONTENT)) and len(steps) > 10
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    fetch(record)
    assert len(server.ranges) == 1 and leftovers(tmp_path) == {"net.pth"}


@pytest.mark.parametrize(
    "checksum",
    [{"sha256": SHA[:8]}, {"sha256": None, "md5": hashlib.md5(CONTENT).hexdigest()}, {"sha256": None}],
)
def test_every_kind_of_checksum_is_taken(server, record, checksum):
    assert fetch(make_record(server, **checksum)).read_bytes() == CONTENT


@pytest.mark.parametrize("checksum", [{"sha256": "0" * 8}, {"sha256": None, "md5": "0" * 32}])
def test_a_wrong_checksum_keeps_nothing_and_says_what_to_do(server, record, tmp_path, checksum):
    bad = make_record(server, **checksum)
    with pytest.raises(DownloadError, match="Wrong checksum") as caught:
        fetch(bad)
    assert leftovers(tmp_path) == set()
    assert bad.url in str(caught.value) and str(tmp_path / "downloads" / "net.pth") in str(caught.value)
    assert caught.value.target == tmp_path / "downloads" / "net.pth" and isinstance(caught.value, ValueError)


def test_a_dropped_connection_is_continued(server, record):
    server.cut_after, server.cuts = 100_000, 2
    assert fetch(record).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=200000-"]


def test_a_truncated_download_stays_as_a_part_and_goes_on_the_next_time(server, record, tmp_path):
    server.cut_after = 50_000
    with pytest.raises(DownloadError, match="broke off 3 times .150000 of 300000 bytes"):
        fetch(record)
    assert leftovers(tmp_path) == {"net.pth.part", "net.pth.part.json"} and not is_here(record)
    server.cut_after = None
    assert fetch(record).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=150000-" and leftovers(tmp_path) == {"net.pth"}


def test_without_ranges_a_broken_download_starts_over(server, record):
    server.ranges_work = False
    server.cut_after, server.cuts = 100_000, 1
    assert fetch(record).read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_fetched_anew(server, record, tmp_path):
    server.cut_after = 50_000
    with pytest.raises(DownloadError):
        fetch(record)
    server.cut_after, server.etag = None, '"v2"'
    server.content = CONTENT[::-1]
    path = fetch(make_record(server, sha256=hashlib.sha256(server.content).hexdigest()))
    assert path.read_bytes() == CONTENT[::-1]


def test_a_part_glued_from_two_files_is_found_out_and_fetched_anew(server, record, tmp_path):
    """A server without validators cannot say that the file changed; the checksum can."""
    server.etag, server.cut_after = None, 50_000
    with pytest.raises(DownloadError):
        fetch(record)
    server.cut_after = None
    server.content = CONTENT[::-1]
    path = fetch(make_record(server, sha256=hashlib.sha256(server.content).hexdigest()))
    assert path.read_bytes() == CONTENT[::-1] and server.ranges[-2:] == ["bytes=150000-", None]


def test_without_checksum_and_validator_nothing_is_continued(server, record):
    server.etag = None
    server.cut_after, server.cuts = 100_000, 1
    assert fetch(make_record(server, sha256=None)).read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_whole_part_is_taken_without_fetching_again(server, record, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:  # everything arrives, and then the machine goes down
        patch.setattr("fcn_core.machine.download._wrong_content", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            fetch(record)
    assert fetch(record).read_bytes() == CONTENT and server.ranges == [None, "bytes=300000-"]


def test_a_server_that_does_not_say_the_length(server, record):
    server.say_length = False
    steps = []
    assert fetch(record, progress=lambda done, total: steps.append((done, total))).read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": 404}, r"no longer has the file \(HTTP 404\)"),
        ({"status": 503}, r"refused the download \(HTTP 503\)"),
        ({"content_type": "text/html; charset=utf-8"}, "sent a web page instead"),
        ({"content": b"<!DOCTYPE html><title>Virus scan warning</title>"}, "web page instead of the file"),
        ({"content": b""}, "file is empty"),
    ],
)
def test_wrong_answers_leave_nothing_behind(server, record, tmp_path, changes, sentence):
    for name, value in changes.items():
        setattr(server, name, value)
    with pytest.raises(DownloadError, match=sentence) as caught:
        fetch(record)
    assert "By hand: get http://127.0.0.1" in str(caught.value) and leftovers(tmp_path) == set()


def test_no_network(server, record, tmp_path, monkeypatch):
    closed = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = closed.server_port
    closed.server_close()
    with pytest.raises(DownloadError, match="cannot be reached; is there a network"):
        fetch(make_record(server, url=f"http://127.0.0.1:{port}/net.pth"))

    def unknown_name(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    with pytest.raises(DownloadError, match="nowhere.invalid cannot be reached; is there a network"):
        fetch(make_record(server, url="http://nowhere.invalid/net.pth"))
    assert leftovers(tmp_path) == set()


def test_a_silent_server_times_out(server, record, monkeypatch):
    monkeypatch.setattr(transfer_module, "TIMEOUTS", (0.2, 0.1))
    monkeypatch.setattr(Handler, "do_GET", lambda self: time.sleep(0.4))
    with pytest.raises(DownloadError, match="did not answer in time"):
        fetch(record)


def test_a_server_that_stalls_in_the_middle(server, record, monkeypatch, tmp_path):
    monkeypatch.setattr(transfer_module, "TIMEOUTS", (5.0, 0.5))
    monkeypatch.setattr("fcn_core.machine.download.ATTEMPTS", 1)
    server.pause = 1.0
    with pytest.raises(DownloadError, match="broke off|did not answer in time"):
        fetch(record)
    assert "net.pth" not in leftovers(tmp_path)


def test_a_full_disk_is_seen_before_it_is_full(server, record, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(transfer_module.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    with pytest.raises(DownloadError, match=r"disk is full \(0 MB are needed and 0 MB are free\); make room"):
        fetch(record)
    assert leftovers(tmp_path) == set()


def test_a_disk_that_fills_up_on_the_way(server, record, tmp_path):
    def fills_up(done: int, total: int | None) -> None:
        if done > 50_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DownloadError, match="disk is full; make room, or set FCN_LAB_HOME"):
        fetch(record, progress=fills_up)
    assert leftovers(tmp_path) == set()


def test_a_folder_that_cannot_be_used(server, record, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match="cannot be used"):
        fetch(record)


def test_an_interruption_keeps_the_part_and_frees_the_lock(server, record, tmp_path):
    def interrupt(done: int, total: int | None) -> None:
        if done >= 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(record, progress=interrupt)
    assert leftovers(tmp_path) == {"net.pth.part", "net.pth.part.json"}
    assert fetch(record).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-"]


def test_two_sessions_fetch_a_file_once(server, record):
    server.pause = 0.3
    results = []
    threads = [threading.Thread(target=lambda: results.append(fetch(record).read_bytes())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [CONTENT] * 3 and len(server.ranges) == 1


def test_a_file_put_there_by_hand_is_proven(server, record, tmp_path):
    target = tmp_path / "downloads" / "net.pth"
    target.parent.mkdir()
    target.write_bytes(b"something else")
    with pytest.raises(DownloadError, match="is not the published one. Wrong checksum.*Delete it first"):
        fetch(record)
    assert target.read_bytes() == b"something else"  # a person's file is never removed
    target.write_bytes(CONTENT)
    assert fetch(record) == target and server.ranges == []


def test_a_record_without_address_says_so(tmp_path):
    with pytest.raises(DownloadError, match="no address"):
        fetch(WeightRecord("net", "The net", source="published", filename="net.pth"), cache_dir=tmp_path)
