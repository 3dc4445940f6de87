"""The decision records: numbered, dated, with a status, and found where they are referred to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.paths import ROOT

RECORDS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
BEGINNING = (
    r"# (?P<number>\d{4})\. .+\n\n\*\*Status:\*\* accepted (?P<accepted>\d{4}-\d\d-\d\d)"
    r"(?:, amended (?P<amended>\d{4}-\d\d-\d\d))?"
    r"(?:, superseded (?P<superseded>\d{4}-\d\d-\d\d) by \[(?P<by>\d{4})\]\((?P<file>[\w-]+\.md)\))?\.\s"
)


def test_decisions_are_numbered_from_one_without_gaps_or_doubles() -> None:
    assert [path.name[:5] for path in RECORDS] == [f"{number:04}-" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name[:4])
def test_a_decision_has_its_number_a_title_a_status_and_a_date(path: Path) -> None:
    found = re.match(BEGINNING, path.read_text(encoding="utf-8"))
    assert found, f"{path.name} begins otherwise than {BEGINNING}"
    assert found["number"] == path.name[:4]
    dates = [date for date in found.group("accepted", "amended", "superseded") if date]
    assert dates == sorted(dates)
    if found["by"]:
        assert found["file"].startswith(found["by"])
        assert (path.parent / found["file"]).is_file()
        assert found["by"] > found["number"]


def test_a_decision_that_is_referred_to_exists() -> None:
    lost = []
    folders = ("docs", "engines", "render", "tests")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md"}]
    for path in [*sources, *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "mkdocs.yml", ROOT / "pyproject.toml"]:
        text = path.read_text(encoding="utf-8")
        numbers = [int(number) for number in re.findall(r"(?i)\bdecision (\d{1,4})\b", text)]
        lost += [f"{path.name}: decision {number}" for number in numbers if not 1 <= number <= len(RECORDS)]
        files = re.findall(r"\]\([./\w]*decisions/(\d{4}-[\w-]+\.md)", text)
        lost += [f"{path.name}: {file}" for file in files if not (ROOT / "docs/decisions" / file).is_file()]
    assert lost == []
