"""The published policy, to be asked and to be played against."""

from __future__ import annotations

from pathlib import Path

import chess
import numpy as np
import torch
from numpy.typing import NDArray

from stagelight.engines.experiment import weights
from stagelight.engines.rollout.chess.features import observe
from stagelight.engines.rollout.chess.fen import decode, from_board
from stagelight.engines.rollout.chess.rules import HISTORY, position_hash
from stagelight.engines.rollout.policy import Policy

FILE = "rollout_policy.safetensors"


def publish(policy: Policy, path: Path) -> None:
    """Write a policy's weights in half precision, sealed."""
    words = {"width": str(policy.block1.in_features), "rank": str(policy.query.out_features)}
    weights.write(path, {name: value.half() for name, value in policy.state_dict().items()}, words)


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
    """Every legal move of a position with its probability, likeliest first."""
    rows, history = from_board(board)[None], _past(board)[None]
    observation = observe(rows, history, np.zeros(1, np.int64))
    if len(observation.code) == 0:
        return []
    with torch.no_grad():
        share = policy(observation).exp().numpy()
    order = np.argsort(-share, kind="stable")
    return [(decode(int(observation.code[at])), float(share[at])) for at in order]


def position(fen: str, option: str = "FEN") -> chess.Board:
    """A reader's position, with a move to play.

    Raises:
        ValueError: not a FEN, not legal, or over.
    """
    try:
        board = chess.Board(fen)
    except ValueError as error:
        raise ValueError(f"{option} {fen!r}: not a FEN ({error}); wanted one such as '{chess.STARTING_FEN}'") from None
    if not board.is_valid():
        raise ValueError(
            f"{option} {fen!r}: not a legal position ({board.status()!r}); look at kings, pawns and whose turn it is"
        )
    if not any(board.legal_moves):
        raise ValueError(f"{option} {fen!r}: the game is over ({board.result()}); give a position with a move to play")
    return board


def _past(board: chess.Board) -> NDArray[np.int64]:
    """What the position may repeat: the names of those since the last capture or pawn move."""
    past, back = np.zeros(HISTORY, np.int64), board.copy()
    for at in range(min(board.halfmove_clock, HISTORY - 1), -1, -1):
        past[at] = position_hash(from_board(back))
        if not back.move_stack:
            break
        back.pop()
    return past
