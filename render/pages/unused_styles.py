"""A hook of MkDocs: pages without quoted documentation do without its styles, and are shown that much sooner.

mkdocstrings adds its style sheet to every page, and a browser shows nothing before it has read all of them.
"""

from __future__ import annotations

import re
from typing import Any

LINK = re.compile(r'\s*<link rel="stylesheet" href="[^"]*assets/_mkdocstrings\.css">')
QUOTED = 'class="doc '  # how mkdocstrings marks each name


def on_post_page(output: str, page: Any, config: Any) -> str:
    """A finished page, without the link if nothing in it needs the styles."""
    return output if QUOTED in output else LINK.sub("", output)


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same of a page that no source in `docs` stands behind, such as that for addresses that are not found."""
    return on_post_page(output_content, None, config)
