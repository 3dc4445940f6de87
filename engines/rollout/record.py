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

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import chess
import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines import checkpoint, recording
from stagelight.engines.recording import Recording
from stagelight.engines.rollout import players, positions, spotlight, story
from stagelight.engines.rollout.encoding import Table, compile_positions, join
from stagelight.engines.rollout.grpo import Config, Step, Trainer, solve_rate
from stagelight.engines.rollout.ladder import climb, runs, told
from stagelight.engines.rollout.ladder.climb import Paused, compare
from stagelight.engines.rollout.policy import Policy, gather
from stagelight.engines.rollout.tables import Report, compiled

SEEDS = runs.SEEDS
__all__ = ["SEEDS", "Paused", "compare", "make", "publish"]
EXAMINED = 28  # log-spaced moments at which a run is examined
PROBES = 256
# What a seed's training depends on; what is said of it afterwards is not among it.
SOURCES = [Path(__file__).resolve().parent / f"{name}.py" for name in
           ("encoding", "grpo", "policy", "positions", "record", "spotlight", "verifier")]  # fmt: skip
CHECKPOINT_SECONDS = 15.0
METRICS = ("reward", "reward_std", "frac_reward_zero_std", "visited", "used", "entropy", "entropy_coef", "clip_ratio",
           "grad_norm", "learning_rate")  # fmt: skip


@dataclass(frozen=True)
class Course:
    """What every seed of a recording shares."""

    config: Config
    table: Table
    packed: NDArray[np.uint8]  # (N, 34), a row for each row of the table
    starts: int  # rows drawn by chance; a reader's own position comes after them
    held_out: Table
    report: Report
    until: float


def make(
    cache: Path,
    report: Report,
    *,
    config: Config | None = None,
    seeds: tuple[int, ...] = SEEDS,
    start: str | None = None,
    corpus: positions.Corpus | None = None,
    ladder: Mapping[str, runs.Config] | None = None,
    stage: str | None = None,
    jobs: int = 1,
    until: float = float("inf"),
) -> Recording:
    """Train every seed, taking up what `cache` holds, and return the recording.

    Args:
        cache: folder for compiled positions and checkpoints; without it a run starts afresh.
        report: called with (what, done, total, latest figures).
        config: the run; the published one if None.
        seeds: the first one is watched.
        start: a FEN to put in the spotlight instead of the position chosen by rule.
        corpus: the positions; the committed ones if None.
        ladder: the runs beyond mate in one; the published ones if None, none of them with a `start`.
        stage: one run of the ladder, alone: only its facts are returned.
        jobs: runs of the ladder made at once.
        until: `time.monotonic()` at which the training is put down.

    Raises:
        ValueError: `start` is not a position in which the side to move can mate at once.
        Paused: `until` came first; the next call goes on.
    """
    if ladder is None:
        ladder = runs.PUBLISHED if start is None else {}
    if stage is not None:
        return _stage(stage, ladder, seeds[0], cache, report, until)
    config = config or Config()
    own = None if start is None else np.frombuffer(reader_position(start), np.uint8)[None]
    corpus = corpus or positions.load()
    torch.set_num_threads(1)
    climbed = climb.up(ladder, seeds, cache, report, jobs, until)
    table = compiled(corpus.train, cache, "compiling training positions", report)
    held_out = compiled(corpus.held_out, cache, "compiling held-out positions", report)
    packed, starts = corpus.train, len(table)
    if own is not None:
        table, packed = join([table, compile_positions(list(own))]), np.concatenate([packed, own])
    course = Course(config, table, packed, starts, held_out, report, until)
    version = recording.source_version(Path(__file__).resolve().parent)
    logs: list[dict[str, NDArray[Any]]] = []
    policies: list[Policy] = []
    for seed in seeds:
        key = recording.digest(
            recording.version_of(SOURCES), corpus.sha256, asdict(config), seed, start if seed == seeds[0] else None
        )
        log, policy = through(course, seed, seed == seeds[0], cache / f"seed-{seed}-{key}.safetensors")
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
        code_version=version,
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
    name: str, ladder: Mapping[str, runs.Config], seed: int, cache: Path, report: Report, until: float
) -> Recording:
    """One run of the ladder, for a look: facts only."""
    if name not in ladder:
        raise ValueError(f"--stage {name!r}: no such stage; choose one of {', '.join(ladder)}")
    found = climb.up({name: ladder[name]}, (seed,), cache, report, 1, until)
    return Recording("rollout", seed, {}, "", found.facts, (), {})


def reader_position(fen: str) -> bytes:
    """A reader's position, packed as its side to move sees it.

    Raises:
        ValueError: not a FEN, not legal, already over, or without a mate in one.
    """
    try:
        board = chess.Board(fen)
    except ValueError as error:
        raise ValueError(
            f"--start {fen!r}: not a FEN ({error}); wanted one such as '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1'"
        ) from None
    if not board.is_valid():
        raise ValueError(
            f"--start {fen!r}: not a legal position ({board.status()!r}); look at kings, pawns and whose turn it is"
        )
    if board.is_game_over():
        raise ValueError(f"--start {fen!r}: the game is over ({board.result()}); give a position with a move to play")
    if not positions.mates(board):
        raise ValueError(
            f"--start {fen!r}: no mate in one, the only depth this policy is trained at; give a position that has one"
        )
    return positions.pack(board if board.turn else board.mirror())


