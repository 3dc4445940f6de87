"""The words of a recording: events, each chosen by a stated rule from what a run did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import chess
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout import games, mates
from stagelight.engines.rollout.chess.fen import code, decode, mating_moves, to_board
from stagelight.engines.rollout.chess.rules import GOING_ON, MATE
from stagelight.engines.rollout.environment import OPENING, reset
from stagelight.engines.rollout.inference import candidates
from stagelight.engines.rollout.opponents import NAMES
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.starts import CELLS, FIRST, LADDER, MOST_MOVES

Event = dict[str, Any]
Arrays = Mapping[str, NDArray[Any]]
TOLD = 60  # steps of the training game that are written out
FEW, FAR = 10, 5  # steps passed over, and moves from mate, between which a mistake is looked for
SURE = 0.5  # probability from which a wrong move is a confident mistake
SHOWCASE_GAMES, SHOWCASE_LEAST = 64, 8
REWIND = (20, 45)  # moves of the game that is played backwards


def training_game(log: Arrays) -> Iterator[Event]:
    """The first steps of the game in public, in words. Moves are written as on the real board."""
    for index in range(min(TOLD, len(log["game_board"]))):
        board = to_board(log["game_board"][index])
        shown = int(min(log["game_legal"][index], len(log["game_move"][index])))
        played = decode(int(log["game_played"][index]))
        event = {
            "kind": "training_game",
            "step": index + 1,
            "fen": board.fen(),
            "san": [board.san(decode(int(number))) for number in log["game_move"][index][:shown]],
            "drawn_san": [board.san(decode(int(number))) for number in log["game_drawn"][index]],
            "played": board.san(played),
            "reply": "",
        }
        if number := int(log["game_reply"][index]):
            board.push(played)
            event["reply"] = board.san(decode(number))
        yield event


def surest_mistake(log: Arrays, final: Policy) -> Iterator[Event]:
    """The step at which the training game missed a mate in one most surely, if it was surer than `SURE`.

    Of the steps after the first `FEW` and before training starts at `FAR` moves from mate.
    `best` is the mate that the final policy finds likeliest there.
    """
    worst: tuple[float, int, list[chess.Move]] | None = None
    far = [CELLS[at].nearest >= FAR for at in log["log_frontier"]]
    end = far.index(True) if True in far else len(far)
    for index in map(int, np.flatnonzero(log["game_outcome"][:end] != MATE)):
        sure = float(log["game_after"][index][0])
        if index < FEW or sure <= max(SURE, worst[0] if worst else 0.0):
            continue
        board = to_board(log["game_board"][index])
        if mating := mating_moves(board):
            worst = sure, index, mating
    if worst is None:
        return
    sure, index, mating = worst
    board = to_board(log["game_board"][index])
    move = decode(int(log["game_played"][index]))
    chances = dict(candidates(final, board))
    best = max(mating, key=lambda each: chances[each])
    before = {
        int(number): float(p) for number, p in zip(log["game_move"][index], log["game_after"][index], strict=True)
    }
    yield {
        "kind": "surest_mistake",
        "step": index + 1,
        "uci": move.uci(),
        "san": board.san(move),
        "probability": round(sure, 4),
        "best_uci": best.uci(),
        "best_san": board.san(best),
        "best_probability": round(next((p for c, p in before.items() if c and decode(c) == best), 0.0), 4),
        "best_final": round(chances[best], 4),
        "rule": f"of the steps of the game in public after {FEW} and before training starts {FAR} moves from mate, "
        f"whose position had a mate in one: the one with the likeliest other move, if above {SURE}",
    }


def failure(policy: Policy, boards: NDArray[np.int8]) -> Iterator[Event]:
    """The most confident mistake on held-out mates in one, (N, 72)."""
    worst: tuple[float, chess.Board, chess.Move] | None = None
    for row in boards:
        board = to_board(row)
        move, sure = candidates(policy, board)[0]
        if (worst is None or sure > worst[0]) and move not in mating_moves(board):
            worst = sure, board, move
    if worst is not None:
        sure, board, move = worst
        yield {
            "kind": "failure",
            "step": 0,
            "fen": board.fen(),
            "san": board.san(move),
            "probability": round(sure, 4),
            "missed": [board.san(each) for each in mating_moves(board)],
        }


def frontiers(log: Arrays) -> Iterator[Event]:
    """The steps at which training first started at each distance from mate, against the first opponent."""
    farthest = 0
    for index, cell in enumerate(CELLS[at] for at in log["log_frontier"]):
        if cell.opponent == LADDER[0] and cell.nearest > farthest:
            farthest = cell.nearest
            yield {"kind": "frontier", "step": index + 1, "depth": 1001 if farthest == FIRST else 2 * farthest - 1}


def rewind(corpus: games.Games) -> Event:
    """A game to be played backwards: the first held-out one that White wins in a number of moves within `REWIND`."""
    plies = corpus.plies
    fits = (plies % 2 == 1) & (plies >= 2 * REWIND[0] - 1) & (plies <= 2 * REWIND[1] - 1)
    if not fits.any():
        raise ValueError(f"no game of {REWIND[0]} to {REWIND[1]} moves that White wins; make the games again")
    board, uci = chess.Board(), []
    boards = [board.board_fen()]
    for number in corpus[int(np.argmax(fits))]:
        move = decode(int(number))
        uci.append(move.uci())
        board.push(move)
        boards.append(board.board_fen())
    return {"kind": "rewind", "step": 0, "uci": uci, "boards": boards}


def showcase(policy: Policy, rates: Mapping[str, float], seed: int) -> Iterator[Event]:
    """One game from the opening, played by the trained policy.

    By a fixed rule: against the hardest opponent of the ladder that it mates in more than half of its games, of the
    first `SHOWCASE_GAMES` it is the shortest that it mates in and that is at least `SHOWCASE_LEAST` of its moves long.
    """
    hardest = [name for name in LADDER if rates.get(f"opening.{name}", 0.0) > 0.5] or [LADDER[0]]
    best: Event | None = None
    for number in range(SHOWCASE_GAMES):
        game = _play(policy, hardest[-1], seed * SHOWCASE_GAMES + number)
        if game and len(game["probability"]) >= SHOWCASE_LEAST and (not best or len(game["uci"]) < len(best["uci"])):
            best = game
    if best is not None:
        yield best


def _play(policy: Policy, opponent: str, seed: int) -> Event | None:
    """One game as an event; None unless the policy mates."""
    environment = reset(OPENING[None], np.array([NAMES[opponent]], np.int8), seed)
    row, board, words = np.zeros(1, np.int64), chess.Board(), {"uci": list[str](), "san": list[str]()}
    boards, chances = [board.board_fen()], []
    for _ in range(MOST_MOVES):
        move, chance = candidates(policy, board)[0]
        chances.append(round(chance, 4))
        outcome, reply = environment.step(row, np.array([code(move)], np.uint16), np.ones(1, np.bool_))
        for each in [move, *([decode(int(reply[0]))] if reply[0] else [])]:
            words["san"].append(board.san(each))
            words["uci"].append(each.uci())
            board.push(each)
            boards.append(board.board_fen())
        if outcome[0] == MATE:
            return {
                "kind": "showcase", "step": 0, "opponent": opponent, "seed": seed, **words, "boards": boards,
                "probability": chances,
                "rule": f"of {SHOWCASE_GAMES} games from the opening, the shortest won one of at least "
                f"{SHOWCASE_LEAST} moves",
            }  # fmt: skip
        if outcome[0] != GOING_ON:
            return None
    return None


def held_out_mates(most: int = 400) -> NDArray[np.int8]:
    """The first held-out mates in one, (N, 72)."""
    return mates.unpack(mates.load().held_out[0][:most])
