"""The place of the board on the page, and the script of the weights: the published file, and no other."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape

import pytest

from stagelight.render.pages import try_board
from support.pages import refusal
from support.paths import ASSETS
from support.rollout_recording import Made

WEIGHTS = b"the weights of a policy"


@pytest.fixture
def sealed(rollout: Made) -> Made:
    """The recording's maker, with weights and their seal beside it."""
    path = rollout().assets / "recordings" / "rollout_policy.safetensors"
    path.write_bytes(WEIGHTS)
    path.with_name(f"{path.name}.sha256").write_text(f"{hashlib.sha256(WEIGHTS).hexdigest()}  {path.name}\n")
    return rollout


def test_the_script_hands_over_the_published_file_to_the_byte(sealed: Made) -> None:
    script = try_board.weights(sealed()).decode()
    text = re.fullmatch(r'policy\.read\("([\w+/=]+)"\);\n', script)
    assert text
    assert base64.b64decode(text[1]) == WEIGHTS


@pytest.mark.parametrize("name", ["", ".sha256"])
def test_changed_weights_end_the_build(sealed: Made, capsys: pytest.CaptureFixture[str], name: str) -> None:
    scene = sealed()
    path = scene.assets / "recordings" / f"rollout_policy.safetensors{name}"
    path.write_bytes(b"0" + path.read_bytes()[1:])
    assert "is not as it was sealed" in refusal(capsys, lambda: try_board.weights(scene))
    path.unlink()
    assert "cannot be read" in refusal(capsys, lambda: try_board.weights(scene))


def test_the_button_names_files_that_are_there_in_order_and_their_size(sealed: Made) -> None:
    kept: dict[str, bytes] = {}

    def keep(data: bytes, name: str) -> str:
        kept[name] = data
        return f"../{name.format('hash')}"

    html = try_board.board(sealed(), "x.md", "../", keep)
    files = re.search(r'data-load="([^"]+)"', html)
    assert files
    *before, weights, last = files[1].split()
    assert weights == "../weights/hash.js"
    assert [name for name in (*before, last) if not (ASSETS / name.removeprefix("../")).is_file()] == []
    assert [kept[name] for name in kept] == [try_board.weights(sealed())]
    assert "<p hidden " in html, "nothing to press where nothing would happen"
    assert "(loads 1 kB)" in html
    assert 'aria-label="A group, its advantages"' in html


def test_positions_to_start_from_are_the_recordings(sealed: Made) -> None:
    events = [*sealed().head["events"], {"step": try_board.STEP, "kind": "training_game", "fen": "a fen"},
              {"step": 0, "kind": "failure", "fen": "another"}]  # fmt: skip
    html = try_board.board(sealed(events=events), "x.md", "", lambda data, name: name)
    found = re.search(r'data-positions="([^"]+)"', html)
    assert found
    positions = dict(json.loads(unescape(found[1])))
    assert list(positions) == [
        "The position of the film", f"Training, step {try_board.STEP}", "A held-out mate that it misses", "The opening",
    ]  # fmt: skip
    assert list(positions.values())[:3] == ["8/8/8/8/8/8/8/8 w - - 0 1", "a fen", "another"]
