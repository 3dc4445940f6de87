"""Endings learnt whole, by GRPO, against a defender that never errs.

Read in this order: `geometry` (the board as tables), `tables` (endings solved backwards), `environment` (a move and
its best answer), `policy` (the network), `curriculum` (where games start), `grpo` (how it learns), `evaluation`
(what it is worth).
"""

from stagelight.engines.rollout.endgame.grpo import Config, Step, run

__all__ = ["Config", "Step", "run"]
