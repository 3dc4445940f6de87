"""The learning curves of the scripts: what their files hold is what is drawn, and a broken file ends the build."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from stagelight.render.pages import script_curves
from stagelight.render.pages.script_curves import COLUMNS
from support.pages import refusal
from support.paths import ROOT

ROWS = [("0.0", "0", "std", "-1.0", "-0.25"), ("5.0", "90", "std", "0.2", "0.4"), ("10.0", "180", "std", "0.5", "0.75")]


def write(root: Path, name: str, rows: Sequence[tuple[str, ...]], head: list[str] = COLUMNS) -> None:
    folder = root / script_curves.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text("\n".join(",".join(row) for row in [tuple(head), *rows]) + "\n", "utf-8")


def test_each_file_is_a_line_a_column_and_rows_of_the_download(tmp_path: Path) -> None:
    write(tmp_path, "a", ROWS)
    write(tmp_path, "b", [*ROWS[:2], ("10.0", "180", "std", "0.4", "0.5")])
    written = script_curves.plot(tmp_path, {"a": "One", "b": "Two"}, "page.md")
    assert written.count("plot__line") == 2
    assert 'aria-label="Score on development seeds of usual weather, as it is learnt. One 0.75 at the end; ' in written
    assert re.findall(r"<td>([^<]+)</td>", written) == ["−0.25", "−0.25", "0.40", "0.40", "0.75", "0.50"]
    assert "Two,10.0,0.5" in written
    ends = [float(y) for y in re.findall(r'plot__end[^>]* cy="([\d.]+)"', written)]
    assert ends == sorted(ends), "the better one is higher"


@pytest.mark.parametrize(
    ("rows", "head"),
    [
        (ROWS[:1], COLUMNS), (ROWS, COLUMNS[::-1]), ([], COLUMNS),
        ([*ROWS, ("11", "200", "std", "0.5", "nan")], COLUMNS), ([*ROWS, ("x", "200", "std", "0.5", "0.4")], COLUMNS),
    ],
)  # fmt: skip
def test_a_file_that_is_no_curve_ends_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[str, ...]], head: list[str]
) -> None:
    write(tmp_path, "a", rows, head)
    said = refusal(capsys, lambda: script_curves.plot(tmp_path, {"a": "One"}, "page.md"))
    assert "docs/page.md: docs/curves/a.csv is missing or no learning curve" in said
    assert "docs/curves/b.csv" in refusal(capsys, lambda: script_curves.plot(tmp_path, {"b": "One"}, "page.md"))


@pytest.mark.parametrize("name", ["ppo-0", "maskable_ppo-0"])
def test_the_published_curves_are_whole(name: str) -> None:
    assert script_curves.plot(ROOT, {name: "A"}, "page.md")
