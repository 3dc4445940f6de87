"""Makes the positions with a forced mate: they are found in games, by search, and every one is proven.

The games are those of `build_games` (Stockfish against itself) and many more between the compiled opponents, each of
which replaces part of its moves by random ones, so that kings are caught in many ways and many mates are missed. Every
position in which the side to move mates at once is a candidate, at most `PER_GAME` of each game; so is each of the
last positions before a game's mate, in which the winner may have had a mate in two or three.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.experiment import pool
from stagelight.engines.experiment.cache import Arrays
from stagelight.engines.experiment.progress import Progress
from stagelight.engines.rollout.chess.board import BOARD
from stagelight.engines.rollout.chess.features import canonical
from stagelight.engines.rollout.chess.mate_search import mate_in_one, mate_in_three, mate_in_two
from stagelight.engines.rollout.chess.rules import GOING_ON, HISTORY, MATE, MOVES, make, settle
from stagelight.engines.rollout.chess.tablebase import white_tables
from stagelight.engines.rollout.compiling import compiled
from stagelight.engines.rollout.environment import OPENING
from stagelight.engines.rollout.games import Games
from stagelight.engines.rollout.mates import Mates, split
from stagelight.engines.rollout.opponents import (
    CAREFUL,
    GREEDY,
    MATERIAL_1,
    MATERIAL_2,
    RANDOM,
    draw,
    new_memory,
    reply,
)

GAMES = 260_000  # between compiled opponents
CHUNK = 2_000
PER_GAME = 3  # mates in one kept of a game, drawn at random
MOST_PLIES = 200
LOOK_BACK = 2  # moves before a game's mate that are searched for a mate in two or three
SEED = 2026
# Who plays, as often as listed, and which share of its moves is random.
PLAYERS = np.array([RANDOM, GREEDY, CAREFUL, CAREFUL, MATERIAL_1, MATERIAL_1, MATERIAL_2, MATERIAL_2, MATERIAL_2])
SHARES = np.array([0.02, 0.1, 0.2, 0.4, 0.7])


@compiled
def play_game(opening, players, shares, stream, tables, memory, moves):  # type: ignore[no-untyped-def]
    """Play one game and write its moves, uint16 (MOST_PLIES,); returns how many plies, and whether it ended in mate.

    players, shares: (2,) of White and Black. stream: uint64 (1,).
    """
    board, history, out = opening.copy(), np.zeros(HISTORY, np.int64), np.empty(MOVES, np.uint16)
    status, count = settle(board, history, out)
    for ply in range(len(moves)):
        side = ply % 2
        if draw(stream, 0) < shares[side] * 9007199254740992.0:
            move = out[draw(stream, 0) % count]
        else:
            move = out[reply(players[side], board, out, count, stream, 0, tables, memory)]
        moves[ply] = move
        make(board, move)
        status, count = settle(board, history, out)
        if status != GOING_ON:
            return ply + 1, status == MATE
    return len(moves), False


@compiled
def mine(opening, moves, mated, stream, most, look_back, found, distance):  # type: ignore[no-untyped-def]
    """The forced mates of one game: canonical positions into `found`, int8 (K, 72), their distances; returns how many.

    moves: uint16 (P,), all of the game. mated: whether it ends in mate. most: mates in one kept.
    """
    boards, out, inner = np.empty((len(moves), BOARD), np.int8), np.empty(MOVES, np.uint16), np.empty(MOVES, np.uint16)
    board, ones, n = opening.copy(), np.empty(len(moves), np.int64), 0
    for ply in range(len(moves)):
        boards[ply] = board
        if mate_in_one(board, out, inner) >= 0:
            ones[n] = ply
            n += 1
        make(board, moves[ply])
    kept = min(most, n)
    for index in range(kept):  # a random choice, without repetition
        other = index + draw(stream, 0) % (n - index)
        ones[index], ones[other] = ones[other], ones[index]
        canonical(boards[ones[index]], found[index])
        distance[index] = 1
    if mated:
        for back in range(1, look_back + 1):
            ply = len(moves) - 1 - 2 * back
            if ply < 0 or mate_in_one(boards[ply], out, inner) >= 0:
                continue
            depth = 2 if mate_in_two(boards[ply]) >= 0 else 3 if mate_in_three(boards[ply]) >= 0 else 0
            if depth:
                canonical(boards[ply], found[kept])
                distance[kept] = depth
                kept += 1
    return kept


@compiled
def _play_and_mine(opening, players, shares, streams, tables, memory, most, look_back, plies):  # type: ignore[no-untyped-def]
    room = most + look_back
    found, distance = np.empty((len(streams) * room, BOARD), np.int8), np.empty(len(streams) * room, np.int8)
    game, n, moves = np.empty(len(streams) * room, np.int64), 0, np.empty(plies, np.uint16)
    for row in range(len(streams)):
        stream = streams[row : row + 1]
        length, mated = play_game(opening, players[row], shares[row], stream, tables, memory, moves)
        count = mine(opening, moves[:length], mated, stream, most, look_back, found[n:], distance[n:])
        game[n : n + count] = row
        n += count
    return found[:n].copy(), distance[:n].copy(), game[:n].copy()


@compiled
def _mine_all(opening, moves, at, streams, most, look_back):  # type: ignore[no-untyped-def]
    room = most + look_back
    found, distance = np.empty((len(streams) * room, BOARD), np.int8), np.empty(len(streams) * room, np.int8)
    game, n = np.empty(len(streams) * room, np.int64), 0
    for row in range(len(streams)):
        line, stream = moves[at[row] : at[row + 1]], streams[row : row + 1]
        count = mine(opening, line, True, stream, most, look_back, found[n:], distance[n:])
        game[n : n + count] = row
        n += count
    return found[:n].copy(), distance[:n].copy(), game[:n].copy()


def from_players(games: range, seed: int) -> Arrays:
    """The mates of some games between compiled opponents. Depends on (seed, game) only."""
    rngs = [np.random.default_rng((seed, game)) for game in games]
    players = np.array([rng.choice(PLAYERS, 2) for rng in rngs])
    shares = np.array([rng.choice(SHARES, 2) for rng in rngs])
    streams = np.array([rng.integers(0, 2**64, dtype=np.uint64) for rng in rngs])
    found, distance, game = _play_and_mine(
        OPENING, players, shares, streams, white_tables(), new_memory(1), PER_GAME, LOOK_BACK, MOST_PLIES
    )
    return {"board": found, "distance": distance, "game": game + games.start}


def from_games(games: Games, seed: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """The mates of games that end in mate: positions (N, 72) and distances (N,)."""
    streams = np.random.default_rng(seed).integers(0, 2**64, len(games), np.uint64)
    found, distance, _ = _mine_all(OPENING, games.moves, games.at, streams, PER_GAME, LOOK_BACK)
    return found, distance


def build(folder: Path, progress: Progress, corpus: tuple[Games, Games], games: int = GAMES, jobs: int = 1) -> Mates:
    """Find the mates that `folder` lacks and return them split by game and by symmetry.

    Args:
        folder: of what is found, kept chunk by chunk, so that a killed run resumes.
        progress: told of each chunk.
        corpus: training and held-out games that end in mate.
        games: between compiled opponents.
        jobs: processes.
    """
    work = [range(start, min(start + CHUNK, games)) for start in range(0, games, CHUNK)]
    made = pool.compute_all(
        work, partial(_task, SEED), partial(_path, folder), jobs=jobs, progress=progress, what="searching for mates"
    ).values()
    board, distance, game = (np.concatenate([part[name] for part in made]) for name in ("board", "distance", "game"))
    return split(board, distance, game, [from_games(side, SEED) for side in corpus], SEED)


def _task(seed: int, games: range, progress: Progress) -> Arrays:
    return from_players(games, seed)


def _path(folder: Path, games: range) -> Path:
    return folder / f"mates-{SEED}-{games.start:06d}-{games.stop:06d}.npz"
