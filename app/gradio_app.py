"""Quick segmentation behind a share link: `python app/gradio_app.py [--share] [--auth USER:PASSWORD]`.

One page with a photo on the left and its classes on the right, and the same as an API with named
endpoints (/segment, /heatmap, /label_map, /weights). It reads and answers, nothing else: no
training, no downloads, no files but the visitor's own photo.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
APP = str(ROOT / "app")
# Python puts app/ on the path when this file is run. Its modules must be known by one name only (app.x, never x).
sys.path[:] = [str(ROOT), *(entry for entry in sys.path if entry not in (APP, str(ROOT)))]
# Before Gradio is imported: no telemetry, no version check, and no proxy between this machine and itself.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
for variable in ("no_proxy", "NO_PROXY"):
    os.environ[variable] = ",".join(filter(None, (os.environ.get(variable), "127.0.0.1", "localhost")))

import gradio as gr  # noqa: E402
import numpy as np  # noqa: E402

from app.bench import sample_files  # noqa: E402
from app.photo_desk import MAX_FILE, MAX_PIXELS, MAX_SIDE, Desk, Regions  # noqa: E402
from fcn_core.exporting.files import index_png  # noqa: E402
from fcn_core.exporting.formats import FORMATS  # noqa: E402
from fcn_core.machine.allocator import keep_freed_memory  # noqa: E402
from fcn_core.weights import WeightRecord  # noqa: E402

WAITING_LINE = 32  # visitors who may wait; the next one is told to come back later
AT_ONCE = 2
KEEP_SECONDS = 3600  # uploaded photos and results are deleted from the disk after this

# Fonts of the visitor's own system: nothing is fetched from elsewhere.
THEME = gr.themes.Default(
    primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
)

T = TypeVar("T")
Shown = tuple[gr.AnnotatedImage, dict[str, float], str]


class PhotoInput(gr.Image):
    """An image input that hands over the uploaded file itself, so that our own reader judges it in our own words."""

    is_template = True  # drawn by the browser as what it is derived from

    def preprocess(self, payload: gr.components.image.ImageData | None) -> str | None:
        if payload is None or not payload.path:
            return None
        return str(payload.path)


class HeadChoice(gr.Radio):
    """A choice among heads whose answer the desk judges: which there are depends on the weights."""

    is_template = True

    def preprocess(self, payload: str | int | float | None) -> str | int | float | None:
        return payload


def build_demo(desk: Desk | None = None) -> gr.Blocks:
    """The page and its API; nothing is served yet. ValueError if no weights are on this machine."""
    desk = desk or Desk()
    records = desk.records()
    if not records:
        raise ValueError("no weights on this machine; fetch some: python -m fcn_core weights pull fcn_resnet50")
    first = next(iter(records.values()))
    samples = [str(sample.picture) for sample in sample_files.list_samples().values()]

    def segment(photo: str | None, weights: str, head: str) -> Shown:
        """Label every pixel of a photo: its classes as masks, the share of each (0-1), and a remark."""
        return _shown(_answered(desk.regions, photo, weights, head))

    def heatmap(photo: str | None, weights: str, head: str, cls: str) -> np.ndarray:
        """Probability of one class in every pixel, from dark (0) to yellow (1)."""
        return _answered(desk.heatmap, photo, weights, head, cls)

    def label_map(photo: str | None, weights: str, head: str) -> str:
        """Class index of every pixel as a grey PNG."""
        indices = _answered(desk.label_map, photo, weights, head)
        Path(download.GRADIO_CACHE).mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=download.GRADIO_CACHE))
        path = folder / f"{Path(str(photo)).stem}.{head}.{FORMATS['index'].ending}"
        path.write_bytes(index_png(indices))
        return str(path)

    def list_weights() -> dict[str, Any]:
        """The weights on this machine: title, what they know, heads and classes."""
        return {
            name: {"title": record.title, "knows": record.knows, "heads": _heads(record), "classes": _classes(record)}
            for name, record in desk.records().items()
        }

    def refresh(photo: str | None, weights: str, head: str, cls: str) -> tuple[object, ...]:
        """Everything on the page, or an empty page without a photo."""
        if photo is None:
            return None, None, "", None, None
        answers = segment(photo, weights, head)
        return *answers, heatmap(photo, weights, head, cls), label_map(photo, weights, head)

    def fit_choices(weights: str, head: str, cls: str) -> tuple[gr.Radio, gr.Dropdown]:
        """Heads and classes that these weights have; what was chosen stays where it can."""
        heads, classes = _heads(desk.records()[weights]), _classes(desk.records()[weights])
        return (
            gr.Radio(choices=heads, value=head if head in heads else heads[-1]),
            gr.Dropdown(choices=classes, value=cls if cls in classes else _first_class(classes)),
        )

    with gr.Blocks(title="FCN Lab: segment a photo", analytics_enabled=False, delete_cache=(KEEP_SECONDS,) * 2) as demo:
        gr.Markdown("# Segment a photo\nA fully convolutional network names the class of every pixel.")
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                photo = PhotoInput(
                    type="filepath", sources=["upload", "webcam", "clipboard"], label="Photo", height=300, buttons=[]
                )
                if samples:
                    gr.Examples(samples, photo, label="Samples", cache_examples=False, examples_per_page=12)
                weights = gr.Dropdown(
                    [(record.title, name) for name, record in records.items()], value=first.name, label="Weights"
                )
                head = HeadChoice(
                    _heads(first), value=_heads(first)[-1], label="Head", info="32s is coarse; finer heads add skips."
                )
                cls = gr.Dropdown(
                    _classes(first), value=_first_class(_classes(first)), label="Heatmap class", allow_custom_value=True
                )
                button = gr.Button("Segment", variant="primary")
            with gr.Column(scale=3, min_width=300):
                regions = gr.AnnotatedImage(label="Classes", height=440)
                remark = gr.Markdown()
                with gr.Row():
                    heat = gr.Image(
                        label="Heatmap: dark 0, yellow 1",
                        interactive=False,
                        height=260,
                        format="png",
                        buttons=["download", "fullscreen"],
                    )
                    shares = gr.Label(label="Share of pixels", show_heading=False)
                download = gr.DownloadButton("Label map (PNG of class indices)", size="sm")

        asked, page = [photo, weights, head], [regions, shares, remark, heat, download]
        gr.on([button.click], segment, asked, page[:3], api_name="segment").success(
            heatmap, [*asked, cls], heat, api_name="heatmap"
        ).success(label_map, asked, download, api_name="label_map")
        weights.input(fit_choices, [weights, head, cls], [head, cls], api_visibility="private").then(
            refresh, [*asked, cls], page, api_visibility="private"
        )
        gr.on([photo.change, head.input, cls.input], refresh, [*asked, cls], page, api_visibility="private",
              trigger_mode="always_last")  # fmt: skip
        gr.api(list_weights, api_name="weights")
    return demo.queue(max_size=WAITING_LINE, default_concurrency_limit=AT_ONCE)


def _answered(question: Callable[..., T], photo: str | None, *settings: str) -> T:
    """The desk's answer; what it refuses becomes a message on the page (and for API clients)."""
    if photo is None:
        raise gr.Error("There is no photo yet: upload one, use the camera or choose a sample.", print_exception=False)
    try:
        return question(photo, *settings)
    except ValueError as problem:
        raise gr.Error(str(problem), print_exception=False) from problem
    except (MemoryError, OSError) as problem:
        sentence = f"This photo could not be processed ({type(problem).__name__})."
        raise gr.Error(sentence, print_exception=False) from problem


