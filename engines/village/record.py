"""From runs of the village to a recording: one run shown from dawn to the last night, and those it is compared with.

The recording's arrays. Of the shown run, `shown_` and the names of `episode_trace`; of the others the same without
what was seen and allowed, after the name of each:

    idle     the same weather, and nobody works
    alone    the same weather, and one worker does the whole chain alone
    hoarder  the same weather; nothing is ever sold
    investor the same weather; whatever is stored is sold, and the coins buy capacity

Of the weather that they share, T = 480 ticks:

    wind     (T,)  0, 0.5 or 1; nothing is ground without it
    turned   (T+1,) turns of the mill's blades so far, TURNS a tick in full wind
    omen     (T,)  whether the mill stands still today or tomorrow; the miller alone sees it
    price    (T,)  coins for one of flour

and those of `reserve_sweep.table`. What a day is to a village is in the facts and events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines import recording
from stagelight.engines.experiment.progress import Progress
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.recording import Recording, sha256
from stagelight.engines.village import constants as r
from stagelight.engines.village import counterfactual, exogenous, narrative, scenarios, seed_selection
from stagelight.engines.village.agents import fitted, registry
from stagelight.engines.village.agents.language_model import MODEL, LanguageAgent
from stagelight.engines.village.agents.protocol import SCRIPT, Agent
from stagelight.engines.village.agents.retold import SAID, retold
from stagelight.engines.village.agents.scripted import Idle, lone, scripts
from stagelight.engines.village.batch import Villages
from stagelight.engines.village.batch_episode import play
from stagelight.engines.village.episode_trace import Trace, trace
from stagelight.engines.village.evaluation import metrics, reserve_sweep
from stagelight.engines.village.exogenous import Tape
from stagelight.engines.village.llm import runs, smollm
from stagelight.engines.village.llm.facts import parse
from stagelight.engines.village.llm.small_worker import SmallWorker
from stagelight.engines.village.llm.types import Model

TURNS = 0.125  # of the blades in a tick of full wind: slow enough to be seen at a day a second
POLICY = registry.PUBLISHED  # its means are taken
AT_ONCE = 12  # runs of who takes minutes for one
Event = dict[str, Any]
SIGHT = ("observation", "mask", "chosen", "valid")  # what only the shown run keeps


@dataclass(frozen=True)
class Config:
    """The published recording."""

    scenario: str = "compound"
    reserve: float = 4.0  # days of food that the scripted workers keep
    first_seed: int = seed_selection.FIRST_SEED
    seeds: int = seed_selection.SEEDS  # looked at for one whose run tells the story
    measured_from: int = 4000  # the first seed of those over which means are taken
    measured: int = 100
    turns: float = TURNS
    varies: tuple[str, ...] = ("env.*",)


@dataclass(frozen=True)
class Cast:
    """Who acts in the shown run, and what they are called."""

    name: str
    author: str  # script, planner, policy or language model
    make: Callable[[], Sequence[Agent]]  # three, fresh for an episode
    sha256: str | None = None  # of their weights
    # The events of runs on some tapes, for those who take minutes: these are played at once, and kept.
    play: Callable[[Sequence[Tape], Progress], list[list[Event]]] | None = None
    swayed: Callable[[Tape, Sequence[Event]], list[Event]] = lambda *_: []  # see `counterfactual`
    chosen: Event | None = None  # how its one run was come by, where it was before


def scripted(config: Config) -> Cast:
    """The (s, S) workers."""
    numbers = registry.with_reserve(config.reserve).parameters(config.scenario)
    return Cast(f"(s, S) workers with a reserve of {config.reserve:g} days", SCRIPT, lambda: scripts(numbers))


def small() -> Cast:
    """Three workers who are the small language model, each with a memory of its own.

    Raises:
        ModelError: it, or what runs it, is not installed.
    """
    model = runs.loaded(runs.ADAPTER)

    def play(weathers: Sequence[Tape], progress: Progress) -> list[list[Event]]:
        from stagelight.engines.village.training.lm_rollouts import rollouts  # noqa: PLC0415  # brings in torch

        def report(tick: int) -> None:
            progress(f"{len(weathers)} villages of {model.name}", tick, r.TICKS, {})

        found = rollouts(model, exogenous.stack(weathers), report=report)
        return [found.events(village) for village in range(len(weathers))]

    return Cast(
        f"{smollm.NAME} with an adapter",
        MODEL,
        lambda: [SmallWorker(model) for _ in r.AGENTS],
        sha256(runs.ADAPTER / smollm.ADAPTER),
        play,
        lambda weather, said: counterfactual.swayed(weather, said, model),
    )


def asked(model: Model) -> Cast:
    """Three workers who are a reader's language model; their one run need not tell the story."""
    how = {"rule": "the weather of the published run, or the seed asked for, whatever happens in it", "looked_at": 1}
    return Cast(model.name, MODEL, lambda: [LanguageAgent(model) for _ in r.AGENTS], chosen=how)


