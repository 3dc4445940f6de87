"""Village: three workers, one goal, and chance that was drawn before they act.

Read in this order: `rules` (names and constants), `scenarios` and `tape` (what chance does), `world` (the readable
reference, one village), `observation` (what each worker is told, as numbers and as words), `ticks` and `core` (many
villages, compiled, the same to the bit), `env` (PettingZoo and Gymnasium), `stock`, `agents` and `planner` (who plays),
`episode` (one village, tick by tick), `clairvoyant` and `bound` (what could have been), `score`.
"""
