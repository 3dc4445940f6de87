"""Fixtures of the tests of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import rollout_recording
from support.pages import sample, write
from support.scan_recording import Made, scan_maker


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, *sample())
    return tmp_path


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return scan_maker(tmp_path)


@pytest.fixture
def rollout(tmp_path: Path) -> rollout_recording.Made:
    return rollout_recording.rollout_maker(tmp_path)
