"""Home: what an FCN is in one picture, the pages, and what is loaded."""

from __future__ import annotations

import platform

import streamlit as st
import torch

from app import browser_parts, cache, page_list, session, widgets
from app.charts import stages
from app.legend import swatch
from app.picture_source import held_picture
from app.run_segmenter import run_segmenter
from app.weights_picker import held_weights

st.title("FCN Lab")
st.markdown(
    "Use, understand and train **fully convolutional networks** for semantic segmentation: networks that take a photo "
    "of any size and give every pixel a class."
)
widgets.show_notices()

record = held_weights()
picture = held_picture()
if record is not None and cache.is_here(record) and picture is not None:
    result = run_segmenter(picture, record)
    if result is not None:
        st.subheader("From a photo to a label map")
        try:
            steps = stages(result, result.labels.colours(safe=session.setting("safe")))
        except ValueError as problem:
            st.caption(f"{record.name} cannot be shown in stages: {problem}.")
        else:
            browser_parts.stage_player(steps, key="stages")
            colours = result.labels.colours(safe=session.setting("safe"))
            named = zip(colours, result.labels.classes, strict=True)
            names = "\u2003 ".join(f"{swatch(colour)}\u00a0{name}" for colour, name in named)
            st.markdown(f":small[{names}]")
            st.caption(f"A real run of `{record.name}` on {picture.title}.")
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
here = [record for record in cache.weight_records().values() if cache.is_here(record)]
threads = torch.get_num_threads()
st.markdown(
    "**Weights:** " + ("; ".join(f"`{r.name}` ({r.title})" for r in here) if here else "none yet") + f"  \n"
    f"**Runs on:** {'GPU ' + torch.cuda.get_device_name(0) if cache.device() == 'cuda' else 'CPU'}, "
    f"{threads} thread{'s' if threads > 1 else ''} · PyTorch {torch.__version__} · Python {platform.python_version()}"
)
