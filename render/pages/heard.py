"""Markdown as a screen reader needs it, by an extension of Python-Markdown that `mkdocs.yml` lists.

A table is named by the sentence before it where that one ends in a colon, else by the heading it stands under. What
names a row is its first cell, unless that is empty. The link that a heading has to itself is for those who point at it:
heard, it would be a pilcrow at the end of every heading.
"""

from __future__ import annotations

from html import unescape
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import render_inner_html, strip_tags
from markdown.treeprocessors import Treeprocessor

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class Heard(Extension):
    """Names for tables and their rows, and headings without signs."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # Markdown's own name for it
        """After `attr_list` (8), which takes attributes out of headings; around `toc` (5), which puts links in."""
        md.treeprocessors.register(Naming(md), "table_names", 6)
        md.treeprocessors.register(Pointing(), "pointed_links", 4)


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
        """The text of an element, without the markup in it."""
        return " ".join(unescape(strip_tags(render_inner_html(element, self.md))).split())


class Pointing(Treeprocessor):
    """Leaves a heading's link to itself to those who point at it."""

    def run(self, root: Element) -> None:
        """Take the links out of what is heard and out of the order of the keyboard."""
        for link in root.iterfind(".//a[@class='headerlink']"):
            link.set("aria-hidden", "true")
            link.set("tabindex", "-1")


def makeExtension(**options: object) -> Heard:  # noqa: N802  # Markdown's own name for it
    """Make the extension, as `mkdocs.yml` asks a module to."""
    return Heard(**options)
