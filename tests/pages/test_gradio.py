"""The Gradio app as a visitor's program meets it: a real server on a free port, driven by gradio_client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.photo_desk import KEPT_PHOTOS, MAX_SIDE, Desk
from fcn_core.labels import CAMVID
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import load

ROOT = Path(__file__).parents[2]
START_SECONDS = 300  # imports of torch and Gradio on a busy machine
USER = ("student", "pass:word")


@pytest.fixture(scope="module")
def server(shared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `python app/gradio_app.py`, started from another folder, with a password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {**os.environ, "FCN_LAB_HOME": str(shared_home), "GRADIO_TEMP_DIR": str(elsewhere / "cache")}
    command = [sys.executable, str(ROOT / "app" / "gradio_app.py"), "--port", str(port), "--auth", ":".join(USER)]
    process = subprocess.Popen(
        command, cwd=elsewhere, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not any(line.startswith("Serving on") for line in lines):
            assert process.poll() is None and time.monotonic() < deadline, "".join(lines)
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def client(server: str) -> Any:
    from gradio_client import Client

    return Client(server, auth=USER, verbose=False, analytics_enabled=False)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(1).integers(0, 256, (45, 61, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a photo.png")
    return tmp_path / "a photo.png"


def given(path: Path) -> Any:
    from gradio_client import handle_file

    return handle_file(str(path))


def test_segment_returns_the_classes_of_the_photo(client: Any, photo: Path) -> None:
    expected = Segmenter(load("tiny")).segment(photo, heads=(16,)).label_maps[16]
    regions, shares, remark = client.predict(given(photo), "tiny", "16s", api_name="/segment")
    regions = regions.get("value", regions)  # the colours come along as an update of the component
    assert Image.open(regions["image"]).size == (61, 45)
    masks = {item["label"]: np.array(Image.open(item["image"]))[..., 3] > 0 for item in regions["annotations"]}
    for index, name in enumerate(CAMVID.classes):
        found = masks.get(name, np.zeros(expected.shape, bool))
        assert np.array_equal(found, expected == index)
    measured = {item["label"]: item["confidence"] for item in shares["confidences"]}
    assert sum(measured.values()) == pytest.approx(1)
    assert measured == pytest.approx({name: float(mask.mean()) for name, mask in masks.items()})
    assert "61×45" in remark


def test_heatmap_and_label_map(client: Any, photo: Path) -> None:
    heat = client.predict(given(photo), "tiny", "8s", "pole", api_name="/heatmap")
    assert Image.open(heat).size == (61, 45)
    file = client.predict(given(photo), "tiny", "32s", api_name="/label_map")
    expected = Segmenter(load("tiny")).segment(photo, heads=(32,)).label_maps[32]
    assert np.array_equal(np.array(Image.open(file)), expected)


def test_weights_say_what_they_know(client: Any) -> None:
    about = client.predict(api_name="/weights")
    assert about["tiny"]["heads"] == ["32s", "16s", "8s"]
    assert tuple(about["tiny"]["classes"]) == CAMVID.classes


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (("tiny", "8s", "unicorn"), "no class 'unicorn'"),
        (("nothing", "8s", "sky"), "nothing"),
        (("tiny", "4s", "sky"), "4s"),
    ],
)
def test_wrong_settings_get_a_sentence(client: Any, photo: Path, settings: tuple[str, ...], says: str) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=says):
        client.predict(given(photo), *settings, api_name="/heatmap")


def test_files_that_are_no_photos_get_a_sentence(client: Any, tmp_path: Path, photo: Path) -> None:
    from gradio_client.exceptions import AppError

    text, cut = tmp_path / "text.jpg", tmp_path / "cut.png"
    text.write_text("this is not a photo")
    cut.write_bytes(photo.read_bytes()[:200])
    for path, says in ((text, "text file"), (cut, "damaged")):
        with pytest.raises(AppError, match=says):
            client.predict(given(path), "tiny", "8s", api_name="/segment")
    with pytest.raises(AppError, match="no photo"):
        client.predict(None, "tiny", "8s", api_name="/segment")
    regions, *_ = client.predict(given(photo), "tiny", "8s", api_name="/segment")
    assert regions, "the app goes on after bad files"


def test_a_file_that_is_too_large_is_refused(client: Any, tmp_path: Path) -> None:
    from gradio_client import handle_file

    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    with pytest.raises(Exception, match=r"413|size|large"):
        client.predict(handle_file(str(large)), "tiny", "8s", api_name="/segment")


def test_a_password_is_asked_for(server: str) -> None:
    import requests

    assert requests.get(f"{server}config", timeout=30).status_code == 401
    for password, status in (("wrong", 400), (USER[1], 200)):
        form = {"username": USER[0], "password": password}
        assert requests.post(f"{server}login", data=form, timeout=30).status_code == status


def test_limits_and_endpoints_are_as_announced(client: Any) -> None:
    config = client.config
    named = {d["api_name"] for d in config["dependencies"] if d.get("api_visibility", "public") == "public"}
    assert named == {"segment", "heatmap", "label_map", "weights"}
    assert config["max_file_size"] == 20 * 1024 * 1024
    assert not config["analytics_enabled"]
    assert "fonts.googleapis" not in json.dumps(config)


def test_without_a_share_address_it_serves_locally(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import gradio as gr

    from app import gradio_app

    asked: dict[str, Any] = {}

    def launch(self: gr.Blocks, **settings: Any) -> tuple[None, str, None]:
        asked.update(settings)
        return None, "http://127.0.0.1:7860/", None  # what Gradio returns when its server cannot be reached

    monkeypatch.setattr(gr.Blocks, "launch", launch)
    monkeypatch.setattr(gr.Blocks, "block_thread", lambda self: None)
    assert gradio_app.main(["--share", "--auth", "a:b:c"]) == 0
    said = capsys.readouterr().out
    assert "No share address" in said and "http://127.0.0.1:7860/" in said
    assert asked["share"] and asked["auth"] == ("a", "b:c") and asked["server_name"] == "127.0.0.1"


@pytest.mark.parametrize("words", [["--auth", "nopassword"], ["--port", "x"], ["--port", "99999"], ["--nonsense"]])
def test_a_wrong_command_line_is_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from app import gradio_app

    with pytest.raises(SystemExit) as end:
        gradio_app.arguments(words)
    assert end.value.code == 2 and "error" in capsys.readouterr().err


def test_a_device_that_is_not_here_is_refused_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    from app import gradio_app

    assert gradio_app.main(["--device", "cuda:99"]) == 1
    assert "'cuda:99' cannot be used on this machine" in capsys.readouterr().err


def test_a_photo_goes_through_the_network_once(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    encode = Segmenter.encode
    monkeypatch.setattr(Segmenter, "encode", lambda *a, **k: passes.append(1) or encode(*a, **k))
    desk = Desk(device="cpu")
    first = desk.regions(photo, "tiny", "8s")
    desk.regions(photo, "tiny", "32s")
    desk.heatmap(photo, "tiny", "16s", "sky")
    assert len(passes) == 1
    assert sum(first.shares.values()) == pytest.approx(1)
    assert sum(first.masks.values()).max() == 1, "every pixel has one class"
    for seed in range(KEPT_PHOTOS):
        path = photo.with_name(f"{seed}.png")
        Image.fromarray(np.full((20, 20, 3), seed, np.uint8)).save(path)
        desk.label_map(path, "tiny", "8s")
    desk.label_map(photo, "tiny", "8s")
    assert len(passes) == KEPT_PHOTOS + 2, "the oldest photo was forgotten"


def test_large_photos_are_shrunk_and_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    Image.new("RGB", (MAX_SIDE * 2, 40)).save(path)
    regions = Desk(device="cpu").regions(path, "tiny", "8s")
    assert regions.image.shape == (20, MAX_SIDE, 3)
    assert f"shrunk from {MAX_SIDE * 2}×40" in regions.remark
