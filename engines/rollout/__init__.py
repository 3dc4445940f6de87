"""Chess by GRPO: one policy from mate in one to the opening.

Read in this order: `chess` (the rules, what the policy is told, the solved endings), `environment` and `opponents` (who
plays), `starts` and `curriculum` (where rollouts start), `policy`, `rollouts` and `grpo` (how it learns),
`training_game` (one game in public), `runs` and `record` (what is kept), `evaluation`, `benchmark`, `supervised` and
`ppo` (what it is worth, and beside what), `inference`, `uci` and `puzzles` (asking it). `mates`, `games`, `build_mates`
and `build_games` are the data.
"""
