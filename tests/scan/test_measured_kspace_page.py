"""The page "Measured k-space, line by line": its Python runs, prints what the page says, and draws its picture."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("pooch")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not os.environ.get("STAGELIGHT_DATA"), reason="needs the scans: set STAGELIGHT_DATA to a folder that holds mri/"
    ),
]

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_each_block_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fences = FENCE.findall((DOCS / "measured-kspace.md").read_text())
    assert len([kind for kind, _ in fences if kind == "python"]) > 5
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    for kind, words in fences:
        if kind == "text":
            assert printed == words
            printed = ""
            continue
        assert not printed, f"the page does not say what this prints: {printed}"
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(words, "measured-kspace.md", "exec"), names)  # noqa: S102  # our own page
        printed = out.getvalue()
    assert not printed
    shown, drawn = (imageio.imread(folder / "measured-kspace.png").astype(int) for folder in (DOCS, tmp_path))
    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).max() <= 2
    assert (tmp_path / "head.nii.gz").stat().st_size > 1000
