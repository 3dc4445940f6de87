"""The final table: every agent in every scenario, on sealed seeds; and whether the trade-off is real, as facts.

score.SCENARIO.AGENT.return, .score, .score_low, .score_high, .score_worst
calibration.*   the least margin over scenarios of each promise, in shares of the clairvoyant's return
trained.*       what the trained policy gains over the best (s, S) workers, in normalised score
bound.*         how far the clairvoyant lies below a return that no plan can exceed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.recording import Recording
from engines.village import adversary, agents, bound, plans, scenarios, score
from engines.village.core import Villages
from engines.village.plans import Paused, Report
from engines.village.tape import Tape

__all__ = ["AGENTS", "Paused", "compare", "known", "lines", "scored"]
POLICY, CLAIRVOYANT = "policy", "clairvoyant"
# The planner takes a second a village, and is scored when it is asked for.
AGENTS = (
    "random", "farmer_alone", "miller_alone", "baker_alone", "no_granary", "sell_all", "hoarder", "no_messages",
    "roles", "stock", POLICY,
)  # fmt: skip
BOUNDED = 2  # tapes of a scenario on which the bound is computed
KEPT = {"returns": "return", **{name: name for name in ("score", "score_low", "score_high", "score_worst")}}
Table = dict[str, dict[str, float]]  # by agent: `score.table`


def compare(
    before: Recording, policy: Path, cache: Path, report: Report, jobs: int, until: float = float("inf"),
    trials: int = plans.TRIALS,
) -> Recording:  # fmt: skip
    """A recording with the final table beside it.

    Args:
        before: the recording; `compared.seeds` of its configuration says how many of the sealed seeds.
        policy: the published weights.
        cache: where plans are kept.
        report: called with (what, done, total, latest figures).
        jobs: how many plans are searched for at once.
        until: `time.monotonic()` at which to put it down.
        trials: of the search for a plan.

    Raises:
        Paused: `until` came first.
    """
    count = int(before.config.get("compared", {}).get("seeds", len(score.SEALED_SEEDS)))
    seeds, names = score.SEALED_SEEDS[:count], tuple(scenarios.SCENARIOS)
    found = plans.returns(names, seeds, cache, policy, report, trials, jobs, until)
    facts: dict[str, float] = {"compared.seeds": count}
    for done, name in enumerate(names, 1):
        table = scored(AGENTS, name, seeds, found[name], policy)
        facts |= {f"score.{name}.{who}.{KEPT[k]}": row[k] for who, row in table.items() for k in KEPT if k in row}
        drawn = score.tapes(name, seeds)
        for days in score.RESERVES:
            facts[f"score.{name}.reserve_{days}.return"] = score.mean_return(agents.with_reserve(days), name, drawn)
        report(f"agents in {name}", done, len(names), {"policy": facts[f"score.{name}.policy.score"]})
    facts |= verdict(facts) | gains(facts) | gap(seeds[:BOUNDED], found)
    compared = {"seeds": count, "first_seed": seeds[0], "trials": trials}
    return replace(
        before,
        config={**before.config, "compared": compared},
        facts=dict(sorted({**before.facts, **{name: round(value, 6) for name, value in facts.items()}}.items())),
    )


def scored(
    names: Sequence[str], scenario: str, seeds: Sequence[int], planned: NDArray[np.float64], policy: Path
) -> Table:
    """The table of some agents in a scenario, and of the clairvoyant.

    The clairvoyant's return on a tape is that of the plan that was searched for, or that of an agent who did better:
    whoever knows the tape can do what any agent did.

    Raises:
        ValueError: no such agent or scenario, or no policy.
    """
    drawn = score.tapes(scenario, seeds)
    played = {name: _episodes(name, scenario, drawn, policy) for name in dict.fromkeys(("random", *names))}
    best = np.maximum.reduce([planned, *(villages.returns for villages, _ in played.values())])
    worst = float(played["random"][0].returns.mean())
    rows = {
        name: score.table(villages.workers, history, best, worst, _talks(name))
        for name, (villages, history) in played.items()
        if name in names
    }
    return rows | {CLAIRVOYANT: {"returns": float(best.mean()), "score": 1.0, "seeds": float(len(best))}}


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
    if name != POLICY:
        _named(name)


def verdict(facts: Mapping[str, float]) -> dict[str, float]:
    """The least margin over scenarios of each promise of the calibration, and the largest share of scripted roles.

    Selling everything must lose where there are shocks, hoarding where there are none and under compound shocks.
    """

    def share(name: str, where: str) -> float:
        return facts[f"score.{where}.{name}.return"] / facts[f"score.{where}.clairvoyant.return"]

    def cost(name: str, where: Iterable[str]) -> float:
        return min(share("stock", one) - share(name, one) for one in where)

    every = [one.name for one in scenarios.CALIBRATED]
    return {
        "calibration.scripted_share": max(share("roles", one) for one in every),
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


def _episodes(name: str, scenario: str, drawn: Tape, policy: Path) -> tuple[Villages, NDArray[np.float64]]:
    if name != POLICY:
        return agents.episodes(_named(name), drawn, scenario)
    from engines.village.training import rollouts  # noqa: PLC0415  # brings in torch

    return rollouts.episodes(_loaded(policy), drawn)


def _named(name: str) -> agents.Agent:
    try:
        return agents.named(name)
    except ValueError as error:
        raise ValueError(f"{error}; or {POLICY}, the trained one") from None


def _talks(name: str) -> bool:
    return name == POLICY or _named(name).talks


@cache
def _loaded(policy: Path) -> Any:
    from engines.village.training.policy import load  # noqa: PLC0415

    return load(policy)[0]