def examined(steps: int) -> list[int]:
    """The moments at which a run is examined: before it, after its first step, then log-spaced to the last."""
    return [0, *sorted({max(1, round(steps ** (index / (EXAMINED - 2)))) for index in range(EXAMINED - 1)})]


def men(board: chess.Board) -> list[tuple[int, int]]:
    """(kind, square) of each man, White's first, by square."""
    found = [(piece.piece_type - 1 + (0 if piece.color else 6), square) for square, piece in board.piece_map().items()]
    return sorted(found, key=lambda man: (man[0] >= 6, man[1]))


def through(course: Course, seed: int, watched: bool, path: Path) -> tuple[dict[str, NDArray[Any]], Policy]:
    """One seed from its checkpoint, or from the start, to the end. Returns its log and the trained policy."""
    config, moments = course.config, set(examined(course.config.steps))
    trainer = Trainer(config, seed, course.table, course.starts)
    log = checkpoint.read(path, trainer) or _begin(course, trainer, watched)
    saved = time.monotonic()
    while trainer.done < config.steps:
        asked, started = trainer.done + 1 in moments, time.process_time()
        if asked and watched:
            _watch(course, trainer, log)
        else:
            _append(log, trainer.step())
        log["seconds"] = log["seconds"] + time.process_time() - started
        if asked:
            _examine(course, trainer, log, watched)
        figures = {name: float(log[name][-1]) for name in ("reward", "frac_reward_zero_std", "entropy", "clip_ratio")}
        course.report(
            f"training seed {seed}", trainer.done, config.steps, {"solve_rate": float(log["solve_rate"][-1]), **figures}
        )
        now = time.monotonic()
        if now - saved > CHECKPOINT_SECONDS or now > course.until or trainer.done == config.steps:
            checkpoint.write(path, trainer, log)
            saved = now
        if now > course.until and trainer.done < config.steps:
            raise Paused(f"seed {seed}")
    return log, trainer.policy


def publish(cache: Path, made: Recording, folder: Path) -> list[Path]:
    """Write what goes beside a recording: the policy of whole games, if there was one. Returns the paths."""
    if "games" not in made.config.get("ladder", {}):
        return []
    path = folder / players.FILE
    players.publish(climb.policy(runs.PUBLISHED, made.seed, cache), path)
    return [path]


def _begin(course: Course, trainer: Trainer, watched: bool) -> dict[str, NDArray[Any]]:
    log: dict[str, NDArray[Any]] = {name: np.empty(0, np.float32) for name in METRICS}
    log |= {"solve_rate": np.empty(0, np.float32), "row": np.array(-1), "seconds": np.array(0.0)}
    _examine(course, trainer, log, watched)
    return log


def _append(log: dict[str, NDArray[Any]], step: Step) -> None:
    for name in METRICS:
        log[name] = np.append(log[name], np.float32(getattr(step, name)))


def _examine(course: Course, trainer: Trainer, log: dict[str, NDArray[Any]], watched: bool) -> None:
    """Ask the held-out positions, and the probes if this is the watched seed."""
    log["solve_rate"] = np.append(log["solve_rate"], np.float32(solve_rate(trainer.policy, course.held_out)))
    if watched:
        for name, value in zip(("probe_best", "probe_mate"), probe(trainer.policy, course.held_out), strict=True):
            _stack(log, name, value)


def probe(policy: Policy, held_out: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H,) and (H,): probability of the best move, and of all mating moves, on the first held-out positions."""
    index = np.arange(min(PROBES, len(held_out)))
    batch = gather(held_out, index, np.zeros(len(index), np.bool_))
    with torch.no_grad():
        share = policy(batch).exp().numpy()
    begins = batch.start.numpy()
    paid = held_out.mates[: len(share)]
    return np.maximum.reduceat(share, begins), np.add.reduceat(share * paid, begins)


def _watch(course: Course, trainer: Trainer, log: dict[str, NDArray[Any]]) -> None:
    """One step with the spotlight in it; the first step chooses the spotlight and the units."""
    row = int(log["row"])
    if trainer.done == 0:
        own = course.starts if len(course.table) > course.starts else None
        # Which position is shown is known only after the step: the same seed gives the weights from before it.
        untrained = Trainer(trainer.config, trainer.seed, course.table, course.starts).policy
        step = trainer.step(first=own)
        row = own if own is not None else spotlight.choose(step.groups, course.table, course.packed)
        before = spotlight.look(untrained, course.table, row)
        after = spotlight.look(trainer.policy, course.table, row)
        log["row"], log["unit"] = np.array(row), spotlight.choose_units(before, after)
    else:
        before = spotlight.look(trainer.policy, course.table, row)
        step = trainer.step(first=row)
        after = spotlight.look(trainer.policy, course.table, row)
    _append(log, step)
    shown = spotlight.piece_features(men(positions.unpack(course.packed[row])))
    for name, value in spotlight.watch(before, after, log["unit"], step, row, shown).items():
        _stack(log, name, value)


def _stack(log: dict[str, NDArray[Any]], name: str, value: NDArray[Any]) -> None:
    log[name] = np.concatenate([log[name], value[None]]) if name in log else value[None].copy()
