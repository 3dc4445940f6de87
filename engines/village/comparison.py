"""The final table: every agent in every scenario, on sealed seeds; and whether the trade-off is real, as facts.

score.SCENARIO.AGENT.return, .score, .score_low, .score_high, .score_worst
calibration.*   the least margin over scenarios of each promise, in shares of the clairvoyant's return
trained.*       what the trained policy gains over the best (s, S) workers, in normalised score
bound.*         how far the clairvoyant lies below a return that no plan can exceed
llm.*           the small language model before and after it was taught, in scenarios that are held out

An agent that is slow plays the first tapes only, and is compared with what others reached on those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.recording import Recording
from engines.village import adversary, agents, bound, plans, playing, scenarios, score, speed, tape
from engines.village import rules as r
from engines.village.llm import runs, talk
from engines.village.llm.episode import Step
from engines.village.llm.reply import Model
from engines.village.plans import Paused, Report

__all__ = ["AGENTS", "Means", "Paused", "compare", "known", "lines", "scored"]
POLICY, CLAIRVOYANT = "policy", "clairvoyant"
SMALL, TAUGHT, ENDPOINT = "small", "small_taught", "endpoint"  # language models
QUICK = (
    "random", "farmer_alone", "miller_alone", "baker_alone", "no_granary", "sell_all", "hoarder", "no_messages",
    "roles", "stock", POLICY,
)  # fmt: skip
AGENTS = (*QUICK, "planner", SMALL, TAUGHT)
SLOW = {"planner": 10, SMALL: 5, TAUGHT: 5, ENDPOINT: 2}  # tapes that they are given, at most
BOUNDED = 2  # tapes of a scenario on which the bound is computed
KEPT = {"returns": "return", **{name: name for name in ("score", "score_low", "score_high", "score_worst")}}
Table = dict[str, dict[str, float]]  # by agent: `score.table`


@dataclass(frozen=True)
class Means:
    """What is needed beside lists to let agents play."""

    policy: Path  # weights of the trained one
    cache: Path  # where plans and what language models chose are kept
    report: Report = lambda *_: None  # called with (what, done, total, latest figures)
    model: Callable[[str, int], AbstractContextManager[Model]] | None = None  # who answers in a scenario and seed


@dataclass(frozen=True)
class Played:
    """Whole episodes of an agent on the first B tapes."""

    workers: NDArray[np.int64]  # (B, 16) after the last day
    history: NDArray[np.float64]  # (B, 480, 25) after every tick
    said: Mapping[str, float]  # measures that are not seen in these

    @property
    def returns(self) -> NDArray[np.float64]:
        """(B,)."""
        found: NDArray[np.float64] = score.measures(self.history)["returns"]
        return found


@dataclass(frozen=True)
class Round:
    """Some agents on the tapes of one scenario, and the best that anyone reached on each."""

    played: Mapping[str, Played]
    best: NDArray[np.float64]  # (B,) of the plan that was searched for, or of an agent who did better

    def table(self, names: Iterable[str]) -> Table:
        """Their measures, each beside what the plan and chance reach on the tapes that it was given."""
        rows = {}
        for name in names:
            one = self.played[name]
            count = len(one.history)
            worst = float(self.played["random"].returns[:count].mean())
            rows[name] = score.table(one.workers, one.history, self.best[:count], worst) | dict(one.said)
        return rows | {CLAIRVOYANT: {"returns": float(self.best.mean()), "score": 1.0, "seeds": float(len(self.best))}}


def compare(
    before: Recording, means: Means, jobs: int, until: float = float("inf"), trials: int = plans.TRIALS
) -> Recording:
    """A recording with the final table beside it.

    Args:
        before: the recording; `compared.seeds` of its configuration says how many of the sealed seeds.
        means: what agents need.
        jobs: how many plans are searched for at once.
        until: `time.monotonic()` at which to put it down.
        trials: of the search for a plan.

    Raises:
        Paused: `until` came first.
        ModelError: the small language model is not installed.
    """
    count = int(before.config.get("compared", {}).get("seeds", len(score.SEALED_SEEDS)))
    seeds, names, report = score.SEALED_SEEDS[:count], tuple(scenarios.SCENARIOS), means.report
    found = plans.returns(names, seeds, means.cache, means.policy, report, trials, jobs, until)
    facts: dict[str, float] = {"compared.seeds": count, "compared.slow_seeds": min(count, SLOW[SMALL])}
    rounds = {}
    for done, name in enumerate(names, 1):
        rounds[name] = play(AGENTS, name, seeds, found[name], means)
        table = rounds[name].table(AGENTS)
        facts |= {f"score.{name}.{who}.{KEPT[k]}": row[k] for who, row in table.items() for k in KEPT if k in row}
        drawn = score.tapes(name, seeds)
        for days in score.RESERVES:
            facts[f"score.{name}.reserve_{days}.return"] = score.mean_return(agents.with_reserve(days), name, drawn)
        report(f"agents in {name}", done, len(names), {"policy": facts[f"score.{name}.policy.score"]})
    facts |= verdict(facts) | gains(facts) | gap(seeds[:BOUNDED], found) | language(rounds) | speed.throughput()
    weather = tape.draw(scenarios.named(str(before.config["scenario"])), before.seed)
    answers, spoken = talk.asked(weather, means.cache, report)
    compared = {"seeds": count, "first_seed": seeds[0], "trials": trials}
    return replace(
        before,
        config={**before.config, "compared": compared},
        facts=dict(sorted({**before.facts, **_rounded(facts | spoken)}.items())),
        events=(*(event for event in before.events if event["kind"] != talk.KIND), *answers),
    )


def play(
    names: Sequence[str], scenario: str, seeds: Sequence[int], planned: NDArray[np.float64], means: Means,
    slow: Mapping[str, int] = SLOW,
) -> Round:  # fmt: skip
    """Let agents play, and chance with them.

    Whoever knows the tape can do what any agent did, so the best on a tape is never below an agent's return.

    Args:
        names: who plays.
        scenario: its name.
        seeds: of the tapes.
        planned: (B,) returns of the plans that were searched for.
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
        count = len(one.history)
        best[:count] = np.maximum(best[:count], one.returns)
    return Round(played, best)


