"""References of a page: works cited, paragraphs that explain a mark, the log as a feed, the data of a plot."""

from __future__ import annotations

import csv
import io
import re
import shutil
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from pybtex.database import parse_string

from stagelight.render.pages import learning_curves, player, prose, scene_files
from support.pages import offered, refusal, with_curves
from support.paths import ROOT

# --- works ------------------------------------------------------------------------------------------------------


def test_numbers_follow_the_order_of_first_mention_and_lead_both_ways(project: Path) -> None:
    made = offered(project)
    first, again = made["cite"]("two", "one"), made["cite"]("one")
    assert re.findall(r'href="#ref-(\w+)" id="(cite-[\w-]+)".*?>(\d+)<', first + again) == [
        ("two", "cite-two", "1"),
        ("one", "cite-one", "2"),
        ("one", "cite-one-2", "2"),
    ]
    listed = made["sources"]({"one": "With a note."})
    assert re.findall(r'<li id="ref-(\w+)"', listed) == ["two", "one"]
    assert re.findall(r'href="#(cite-[\w-]+)"', listed) == ["cite-two", "cite-one", "cite-one-2"]
    assert "Two and van Three, <cite>Second</cite>, 2018" in listed
    assert "One, <cite>First &lt;b&gt;work&lt;/b&gt;</cite>, Acta 8, 1992" in listed
    assert 'href="https://arxiv.org/abs/1812.03381">arXiv:1812.03381<' in listed
    assert 'href="https://doi.org/10.1/x">doi:10.1/x<' in listed
    assert "With a note." in listed


def test_of_many_authors_the_first_is_named(project: Path) -> None:
    made = offered(project)
    assert 'title="Alpha and others, 2024"' in made["cite"]("many")
    assert ">https://x.example<" in made["sources"]()


@pytest.mark.parametrize(
    ("cited", "notes", "wanted"),
    [
        (("tow",), {}, ["docs/deep/page.md", "references.bib", "'tow'", "two"]),
        (("two",), {"one": "x"}, ["docs/deep/page.md", "what the page cites", "'one'"]),
        (("lost",), {}, ["docs/deep/page.md", "lost", "eprint, doi or url"]),
    ],
)
def test_a_work_that_is_not_there_ends_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], cited: tuple[str, ...], notes: dict[str, str], wanted: list[str]
) -> None:
    made = offered(project)

    def whole() -> None:
        made["cite"](*cited)
        made["sources"](notes)

    said = refusal(capsys, whole)
    assert [part for part in wanted if part not in said] == []


def test_a_broken_file_of_references_ends_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "docs/references.bib").write_text("@article{one, title = {")
    assert "references.bib cannot be read" in refusal(capsys, lambda: offered(project))


