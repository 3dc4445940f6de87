"""The picture of what is forgotten: every cell at every moment, and the drop that the recording's fact names."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stagelight.render.pages import rollout_cells
from support.rollout_recording import CELLS, Made

SHARE = st.integers(0, 128).map(lambda count: count / 128)
SUCCESS = arrays(np.float32, (5, 4), elements=SHARE)


@settings(deadline=None)  # the first example imports torch
@given(SUCCESS, arrays(np.float32, 4, elements=SHARE))
def test_the_largest_drop_is_the_recordings(success: Any, final: Any) -> None:
    record = pytest.importorskip("stagelight.engines.rollout.record")
    fell = rollout_cells.drops(success, record.MASTERED, final)
    told = record._of_log({"curve_success": success}, final)["forgetting.worst"]
    assert max([0.0, *(drop.before - drop.after for drop in fell)]) == pytest.approx(max(told, 0.0))
    assert [drop.before - drop.after for drop in fell] == sorted((d.before - d.after for d in fell), reverse=True)


def test_every_cell_at_every_moment_is_drawn_once_and_told_in_the_file(rollout: Made) -> None:
    success = np.random.default_rng(0).random((2, 3, len(CELLS))).astype(np.float32)
    html = rollout_cells.plot(rollout(curve_success=success), "What is kept", "x.md")
    lengths = [float(length) for length in re.findall(r"h([\d.]+)v4\.5", html)]
    assert sum(lengths) == pytest.approx(len(CELLS) * (rollout_cells.RIGHT - rollout_cells.LEFT), abs=1)
    address = re.search(r'href="data:text/csv;charset=utf-8,([^"]+)"', html)
    assert address
    told = list(csv.DictReader(io.StringIO(unquote(unescape(address[1])))))
    assert [float(row["share of mates"]) for row in told] == pytest.approx(success[0].T.ravel().tolist(), abs=1e-5)
    assert html.count('<th scope="row">') == len(CELLS)


def test_the_largest_drop_is_said_in_words(rollout: Made) -> None:
    success = np.full((2, 3, len(CELLS)), 0.25, np.float32)
    assert f"None of {len(CELLS)} cells was mastered." in rollout_cells.plot(
        rollout(curve_success=success), "Kept", "x.md"
    )
    success[0, 1:, CELLS.index("kqk.8-10")] = 1.0
    success[0, :, CELLS.index("opening.greedy")] = 0.75, 1.0, 0.25
    html = rollout_cells.plot(rollout(curve_success=success), "Kept", "x.md")
    assert "2 of 7 cells were mastered at some moment; no lower at the end: 1. The largest drop: " in html
    assert "largest drop: the opening, against the greedy opponent, from 87.5% to 62.5%." in html
    final = np.full((2, len(CELLS)), 0.5, np.float32)
    html = rollout_cells.plot(rollout(curve_success=success, final_success=final), "Kept", "x.md")
    assert "largest drop: king and queen, 8 to 10 moves, from 100.0% to 50.0%." in html, "on other starts"
    assert html.count('class="plot__end"') == 1
    assert "king and queen, 8 to 10 moves</th>" in html


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 4, len(CELLS))])
def test_cells_that_do_not_fit_end_the_build_in_one_line(
    rollout: Made, capsys: pytest.CaptureFixture[str], shape: tuple[int, ...]
) -> None:
    with pytest.raises(SystemExit):
        rollout_cells.plot(rollout(curve_success=np.zeros(shape, np.float32)), "Kept", "x.md")
    said = capsys.readouterr().err
    assert "curve_success of shape" in said
    assert said.count("\n") == 1
