"""Every run behind the rollout scene beyond mate in one: endings, whole games, and what they are compared with.

Read in this order: `runs` (which there are), `endings`, `games` and `supervised` (how one is made), `work` (one run,
kept and taken up again), `pool` (all of them, on all cores), `told` (what is said of them).
"""
