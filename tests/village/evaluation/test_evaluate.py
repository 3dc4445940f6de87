"""An agent from anywhere, scored by the protocol."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stagelight import village_v0
from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios
from stagelight.engines.village.agents import registry
from stagelight.engines.village.agents.policy import BatchPolicy
from stagelight.engines.village.agents.scripted import BatchRandom, BatchScripted
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.evaluation.evaluate import published, sealed
from stagelight.engines.village.vector_env import VillageVectorEnv

pytestmark = pytest.mark.engine


def choose(observation: NDArray[np.float32], mask: NDArray[np.int8]) -> int:
    """An allowed action that depends on who is asked and when."""
    role, day, tick = (int(observation[index]) for index in (r.ROLE, r.TODAY, r.TICK))
    return int((np.random.default_rng((role, day, tick)).random(len(mask)) * mask).argmax())


def all_at_once(observations: NDArray[np.float32], masks: NDArray[np.int8]) -> list[list[int]]:
    """The same of everyone."""
    return [
        [choose(*worker) for worker in zip(*village, strict=True)] for village in zip(observations, masks, strict=True)
    ]


def test_a_function_reaches_what_it_reaches_in_the_vector_environment() -> None:
    seeds = range(40, 43)
    villages = VillageVectorEnv(3, "compound")
    observations, infos = villages.reset(seed=40)
    total, over = np.zeros(3), False
    while not over:
        actions = np.array(all_at_once(observations.reshape(3, 3, 44), infos["action_mask"]))
        observations, rewards, _, truncations, infos = villages.step(actions)
        total, over = total + rewards, bool(truncations.all())
    found = village_v0.evaluate(all_at_once, "compound", seeds)
    np.testing.assert_allclose(found.returns, total)
    assert (found.score, found.score_interval, str(found)) == (
        None, None, f"compound: return {total.mean():.3f}; seeds: 3"
    )  # fmt: skip
    low, high = found.interval
    assert total.min() - 1e-9 <= low <= found.mean <= high <= total.max() + 1e-9


def test_a_worker_at_a_time_chooses_as_all_at_once() -> None:
    asked = []

    def watched(observation: NDArray[np.float32], mask: NDArray[np.int8]) -> int:
        asked.append(mask.sum())
        return choose(observation, mask)

    one, many = (village_v0.evaluate(agent, "std", [1, 2]) for agent in (village_v0.one_by_one(watched), all_at_once))
    np.testing.assert_array_equal(one.returns, many.returns)
    assert min(asked) > 1


def test_development_seeds_have_plans_in_every_scenario() -> None:
    for name in scenarios.SCENARIOS:
        found = village_v0.evaluate(BatchScripted(registry.named("stock").parameters(name)), name)
        assert list(found.seeds) == list(metrics.TEST_SEEDS[:10])
        assert found.plan is not None and found.score is not None
        assert found.returns.max() < 1.15 * found.plan and found.random < found.mean < found.plan, name
        assert found.score == pytest.approx((found.mean - found.random) / (found.plan - found.random))


@pytest.mark.parametrize("scenario", ["calm", "crash"])
def test_on_sealed_seeds_an_agent_stands_beside_the_published_table(scenario: str) -> None:
    facts = published()
    for name in ("stock", "random"):
        lists, chance = (
            BatchScripted(registry.named("stock").parameters(scenario)),
            BatchRandom(np.random.default_rng(0)),
        )
        found = village_v0.evaluate(lists if name == "stock" else chance, scenario, village_v0.SEALED)
        assert len(found.seeds) == sealed(facts, scenario)
        assert found.mean == pytest.approx(facts[f"score.{scenario}.{name}.return"], abs=1e-6)
        assert found.score == pytest.approx(facts[f"score.{scenario}.{name}.score"], abs=2e-5)
        assert found.score_interval is not None
        assert found.score_interval[0] == pytest.approx(facts[f"score.{scenario}.{name}.score_low"], abs=2e-5)


def test_the_trained_policy_is_a_baseline_in_two_lines_however_often_it_plays() -> None:
    policy = BatchPolicy.load()
    first, again = (village_v0.evaluate(policy, "std") for _ in range(2))
    np.testing.assert_array_equal(first.returns, again.returns)
    assert first.score is not None and first.score > 0.8


def test_lists_that_play_again_begin_anew() -> None:
    lists = BatchScripted(registry.named("stock").parameters("std"))
    first, again = (village_v0.evaluate(lists, "std", range(5)).returns for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("agent", "arguments", "said"),
    [
        (all_at_once, {"scenario": "flood"}, "scenario 'flood': no such scenario"),
        (all_at_once, {"seeds": "test"}, "seeds 'test': choose development, sealed, or whole numbers"),
        (all_at_once, {"seeds": 7}, "seeds 7: choose development, sealed, or whole numbers"),
        (all_at_once, {"seeds": []}, "seeds: none, or None among them"),
        (all_at_once, {"seeds": [1, None]}, "seeds: none, or None among them"),
        (all_at_once, {"seeds": [1.5]}, "seed 1.5: wanted a whole number"),
        (lambda o, m: np.zeros((2, 3)), {"seeds": [1, 2]}, r"agent: answered an array \(2, 3\) of float64, wanted"),
        (lambda o, m: [1, 2, 3], {"seeds": [1, 2]}, r"agent: answered \[1, 2, 3\], wanted whole numbers in an array"),
        (lambda o, m: np.full((2, 3), 13), {"seeds": [1, 2]}, "agent: answered an action beyond 0 to 12"),
        (village_v0.one_by_one(lambda o, m: 13), {"seeds": [1]}, "the farmer: action 13, wanted a whole number from 0"),
    ],
)
def test_mistakes_are_said_in_one_line(agent: Any, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        village_v0.evaluate(agent, **arguments)
    assert "\n" not in str(caught.value)
