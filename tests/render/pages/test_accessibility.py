"""The names of tables and headings that screen readers are given."""

from __future__ import annotations

import re

import markdown

NUMBER = '<data class="fact" value="8">8</data>'
TABLE = f"""
| Who | Mates |
| --- | ---: |
| **Nobody**, {NUMBER} | 1 |
| | 2 |
"""


def read(text: str) -> str:
    extensions = ["attr_list", "md_in_html", "tables", "toc", "stagelight.render.pages.accessibility"]
    return str(markdown.markdown(text, extensions=extensions, extension_configs={"toc": {"permalink": True}}))


def names(text: str) -> list[str]:
    return re.findall(r'<table aria-label="([^"]*)"', read(text))


def test_a_table_is_named_by_the_heading_it_stands_under() -> None:
    assert names(f"# Page\n\n## One *more* {{ #more }}\n\nWords. And more.\n{TABLE}") == ["One more"]


def test_a_sentence_that_ends_in_a_colon_names_the_table_after_it_alone() -> None:
    text = f"## One\n\nWords: not this. Mates of {NUMBER} & more:\n{TABLE}\nWords.\n{TABLE}"
    assert names(text) == ["Mates of 8 &amp; more", "One"]


def test_a_heading_is_its_words_and_no_sign() -> None:
    link = re.search(r'<h2 id="more">One<a ([^>]*)>&para;</a></h2>', read("# Page\n\n## One { #more }"))
    assert link and {'aria-hidden="true"', 'tabindex="-1"', 'href="#more"'} <= set(link[1].split())


def test_within_a_section_it_is_the_same() -> None:
    assert names(f"# Page\n\n<section markdown>\n\n## Inside\n{TABLE}\n\n</section>") == ["Inside"]


def test_the_first_cell_names_its_row_unless_it_is_empty() -> None:
    written = re.sub(r"\s+", "", read(f"# Page\n{TABLE}"))
    assert '<thscope="row"><strong>Nobody</strong>,<dataclass="fact"value="8">8</data></th>' in written
    assert '<tr><td></td><tdstyle="text-align:right;">2</td></tr>' in written
    assert '<thscope="col">Who</th>' in written


def test_a_head_without_words_heads_nothing() -> None:
    written = read("# Page\n\n| | Mates |\n|---|---|\n| one | 2 |\n")
    assert re.findall(r"<(th|td)(?: [^>]*)?>", written.partition("</thead>")[0]) == ["td", "th"]


def test_a_table_that_has_a_name_keeps_it_within_a_fold() -> None:
    table = '<table aria-label="Its own"><tbody><tr><td>1</td></tr></tbody></table>'
    assert names(f"# Page\n\n<details markdown>\n<summary>More</summary>\n\n{table}\n\n</details>") == ["Its own"]
