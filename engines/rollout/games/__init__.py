"""Whole games of chess: a policy learns to mate, from one ply before it back toward the opening.

Read in this order: `attacks` and `rules` (chess, compiled), `features` (what the policy is told), `opponents` (who
replies), `arena` (many boards at once), `corpus` (where starts come from), `policy` (the network), `train`
(how it learns), `public` (a game to watch), `score` (what it can do). `making` and
`adapters` are for the corpus and for Stockfish.
"""
