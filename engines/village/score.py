"""How well a village was run: the normalised score and what lies behind it, and whether the trade-off is real.

The score of an episode is (J - J_random) / (J_clairvoyant - J_random), unclipped: 0 is the random agent on the same
tapes, in the mean, and 1 the plan found by one who knows the tape. Intervals are bootstrapped over seeds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.recording import atomic, digest, version_of
from engines.village import adversary, agents, bound, clairvoyant, scenarios, stock, ticks
from engines.village import rules as r
from engines.village.tape import Tape, stack

TRAIN_SEEDS, TEST_SEEDS = range(1000, 1100), range(5000, 5100)
SEALED_SEEDS = range(770_000, 770_100)  # of the final table, looked at once
TRIALS = 20_000  # of the clairvoyant's search on a tape
HUNGRY, FED, HALF_A_DAY = 0.7, 0.95, 0.5  # shares of bread needed; granary, in days of food
RESERVES = (0, 1, 2, 3, 4, 5, 6, 8, 10)
DRAWS = 2000  # of the bootstrap
_HERE = Path(__file__).parent
SOURCES = [
    _HERE / f"{name}.py" for name in ("rules", "ticks", "tape", "scenarios", "stock", "clairvoyant", "adversary")
]
Report = Callable[[str, int, int], None]
Values = NDArray[np.float64]


def quiet(what: str, done: int, total: int) -> None:
    """Report to nobody."""


def tapes(scenario: str, seeds: Iterable[int]) -> Tape:
    """The stacked tapes of some seeds."""
    return stack([adversary.tape(scenarios.named(scenario), seed) for seed in seeds])


def clairvoyant_returns(
    scenario: str, seeds: Sequence[int], cache: Path | None = None, trials: int = TRIALS, report: Report = quiet
) -> Values:
    """(B,) the return of the best plan found on each tape; kept in `cache` as it goes, and taken up from there."""
    name = digest(version_of(SOURCES), scenario, trials)
    path = None if cache is None else cache / f"clairvoyant-{scenario}-{name}.json"
    found: dict[str, float] = json.loads(path.read_text()) if path and path.exists() else {}
    for index, seed in enumerate(seeds):
        if str(seed) not in found:
            tape = adversary.tape(scenarios.named(scenario), seed)
            found[str(seed)] = clairvoyant.plan(tape, stock.parameters(), seed, trials)[0]
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                with atomic(path) as file:
                    file.write(json.dumps(found).encode())
        report(f"clairvoyant in {scenario}", index + 1, len(seeds))
    return np.array([found[str(seed)] for seed in seeds])


def interval(values: Values, seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean over seeds."""
    index = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[index].mean(1), (0.025, 0.975))
    return float(low), float(high)


def measures(history: Values) -> dict[str, Values]:
    """What happened in episodes: each (B,), from the rows of numbers after every tick (B, 480, 25)."""
    day = history[:, r.DAY - 1 :: r.DAY]
    first = np.zeros((len(history), 1, history.shape[2]))
    eaten = np.diff(np.concatenate([first, day], 1)[:, :, ticks.EATEN], axis=1)
    mouths = np.concatenate([np.full((len(day), 1), float(r.MOUTHS)), day[:, :-1, ticks.N]], 1)
    share, reserve = eaten / mouths, day[:, :, ticks.STORE] / day[:, :, ticks.N]
    hungry, recovery = crises(share, reserve)
    last = history[:, -1]
    stores = last[:, ticks.CUT : ticks.COIN].sum(1)
    return {
        "returns": last[:, ticks.J] / r.NORM,
        "days_fed": (share >= FED).sum(1).astype(float),
        "hunger_days": (share < HUNGRY).sum(1).astype(float),
        "hungry": hungry,
        "recovery_days": recovery,  # nan: never hungry, or never recovered
        "lowest_reserve": reserve.min(1),
        "net_worth": stores + last[:, ticks.COIN],
        "mouths": last[:, ticks.N],
        "level": last[:, ticks.LEVEL],
        "gini": gini(share),
    }


def crises(share: Values, reserve: Values) -> tuple[Values, Values]:
    """Whether a village went hungry, and after how many days it had recovered.

    Hungry: two days in a row under 70 % fed with under half a day in the granary. Recovered: four in a row at 95 %.

    Args:
        share, reserve: (B, 40) share of bread needed that was eaten; days of food in the granary.
    """
    bad, good = (share < HUNGRY) & (reserve < HALF_A_DAY), share >= FED
    twice = bad[:, 1:] & bad[:, :-1]
    hungry, recovery = twice.any(1), np.full(len(share), np.nan)
    for b in np.flatnonzero(hungry):
        start = int(twice[b].argmax()) + 1
        for day in range(start + 1, r.DAYS - 3):
            if good[b, day : day + 4].all():
                recovery[b] = day - start
                break
    return hungry.astype(float), recovery


def gini(share: Values) -> Values:
    """(B,) how unevenly the days were fed: the Gini coefficient over an episode's days; 0 is even."""
    ordered = np.sort(share, axis=1)
    count = share.shape[1]
    weight = 2 * np.arange(1, count + 1) - count - 1
    return np.asarray((ordered * weight).sum(1) / (count * np.maximum(ordered.sum(1), 1e-9)))


def score(
    agent: str, scenario: str, seeds: Sequence[int] = TEST_SEEDS, cache: Path | None = None, report: Report = quiet
) -> dict[str, float]:
    """The table of an agent in a scenario, as facts: `stagelight score village --agent --scenario`.

    Raises:
        ValueError: no such agent or scenario.
    """
    who, drawn = agents.named(agent), tapes(scenario, seeds)
    villages, history = agents.episodes(who, drawn)
    best = clairvoyant_returns(scenario, seeds, cache, report=report)
    worst = agents.episodes(agents.AGENTS["random"], drawn)[0].returns.mean()
    return table(villages.workers, history, best, float(worst), who.talks)


