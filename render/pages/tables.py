"""Markdown's tables as a screen reader needs them: each with a name, and each row with the cell that names it.

An extension of Python-Markdown; `mkdocs.yml` lists it. A table is named by the sentence before it where that one ends
in a colon, else by the heading it stands under. What names a row is its first cell, unless that is empty.
"""

from __future__ import annotations

from html import unescape
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import render_inner_html, strip_tags
from markdown.treeprocessors import Treeprocessor

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class Tables(Extension):
    """Names for tables and their rows."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # Markdown's own name for it
        """After `attr_list` (8), which takes attributes out of headings, and before `toc` (5), which puts links in."""
        md.treeprocessors.register(Naming(md), "table_names", 6)


class Naming(Treeprocessor):
    """Goes through a page in reading order."""

    def run(self, root: Element) -> None:
        """Name every table and its rows in place."""
        heading = named = ""
        for element in root.iter():
            if element.tag in HEADINGS:
                heading = named = self.words(element)
            elif element.tag == "p":
                words = self.words(element)
                named = words.rpartition(". ")[2].removesuffix(":") if words.endswith(":") else heading
            elif element.tag == "table":
                element.set("aria-label", named)
                self.rows(element)

    def rows(self, table: Element) -> None:
        """Say which cells name a column, and which a row."""
        for cell in table.iterfind("thead/tr/th"):
            cell.set("scope", "col")
        for row in table.iterfind("tbody/tr"):
            if self.words(row[0]):
                row[0].tag = "th"
                row[0].set("scope", "row")

    def words(self, element: Element) -> str:
        """What an element says, without the markup in it."""
        return " ".join(unescape(strip_tags(render_inner_html(element, self.md))).split())


def makeExtension(**options: object) -> Tables:  # noqa: N802  # Markdown's own name for it
    """What `mkdocs.yml` asks a module for."""
    return Tables(**options)
