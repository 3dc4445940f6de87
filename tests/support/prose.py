"""The prose of a page: its words without macros, code, formulas, markup and addresses."""

from __future__ import annotations

import re

NOT_PROSE = (
    r"(?s)\{\{.*?\}\}",  # macros
    r"(?s)\{%.*?%\}",
    r"(?s)^```.*?^```",  # code
    r"`[^`\n]*`",
    r"(?sm)^::: .*?(?=^\S|\Z)",  # names of the source
    r"(?s)<math\b.*?</math>",
    r"<[^>]*>",
    r"\]\([^)]*\)",  # addresses
    r"\{ [#.][^}]*\}",  # ids and classes
    r"^  boost: [\d.]+$",  # where the search puts the page
)


def prose(markdown: str) -> str:
    """The text of a page with all else taken out, and the list of its sources, too."""
    text = markdown.partition("## Where it comes from")[0]
    for pattern in NOT_PROSE:
        text = re.sub(pattern, " ", text, flags=re.M)
    return text
