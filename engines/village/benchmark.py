"""The final table: every agent in every scenario, on sealed seeds; and whether the trade-off is real, as facts.

score.SCENARIO.AGENT.return, .score, .score_low, .score_high, .score_worst
calibration.*   the least margin over scenarios of each promise, in shares of the clairvoyant's return
trained.*       what the trained policy gains over the best (s, S) workers, in normalised score
bound.*         how far the clairvoyant lies below a return that no plan can exceed
llm.*           the small language model before and after it was taught, in scenarios that are held out
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.provenance import require_version
from stagelight.engines.experiment.statistics import ratio_interval
from stagelight.engines.recording import Recording
from stagelight.engines.village import exogenous, record, scenarios, worst_case_start
from stagelight.engines.village.agents import registry
from stagelight.engines.village.evaluation import metrics, oracle_cache, throughput, upper_bound
from stagelight.engines.village.evaluation.evaluate_agents import (
    AGENTS,
    ALONE,
    CLAIRVOYANT,
    POLICY,
    SLOW,
    SMALL,
    TAUGHT,
    Means,
    Round,
)
from stagelight.engines.village.evaluation.evaluate_agents import (
    compare as compare_agents,
)
from stagelight.engines.village.llm import runs, zero_shot_run

OTHERS = 20  # tapes, at most, of a scenario that was not calibrated
BOUNDED = 2  # tapes of a scenario on which the bound is computed
WHO = {"zero_shot": SMALL, "trained": TAUGHT, "roles": "roles", "policy": POLICY}  # by their name in a fact
KEPT = {"returns": "return", **{name: name for name in ("score", "score_low", "score_high", "score_worst")}}


def compare(
    before: Recording, cache: Path, progress: Progress, jobs: int, deadline: float = NEVER, seeds: int | None = None
) -> Recording:
    """The recording with every agent's score in every scenario beside it.

    Args:
        before: made by this code.
        cache: folder of plans and language models' choices that were found before.
        progress: told of each plan and scenario.
        jobs: how many plans are searched for at once.
        deadline: moment of `time.monotonic()` at which it is interrupted.
        seeds: how many of the sealed ones; as many as the recording says, or else all.

    Raises:
        ValueError: other code made the recording, or there is no policy to score, or no small language model.
        Interrupted: the deadline passed; the same call resumes.
    """
    require_version(before, record.version())
    if not record.POLICY.exists():
        raise ValueError(f"{record.POLICY.name} is missing, and it is what is scored; get it from the repository")
    if seeds is not None:
        before = replace(before, config={**before.config, "compared": {"seeds": seeds}})
    return table(before, Means(record.POLICY, cache, progress), jobs, deadline)


def table(
    before: Recording, means: Means, jobs: int, deadline: float = NEVER, trials: int = oracle_cache.TRIALS
) -> Recording:
    """A recording with the final table beside it.

    Args:
        before: the recording; `compared.seeds` of its configuration says how many of the sealed seeds.
        means: what agents need.
        jobs: how many plans are searched for at once.
        deadline: moment of `time.monotonic()` at which it is interrupted.
        trials: of the search for a plan.

    Raises:
        Interrupted: the deadline passed; the same call resumes.
        ModelError: the small language model is not installed.
    """
    count = int(before.config.get("compared", {}).get("seeds", len(metrics.SEALED_SEEDS)))
    progress, calibrated = means.progress, {one.name for one in scenarios.CALIBRATED}
    facts: dict[str, float] = {
        "compared.seeds": count, "compared.other_seeds": min(count, OTHERS),
        "compared.llm_seeds": min(count, SLOW[TAUGHT]), "compared.zero_shot_seeds": min(count, SLOW[SMALL]),
        "compared.planner_seeds": min(count, SLOW["planner"]),
    }  # fmt: skip
    rounds: dict[str, Round] = {}
    found: dict[str, NDArray[np.float64]] = {}
    alone: list[float] = []
    for done, name in enumerate(scenarios.SCENARIOS, 1):
        seeds = metrics.SEALED_SEEDS[: count if name in calibrated else min(count, OTHERS)]
        found |= oracle_cache.returns([name], seeds, means.cache, means.policy, progress, trials, jobs, deadline)
        agents = [who for who in AGENTS if name in scenarios.HELD_OUT or who not in {SMALL, TAUGHT}]
        rounds[name] = compare_agents(agents, name, seeds, found[name], means)
        rows = rounds[name].table(agents)
        facts |= {f"score.{name}.{who}.{KEPT[k]}": row[k] for who, row in rows.items() for k in KEPT if k in row}
        alone += [rows[ALONE]["share"]] if name in calibrated else []
        drawn = metrics.tapes(name, seeds)
        for days in metrics.RESERVES:
            facts[f"score.{name}.reserve_{days}.return"] = metrics.mean_return(registry.with_reserve(days), name, drawn)
        progress(f"agents in {name}", done, len(scenarios.SCENARIOS), {"policy": facts[f"score.{name}.policy.score"]})
    facts["calibration.alone_share"] = max(alone)
    heard = metrics.SEALED_SEEDS[: min(count, SLOW[SMALL])]
    unheard = {name: runs.unheard(name, heard, means.cache, runs.ADAPTER, progress) for name in scenarios.HELD_OUT}
    facts |= (
        verdict(facts)
        | gains(facts)
        | gap(metrics.SEALED_SEEDS[:BOUNDED], found)
        | language(rounds, unheard, means.policy)
        | throughput.throughput()
    )
    where = str(before.config["scenario"])
    planned = oracle_cache.returns([where], [before.seed], means.cache, means.policy, progress, trials, jobs, deadline)
    facts["llm.film.share"] = before.fact("shown.return") / max(planned[where][0], before.fact("shown.return"))
    weather = exogenous.draw(scenarios.named(where), before.seed)
    answers, spoken = zero_shot_run.asked(weather, means.cache, progress)
    measured = {name: round(value, 6) for name, value in (facts | spoken).items()}
    compared = {"seeds": count, "first_seed": metrics.SEALED_SEEDS[0], "trials": trials}
    return replace(
        before,
        config={**before.config, "compared": compared},
        facts=dict(sorted({**before.facts, **measured}.items())),
        events=(*(event for event in before.events if event["kind"] != zero_shot_run.KIND), *answers),
    )


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
        reserves = [facts[f"score.{name}.reserve_{days}.return"] for days in metrics.RESERVES]
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
        above = np.mean([upper_bound.upper(worst_case_start.tape(scenarios.named(name), seed)) for seed in seeds])
        facts |= {
            f"bound.{name}": float(above),
            f"bound.{name}.gap": float(1 - planned[name][: len(seeds)].mean() / above),
        }
    return facts | {"bound.gap": max(value for name, value in facts.items() if name.endswith(".gap"))}


def language(rounds: Mapping[str, Round], unheard: Mapping[str, NDArray[np.float64]], policy: Path) -> dict[str, float]:
    """What the small language model reaches before and after it was taught, in weather that nobody was trained in.

    llm.WHO.share        of the clairvoyant's return, on all held-out tapes that were played; of others on the same ones
    llm.SCENARIO.WHO.share   the same in one scenario
    llm.gain.share       of the taught model over the model as it comes
    llm.message_cost     what is lost where nobody hears what the others say, as a share of the same
    llm.said.share       of choices that are followed by a sentence
    llm.said.true        of sentences that state a fact with the value that the speaker's line shows
    llm.said.causal      of other values of stated facts after which the model itself chooses otherwise
    llm.agreement, llm.commonest   of choices that are its teacher's likeliest; the same, of each worker's commonest one
    llm.valid_share, llm.tokens, llm.seconds   choices that were allowed; of a village: tokens, processor seconds

    Shares have 95 % bootstrap intervals over tapes; of a difference, which is taken tape by tape, too.

    Args:
        rounds: by scenario.
        unheard: (B,) by scenario, returns of the taught model's villages where nobody hears the others.
        policy: weights of its teacher.
    """
    from stagelight.engines.village.training import lm_evaluation, networks  # noqa: PLC0415  # brings in torch

    chosen = [rounds[name] for name in scenarios.HELD_OUT]
    taught = {name: rounds[name].played[TAUGHT].returns for name in scenarios.HELD_OUT}

    def gathered(values: Callable[[str], NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A value of all tapes that the taught model played, if there is one, and the best that was reached on each."""
        own = [values(name)[: len(taught[name])] for name in scenarios.HELD_OUT]
        best = [one.best[: len(each)] for one, each in zip(chosen, own, strict=True)]
        return np.concatenate(own), np.concatenate(best)

    def gained(name: str, before: NDArray[np.float64]) -> NDArray[np.float64]:
        return taught[name][: len(before)] - before[: len(taught[name])]

    shares = {
        **{
            f"llm.{kind}.share": gathered(lambda name, who=who: rounds[name].played[who].returns)  # type: ignore[misc]
            for kind, who in WHO.items()
        },
        "llm.gain.share": gathered(lambda name: gained(name, rounds[name].played[SMALL].returns)),
        "llm.message_cost": gathered(lambda name: gained(name, unheard[name])),
    }
    facts = {
        "llm.tapes": float(len(shares["llm.trained.share"][0])),
        "llm.zero_shot.tapes": float(len(shares["llm.zero_shot.share"][0])),
        "llm.message_cost.tapes": float(len(shares["llm.message_cost"][0])),
    }
    for name, one in zip(scenarios.HELD_OUT, chosen, strict=True):
        for kind, who in WHO.items():
            own = one.played[who].returns[: len(taught[name])]
            facts[f"llm.{name}.{kind}.share"] = float(own.mean() / one.best[: len(own)].mean())
    for name, (values, best) in shares.items():
        low, high = ratio_interval(values, best)
        facts |= {name: float(values.mean() / best.mean()), f"{name}.low": low, f"{name}.high": high}
    said = [one.played[TAUGHT].said for one in chosen]
    total = {name: sum(one[name] for one in said) for name in (*runs.GATES, "invalid", "asked")}
    played = [rounds[name].played[TAUGHT].rollouts for name in scenarios.HELD_OUT]
    tapes = exogenous.stack(
        [
            worst_case_start.tape(scenarios.named(name), seed)
            for name in scenarios.HELD_OUT
            for seed in metrics.SEALED_SEEDS[: len(taught[name])]
        ]
    )
    choices = np.concatenate([one.choices for one in played])
    agreed = lm_evaluation.agreement(networks.load(policy)[0], tapes, choices)
    return facts | {
        "llm.said.share": total["said"] / max(1.0, total["choices_made"]),
        "llm.said.true": total["true"] / max(1.0, total["said"]),
        "llm.said.causal": total["flips"] / max(1.0, total["swaps"]),
        "llm.valid_share": 1 - total["invalid"] / max(1.0, total["asked"]),
        **{f"llm.{name}": float(np.mean([one[name] for one in said])) for name in ("tokens", "seconds")},
        **{f"llm.{name}": value for name, value in agreed.items()},
        "llm.examples": runs.about()["examples"],
    }
