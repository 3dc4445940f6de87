"""Village: three workers, one goal, and chance that was drawn before they act.

Read in this order: `rules` (names and constants), `scenarios` and `tape` (what chance does), `world` (the readable
reference, one village), `observation` (what each worker is told, as numbers and as words).
"""