def test_every_work_is_cited_and_every_list_comes_last() -> None:
    known = set(re.findall(r"^@\w+\{([\w-]+),", (ROOT / "docs/references.bib").read_text(encoding="utf-8"), re.M))
    cited: set[str] = set()
    for page in (ROOT / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        found = [
            key for keys in re.findall(r"\{\{ cite\((.*?)\) \}\}", text) for key in re.findall(r'"([\w-]+)"', keys)
        ]
        cited |= set(found)
        assert not found or text.rindex("cite(") < text.index("sources("), f"{page.name} cites after its list"
    assert cited == known


# --- marks ------------------------------------------------------------------------------------------------------


def test_an_entry_of_the_legend_leads_to_its_paragraph_or_else_to_its_step(project: Path) -> None:
    scene = scene_files.load(project / "site_assets", "tiny")
    assert player.explanation(scene, "ray", "Words.\n{ #mark-ray }") == "mark-ray"
    assert player.explanation(scene, "ray", "Words.\n{ #mark-rays }") == "step-01"
    assert player.explanation(scene, "unseen", "") is None


# --- how a page is cited ----------------------------------------------------------------------------------------


def test_a_page_is_cited_with_authors_date_and_version_of_the_whole(project: Path) -> None:
    shutil.copy(ROOT / "CITATION.cff", project)
    whole = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    written = offered(project)["citation"]("tiny")
    works = parse_string(unescape(re.findall(r"<code>(.*?)</code>", written, re.S)[0]), "bibtex")
    entry = works.entries["stagelight-tiny"]
    version, date = re.findall(r"^(?:version|date-released): (.+)$", whole, re.M)
    assert str(entry.persons["author"][0]) == "{Stagelight contributors}"
    assert entry.fields["title"] == "{plain words}"
    assert entry.fields["howpublished"] == f"Stagelight, version {version}"
    assert (entry.fields["date"], entry.fields["year"]) == (date, date[:4])
    assert entry.fields["url"] == "https://site.example/tiny/"
    assert f"version {version}, {date}" in written.partition("<details")[0]


@pytest.mark.parametrize("text", [None, "- a list", "title: one\n", "title: [\n"])
def test_a_citation_that_cannot_be_read_ends_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text:
        (project / "CITATION.cff").write_text(text)
    said = refusal(capsys, lambda: offered(project)["citation"]("tiny"))
    assert "CITATION.cff" in said
    assert "version" in said


# --- the log ----------------------------------------------------------------------------------------------------


def test_the_log_is_told_newest_first_with_the_anchors_of_the_page() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/log").glob("[0-9]*.md"))
    found = prose.log(ROOT / "docs/log")
    assert len(found) == len(re.findall(r"^## \d{4}-", text, re.M)) > 3
    assert [entry["date"] for entry in found] == sorted((entry["date"] for entry in found), reverse=True)
    first = next(entry for entry in found if entry["title"] == "GRPO on mate in one")
    assert first["anchor"] == "2026-11-22-grpo-on-mate-in-one"
    assert all(entry["summary"] and "{" not in entry["summary"] for entry in found)
    assert [entry["summary"] for entry in found if entry["summary"].endswith(":")] == []
    assert [entry["title"] for entry in found if not entry["date"].startswith(entry["month"])] == []


def test_the_index_of_the_log_leads_to_every_entry(project: Path) -> None:
    entries = "## 2026-12-01, later\n\nDone.\n\n## 2026-12-02, last\n\nDone.\n"
    (project / "docs/log/2026-12.md").write_text(f"# Log\n\n{entries}")
    assert offered(project)["log"]().splitlines() == [
        "- 2026-12-02 [Last](2026-12.md#2026-12-02-last)",
        "- 2026-12-01 [Later](2026-12.md#2026-12-01-later)",
        "- 2026-11-22 [A first entry](2026-11.md#2026-11-22-a-first-entry)",
    ]


# --- decision records -------------------------------------------------------------------------------------------


def test_decisions_are_listed_in_order_with_their_status(project: Path) -> None:
    records = project / "docs/decisions"
    records.mkdir()
    (records / "0002-two.md").write_text("# 0002. Second, <b>\n\n**Status:** accepted 2026-11-24.\n\nBecause.\n")
    (records / "0001-one.md").write_text(
        "# 0001. First\n\n**Status:** accepted 2026-11-22, superseded 2026-11-24 by [0002](0002-two.md). It was.\n"
    )
    assert offered(project)["decisions"]().splitlines()[2:] == [
        "| [0001. First](0001-one.md) | accepted 2026-11-22, superseded 2026-11-24 by [0002](0002-two.md) |",
        "| [0002. Second, &lt;b&gt;](0002-two.md) | accepted 2026-11-24 |",
    ]


def test_a_decision_without_a_status_ends_the_build_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "docs/decisions").mkdir()
    (project / "docs/decisions/0001-one.md").write_text("# First\n\nBecause.\n")
    said = refusal(capsys, offered(project)["decisions"])
    assert "docs/decisions/0001-one.md" in said
    assert "**Status:** accepted" in said


# --- the data of a plot -----------------------------------------------------------------------------------------


def test_the_file_beside_a_plot_holds_every_seed_of_it(project: Path) -> None:
    rates: Any = np.array([[0.0, 0.1, 0.4, 0.8], [0.0, 0.3, 0.5, 0.9]])
    scene = with_curves(project, rates)
    made = learning_curves.plot(scene, {"one": 'a "comma", inside', "two": "second"}, "Won", "x.md")
    address = re.search(r'href="data:text/csv;charset=utf-8,([^"]+)"', made)
    assert address
    rows = list(csv.DictReader(io.StringIO(unquote(unescape(address[1])))))
    for run in ('a "comma", inside', "second"):
        for seed in (0, 1):
            told = [(float(row["positions reached"]), float(row["share"]))
                    for row in rows if row["starts"] == run and row["seed"] == str(seed)]  # fmt: skip
            assert told == list(zip([10, 100, 1000], rates[seed, 1:], strict=True))
    assert len(rows) == 12


# --- stills -----------------------------------------------------------------------------------------------------


def test_a_page_that_has_shown_the_poster_shows_it_again_rather_than_the_same_picture_larger(project: Path) -> None:
    made = offered(project)
    assert 'src="../../posters/tiny.webp"' in made["still"]("tiny", "reward")
    assert 'src="../../stills/sample.webp"' in made["still"]("tiny", "sample")


# --- numbers of the rules ---------------------------------------------------------------------------------------


def test_a_number_of_the_source_is_read_from_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "rules.py").write_text('MOST = 200  # at most\nLOW, HIGH = 0.7, 0.95\nWORD = "x"\nSUM = 1 + 1\n')
    made = offered(project)["constant"]
    assert made("rules.py", "MOST", "integer") == '<data class="fact" value="200" title="rules.py: MOST">200</data>'
    assert ">70%</data>" in made("rules.py", "LOW", "percent", 0)
    for name, said in (("MOTS", "MOST"), ("WORD", "wanted a number"), ("SUM", "no 'SUM'")):
        assert said in refusal(capsys, partial(made, "rules.py", name))
    assert "does not exist" in refusal(capsys, lambda: made("rule.py", "MOST"))
