"""A small recording of the rollout, made up, for the tests of what its page shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.engines import recording
from stagelight.engines.recording import Recording
from stagelight.render.pages.scene_files import Scene

CELLS = ["mate.1", "mate.2", "kqk.1", "kqk.8-10", "tail.1.random", "opening.random", "opening.greedy"]
MASTERED = 0.85
DEPTHS = np.array([3, 1, 1])  # plies from mate of the three steps
REWARDS = np.array([[1, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]], np.float32)
DRAWN = np.array([[7, 8, 9, 10], [7, 7, 7, 7], [8, 9, 7, 10]], np.uint16)
BEFORE = np.array([0.4, 0.3, 0.2, 0.1, 0], np.float32)  # of the legal moves 7 to 10
Made = Callable[..., Scene]


def rollout_maker(tmp_path: Path) -> Made:
    """A function that makes the recording in a folder, of some facts, with some arrays changed."""

    def make(facts: dict[str, float] | None = None, seeds: tuple[int, ...] = (0, 1), **changed: Any) -> Scene:
        arrays: dict[str, Any] = {
            "curve_boards": np.array([[0, 100, 1000]] * len(seeds)),
            "curve_success": np.full((len(seeds), 3, len(CELLS)), 0.5, np.float32),
            "game_reward": REWARDS, "game_advantage": REWARDS - REWARDS.mean(axis=1, keepdims=True),
            "game_depth": DEPTHS, "game_drawn": DRAWN, "game_legal": np.array([4, 4, 4]),
            "game_board": np.array([[0] * 64 + [turn] for turn in (1, -1, 1)]),
            "watch_step": np.array([1, 2, 3]), "watch_legal": np.array([[7, 8, 9, 10, 0]] * 3, np.uint16),
            "watch_before": np.stack([BEFORE] * 3), "watch_after": np.stack([BEFORE[::-1]] * 3),
        }  # fmt: skip
        events = [
            {"step": step, "kind": "training_game", "fen": f"8/8/8/8/8/8/8/8 {'bw'[step % 2]} - - 0 1",
             "drawn_san": ["Qa2#", "R1b3", "Ke8", "O-O"]} for step in (1, 2, 3)
        ]  # fmt: skip
        config = {"cells": CELLS, "seeds": list(seeds), "rule": {"mastered": MASTERED}, "eps_low": 0.2, "eps_high": 0.3}
        made = Recording("rollout", 0, config, "v", facts or {}, tuple(changed.pop("events", events)), arrays | changed)
        recording.save(made, tmp_path / "recordings")
        return Scene("rollout", recording.load_head(tmp_path / "recordings", "rollout"), {}, tmp_path)

    return make
