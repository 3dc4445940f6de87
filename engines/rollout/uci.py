"""The policy as a chess engine: the Universal Chess Interface, as far as a program needs to play against it.

It does not think: `go` is answered at once with the most probable move, whatever time is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import chess

from stagelight.engines.rollout.games.policy import Policy
from stagelight.engines.rollout.players import candidates

NAME = "Stagelight rollout"
LONGEST = 65_536  # characters of a line that are read


def answers(policy: Policy, lines: Iterable[str]) -> Iterator[str]:
    """Replies to the commands of a chess program, until `quit` or the end."""
    board = chess.Board()
    for line in lines:
        command, _, rest = line[:LONGEST].strip().partition(" ")
        if command == "quit":
            return
        if command == "uci":
            yield f"id name {NAME}"
            yield "id author the Stagelight authors"
            yield "uciok"
        elif command == "isready":
            yield "readyok"
        elif command == "ucinewgame":
            board = chess.Board()
        elif command == "position":
            try:
                board = _position(rest.split())
            except ValueError as error:
                yield f"info string ignored: {' '.join(str(error).split())[:200]}"
        elif command == "go":
            yield from _go(policy, board)


def _position(words: list[str]) -> chess.Board:
    """`startpos` or `fen ...`, then `moves ...`.

    Raises:
        ValueError: not a position, or a move that is not legal there.
    """
    at = words.index("moves") if "moves" in words else len(words)
    if words[:1] == ["startpos"]:
        board = chess.Board()
    elif words[:1] == ["fen"]:
        board = chess.Board(" ".join(words[1:at]))
    else:
        raise ValueError("wanted startpos or fen")
    if not board.is_valid():
        raise ValueError("not a legal position")
    for move in words[at + 1 :]:
        board.push_uci(move)
    return board


def _go(policy: Policy, board: chess.Board) -> Iterator[str]:
    found = candidates(policy, board)
    if not found:
        yield "bestmove 0000"
        return
    for rank, (move, share) in enumerate(found[:3], 1):
        yield f"info string {rank}. {board.san(move)} {100 * share:.1f} %"
    yield f"info depth 0 pv {found[0][0].uci()}"
    yield f"bestmove {found[0][0].uci()}"