def scored(
    names: Sequence[str], scenario: str, seeds: Sequence[int], planned: NDArray[np.float64], means: Means,
    slow: Mapping[str, int] = SLOW,
) -> Table:  # fmt: skip
    """The table of some agents in a scenario, and of the clairvoyant; as `play`."""
    return play(names, scenario, seeds, planned, means, slow).table(names)


def lines(facts: Mapping[str, float]) -> list[tuple[str, str, dict[str, float]]]:
    """What `compare` has kept of the table: scenario, agent, measures."""
    names = {kept: name for name, kept in KEPT.items()}
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for fact, value in facts.items():
        kind, *parts = fact.split(".")
        if kind == "score" and not parts[1].startswith("reserve_"):
            rows.setdefault((parts[0], parts[1]), {})[names[parts[2]]] = value
    order = {name: at for at, name in enumerate((*AGENTS, CLAIRVOYANT))}
    return [(*key, row) for key, row in sorted(rows.items(), key=lambda item: (item[0][0], order[item[0][1]]))]


def known(name: str) -> None:
    """Refuse an agent that is none.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in {POLICY, SMALL, TAUGHT, ENDPOINT}:
        _named(name)


def verdict(facts: Mapping[str, float]) -> dict[str, float]:
    """The least margin over scenarios of each promise of the calibration, and the largest share of scripted roles.

    Scripted roles are one list for all weather. Lists whose numbers were fitted to a scenario are said beside them.

    Selling everything must lose where there are shocks, hoarding where there are none and under compound shocks.
    """

    def share(name: str, where: str) -> float:
        return facts[f"score.{where}.{name}.return"] / facts[f"score.{where}.clairvoyant.return"]

    def cost(name: str, where: Iterable[str]) -> float:
        return min(share("stock", one) - share(name, one) for one in where)

    every = [one.name for one in scenarios.CALIBRATED]
    return {
        "calibration.scripted_share": max(share("roles", one) for one in every),
        "calibration.fitted_share": max(share("stock", one) for one in every),
        "calibration.granary_cost": cost("no_granary", every),
        "calibration.message_cost": cost("no_messages", every),
        "calibration.sell_all_gap": cost("sell_all", [one for one in every if one != "calm"]),
        "calibration.hoarder_gap": cost("hoarder", ["calm", "std", "compound"]),
    }


def gains(facts: Mapping[str, float]) -> dict[str, float]:
    """What the policy gains over the best (s, S) workers, by scenario, and the least in training and held out.

    The best of those with a reserve of the season and of those with one all year, on these very tapes.
    """
    found = {}
    for name in scenarios.SCENARIOS:
        reserves = [facts[f"score.{name}.reserve_{days}.return"] for days in score.RESERVES]
        best = max(facts[f"score.{name}.stock.return"], *reserves)
        random, plan = (facts[f"score.{name}.{who}.return"] for who in ("random", "clairvoyant"))
        found[name] = (facts[f"score.{name}.{POLICY}.return"] - best) / (plan - random)
    least = {"train": scenarios.TRAIN, "held_out": scenarios.HELD_OUT}
    return {f"trained.gain_over_reserve.{name}": value for name, value in found.items()} | {
        f"trained.gain_over_reserve.{kind}": min(found[name] for name in names) for kind, names in least.items()
    }


def gap(seeds: Sequence[int], planned: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """How far the clairvoyant's plans lie below the upper bound, as a share of it, by scenario and at most."""
    facts: dict[str, float] = {}
    for name in (one.name for one in scenarios.CALIBRATED):
        above = np.mean([bound.upper(adversary.tape(scenarios.named(name), seed)) for seed in seeds])
        facts |= {
            f"bound.{name}": float(above),
            f"bound.{name}.gap": float(1 - planned[name][: len(seeds)].mean() / above),
        }
    return facts | {"bound.gap": max(value for name, value in facts.items() if name.endswith(".gap"))}