def _shown(regions: Regions) -> Shown:
    masks = [(mask.astype(np.float32), name) for name, mask in regions.masks.items()]
    return gr.AnnotatedImage((regions.image, masks), color_map=regions.colours), regions.shares, regions.remark


def _heads(record: WeightRecord) -> list[str]:
    return [f"{stride}s" for stride in record.heads]


def _classes(record: WeightRecord) -> list[str]:
    return list(record.label_set.classes) if record.label_set else []


def _first_class(classes: list[str]) -> str | None:
    """What the heatmap shows at first: cars, which every street and many everyday photos have."""
    return "car" if "car" in classes else next(iter(classes), None)


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line; exits with code 2 and a sentence if it is wrong."""
    parser = argparse.ArgumentParser(
        description=f"Segment photos in the browser, alone or behind a share link. Photos up to {MAX_FILE} "
        f"and {MAX_PIXELS // 10**6} megapixels are taken and shrunk to {MAX_SIDE} pixels a side."
    )
    parser.add_argument("--share", action="store_true", help="also ask gradio.live for a public address (a week)")
    parser.add_argument("--auth", metavar="USER:PASSWORD", type=_user, help="let only this user in")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 serves the whole local network")
    parser.add_argument("--port", type=_port, help="default: the first free one from 7860 on")
    parser.add_argument("--device", default="auto", help="auto (the GPU if there is one), cpu or cuda")
    return parser.parse_args(words)


def _user(text: str) -> tuple[str, str]:
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise argparse.ArgumentTypeError("expected USER:PASSWORD, both not empty")
    return user, password


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("expected a number from 1 to 65535")
    return int(text)


def main(words: list[str] | None = None) -> int:
    """Serve until Ctrl-C; returns the exit code."""
    chosen = arguments(words)
    keep_freed_memory()
    try:
        demo = build_demo(Desk(device=chosen.device))
        if chosen.share:
            print("Asking for a share address, which takes up to a minute; this machine is served already.", flush=True)
        _, local, public = demo.launch(
            server_name=chosen.host, server_port=chosen.port, auth=chosen.auth, share=chosen.share,
            max_file_size=MAX_FILE, prevent_thread_lock=True, quiet=True, show_error=False, ssr_mode=False, pwa=False,
            enable_monitoring=False, run_history=False, footer_links=["api"], theme=THEME,
        )  # fmt: skip
    except (ValueError, OSError) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 1
    print(f"Serving on {local}", flush=True)
    if public:
        print(f"Share this address: {public} (it works while this program runs, for a week at most)", flush=True)
    elif chosen.share:
        print(
            "No share address could be had (is there a network?), so the app is served locally only. "
            "On one local network, --host 0.0.0.0 lets others in.",
            flush=True,
        )
    try:
        demo.block_thread()
    except (KeyboardInterrupt, OSError):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
