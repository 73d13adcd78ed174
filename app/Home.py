"""Entry point of the Streamlit app: `streamlit run app/Home.py` from any folder.

Puts the project's root on the import path, sets the page up, and hands over to the page that the
address names. What a page shows lives in pages/.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = str(ROOT / "app")
# Streamlit puts app/ on the path. Its modules must be known by one name only (app.bench.kept, never
# bench.kept): a module imported twice would load its models twice.
sys.path[:] = [str(ROOT), *(entry for entry in sys.path if entry not in (APP, str(ROOT)))]

import streamlit as st  # noqa: E402

from app import opening, page_list  # noqa: E402

st.set_page_config(
    page_title="FCN Lab", page_icon=str(ROOT / "app" / "icon.png"), layout="wide", initial_sidebar_state=256
)
page = st.navigation(
    {
        section: [
            st.Page(record.path, title=record.title, icon=record.icon, default=record.default) for record in records
        ]
        for section, records in page_list.by_section().items()
    },
    expanded=True,
)
opening.open_page(next(record for record in page_list.PAGES if record.title == page.title))
page.run()
