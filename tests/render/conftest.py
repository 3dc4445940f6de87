"""Fixtures of the tests of all that draws."""

from __future__ import annotations

import pytest

from stagelight.render import cli
from stagelight.render.pipeline.plan import Places
from support.commands import Call


@pytest.fixture
def call(places: Places, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command; returns its exit code, what it said, and what went wrong."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(list(arguments), places)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        if code:
            assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1
            assert err.splitlines()[-1].startswith("error: ")
        return code, out, err

    return run
