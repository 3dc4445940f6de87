"""Fixtures of the tests of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pages import sample, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, *sample())
    return tmp_path
