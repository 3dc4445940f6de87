"""What several test modules share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from render.pipeline import encode
from render.pipeline.plan import Places


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """The tiny scene of test_pipeline in a folder of its own, imported afresh."""
    from test_pipeline import tiny

    for name in [name for name in sys.modules if name.partition(".")[0] == "tinyscenes"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    encode._scene.cache_clear()
    return tiny(tmp_path)