def table(workers: NDArray[np.int64], history: Values, best: Values, worst: float, talks: bool) -> dict[str, float]:
    """Facts of episodes.

    Args:
        workers: (B, 16) rows of workers after the last day.
        history: (B, 480, 25) rows of numbers after every tick.
        best, worst: (B,) the clairvoyant's returns; the random agent's mean return.
        talks: whether everyone told what they saw in every tick.
    """
    found = measures(history)
    scores = (found["returns"] - worst) / (best.mean() - worst)
    low, high = interval(scores)
    recovered = ~np.isnan(found["recovery_days"])
    facts = {name: float(values.mean()) for name, values in found.items() if name != "recovery_days"}
    return facts | {
        "score": float(scores.mean()), "score_low": low, "score_high": high, "score_worst": float(scores.min()),
        "share": float(found["returns"].mean() / best.mean()),
        "recovered": float(recovered.sum() / max(1.0, found["hungry"].sum())),
        "recovery_days": float(found["recovery_days"][recovered].mean()) if recovered.any() else 0.0,
        "invalid": float(workers[:, ticks.INVALID : ticks.INVALID + 3].sum(1).mean()),
        "empty": float(workers[:, ticks.EMPTY : ticks.EMPTY + 3].sum(1).mean()),
        "messages": float(3 * r.TICKS * talks), "tokens": 0.0, "seeds": float(len(best)),
    }  # fmt: skip


def calibrate(
    seeds: Sequence[int] = TEST_SEEDS, planned: int = len(TEST_SEEDS), cache: Path | None = None, report: Report = quiet
) -> dict[str, float]:
    """Whether hedging or investing is a real choice: the tables of calibration, as facts.

    The agents play on all `seeds`; the clairvoyant, who takes its time, plans on the first `planned` of them. The
    reserve of the (s, S) policy, spoken and silent, is the best of RESERVES on the train seeds of the scenario.
    """
    facts: dict[str, float] = {}
    for scenario in (s.name for s in scenarios.CALIBRATED):
        before, drawn = tapes(scenario, TRAIN_SEEDS), tapes(scenario, seeds)
        best = clairvoyant_returns(scenario, seeds[:planned], cache, report=report)
        facts[f"{scenario}.clairvoyant"] = float(best.mean())
        facts[f"{scenario}.planned_seeds"] = float(len(best))
        kept = {talks: _best_reserve(before, talks) for talks in (True, False)}
        facts[f"{scenario}.best_reserve"] = kept[True]
        for days in RESERVES:
            facts[f"{scenario}.reserve_{days}"] = _mean(agents.with_reserve(days), drawn)
        for name in ("random", "roles", "sell_all", "hoarder", "no_granary"):
            facts[f"{scenario}.{name}"] = _mean(agents.AGENTS[name], drawn)
        facts[f"{scenario}.stock"] = _mean(agents.with_reserve(kept[True]), drawn)
        facts[f"{scenario}.no_messages"] = _mean(agents.with_reserve(kept[False], talks=False), drawn)
        if scenario == "compound":
            found = measures(agents.episodes(agents.with_reserve(4), drawn)[1])
            facts["compound.hungry_share"] = float(found["hungry"].mean())
            recovered = np.isfinite(found["recovery_days"]).sum()
            facts["compound.recovered_share"] = float(recovered / max(1.0, found["hungry"].sum()))
    return facts | verdict(facts)


def gap(seeds: Sequence[int], cache: Path | None = None, report: Report = quiet) -> dict[str, float]:
    """How far the clairvoyant's plans lie below the upper bound, as a share of the bound, by scenario and at most."""
    facts: dict[str, float] = {}
    for scenario in (s.name for s in scenarios.CALIBRATED):
        above = [bound.upper(adversary.tape(scenarios.named(scenario), seed)) for seed in seeds]
        best = clairvoyant_returns(scenario, seeds, cache, report=report)
        facts[f"{scenario}.bound"] = float(np.mean(above))
        facts[f"{scenario}.gap"] = float(1 - best.mean() / np.mean(above))
    return facts | {"bound.gap": max(value for name, value in facts.items() if name.endswith(".gap"))}


def verdict(facts: Mapping[str, float]) -> dict[str, float]:
    """The least margin over scenarios of each promise of the calibration.

    Costs are shares of the clairvoyant's return. Selling everything must lose where there are shocks, hoarding where
    there are none and under compound shocks.
    """

    def cost(name: str, where: Iterable[str]) -> float:
        return min((facts[f"{s}.stock"] - facts[f"{s}.{name}"]) / facts[f"{s}.clairvoyant"] for s in where)

    every = [s.name for s in scenarios.CALIBRATED]
    return {
        "calibration.scripted_share": max(facts[f"{s}.roles"] / facts[f"{s}.clairvoyant"] for s in every),
        "calibration.granary_cost": cost("no_granary", every),
        "calibration.message_cost": cost("no_messages", every),
        "calibration.sell_all_gap": cost("sell_all", [s for s in every if s != "calm"]),
        "calibration.hoarder_gap": cost("hoarder", ["calm", "std", "compound"]),
    }


def _best_reserve(drawn: Tape, talks: bool) -> float:
    return float(max(RESERVES, key=lambda days: _mean(agents.with_reserve(days, talks), drawn)))


def _mean(agent: agents.Agent, drawn: Tape) -> float:
    return float(agents.episodes(agent, drawn)[0].returns.mean())


def write(facts: Mapping[str, Any], path: Path) -> None:
    """Facts as a file, sorted, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        file.write((json.dumps(dict(sorted(facts.items())), indent=1) + "\n").encode())
