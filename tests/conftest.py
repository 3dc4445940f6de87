"""Fixtures of tests in more than one folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stagelight.render.pipeline import encode
from stagelight.render.pipeline.plan import Places
from support.tiny_scene import tiny


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """The tiny scene in a folder of its own, imported afresh."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinyscenes"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    encode._scene.cache_clear()
    return tiny(tmp_path)