def told_again(before: Recording) -> Cast:
    """Whoever acted in a recording, doing and saying again what was recorded."""
    said, config = [event for event in before.events if event["kind"] == SAID], before.config
    swayed = [dict(event) for event in before.events if event["kind"] == counterfactual.SWAYED]
    how = next(event for event in before.events if event["kind"] == "cast")
    chosen = {name: how[name] for name in ("rule", "looked_at")}
    return Cast(
        config["cast"], config["author"], lambda: retold(said), config["cast_sha256"], None, lambda *_: swayed, chosen
    )


def version() -> str:
    """The code version of the recording."""
    return code_version(__name__, files=[fitted.FILE])


def make(
    cache: Path, progress: Progress, *, config: Config | None = None, seed: int | None = None, cast: Cast | None = None
) -> Recording:
    """Play every run and return the recording.

    Args:
        cache: folder of the runs of who takes minutes for one.
        progress: told of the runs and means.
        config: the recording; the published one if None.
        seed: the run that is shown, instead of the one that the rule picks.
        cast: who acts in it; `small` if None.

    Raises:
        ValueError: no seed tells the story, or the given one does not.
        ModelError: the small language model is not installed.
    """
    config = config or Config()
    cast = cast or small()
    scenario = scenarios.named(config.scenario)
    chosen, shown, found, rule = _choose(config, cast, cache, seed, progress)
    weather = exogenous.draw(scenario, chosen)
    played = {"shown": shown, **others(config, weather)}
    arrays = run_arrays(config, played, weather)
    measured = range(config.measured_from, config.measured_from + config.measured)
    arrays |= reserve_sweep.table(scenario, measured, progress)
    said = [*map(_spoken_of, shown.events), *cast.swayed(weather, shown.events)]
    tale = narrative.Narrative({name: run.arrays for name, run in played.items()}, said, weather, found)
    return Recording(
        name="village",
        seed=chosen,
        config={
            **asdict(config),
            "varies": list(config.varies),
            "cast": cast.name,
            "author": cast.author,
            "cast_sha256": cast.sha256,
            "policy_sha256": sha256(POLICY) if POLICY.exists() else None,
        },
        code_version=version(),
        facts=dict(sorted({**tale.facts(), **_measured(config, progress)}.items())),
        events=({"step": 0, "kind": "cast", "name": cast.name, "author": cast.author, **rule}, *tale.events()),
        arrays=arrays,
    )  # fmt: skip


def _spoken_of(event: Event) -> Event:
    """What was said, with the fact that its reason states, if it states one."""
    fact = parse(str(event.get("reason", "")))
    return event | {"fact": fact[0]} if fact else event


def _acted(config: Config, name: str, weather: Tape) -> dict[str, float]:
    """What those who act in the scene reach on many tapes of a scenario: return, hunger, recovery."""
    if POLICY.exists():
        from stagelight.engines.village.agents.policy import BatchPolicy  # noqa: PLC0415  # brings in torch
        from stagelight.engines.village.training import networks  # noqa: PLC0415

        found = reserve_sweep.read(play(Villages(weather), BatchPolicy(networks.load(POLICY)[0])))
    else:
        found = reserve_sweep.outcome(weather, registry.with_reserve(config.reserve).parameters(name))
    hungry, back = reserve_sweep.hardship(found["fed"], found["stored"])
    who = "policy" if POLICY.exists() else "reserve"
    return {
        f"{who}.return": float(found["return_"].mean()), f"{who}.return.sd": float(found["return_"].std(ddof=1)),
        "hungry_share": hungry, "recovered_share": back,
    }  # fmt: skip


def _choose(
    config: Config, cast: Cast, cache: Path, seed: int | None, progress: Progress
) -> tuple[int, Trace, seed_selection.Story | None, dict[str, Any]]:
    """The first run that tells the story, or that of the seed asked for, and how it was come by."""
    if cast.chosen is not None and seed is not None:
        return seed, *_played(config, cast, cache, seed, progress), cast.chosen
    window = range(config.first_seed, config.first_seed + config.seeds)
    for count, one in enumerate(window, 1):
        run, found = _tried(config, cast, cache, one, progress)
        progress(
            "looking for a run that tells the story",
            count,
            len(window),
            {"return": run.world.J / r.NORM if run else 0.0},
        )
        if found is not None and seed in {None, one}:
            assert run is not None
            return one, run, found, {"rule": seed_selection.RULE, "looked_at": count}
        if seed is not None and (found is not None or one >= seed):
            break
    if seed is not None:
        run, found = _tried(config, cast, cache, seed, progress)
        if run is not None and found is not None:
            return seed, run, found, {"rule": "the one asked for with --seed", "looked_at": 1}
    asked = f"seed {seed}" if seed is not None else f"each of the seeds {window[0]} to {window[-1]}"
    raise ValueError(
        f"village: {asked} of {config.scenario}, with {cast.name}, is not of the kind wanted: {seed_selection.RULE}; "
        "give another --seed"
    )


