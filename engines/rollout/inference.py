"""The published policy: loading it, its moves in a position, and the positions that it can be given."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import chess
import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment import weights
from stagelight.engines.rollout.chess.features import Observation, observe
from stagelight.engines.rollout.chess.fen import decode, from_board
from stagelight.engines.rollout.chess.rules import HISTORY, position_hash
from stagelight.engines.rollout.policy import Policy, best

FILE = "rollout_policy.safetensors"
LONGEST_FEN = 120  # characters; the longest of a game has about 90
ECHO = 80  # characters of a text that a message repeats
FIFTY_MOVES = 100  # halfmoves without a capture or pawn move, at which the policy's games are drawn


def publish(policy: Policy, path: Path) -> None:
    """Write a policy's weights in half precision, sealed."""
    words = {"width": str(policy.block1.in_features), "rank": str(policy.query.out_features)}
    weights.write(path, {name: value.half() for name, value in policy.state_dict().items()}, words)


def as_published(policy: Policy) -> Policy:
    """The policy with its weights rounded to half precision, as they are published."""
    rounded = copy.deepcopy(policy)
    rounded.load_state_dict({name: value.half().float() for name, value in policy.state_dict().items()})
    return rounded


def load(path: Path) -> Policy:
    """The published policy.

    Raises:
        ValueError: the file is missing, not as it was sealed, or not such a policy.
    """
    try:
        tensors, words = weights.read(path)
        width, rank = int(words["width"]), int(words["rank"])
        if not (0 < width <= 4096 and 0 < rank <= 4096):
            raise ValueError(f"width {width} and rank {rank}")
        policy = Policy(width, rank, torch.Generator())
        policy.load_state_dict(tensors)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        words_ = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: no policy to play ({words_}); make it with `click record rollout`") from error
    return policy


def candidates(policy: Policy, board: chess.Board) -> list[tuple[chess.Move, float]]:
    """Every legal move of a position with its probability, likeliest first. None where the game is over."""
    observed = _observe([board])
    if len(observed.code) == 0:
        return []
    with torch.no_grad():
        probability = policy(observed).exp().numpy()
    order = np.argsort(-probability, kind="stable")
    return [(decode(int(observed.code[at])), float(probability[at])) for at in order]


def best_moves(policy: Policy, boards: Sequence[chess.Board]) -> list[chess.Move]:
    """The most probable move of each position, in one pass of the network.

    Raises:
        ValueError: a position has no legal move.
    """
    if not boards:
        return []
    observed = _observe(boards)
    without = np.flatnonzero(np.diff(observed.move_at) == 0)
    if len(without):
        raise ValueError(f"{boards[int(without[0])].fen()}: no legal move; give positions with a move to play")
    with torch.no_grad():
        chosen = best(policy(observed).numpy(), observed.move_at)
    return [decode(int(observed.code[at])) for at in chosen]


def position(fen: str, option: str = "FEN", chess960: bool = False) -> chess.Board:
    """A position from a FEN, with a move to play. Every command takes and refuses the same.

    Args:
        fen: the text.
        option: where it was given, for the message.
        chess960: castling may be that of Chess960, in X-FEN or Shredder-FEN.

    Raises:
        ValueError: not a FEN, not legal, or over by checkmate, stalemate, lack of material or the fifty-move rule.
    """
    given = f"{option} {quoted(fen)}"
    if len(fen) > LONGEST_FEN:
        raise ValueError(f"{given}: {len(fen)} characters, and no FEN has more than {LONGEST_FEN}; {_EXAMPLE}")
    try:
        board = chess.Board(fen, chess960=chess960)
    except ValueError as error:
        raise ValueError(f"{given}: not a FEN ({str(error).partition(': ')[0]}); {_EXAMPLE}") from None
    if faults := _faults(board):
        raise ValueError(f"{given}: not a legal position ({faults}); look at kings, pawns and whose turn it is")
    if ending := _ending(board):
        raise ValueError(f"{given}: the game is over ({ending}); give a position with a move to play")
    return board


_EXAMPLE = "wanted one such as '6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1'"


def quoted(text: str) -> str:
    """A text for a one-line message: quoted, in ASCII with the rest escaped, cut at 80 characters."""
    written = ascii(text[: ECHO + 1])
    return written if len(text) <= ECHO and len(written) <= ECHO + 2 else f"{written[: ECHO - 2]}...{written[0]}"


def _faults(board: chess.Board) -> str:
    """The faults that make a position one that no game reaches; nothing if all is well.

    More pieces than promotions allow are refused, too: only without them has no position more than 218 moves.
    """
    faults = [flag.name.lower().replace("_", " ") for flag in board.status() if flag.name]
    for colour in chess.COLORS:
        pawns, *pieces = (len(board.pieces(kind, colour)) for kind in range(chess.PAWN, chess.KING))
        if pawns + sum(max(0, count - first) for count, first in zip(pieces, (2, 2, 2, 1), strict=True)) > 8:
            faults.append(f"too many {chess.COLOR_NAMES[colour]} promoted pieces")
    return ", ".join(faults)


def _ending(board: chess.Board) -> str:
    """The way in which a legal position's game has ended; nothing if it goes on."""
    if not any(board.legal_moves):
        return "checkmate" if board.is_check() else "stalemate"
    if board.is_insufficient_material():
        return "neither side can mate"
    return "fifty-move rule" if board.halfmove_clock >= FIFTY_MOVES else ""


def _observe(boards: Sequence[chess.Board]) -> Observation:
    rows = np.stack([from_board(board) for board in boards])
    history = np.stack([_history(board) for board in boards])
    return observe(rows, history, np.arange(len(rows)))


def _history(board: chess.Board) -> NDArray[np.int64]:
    """The hashes of positions that may be repeated: those since the last capture or pawn move."""
    past, back = np.zeros(HISTORY, np.int64), board.copy()
    for at in range(min(board.halfmove_clock, HISTORY - 1), -1, -1):
        past[at] = position_hash(from_board(back))
        if not back.move_stack:
            break
        back.pop()
    return past
