"""The policy's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stagelight.engines.experiment import weights
from stagelight.engines.village.training import networks
from stagelight.engines.village.training.rollouts import act
from support.village_policy import cohort, fresh

pytestmark = pytest.mark.engine


def test_a_published_policy_acts_as_the_one_it_was(tmp_path: Path) -> None:
    mine = fresh(24)
    networks.publish(mine, tmp_path / "policy.safetensors", {"seed": 5})
    again, about = networks.load(tmp_path / "policy.safetensors")
    assert about == {"seed": 5}
    one, two = (act(p, [cohort()], None) for p in (mine, again))
    np.testing.assert_array_equal(one.logp, two.logp)


def test_a_file_that_is_no_policy_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    with pytest.raises(ValueError, match="not a village policy"):
        networks.load(path)
    networks.publish(fresh(), path, {})
    whole = path.read_bytes()
    for damage in (b"", whole[:50], whole.replace(b"village policy 1", b"village policy 9"), whole[:-4]):
        path.write_bytes(damage)
        with pytest.raises(ValueError, match="was changed"):
            networks.load(path)
        weights.seal(path)
        with pytest.raises(ValueError, match="give a published one") as caught:
            networks.load(path)
        assert "\n" not in str(caught.value)
