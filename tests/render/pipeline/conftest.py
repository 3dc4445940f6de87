"""Fixtures of the pipeline's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagelight.engines import recording
from stagelight.render.pipeline.plan import Places
from support.pair_scene import PAIR, made, part


@pytest.fixture
def pair(places: Places, tmp_path: Path) -> Places:
    """Section one reads array b when it is made and again when it is drawn; two reads b and c; d and the rest are
    read by none."""
    (package := tmp_path / "tinyscenes" / "pair").mkdir()
    (package / "__init__.py").write_text(PAIR)
    (package / "one.py").write_text(part("one", "b", "b"))
    (package / "two.py").write_text(part("two", "c", "b"))
    recording.save(made(), places.recordings)
    return places
