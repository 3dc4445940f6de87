"""Village: three workers, one goal, and chance that was drawn before they act.

Read in this order: `constants` (names and numbers), `scenarios` and `exogenous` (what chance does), `world` (the
readable reference, one village), `observation` (what each worker is told, as numbers and as words), `kernels` and
`batch` (many villages, compiled, the same to the bit), `env` (PettingZoo and Gymnasium), `agents` (those who act),
`episode` (one village, tick by tick), `batch_episode` (many at once), `evaluation` (how well), `training`, `llm`.
"""
