"""The input of a chess engine: lines of bytes, whatever they hold, and the positions and moves in them."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

import chess

from stagelight.engines.rollout.inference import position, quoted

LONGEST = 65_536  # bytes of a line; the longest possible game fits
WAITING = frozenset({"infinite", "ponder"})
LIMITS = WAITING | {
    *("searchmoves", "wtime", "btime", "winc", "binc", "movestogo"),
    *("depth", "nodes", "mate", "movetime"),
}


def split_lines(read: Callable[[], bytes]) -> Iterator[str]:
    """The lines of a byte stream, each at most `LONGEST` + 1 bytes of it; bytes that are not ASCII stay what they are.

    Args:
        read: gives the next bytes, and none at the end.
    """
    begun = b""
    while chunk := read():
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            yield (begun + part)[: LONGEST + 1].decode("latin-1")
            begun = b""
        begun = (begun + rest)[: LONGEST + 1]
    if begun:
        yield begun.decode("latin-1")


def read_ahead(lines: Iterable[str]) -> Iterator[str]:
    """The same lines, read in a thread of its own, so that whoever writes them never waits for an answer."""
    read: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def fill() -> None:
        with contextlib.suppress(OSError):  # the other side is gone
            for line in lines:
                read.put(line)
        read.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while (line := read.get()) is not None:
        yield line


def searchmoves(words: list[str], board: chess.Board) -> set[chess.Move] | None:
    """The legal ones of the moves that `go` is restricted to; None if it is not."""
    if "searchmoves" not in words:
        return None
    found = set()
    for word in takewhile(lambda word: word not in LIMITS, words[words.index("searchmoves") + 1 :]):
        with contextlib.suppress(ValueError):
            found.add(board.parse_uci(word))
    return found


def parse_position(words: list[str], chess960: bool) -> chess.Board:
    """`startpos` or `fen FEN`, then `moves ...`. Castling may be written either way, as e1g1 or as e1h1.

    Raises:
        ValueError: not such a position, a move that is not legal, or castling that the network has no code for.
    """
    at = words.index("moves") if "moves" in words else len(words)
    if words[:at] == ["startpos"]:
        board = chess.Board(chess960=chess960)
    elif words[:1] == ["fen"]:
        board = position(" ".join(words[1:at]), "fen", chess960)
    else:
        found = quoted(" ".join(words)) if words else "nothing"
        raise ValueError(f"position {found}: wanted startpos or fen FEN, then moves and the moves, on one line")
    for number, word in enumerate(words[at + 1 :], 1):
        try:
            move = board.parse_uci(word)
        except ValueError:
            move = chess.Move.null()
        if not move:
            raise ValueError(f"move {number}, {quoted(word)}: not legal there; give legal moves such as e2e4")
        board.push(move)
    bare = board.copy(stack=False)
    bare.chess960 = False
    if bare.clean_castling_rights() != board.castling_rights:
        raise ValueError("the network castles only from e1 and e8 with rooks on the a and h files; give other castling")
    board.chess960 = False
    return board
