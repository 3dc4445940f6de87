"""The rollout's upright cut: the board with its network above, what comes of it below; at the end the board alone."""

from __future__ import annotations

from stagelight.render.components.upright import PICTURE, RIGHT, WIDTH, Key, Layout, Window, chained, fitted
from stagelight.render.motion import Box
from stagelight.render.scenes.rollout import advantage, game, second_step, update

STEPS = Window(1483, 30, 360, Box(RIGHT - 288, 34, 288, 64))  # the counter
ABOVE, BELOW = Box(0, PICTURE.y, WIDTH, 570), Box(0, PICTURE.y + 580, WIDTH, 500)
STARTS: Layout = {"steps": STEPS, "board": fitted(40, 130, 1130, 830, PICTURE)}
READS: Layout = {
    "steps": STEPS,
    "board": fitted(40, 174, 1140, 732, ABOVE),
    "answer": fitted(1130, 180, 750, 714, BELOW),
}
ROWS: Layout = {
    "steps": STEPS,
    "board": fitted(40, 174, 770, 732, Box(0, PICTURE.y, WIDTH, 510)),
    "answer": fitted(780, 140, 1090, 756, Box(0, PICTURE.y + 514, WIDTH, 566)),
}
MOVES: Layout = {  # of the network's units, with their key below
    "steps": STEPS,
    "board": fitted(40, 174, 1320, 752, ABOVE),
    "answer": fitted(1130, 230, 750, 600, BELOW),
}
TELLS: Layout = {**READS, "answer": fitted(1150, 230, 720, 620, BELOW)}
FINALE: Layout = {"steps": STEPS, "board": fitted(511, 135, 800, 800, PICTURE)}
LAYOUTS = chained(
    {
        "position": [Key(0.0, STARTS)],
        "sample": [Key(0.0, READS)],
        "reward": [Key(0.0, READS)],
        "advantage": [Key(advantage.ROWS, ROWS, advantage.SLIDE)],
        "update": [Key(update.BACK, READS, update.BACK_FOR), Key(update.HIT, MOVES), Key(update.KEY_GOES, TELLS)],
        "training": [
            Key(0.0, READS),
            Key(second_step.ROWS, ROWS, 0.5),
            Key(second_step.BACK, READS, 0.5),
            Key(second_step.SHIFT - 0.4, TELLS, 0.6),
        ],
        "curriculum": [Key(0.0, TELLS)],
        "game": [Key(game.CENTRE, FINALE, game.CENTRES)],
    }
)
