"""What code, pages and documents cite exists, and is cited one way."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECTIONS = {"1", "2", "3", "3.1", "3.2", "3.3", "3.4", "4", "4.1", "4.2", "4.3", "5", "6"}  # of the CVPR paper
NUMBERS = r"sections? ((?:\d(?:\.\d)?(?:, | and )?)+)"
CITED = re.compile(rf"CVPR 2015[^.;)\n]{{0,20}}{NUMBERS}|section=\"{NUMBERS}")


def texts() -> list[tuple[Path, str]]:
    """Every module and document of the project, but for the tests."""
    found = [ROOT / "README.md", ROOT / "benchmarks" / "RESULTS.md"]
    for folder in ("app", "pages", "fcn_core", "benchmarks"):
        found += (ROOT / folder).rglob("*.py")
    return [(path, path.read_text(encoding="utf-8")) for path in found]


def test_cited_sections_are_sections_of_the_paper() -> None:
    cited = [(path, a or b) for path, text in texts() for a, b in CITED.findall(text)]
    assert len(cited) > 30
    for path, numbers in cited:
        assert set(re.findall(r"\d(?:\.\d)?", numbers)) <= SECTIONS, f"{path.name} cites {numbers}"


def test_the_journal_version_has_one_year() -> None:
    years = {year for _, text in texts() for year in re.findall(r"PAMI[^\n]{0,10}?\b(20\d\d)\b", text)}
    assert years == {"2017"}, "volume 39, number 4: printed in 2017"


def test_sources_have_names() -> None:
    for path, text in texts():
        assert "as the survey" not in text, f"{path.name} cites a survey without its name"