def _tried(
    config: Config, cast: Cast, cache: Path, seed: int, progress: Progress
) -> tuple[Trace | None, seed_selection.Story | None]:
    """A run, and its story if it has one; None in whose weather there can be none."""
    weather = exogenous.draw(scenarios.named(config.scenario), seed)
    still = seed_selection.still_days(weather)
    return _played(config, cast, cache, seed, progress) if seed_selection.possible(still) else (None, None)


def _played(
    config: Config, cast: Cast, cache: Path, seed: int, progress: Progress
) -> tuple[Trace, seed_selection.Story | None]:
    """A run, and its story if it has one."""
    weather = exogenous.draw(scenarios.named(config.scenario), seed)
    run = trace(
        weather,
        _workers(config, cast, cache, seed, progress),
        lambda tick: progress("the village that is shown", tick, r.TICKS, {}),
    )
    still = seed_selection.still_days(weather)
    return run, seed_selection.story(narrative.fed(run.arrays), narrative.stored(run.arrays), still)


def _workers(config: Config, cast: Cast, cache: Path, seed: int, progress: Progress) -> Sequence[Agent]:
    """The three of a run; of who takes minutes, what they did and said when they were asked before."""
    if cast.play is None:
        return cast.make()

    def path(one: int) -> Path:
        return cache / f"said-{config.scenario}-{one}-{key(version(), cast.sha256)}.json"

    if not path(seed).is_file():
        window = range(seed, config.first_seed + config.seeds) if seed >= config.first_seed else range(seed, seed + 1)
        drawn = {one: exogenous.draw(scenarios.named(config.scenario), one) for one in window}
        asked = [one for one in window if seed_selection.possible(seed_selection.still_days(drawn[one]))][:AT_ONCE]
        asked = asked if seed in asked else [seed]
        for one, events in zip(asked, cast.play([drawn[one] for one in asked], progress), strict=True):
            path(one).parent.mkdir(parents=True, exist_ok=True)
            with recording.atomic(path(one)) as file:
                file.write(json.dumps(events).encode())
    return retold(json.loads(path(seed).read_text(encoding="utf-8")))


def run_arrays(config: Config, runs: Mapping[str, Trace], weather: Tape) -> dict[str, NDArray[Any]]:
    """The recording's arrays of some runs and of the weather that they share."""
    arrays = {f"{name}_{key}": value for name, run in runs.items() for key, value in run.arrays.items()
              if name == "shown" or key not in SIGHT}  # fmt: skip
    return arrays | {
        "wind": weather.wind.astype(np.float32),
        "turned": np.concatenate([[0.0], config.turns * weather.wind.cumsum()]).astype(np.float32),
        "omen": weather.omen,
        "price": weather.price.astype(np.float32),
    }


def others(config: Config, weather: Tape) -> dict[str, Trace]:
    """The runs that the shown one is compared with, on the same tape."""
    best = max((trace(weather, lone(who)) for who in range(3)), key=lambda run: run.world.J)
    return {
        "idle": trace(weather, [Idle()] * 3),
        "alone": best,
        "hoarder": trace(weather, scripts(registry.named("hoarder").parameters(config.scenario))),
        "investor": trace(weather, scripts(registry.named("sell_all").parameters(config.scenario))),
    }


def _measured(config: Config, progress: Progress) -> dict[str, float]:
    """Means over seeds that nothing was chosen on, in two scenarios: returns, hunger and recovery.

    The lists have the numbers that were fitted to each scenario; the best of the reserves that are the same all year
    is chosen on train seeds.
    """
    seeds = range(config.measured_from, config.measured_from + config.measured)
    facts: dict[str, float] = {"measured.seeds": config.measured}
    for done, name in enumerate(("calm", config.scenario), 1):
        weather = reserve_sweep.tapes(scenarios.named(name), seeds)
        facts[f"{name}.random.return"] = float(reserve_sweep.chance(weather, np.random.default_rng(0)).mean())
        facts |= {f"{name}.{fact}": value for fact, value in _acted(config, name, weather).items()}
        for who, agent in _compared(config).items():
            found = reserve_sweep.outcome(weather, agent.parameters(name))["return_"]
            facts |= {f"{name}.{who}.return": float(found.mean()), f"{name}.{who}.return.sd": float(found.std(ddof=1))}
        best = metrics.best_reserve(name, metrics.tapes(name, metrics.TRAIN_SEEDS))
        facts[f"{name}.best_reserve"] = best
        facts[f"{name}.best_reserve.return"] = facts[f"{name}.reserve_{best}.return"]
        progress("means over seeds", done, 2, {"return": facts[f"{name}.reserve.return"]})
    return {name: round(value, 6) for name, value in facts.items()}


def _compared(config: Config) -> dict[str, registry.Entry]:
    """The scripted agents by the names of their facts."""
    named = {"hoarder": "hoarder", "investor": "sell_all", "no_granary": "no_granary", "stock": "stock"}
    return {
        **{fact: registry.named(name) for fact, name in named.items()},
        "reserve": registry.with_reserve(config.reserve),
        **{f"reserve_{days}": registry.with_reserve(days) for days in metrics.RESERVES},
    }
