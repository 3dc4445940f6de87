"""An agent from anywhere, scored as those of the benchmark are.

    from stagelight import village_v0
    print(village_v0.evaluate(agent, "std"))                          # public development seeds
    print(village_v0.evaluate(agent, "std", seeds=village_v0.SEALED))  # once, for what is reported

The score of an episode is (J - J_random) / (J_plan - J_random), unclipped, as in `metrics`: on development seeds with
the plans that come with the code, on sealed seeds with the two means of the published table, so that it can stand
beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from stagelight.engines import recording
from stagelight.engines.experiment.statistics import mean_interval
from stagelight.engines.village import constants as r
from stagelight.engines.village import scenarios, validation
from stagelight.engines.village.agents import registry
from stagelight.engines.village.agents.protocol import BatchAgent, Observations
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.evaluation import metrics, oracle_cache

DEVELOPMENT, SEALED = "development", "sealed"
# Of (B, 3, 44) observations and (B, 3, 13) masks: (B, 3) actions.
Controller = Callable[[NDArray[np.float32], NDArray[np.int8]], Any]


@dataclass(frozen=True)
class Evaluation:
    """B episodes of an agent in one scenario."""

    scenario: str
    seeds: Sequence[int]
    returns: NDArray[np.float64]  # (B,)
    random: float  # mean return of random allowed actions
    plan: float | None  # mean return of plans that know the weather; None where there are none for these seeds

    @property
    def mean(self) -> float:
        """The mean return."""
        return float(self.returns.mean())

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """(B,) 0 is random and 1 the plans, in the mean; None without plans."""
        return None if self.plan is None else (self.returns - self.random) / (self.plan - self.random)

    @property
    def score(self) -> float | None:
        """The mean score; None without plans."""
        return None if self.scores is None else float(self.scores.mean())

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % bootstrap interval of the mean return, over seeds; needs SciPy."""
        return mean_interval(self.returns)

    @cached_property
    def score_interval(self) -> tuple[float, float] | None:
        """That of the mean score; None without plans."""
        return None if self.scores is None else mean_interval(self.scores)

    def __str__(self) -> str:
        score = "" if self.score is None else f", score {self.score:.3f}"
        return f"{self.scenario}: return {self.mean:.3f}{score}; seeds: {len(self.seeds)}"


def evaluate(
    agent: Controller | BatchAgent, scenario: str = "std", seeds: str | Iterable[int] = DEVELOPMENT
) -> Evaluation:
    """Play whole episodes of a scenario.

    Args:
        agent: a function of observations (B, 3, 44) and masks (B, 3, 13) that returns actions (B, 3), asked in every
            tick; of a worker who is busy or ill the action is ignored, and one that is not allowed counts as `wait`.
            `one_by_one` makes it of a function of one worker. Or a batch agent of `agents.protocol`. An episode begins
            where the observation's tick and day do: an agent with a memory has to clear it there.
        scenario: a name of `scenarios.SCENARIOS`.
        seeds: `development`, `sealed` (those of the published table), or seeds of one's own.

    Raises:
        ValueError: no such scenario or seeds, or the agent answers with something else.
    """
    chosen = _seeds(scenarios.named(scenario).name, seeds)
    tapes = metrics.tapes(scenario, chosen)
    acting = agent if hasattr(agent, "act") else _Controlled(agent)
    reached = play(Villages(tapes), cast("BatchAgent", acting)).returns
    if isinstance(seeds, str) and seeds == SEALED:
        facts = published()
        return Evaluation(scenario, chosen, reached, *(facts[f"score.{scenario}.{who}.return"] for who in BOUNDS))
    random = float(registry.episodes(registry.named("random"), tapes, scenario).returns.mean())
    plans = oracle_cache.shipped([scenario], chosen)
    return Evaluation(scenario, chosen, reached, random, None if plans is None else float(plans[scenario].mean()))


