"""A board to set up, on which the published policy answers: its place on the page, and its weights as a script.

Without a script, and until a reader asks for the board, the group of the film stands there as a table.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from stagelight.render.pages import on_demand
from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.rollout_group import Group, table
from stagelight.render.pages.scene_files import Scene

FILES = ("css/board.css", "js/chess.js", "js/policy.js")  # loaded before the weights, in this order
BOARD = "js/board.js"  # loaded after them
STEP = 22  # of the training game: a position in which several moves share the probability
OPENING = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
Keep = Callable[[bytes, str], str]


def board(scene: Scene, page: str, base: str, keep: Keep) -> Html:
    """A button that loads the board, above the table of the group. `keep` takes the bytes of a file and its name,
    with {} for a hash, and returns its address; `base` leads to the root of the site."""
    script = weights(scene)
    files = [base + file for file in FILES] + [keep(script, "weights/{}.js"), base + BOARD]
    ask = on_demand.button("Set up a board", files, len(script))
    place = {"data-positions": json.dumps(_positions(scene, page)), "data-pieces": f"{base}img/pieces/"}
    return el("div", {"class": "try", "data-try": "board", **place}, ask, *table(scene, page))


def _positions(scene: Scene, page: str) -> list[tuple[str, str]]:
    """Positions to start from, by name: that of the film, others of the recording where it has them, the opening."""
    found = [("The position of the film", Group(scene, page).event["fen"])]
    for event in scene.head["events"]:
        if event["kind"] == "training_game" and event["step"] == STEP:
            found.append((f"Training, step {STEP}", event["fen"]))
        if event["kind"] == "failure":
            found.append(("A held-out mate that it misses", event["fen"]))
    return [*found, ("The opening", OPENING)]


def weights(scene: Scene) -> bytes:
    """The script that hands the published weights to `js/policy.js`."""
    return on_demand.policy(scene, "policy.read", f"run `click record {scene.name}`")
