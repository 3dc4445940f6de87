"""A board to set up, on which the published policy answers: its place on the page, and its weights as a script.

Without a script, and until a reader asks for the board, the group of the film stands there as a table.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

from stagelight.render.pages.markup import Html, el
from stagelight.render.pages.rollout_group import Group, table
from stagelight.render.pages.scene_files import Scene, fail
from stagelight.render.pages.values import size

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
    ask = el(
        "p", {"class": "try__ask", "data-load": " ".join(files), "hidden": True},
        el("button", {"type": "button"}, f"Set up a board (loads {size(len(script))})"),
        " ", el("span", {"role": "status"}),
    )  # fmt: skip
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
    """The script that hands the published weights to `js/policy.js`: their file, sealed as it is, in base64."""
    path = scene.assets / "recordings" / f"{scene.name}_policy.safetensors"
    try:
        data, seal = path.read_bytes(), path.with_name(f"{path.name}.sha256").read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{path.name} cannot be read ({error.strerror}): run `click record {scene.name}`")
    if hashlib.sha256(data).hexdigest() != seal[:64]:
        fail(f"{path.name} is not as it was sealed: run `click record {scene.name}`")
    return b'policy.read("' + base64.b64encode(data) + b'");\n'
