"""Markdown as a screen reader needs it, by an extension of Python-Markdown that `mkdocs.yml` lists.

A table is named by the sentence before it where that one ends in a colon, else by the heading it stands under. The
first cell of a row is its header, unless it is empty. The link of a heading to itself is for the pointer alone: a
screen reader would read a pilcrow at the end of every heading.
"""

from __future__ import annotations

from html import unescape
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import render_inner_html, strip_tags
from markdown.treeprocessors import Treeprocessor

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class Accessibility(Extension):
    """Names for tables and their rows, and headings without signs."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # Markdown's own name for it
        """After `attr_list` (8), which takes attributes out of headings; around `toc` (5), which puts links in."""
        md.treeprocessors.register(TableNames(md), "table_names", 6)
        md.treeprocessors.register(HeadingLinks(), "pointed_links", 4)


class TableNames(Treeprocessor):
    """Names tables and marks header cells, in reading order."""

    def run(self, root: Element) -> None:
        """Name every table and its rows in place."""
        heading = named = ""
        for element in root.iter():
            if element.tag in HEADINGS:
                heading = named = self.words(element)
            elif element.tag == "p":
                words = self.words(element)
                named = words.rpartition(". ")[2].removesuffix(":") if words.endswith(":") else heading
            elif element.tag == "table" and not element.get("aria-label"):  # within a fold stand finished tables, too
                element.set("aria-label", named)
                self.rows(element)

    def rows(self, table: Element) -> None:
        """Mark the header cells of columns and rows; one without words heads nothing."""
        for cell in table.findall("thead/tr/th"):
            if self.words(cell):
                cell.set("scope", "col")
            else:
                cell.tag = "td"
        for row in table.iterfind("tbody/tr"):
            if self.words(row[0]):
                row[0].tag = "th"
                row[0].set("scope", "row")

    def words(self, element: Element) -> str:
        """The text of an element, without the markup in it."""
        return " ".join(unescape(strip_tags(render_inner_html(element, self.md))).split())


class HeadingLinks(Treeprocessor):
    """Hides a heading's link to itself from screen readers and the keyboard."""

    def run(self, root: Element) -> None:
        """Hide every such link in place."""
        for link in root.iterfind(".//a[@class='headerlink']"):
            link.set("aria-hidden", "true")
            link.set("tabindex", "-1")


def makeExtension(**options: object) -> Accessibility:  # noqa: N802  # Markdown's own name for it
    """The extension; Python-Markdown calls this by name."""
    return Accessibility(**options)
