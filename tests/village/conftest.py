"""The published recording of the village."""

from __future__ import annotations

import pytest

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from support.paths import RECORDINGS


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return recording.load(RECORDINGS, "village")