def language(rounds: Mapping[str, Round]) -> dict[str, float]:
    """What the small language model reaches before and after it was taught, in weather that nobody was trained in.

    Shares of the clairvoyant's return, on all held-out tapes together, and of scripted roles on the same ones; with
    the 95 % bootstrap interval over tapes, also of the difference, which is taken tape by tape.
    """
    chosen = [rounds[name] for name in scenarios.HELD_OUT]
    count = len(chosen[0].played[SMALL].history)
    best = np.concatenate([one.best[:count] for one in chosen])
    shares = {
        kind: np.concatenate([one.played[who].returns[:count] for one in chosen])
        for kind, who in (("zero_shot", SMALL), ("trained", TAUGHT), ("roles", "roles"))
    }
    facts = {"llm.tapes": float(len(best))}
    for kind, values in (*shares.items(), ("gain", shares["trained"] - shares["zero_shot"])):
        low, high = score.share_interval(values, best)
        facts |= {
            f"llm.{kind}.share": float(values.mean() / best.mean()),
            f"llm.{kind}.share.low": low,
            f"llm.{kind}.share.high": high,
        }
    return facts | {f"llm.{name}": value for name, value in runs.about().items()}


def _episodes(name: str, scenario: str, seeds: Sequence[int], means: Means) -> Played:
    drawn = score.tapes(scenario, seeds)
    if name == POLICY:
        from engines.village.training import rollouts  # noqa: PLC0415  # brings in torch

        villages, history = rollouts.episodes(_loaded(means.policy), drawn)
        return Played(villages.workers, history, {"messages": 3.0 * r.TICKS})
    if name in {SMALL, TAUGHT, ENDPOINT}:
        run = _run(name, scenario, seeds, means)
        villages, history = playing.replay(drawn, run.choices)
        said = {"messages": run.messages, "tokens": run.tokens, "invalid": run.invalid}
        return Played(villages.workers, history, said)
    agent = _named(name)
    villages, history = agents.episodes(agent, drawn, scenario)
    return Played(villages.workers, history, {"messages": 3.0 * r.TICKS * agent.talks})


def _run(name: str, scenario: str, seeds: Sequence[int], means: Means) -> runs.Run:
    """Episodes of a language model."""
    if name != ENDPOINT:
        return runs.small(scenario, seeds, means.cache, runs.ADAPTER if name == TAUGHT else None, means.report)
    if means.model is None:
        raise ValueError(f"agent {ENDPOINT!r} needs a model; give --base-url and --model, or --transcripts to replay")
    found = []
    for seed in seeds:
        with means.model(scenario, seed) as model:
            what = f"{model.name} in {scenario}, seed {seed}"
            told = partial(_tick, means.report, what)
            found.append(runs.spoken(model, adversary.tape(scenarios.named(scenario), seed), told))
    return runs.joined(found)


def _tick(report: Report, what: str, step: Step) -> None:
    report(what, step.tick + 1, r.TICKS, {})


def _rounded(facts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in facts.items()}


def _named(name: str) -> agents.Agent:
    try:
        return agents.named(name)
    except ValueError as error:
        others = f"{POLICY}, the trained one, {SMALL} or {TAUGHT}, a language model, or {ENDPOINT}"
        raise ValueError(f"{error}; or {others}") from None


@cache
def _loaded(policy: Path) -> Any:
    from engines.village.training.policy import load  # noqa: PLC0415

    return load(policy)[0]
