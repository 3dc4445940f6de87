"""What is said of a run: its facts and its events, all read from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import chess
import numpy as np
from numpy.typing import NDArray

from stagelight.engines.rollout import spotlight, verifier
from stagelight.engines.rollout.encoding import Table, decode, legal_moves
from stagelight.engines.rollout.grpo import Config, best_moves_mate
from stagelight.engines.rollout.policy import Policy
from stagelight.engines.rollout.positions import Corpus, unpack
from stagelight.engines.rollout.spotlight import look

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Told:
    """A finished run, ready to be told."""

    board: chess.Board  # the spotlight position
    corpus: Corpus
    held_out: Table
    policies: list[Policy]  # trained, one a seed
    arrays: Arrays
    seeds: tuple[int, ...]
    config: Config
    start: str | None

    @cached_property
    def legal(self) -> list[chess.Move]:
        """The spotlight's legal moves, in the order of the arrays."""
        return legal_moves(self.board)

    @cached_property
    def mates(self) -> NDArray[np.bool_]:
        """(K,) the verifier's word on each."""
        return np.array([verifier.reward(self.board, move) == 1.0 for move in self.legal])

    def facts(self) -> dict[str, float]:
        """Dotted name -> number."""
        arrays, final = self.arrays, self.arrays["solve_rate"][:, -1].astype(float)
        before, after = arrays["watch_before"][0], arrays["watch_after"][0]
        moves = np.diff(self.held_out.move_at)
        mates = np.add.reduceat(self.held_out.mates.astype(int), self.held_out.move_at[:-1])
        facts = {
            "positions": len(self.corpus.train),
            "held_out": len(self.corpus.held_out),
            "seeds": len(self.seeds),
            "steps": self.config.steps,
            "group_size": self.config.group_size,
            "groups_per_step": self.config.groups,
            "parameters": sum(p.numel() for p in self.policies[0].parameters()),
            "mate_in_one.solve_rate": final.mean(),
            "mate_in_one.solve_rate.sd": final.std(ddof=1) if len(final) > 1 else 0.0,
            "untrained.solve_rate": arrays["solve_rate"][:, 0].mean(),
            "random.solve_rate": (mates / moves).mean(),
            "frac_reward_zero_std.first": arrays["log_frac_reward_zero_std"][:, 0].mean(),
            "frac_reward_zero_std.last": arrays["log_frac_reward_zero_std"][:, -20:].mean(),
            "clip_ratio.first": arrays["log_clip_ratio"][:, 0].mean(),
            "clip_ratio.mean": arrays["log_clip_ratio"].mean(),
            "entropy.first": arrays["log_entropy"][:, 0].mean(),
            "entropy.last": arrays["log_entropy"][:, -20:].mean(),
            "train.reward.last": arrays["log_reward"][:, -20:].mean(),
            "spotlight.legal_moves": len(self.legal),
            "spotlight.mates": int(self.mates.sum()),
            "spotlight.reward_mean": arrays["watch_reward"][0].mean(),
            "spotlight.advantage_mate": arrays["watch_advantage"][0].max(),
            "spotlight.advantage_other": arrays["watch_advantage"][0].min(),
            "spotlight.best_before": before.max(),
            "spotlight.mate_before": before[self.mates].sum(),
            "spotlight.mate_after": after[self.mates].sum(),
            "spotlight.mate_final": arrays["watch_after"][-1][self.mates].sum(),
        }
        change = arrays["watch_change"].mean(axis=(1, 2))
        facts |= {"weight_change.first": change[0], "weight_change.last": change[-1]}
        curve = zip(arrays["solve_step"].tolist(), arrays["solve_rate"].mean(axis=0), strict=True)
        facts |= {f"curve.{step}.solve_rate": rate for step, rate in curve}
        facts |= {f"mate_in_one.seed_{seed}.solve_rate": rate for seed, rate in zip(self.seeds, final, strict=True)}
        return {name: _plain(value) for name, value in facts.items()}

    def events(self) -> Iterator[dict[str, Any]]:
        """Every word, in order."""
        yield {
            "step": 0,
            "kind": "spotlight",
            "fen": self.board.fen(),
            "legal": [self.board.san(move) for move in self.legal],
            "uci": [move.uci() for move in self.legal],
            "ends": [_after(self.board, move) for move in self.legal],
            "rule": spotlight.RULE if self.start is None else "given by the reader with --start",
        }
        for step, group in zip(self.arrays["watch_step"], self.arrays["watch_move"], strict=True):
            yield {"step": int(step), "kind": "group", "san": [self.board.san(self.legal[at]) for at in group]}
        yield from self._surest_mistake()
        best = int(self.arrays["watch_after"][-1].argmax())
        yield {
            "step": self.config.steps,
            "kind": "played",
            "san": self.board.san(self.legal[best]),
            "uci": self.legal[best].uci(),
        }
        yield from self._failure()

    def _surest_mistake(self) -> Iterator[dict[str, Any]]:
        """When a move that does not mate was likeliest on the spotlight, if it was ever over half."""
        odds = np.where(self.mates, 0.0, self.arrays["watch_after"])
        at, move = (int(k) for k in np.unravel_index(int(odds.argmax()), odds.shape))
        if odds[at, move] > 0.5:
            yield {
                "step": int(self.arrays["watch_step"][at]),
                "kind": "surest_mistake",
                "move": move,
                "san": self.board.san(self.legal[move]),
                "probability": round(float(odds[at, move]), 4),
            }

    def _failure(self) -> Iterator[dict[str, Any]]:
        """The first seed's most confident mistake on the held-out positions."""
        policy = self.policies[0]
        worst: tuple[int, float, int] | None = None
        for row in np.flatnonzero(~best_moves_mate(policy, self.held_out)):
            share = look(policy, self.held_out, int(row)).probability
            if worst is None or share.max() > worst[1]:
                worst = int(row), float(share.max()), int(share.argmax())
        if worst is None:
            return
        shown, probability, at = worst
        board, first = unpack(self.corpus.held_out[shown]), int(self.held_out.move_at[shown])
        paid = range(first, int(self.held_out.move_at[shown + 1]))
        yield {
            "step": self.config.steps,
            "kind": "failure",
            "fen": board.fen(),
            "san": board.san(decode(int(self.held_out.code[first + at]))),
            "probability": round(probability, 4),
            "missed": [board.san(decode(int(self.held_out.code[k]))) for k in paid if self.held_out.mates[k]],
        }


def _after(board: chess.Board, move: chess.Move) -> str:
    """Where the men stand after a move."""
    end = board.copy(stack=False)
    end.push(move)
    return end.board_fen()


def _plain(value: Any) -> float:
    """A number as JSON writes it, to six decimals where it is not whole."""
    number = float(value)
    return int(number) if number.is_integer() else round(number, 6)
