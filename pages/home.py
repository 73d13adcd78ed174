"""Home: what an FCN is in one picture, the pages, and what is loaded."""

from __future__ import annotations

import platform

import streamlit as st
import torch

from app import page_list
from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.run_segmenter import run_segmenter
from app.bench.strip import bench_strip
from app.bench.weights_picker import weights_with_stages
from app.parts import browser_parts
from app.parts.charts import stages
from app.parts.colours import swatch
from app.visitor import session, widgets

st.title("FCN Lab")
st.markdown(
    "Use, understand and train **fully convolutional networks** for semantic segmentation: networks that take a photo "
    "of any size and give every pixel a class."
)
widgets.show_notices()

strip = bench_strip()
held, picture = strip.record, strip.picture
record = weights_with_stages(held)
if record is not None and picture is not None:
    result = run_segmenter(picture, record)
    if result is not None:
        if record is held:
            strip.show_class_of(Case(picture, record, result, None))
        st.subheader("From a photo to a label map")
        if result.tiled:
            st.markdown(
                f"{widgets.plain(picture.title)} is so large that it was cut into tiles, and what lies between photo "
                "and label map is not kept for tiles. Choose a sample or a smaller picture to see the stages."
            )
        else:
            colours = result.labels.colours(safe=session.setting("safe"))
            browser_parts.stage_player(stages(result, colours), key="stages")
            with st.container(horizontal=True, gap="small"):
                for colour, name in zip(colours, result.labels.classes, strict=True):
                    st.markdown(f":small[{swatch(colour)} {name}]", width="content")
            others = f" `{held.name}` has no such stages or is not here." if held and held.name != record.name else ""
            st.caption(f"A real run of `{record.name}` on {widgets.plain(picture.title)}.{others}")
else:
    st.subheader("No weights found")
    st.markdown("This picture needs weights in `assets/weights/` and a sample in `assets/samples/`.")

st.subheader("Pages")
with st.grid(columns="auto", min_column_width=260, gap="medium"):
    for page in page_list.PAGES:
        if page.default:
            continue
        with st.container(border=True, height="stretch"):
            st.page_link(page.path, label=f"**{page.title}**", icon=page.icon, query_params=dict(st.query_params))
            st.caption(page.summary)

st.subheader("On this machine")
here = [record for record in bench_kept.weight_records().values() if bench_kept.is_here(record)]
threads = torch.get_num_threads()
st.markdown(
    "**Weights:** " + ("; ".join(f"`{r.name}` ({r.title})" for r in here) if here else "none yet") + f"  \n"
    f"**Runs on:** {'GPU ' + torch.cuda.get_device_name(0) if bench_kept.device() == 'cuda' else 'CPU'}, "
    f"{threads} thread{'s' if threads > 1 else ''} · PyTorch {torch.__version__} · Python {platform.python_version()}"
)
