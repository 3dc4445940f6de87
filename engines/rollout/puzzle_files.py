"""Chess puzzles read from a file: PGN whose games have FEN headers, or EPD, or a FEN a line.

The side to move in the FEN is the one to mate. The number of moves is the file's, where it says one: `dm` in EPD; in
PGN "mate in N" in a header, or else a main line that ends in mate. The file may come from anywhere: what cannot be
used is left out and named by its line.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import chess
import chess.pgn

from stagelight.engines.rollout.chess.fen import mating_moves
from stagelight.engines.rollout.inference import position, quoted

MOST_BYTES, MOST_PUZZLES, MOST_MOVES = 64 * 2**20, 100_000, 100
LONGEST = 100_000  # characters of one puzzle
TAG = re.compile(r'\[\w+\s+"')
MATE_IN = re.compile(r"\bmate[\s_-]*in[\s_-]*(\d{1,3})\b", re.IGNORECASE)
EPD = re.compile(r"(\S+ \S+ \S+ \S+)(?: (\d+ \d+)(?!\S))?(?: (.*))?")


@dataclass(frozen=True)
class Puzzle:
    """A position in which the side to move is to mate."""

    line: int  # of the file, from 1
    fen: str
    moves: int | None  # to mate, at best; None where the file does not say
    solution: str | None  # the first move in UCI notation; None where the file does not say


def read(path: Path) -> tuple[list[Puzzle], list[str]]:
    """The puzzles of a file, and what was left out, as lines that say where and why.

    Raises:
        ValueError: the file is missing or too large, or there is no puzzle in it.
    """
    try:
        size = path.stat().st_size
        text = path.read_bytes().decode("utf-8-sig", "replace") if size <= MOST_BYTES else ""
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); give a file of puzzles in PGN or EPD") from None
    if size > MOST_BYTES:
        raise ValueError(f"{path}: {size} bytes, more than {MOST_BYTES}; split it")
    parse, parts = (_from_pgn, _games(text)) if text.lstrip().startswith("[") else (_from_epd, _records(text))
    puzzles, faults = list[Puzzle](), list[str]()
    for line, part in parts:
        if len(puzzles) + len(faults) == MOST_PUZZLES:
            raise ValueError(f"{path}: more than {MOST_PUZZLES} puzzles; split it")
        try:
            if len(part) > LONGEST:
                raise ValueError(f"{len(part)} characters, more than {LONGEST}")
            puzzles.append(_checked(parse(line, part)))
        except ValueError as error:
            faults.append(f"line {line}: {error}")
    if not puzzles:
        first = f" ({faults[0]})" if faults else ""
        raise ValueError(f"{path}: no puzzle in it{first}; give PGN with FEN headers, or EPD")
    return puzzles, faults


def _checked(puzzle: Puzzle) -> Puzzle:
    if puzzle.moves == 1 and not mating_moves(chess.Board(puzzle.fen)):
        raise ValueError("mate in 1 by its own word, and no move mates; correct it")
    if puzzle.moves is not None and not 1 <= puzzle.moves <= MOST_MOVES:
        raise ValueError(f"mate in {puzzle.moves}: wanted 1 to {MOST_MOVES} moves")
    return puzzle


def _records(text: str) -> Iterator[tuple[int, str]]:
    """The lines of EPD that are neither empty nor comments."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _games(text: str) -> Iterator[tuple[int, str]]:
    """The games of a PGN file, each from its first tag on."""
    start, lines = 1, list[str]()
    tagged = False
    for number, line in enumerate(text.split("\n"), 1):
        tag = TAG.match(line) is not None
        if tag and not tagged:
            if "".join(lines).strip():
                yield start, "\n".join(lines)
            start, lines = number, []
        lines.append(line)
        tagged = tag
    yield start, "\n".join(lines)


def _from_epd(line: int, text: str) -> Puzzle:
    found = EPD.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError(f"{quoted(text.strip())}: not EPD; wanted four fields of a FEN, then operations such as dm 2;")
    fields, clocks, operations = found.groups()
    board = position(f"{fields} {clocks or '0 1'}")
    try:
        said = chess.Board().set_epd(f"{fields} {operations or ''}")
    except (ValueError, AssertionError, IndexError) as error:
        raise ValueError(f"{quoted(operations or '')}: not operations of EPD ({quoted(str(error))})") from None
    moves, best = said.get("dm"), said.get("bm")
    if moves is not None and not isinstance(moves, int):
        raise ValueError(f"dm {quoted(str(moves))}: wanted a number of moves")
    return Puzzle(line, board.fen(), moves, best[0].uci() if isinstance(best, list) and best else None)


class _MainLine(chess.pgn.GameBuilder[chess.pgn.Game]):
    """A game with the errors of its main line, which are kept and not logged."""

    def handle_error(self, error: Exception) -> None:
        if len(self.variation_stack) == 1:
            self.game.errors.append(error)


def _from_pgn(line: int, text: str) -> Puzzle:
    try:
        game = chess.pgn.read_game(io.StringIO(text), Visitor=lambda: _MainLine(Game=chess.pgn.Game))
    except IndexError:  # a bracket that closes the main line, and a game that goes on after it
        raise ValueError("its variations are not closed where they end; correct the brackets") from None
    if game is None or "FEN" not in game.headers:
        raise ValueError("a game without a FEN header; give each puzzle its position")
    if (variant := game.headers.get("Variant", "standard")).lower() not in {"standard", "chess", "from position"}:
        raise ValueError(f"variant {quoted(variant)}: wanted standard chess")
    board = position(game.headers["FEN"])
    if game.errors:
        raise ValueError(f"its moves cannot be read ({quoted(str(game.errors[0]))})")
    played = list(game.mainline_moves())
    if not all(played):
        raise ValueError("a null move in its main line; give moves")
    named = next((int(found[1]) for value in game.headers.values() if (found := MATE_IN.search(value))), None)
    fen = board.fen()
    for move in played:
        board.push(move)
    if named is None and len(played) % 2 and board.is_checkmate():
        named = (len(played) + 1) // 2
    return Puzzle(line, fen, named, played[0].uci() if played else None)
