"""Agents by their names on the same tapes: lists, the trained policy, language models, one worker alone.

An agent that is slow plays the first tapes only, and is compared with what others reached on those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import Progress, silent
from stagelight.engines.village import constants as r
from stagelight.engines.village import kernels
from stagelight.engines.village.agents import registry
from stagelight.engines.village.agents.protocol import Each
from stagelight.engines.village.agents.scripted import BatchPlanned, lone
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import Rollouts, play
from stagelight.engines.village.evaluation import metrics
from stagelight.engines.village.llm import runs

POLICY, CLAIRVOYANT = "policy", "clairvoyant"
SMALL, TAUGHT, ENDPOINT = "small", "small_taught", "endpoint"  # language models
ALONE = "alone"  # one worker does the whole chain, two wait
QUICK = (
    "random", "farmer_alone", "miller_alone", "baker_alone", "no_granary", "sell_all", "hoarder", "no_messages",
    "roles", "stock", POLICY,
)  # fmt: skip
AGENTS = (*QUICK, ALONE, "planner", SMALL, TAUGHT)
SLOW = {ALONE: 10, "planner": 10, SMALL: 2, TAUGHT: 5, ENDPOINT: 2}  # tapes that they are given, at most
Table = dict[str, dict[str, float]]  # by agent: `metrics.table`


@dataclass(frozen=True)
class Means:
    """What is needed beside lists to let agents play."""

    policy: Path  # weights of the trained one
    cache: Path  # where plans and what language models chose are kept
    progress: Progress = silent
    model: runs.Opener | None = None  # who answers in a scenario and seed
    days: int = r.DAYS  # that are played, and then there is a return but no score
    parallel: int = 1  # villages that a model runs at once
    price: tuple[float, float] | None = None  # of a million tokens read and written


@dataclass(frozen=True)
class Played:
    """Whole episodes of an agent on the first B tapes."""

    rollouts: Rollouts
    said: Mapping[str, float]  # measures that are not seen in these

    @property
    def returns(self) -> NDArray[np.float64]:
        """(B,)."""
        return self.rollouts.returns


@dataclass(frozen=True)
class Round:
    """Some agents on the tapes of one scenario, and the best that anyone reached on each."""

    played: Mapping[str, Played]
    best: NDArray[np.float64]  # (B,) of the plan that was searched for, or of an agent who did better
    days: int = r.DAYS

    def table(self, names: Iterable[str]) -> Table:
        """Their measures, each beside what the plan and chance reach on the tapes that it was given."""
        rows = {}
        for name in names:
            one = self.played[name]
            count = len(one.returns)
            if self.days < r.DAYS:
                value = one.rollouts.history[:, self.days * r.DAY - 1, kernels.J].mean() / r.NORM
                rows[name] = {"returns": float(value), "seeds": float(count)} | dict(one.said)
                continue
            worst = float(self.played["random"].returns[:count].mean())
            rows[name] = metrics.table(
                one.rollouts.villages.workers, one.rollouts.history, self.best[:count], worst
            ) | dict(one.said)
        if self.days < r.DAYS:
            return rows
        return rows | {CLAIRVOYANT: {"returns": float(self.best.mean()), "score": 1.0, "seeds": float(len(self.best))}}


def compare(
    names: Sequence[str], scenario: str, seeds: Sequence[int], planned: NDArray[np.float64], means: Means,
    slow: Mapping[str, int] = SLOW,
) -> Round:  # fmt: skip
    """Let agents play, and chance with them.

    Whoever knows the tape can do what any agent did, so the best on a tape is never below an agent's return.

    Args:
        names: who plays.
        scenario: its name.
        seeds: of the tapes.
        planned: (B,) returns of the plans that were searched for; unused where only some days are played.
        means: what agents need.
        slow: how many of the tapes some agents are given, the first ones.

    Raises:
        ValueError: no such agent or scenario, or what an agent needs is not there.
    """
    played = {
        name: _episodes(name, scenario, seeds[: slow.get(name, len(seeds))], means)
        for name in dict.fromkeys(("random", *names))
    }
    best = planned.copy()
    for one in played.values():
        count = len(one.returns)
        best[:count] = np.maximum(best[:count], one.returns)
    return Round(played, best, means.days)


def scored(
    names: Sequence[str], scenario: str, seeds: Sequence[int], planned: NDArray[np.float64], means: Means,
    slow: Mapping[str, int] = SLOW,
) -> Table:  # fmt: skip
    """The table of some agents in a scenario, and of the clairvoyant; as `compare`."""
    return compare(names, scenario, seeds, planned, means, slow).table(names)


def known(name: str) -> None:
    """Refuse an agent that is none.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in {POLICY, ALONE, SMALL, TAUGHT, ENDPOINT}:
        _named(name)


def _episodes(name: str, scenario: str, seeds: Sequence[int], means: Means) -> Played:
    drawn = metrics.tapes(scenario, seeds)
    if name == POLICY:
        from stagelight.engines.village.agents.policy import BatchPolicy  # noqa: PLC0415  # brings in torch

        return Played(play(Villages(drawn), BatchPolicy(_loaded(means.policy))), {"messages": 3.0 * r.TICKS})
    if name in {SMALL, TAUGHT, ENDPOINT}:
        run = _run(name, scenario, seeds, means)
        said = {"messages": run.messages, "tokens": run.tokens, "invalid": run.invalid, "asked": run.asked}
        said |= {"seconds": run.seconds} | {name: float(count) for name, count in run.gates.items()}
        if name == ENDPOINT and means.price:
            read, written = means.price
            said["cost"] = (read * (run.tokens - run.written) + written * run.written) / 1e6
        return Played(play(Villages(drawn), BatchPlanned(run.choices)), said)
    if name == ALONE:
        each = [play(Villages(drawn), Each([lone(who) for _ in seeds])) for who in range(3)]
        return Played(max(each, key=lambda one: one.returns.mean()), {})
    agent = _named(name)
    return Played(registry.episodes(agent, drawn, scenario), {"messages": 3.0 * r.TICKS * agent.talks})


def _run(name: str, scenario: str, seeds: Sequence[int], means: Means) -> runs.Run:
    """Episodes of a language model."""
    if name != ENDPOINT:
        return runs.small(scenario, seeds, means.cache, runs.ADAPTER if name == TAUGHT else None, means.progress)
    if means.model is None:
        raise ValueError(f"agent {ENDPOINT!r} needs a model; give --base-url and --model, or --transcripts to replay")
    return runs.villages(means.model, scenario, seeds, means.days, means.parallel, means.progress)


def _named(name: str) -> registry.Entry:
    try:
        return registry.named(name)
    except ValueError as error:
        others = f"{POLICY}, the trained one, {SMALL} or {TAUGHT}, a language model, or {ENDPOINT}"
        raise ValueError(f"{error}; or {others}") from None


@cache
def _loaded(policy: Path) -> Any:
    from stagelight.engines.village.training.networks import load  # noqa: PLC0415

    return load(policy)[0]
