"""What is wrong with a data set, as cards: what, how many, which files, how to fix it."""

from __future__ import annotations

import streamlit as st

from app.data import kept
from app.data.in_hand import DataInHand
from app.visitor import widgets
from fcn_core.data.lint.linter import Finding, LintReport, lint_dataset

LOOKS = {
    "error": ("Error", ":material/error:", "red"),
    "warning": ("Warning", ":material/warning:", "orange"),
    "note": ("Note", ":material/info:", "gray"),
}
MOST_REPORTS = 20


def lint_panel(held: DataInHand) -> None:
    """Check every file at a click; show what was found."""
    if held.root is None:
        st.markdown("**Nothing to check.** Streets are drawn together with their label maps, so the two always agree.")
        return
    reports, key = kept.lint_reports(), (held.kind, held.root)
    report = reports.get(key)
    label = "Check every file" if report is None else "Check again"
    if st.button(label, icon=":material/fact_check:", type="primary" if report is None else "secondary"):
        found = _run(held)
        if found is not None:
            reports[key] = found
            while len(reports) > MOST_REPORTS:
                del reports[next(iter(reports))]
            st.rerun()
    if report is None:
        st.caption(
            "Reads all photos and label maps once: pairs, sizes, class indices, colour-coded masks, void, balance, and "
            "pictures that stand in two splits."
        )
        return
    _show(report)


def _run(held: DataInHand) -> LintReport | None:
    bar = st.progress(0.0, text="Looking for files …")

    def progress(done: int, total: int) -> None:
        if done % 5 == 0 or done == total:
            bar.progress(done / max(1, total), text=f"{done:,} of {total:,} pictures")

    try:
        return lint_dataset(held.kind, held.root, progress=progress)
    except (ValueError, OSError) as problem:
        st.error(widgets.plain(str(problem)), icon=":material/error:")
        return None
    finally:
        bar.empty()


def _show(report: LintReport) -> None:
    counts = ", ".join(f"{count:,} {widgets.plain(split or 'unsplit')}" for split, count in report.pictures.items())
    errors = sum(finding.severity == "error" for finding in report.findings)
    if report.ok:
        st.success(f"Training can use these data as they are. Checked: {counts}.", icon=":material/check_circle:")
    else:
        st.error(
            f"{errors} thing{'s' if errors > 1 else ''} to fix before training. Checked: {counts}.",
            icon=":material/error:",
        )
    for finding in report.findings:
        _card(finding)
    if not report.findings:
        st.caption("Nothing to report.")


def _card(finding: Finding) -> None:
    name, icon, colour = LOOKS[finding.severity]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(name, icon=icon, color=colour)
            message = widgets.plain(finding.message[:1].upper() + finding.message[1:].rstrip(".") + ".")
            st.markdown(message if finding.severity == "note" else f"**{message}**")
        if finding.files:
            more = f" and {finding.count - len(finding.files):,} more" if finding.count > len(finding.files) else ""
            names = ", ".join(f"`{name}`" for name in finding.files)
            st.caption(f"{finding.count:,} file{'s' if finding.count > 1 else ''}: {names}{more}")
        if finding.mend and finding.severity != "note":
            st.markdown(f":small[:material/build: {widgets.plain(finding.mend)}]")
