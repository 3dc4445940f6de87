"""Plans that are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stagelight.engines.experiment import cache
from stagelight.engines.experiment.progress import Interrupted
from stagelight.engines.village.evaluation import oracle_cache

pytestmark = pytest.mark.engine


def test_plans_are_kept_and_taken_up(tmp_path: Path) -> None:
    first = oracle_cache.returns(["calm"], [1], tmp_path, None, trials=50)["calm"]
    (path,) = tmp_path.rglob("*.npz")
    cache.write(path.with_name("calm-2.npz"), {"return": np.array(9.0)})
    both = oracle_cache.returns(["calm"], [1, 2], tmp_path, None, trials=50)["calm"]
    assert list(both) == [first[0], 9.0]
    with pytest.raises(Interrupted, match="1 of 2"):
        oracle_cache.returns(["calm"], [1, 2, 3, 4], tmp_path, None, trials=50, deadline=0.0)
    assert {file.stem for file in tmp_path.rglob("*.npz")} == {"calm-1", "calm-2", "calm-3"}
    path.write_text("[]")
    assert oracle_cache.returns(["calm"], [1], tmp_path, None, trials=50)["calm"] == first
