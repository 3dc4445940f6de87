"""The command that tests a policy on positions from outside: what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("chess")

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("words", "said"), [
    (["--seed", "5"], "--seed is not used here"),
    (["--policy", "x"], "--policy is not used here"),
    (["--puzzles", "x", "--syzygy", "y"], "--syzygy is not used here"),
    (["--puzzles", "{folder}/none"], "cannot be read"),
    (["--puzzles", "{folder}/none", "--policy", "{folder}/none"], "no policy to play"),
    (["--endings", "5"], "--endings needs --syzygy FOLDER; the Syzygy tables"),
    (["--endings", "5", "--syzygy", "{folder}"], "no KQvK.rtbw in it"),
    (["--endings", "5", "--minutes", "1"], "--minutes is not used here"),
])  # fmt: skip
def test_what_cannot_be_scored_is_refused_in_one_line(
    tmp_path: Path, words: list[str], said: str, refused: Callable[..., str]
) -> None:
    assert said in refused(*(word.format(folder=tmp_path) for word in words))