def entry(agent: Controller | BatchAgent, name: str, link: str, date: str, how: str) -> dict[str, Any]:
    """A row for `docs/leaderboard.json`: whole episodes on the sealed seeds of every scenario.

    Args:
        agent: as `evaluate` takes it.
        name: of the agent.
        link: an address that begins with `https://`, under which its code or a description is found.
        date: of the run, such as `2026-11-30`.
        how: it was trained and run, in a sentence or two: data, scenarios, time, machine.
    """
    scores = {}
    for scenario in scenarios.SCENARIOS:
        found = evaluate(agent, scenario, SEALED)
        assert found.score is not None and found.score_interval is not None
        measured = {"return": found.mean, "score": found.score}
        measured |= dict(zip(("score_low", "score_high"), found.score_interval, strict=True))
        scores[scenario] = {key: round(value, 6) for key, value in measured.items()} | {"seeds": len(found.seeds)}
    return {"name": name, "link": link, "date": date, "how": how, "scores": scores}


BOUNDS = ("random", "clairvoyant")  # of the published table: what score 0 and score 1 are


def published() -> dict[str, float]:
    """The facts of the published table, `score.SCENARIO.AGENT.return` among them.

    Raises:
        RecordingError: the recording is missing or damaged.
    """
    return dict(recording.load_head(registry.PUBLISHED.parent, "village")["facts"])


def one_by_one(choose: Callable[[NDArray[np.float32], NDArray[np.int8]], int]) -> Controller:
    """A controller made of a function of one worker's observation (44,) and mask (13,) that returns an action.

    Only workers who have something to choose are asked.
    """

    def act(observations: NDArray[np.float32], masks: NDArray[np.int8]) -> NDArray[np.int64]:
        actions: NDArray[np.int64] = masks.argmax(-1)
        for village, worker in zip(*np.nonzero(masks.sum(-1) > 1), strict=True):
            actions[village, worker] = validation.action(
                choose(observations[village, worker], masks[village, worker]), f"the {r.AGENTS[worker]}"
            )
        return actions

    return act


@dataclass(frozen=True)
class _Controlled:
    """A batch agent made of a controller, to whom all report."""

    controller: Controller
    reports: bool = True

    def act(self, observations: Observations) -> NDArray[np.int64]:
        """The actions of those who are free."""
        wanted = observations.masks.shape[:2]
        found = self.controller(observations.values.copy(), observations.masks.copy())
        actions = np.asarray(found)
        if actions.shape != wanted or actions.dtype.kind not in "iu":
            raise ValueError(f"agent: answered {validation.shown(found)}, wanted whole numbers in an array {wanted}")
        if ((actions < 0) | (actions >= len(r.ACTIONS))).any():
            raise ValueError(f"agent: answered an action beyond 0 to {len(r.ACTIONS) - 1}")
        return actions[observations.villages, observations.workers].astype(np.int64)


def _seeds(scenario: str, seeds: str | Iterable[int]) -> Sequence[int]:
    """The seeds that are meant."""
    if isinstance(seeds, str):
        if seeds == DEVELOPMENT:
            return metrics.DEVELOPMENT_SEEDS
        if seeds == SEALED:
            return metrics.SEALED_SEEDS[: sealed(published(), scenario)]
        raise ValueError(f"seeds {validation.shown(seeds)}: choose development, sealed, or whole numbers")
    if not isinstance(seeds, Iterable):
        raise ValueError(f"seeds {validation.shown(seeds)}: choose development, sealed, or whole numbers")
    chosen = [validation.seed(seed) for seed in seeds]
    if not chosen or None in chosen:
        raise ValueError("seeds: none, or None among them; wanted at least one whole number")
    return [seed for seed in chosen if seed is not None]


def sealed(facts: dict[str, float], scenario: str) -> int:
    """How many of the sealed seeds the published table has in a scenario."""
    calibrated = scenario in {one.name for one in scenarios.CALIBRATED}
    return int(facts["compared.seeds" if calibrated else "compared.other_seeds"])
