"""The ladder climbed: runs made, and everything a recording holds of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from stagelight.engines.experiment import checkpoint, statistics
from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.provenance import code_version
from stagelight.engines.rollout.games import corpus, score, speed
from stagelight.engines.rollout.games.adapters import stockfish
from stagelight.engines.rollout.games.arena import LOST
from stagelight.engines.rollout.games.opponents import RANDOM
from stagelight.engines.rollout.games.policy import Policy
from stagelight.engines.rollout.games.rules import MATE
from stagelight.engines.rollout.games.train import Config as GamesConfig
from stagelight.engines.rollout.ladder import pool, runs, showcase, told, work
from stagelight.engines.rollout.ladder.runs import Run

STOCKFISH_GAMES = 32  # of each seed


@dataclass(frozen=True)
class Climbed:
    """What a recording holds of the ladder."""

    facts: dict[str, float]
    arrays: dict[str, NDArray[Any]]
    events: tuple[dict[str, Any], ...]


def up(
    ladder: Mapping[str, runs.Config], seeds: tuple[int, ...], cache: Path, progress: Progress, jobs: int,
    deadline: float = NEVER,
) -> Climbed:  # fmt: skip
    """Make the published runs and tell of them.

    Raises:
        ValueError: Stockfish, against which whole games are scored, is not installed.
        Interrupted: the deadline passed.
    """
    if not ladder:
        return Climbed({}, {}, ())
    engine = _stockfish() if "games" in ladder else ""
    chosen = runs.chosen(dict(ladder), seeds)
    results = pool.make(chosen, cache, progress, jobs, deadline, "climbing the ladder")
    facts = told.facts(results) | told.throughput(results)
    seconds = sum(made.facts["cpu_seconds"] for made in results.values())
    facts |= {"cpu_minutes": seconds / 60}
    events: list[dict[str, Any]] = []
    if "games" in ladder:
        policies = [policy(ladder, seed, cache) for seed in seeds]
        facts |= {
            f"games.{name}": float(getattr(ladder["games"], name)) for name in ("gamma", "group_size", "most_moves")
        }
        facts |= score_against(engine, policies, list(seeds))
        facts["throughput.env_positions_per_second"] = speed.throughput(corpus.load().held_out)["env"]
        shown = showcase.play(policies[0], showcase.opponent(facts), seeds[0])
        events += [shown] if shown else []
    return Climbed({name: number(value) for name, value in facts.items()}, told.arrays(results), tuple(events))


def policy(ladder: Mapping[str, runs.Config], seed: int, cache: Path) -> Policy:
    """The policy of whole games that a seed ended with."""
    config = ladder["games"]
    if not isinstance(config, GamesConfig):
        raise TypeError(f"{config!r} is not of whole games")
    found = Policy(config.width, config.rank, torch.Generator())
    found.load_state_dict(checkpoint.weights(work.weights(Run("games", config, seed), cache), "policy"))
    return found


def score_against(engine: str, policies: list[Policy], seeds: list[int]) -> dict[str, float]:
    """Games from the opening against Stockfish at skill 0 with one node a move."""
    rates: dict[str, list[float]] = {"mate_rate": [], "lost_rate": []}
    for each, seed in zip(policies, seeds, strict=True):
        with stockfish(engine) as opponent:
            outcome = score.finish(each, score.from_opening(RANDOM, STOCKFISH_GAMES, seed), opponent)
        rates["mate_rate"].append(float((outcome == MATE).mean()))
        rates["lost_rate"].append(float((outcome == LOST).mean()))
    found = {
        k: v
        for name, values in rates.items()
        for k, v in statistics.summary(f"opening.stockfish.{name}", values, told.labels(seeds)).items()
    }
    return found | {"opening.stockfish.games": float(STOCKFISH_GAMES * len(seeds))}


def plain(config: runs.Config) -> dict[str, Any]:
    """A configuration as JSON."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(config).items()}


def _stockfish() -> str:
    found = shutil.which("stockfish") or shutil.which("/usr/games/stockfish")
    if found is None:
        raise ValueError("stockfish is missing, and whole games are scored against it: apt-get install stockfish")
    return found


def number(value: float) -> float:
    """A fact as it is written: whole numbers as integers, others to six decimals."""
    return int(value) if float(value).is_integer() else round(float(value), 6)


def version() -> str:
    """The code version of a recording."""
    return code_version("stagelight.engines.rollout.record")
