"""From training runs to a recording: the whole ladder, three seeds each, the first one watched.

Mate in one is trained here, step by step under the eye of `spotlight`; endings and whole games are `ladder`'s runs.

The recording's arrays. S seeds, N steps, E examined moments, W watched steps, K legal moves of the spotlight,
G its group, P its men, U units shown of each of three layers, H probes:

    log_<metric>     (S, N)        one metric of every step; names as in `grpo.Step`
    solve_step       (E,)          steps done when the held-out positions were asked; 0 first
    solve_rate       (S, E)        share of held-out positions whose most probable move mates
    probe_best       (E, H)        first seed, first H held-out positions: probability of the best move
    probe_mate       (E, H)        and of all mating moves together
    watch_step       (W,)          watched steps; 1 first
    watch_before     (W, K)        pi over the spotlight's legal moves before that step
    watch_after      (W, K)        and after it
    watch_move       (W, G)        the spotlight's group: which legal move each rollout played
    watch_reward     (W, G)        what the verifier paid
    watch_advantage  (W, G)        r - mean(r)
    watch_activation (W, 3, U)     h0, h1, h2 on the spotlight before the step
    watch_change     (W, 3, U)     |dw| / |w| of each unit's incoming weights in that step
    watch_edge       (W, 2, U, U)  weight [to, from] between shown units, before the step
    watch_edge_change (W, 2, U, U) and its change in that step
    watch_to_move    (W, U, K)     what each h2 unit adds to each move's logit
    watch_to_move_change (W, U, K) and its change in that step
    watch_from_piece (W, U, P)     embedding weight of each man into each h0 unit
    unit             (3, U)        which units are shown, chosen after the first step
    man              (P, 2)        kind (0 to 5 white P N B R Q K, 6 to 11 black) and square of each man
    mate             (K,)          the verifier's word on each legal move

and those of `ladder.told`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment.progress import NEVER, Progress
from stagelight.engines.experiment.provenance import code_version, key
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import inference, mate_training, positions, story
from stagelight.engines.rollout.encoding import compile_positions, join
from stagelight.engines.rollout.grpo import Config
from stagelight.engines.rollout.ladder import climb, runs, told
from stagelight.engines.rollout.ladder.climb import version
from stagelight.engines.rollout.mate_training import METRICS, Course, examined, men, through
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.tables import compiled

SEEDS = runs.SEEDS
__all__ = ["SEEDS", "make", "publish", "version"]


def make(
    cache: Path,
    progress: Progress,
    *,
    config: Config | None = None,
    seeds: tuple[int, ...] = SEEDS,
    start: str | None = None,
    corpus: positions.Corpus | None = None,
    ladder: Mapping[str, runs.Config] | None = None,
    stage: str | None = None,
    jobs: int = 1,
    deadline: float = NEVER,
) -> Recording:
    """Train every seed, taking up what `cache` holds, and return the recording.

    Args:
        cache: folder for compiled positions and checkpoints; without it a run starts afresh.
        progress: told of each step.
        config: the run; the published one if None.
        seeds: the first one is watched.
        start: a FEN to put in the spotlight instead of the position chosen by rule.
        corpus: the positions; the committed ones if None.
        ladder: the runs beyond mate in one; the published ones if None, none of them with a `start`.
        stage: one run of the ladder, alone: only its facts are returned.
        jobs: runs of the ladder made at once.
        deadline: moment of `time.monotonic()` at which the training is saved and interrupted.

    Raises:
        ValueError: `start` is not a position in which the side to move can mate at once.
        Interrupted: the deadline passed; the next call resumes.
    """
    if ladder is None:
        ladder = runs.PUBLISHED if start is None else {}
    if stage is not None:
        return _stage(stage, ladder, seeds[0], cache, progress, deadline)
    config = config or Config()
    own = None if start is None else np.frombuffer(reader_position(start), np.uint8)[None]
    corpus = corpus or positions.load()
    torch.set_num_threads(1)
    climbed = climb.up(ladder, seeds, cache, progress, jobs, deadline)
    table = compiled(corpus.train, cache, "compiling training positions", progress)
    held_out = compiled(corpus.held_out, cache, "compiling held-out positions", progress)
    packed, starts = corpus.train, len(table)
    if own is not None:
        table, packed = join([table, compile_positions(list(own))]), np.concatenate([packed, own])
    course = Course(config, table, packed, starts, held_out, progress, deadline)
    trained_by = code_version(mate_training.__name__)
    logs: list[dict[str, NDArray[Any]]] = []
    policies: list[Policy] = []
    for seed in seeds:
        name = key(trained_by, corpus.sha256, asdict(config), seed, start if seed == seeds[0] else None)
        log, policy = through(course, seed, seed == seeds[0], cache / f"seed-{seed}-{name}.safetensors")
        logs.append(log)
        policies.append(policy)
    arrays = {name: value for name, value in logs[0].items() if name.startswith(("watch_", "probe_")) or name == "unit"}
    arrays |= {f"log_{name}": np.stack([log[name] for log in logs]) for name in METRICS}
    arrays |= {
        "solve_step": np.array(examined(config.steps)),
        "solve_rate": np.stack([log["solve_rate"] for log in logs]),
    }
    tale = story.Told(
        positions.unpack(packed[int(logs[0]["row"])]), corpus, held_out, policies, arrays, seeds, config, start
    )
    arrays |= {"mate": tale.mates, "man": np.array(men(tale.board))} | climbed.arrays
    seconds = [float(log["seconds"]) for log in logs]  # processor time; of watching and of learning
    minutes = climbed.facts.get("cpu_minutes", 0.0) + sum(seconds) / 60
    spent = {"mate_in_one.cpu_seconds": sum(seconds) / len(seeds), "cpu_minutes": minutes}
    spent["wall_minutes"] = minutes / told.CORES
    return Recording(
        name="rollout",
        seed=seeds[0],
        config={
            **asdict(config),
            "seeds": list(seeds),
            "corpus_sha256": corpus.sha256,
            "start": start,
            "ladder": {name: climb.plain(run) for name, run in ladder.items()},
            "varies": list(told.VARIES),
        },
        code_version=version(),
        facts=dict(
            sorted(
                {
                    **tale.facts(),
                    **climbed.facts,
                    **{name: round(value, 6) for name, value in spent.items()},
                }.items()
            )
        ),
        events=(*tale.events(), *climbed.events),
        arrays=arrays,
    )


def _stage(
    name: str, ladder: Mapping[str, runs.Config], seed: int, cache: Path, progress: Progress, deadline: float
) -> Recording:
    """One run of the ladder, for a look: facts only."""
    if name not in ladder:
        raise ValueError(f"--stage {name!r}: no such stage; choose one of {', '.join(ladder)}")
    found = climb.up({name: ladder[name]}, (seed,), cache, progress, 1, deadline)
    return Recording("rollout", seed, {}, "", found.facts, (), {})


def reader_position(fen: str) -> bytes:
    """A reader's position, packed as its side to move sees it.

    Raises:
        ValueError: not a FEN, not legal, already over, or without a mate in one.
    """
    board = inference.position(fen, "--start")
    if not positions.mates(board):
        raise ValueError(
            f"--start {inference.quoted(fen)}: no mate in one, the only depth this policy is trained at; "
            "give a position that has one"
        )
    return positions.pack(board if board.turn else board.mirror())


def publish(cache: Path, made: Recording, folder: Path) -> list[Path]:
    """Write what goes beside a recording: the policy of whole games, if there was one. Returns the paths."""
    if "games" not in made.config.get("ladder", {}):
        return []
    path = folder / inference.FILE
    inference.publish(climb.policy(runs.PUBLISHED, made.seed, cache), path)
    return [path]
