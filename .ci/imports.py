"""Write docs/imports.json: which of the project's packages imports which. The map on the page of architecture is drawn
from it, and a test holds it to the sources."""

from __future__ import annotations

import json
from pathlib import Path

import grimp

FILE = Path(__file__).resolve().parents[1] / "docs/imports.json"


def imports() -> dict[str, list[str]]:
    """Each package or module directly in `engines` or `render`, and those of them that it imports."""
    graph = grimp.build_graph("stagelight")
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        if importer := member(module):
            imported = {member(other) for other in graph.find_modules_directly_imported_by(module)}
            found.setdefault(importer, set()).update(imported - {importer, ""})
    return {name: sorted(found[name]) for name in sorted(found)}


def member(module: str) -> str:
    """`render.scenes` for `stagelight.render.scenes.rollout`; nothing for `stagelight.render` itself."""
    parts = module.split(".")
    return ".".join(parts[1:3]) if len(parts) > 2 else ""


if __name__ == "__main__":
    FILE.write_text(json.dumps(imports(), indent=1) + "\n", encoding="utf-8")
