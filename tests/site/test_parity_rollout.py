"""The page's rules of chess and its policy, run by Node.js, held to python-chess and to the engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

chess = pytest.importorskip("chess")

from stagelight.engines import recording  # noqa: E402
from stagelight.render.pages.scene_files import Scene  # noqa: E402
from stagelight.render.pages.try_board import weights  # noqa: E402
from support.chess_positions import FENS, PAWNLESS, wandered  # noqa: E402
from support.paths import ASSETS  # noqa: E402

pytestmark = pytest.mark.engine

SCRIPT = Path(__file__).parent / "js" / "answers.mjs"
POSITIONS = 200  # recorded ones
CLOSE, PROMPT = 1e-5, 50.0  # of a probability; milliseconds
WRONG = (
    "x", "", "8/8/8/8/8/8/8/8 w - - 0 1", "k7/8/8/8/8/8/8/K6P w - - 0 1", "kk6/8/8/8/8/8/8/K7 w - - 0 1",
    "k7/8/8/8/8/8/8/R3K3 w - - 0 1", "k7/8/8/8/8/8/8/4K3 w K - 0 1", "k7/8/8/8/4p3/8/8/4K3 w - e6 0 1",
    "QQQQQQQQ/QQ6/8/8/8/8/7k/K7 w - - 0 1", "4k3/8/8/8/8/8/pppppppp/nnn1K3 w - - 0 1", "k7/8/8/8/8/8/8/K7 w - - -1 1",
    "k7/8/8/8/44/8/8/K7 w - - 0 1", "k7/8/8/8/8/8/K7 w - - 0 1", "4k3/8/5N2/8/1B6/8/8/K3R3 b - - 0 1 ",
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 " + "1" * 99,
)  # fmt: skip
ENDED = (
    "R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1", "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", "k7/8/8/8/8/8/8/K7 w - - 0 1",
    "k7/8/8/8/8/8/8/KB1b4 w - - 0 1", "k7/8/8/8/8/8/8/KBb5 w - - 0 1", "kn6/8/8/8/8/8/8/KN6 w - - 0 1",
    "6k1/5ppp/8/8/8/8/8/R5K1 w - - 100 90", "6k1/5ppp/8/8/8/8/8/R5K1 w - - 99 90",
)  # fmt: skip


def asked(fens: list[str], *script: Path) -> list[dict[str, Any]]:
    """The answers of the page's scripts to positions."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed: apt install nodejs")
    command = [node, str(SCRIPT), *map(str, script)]
    ran = subprocess.run(command, input=json.dumps(fens), capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    assert len(found) == len(fens)
    return found


@pytest.fixture(scope="module")
def boards() -> list[Any]:
    """Positions of the recording, and random ones from those that a rule could get wrong, none with a past."""
    from stagelight.engines.rollout.chess.fen import to_board

    rows = recording.load(ASSETS / "recordings", "rollout").arrays["game_board"]
    recorded = [to_board(rows[at]) for at in np.linspace(0, len(rows) - 1, POSITIONS).astype(int)]
    random = [wandered(seed, fen, 6 * seed) for fen in (*FENS, *PAWNLESS) for seed in range(8)]
    found = [chess.Board(board.fen()) for board in (*recorded, *random) if board.is_valid()]
    assert len(found) > POSITIONS + 120
    return found


def test_legal_moves_and_how_they_are_written_are_python_chess_s(boards: list[Any]) -> None:
    said = asked([board.fen() for board in boards])
    for board, answer in zip(boards, said, strict=True):
        assert answer["moves"] == {move.uci(): board.san(move) for move in board.legal_moves}, board.fen()
        assert answer["check"] == board.is_check(), board.fen()
        assert chess.Board(answer["fen"]).epd() == board.epd()


def test_a_position_is_refused_where_the_engine_refuses_it() -> None:
    from stagelight.engines.rollout import inference

    fens = [*WRONG, *ENDED]
    for fen, answer in zip(fens, asked(fens), strict=True):
        said = answer.get("refused") or answer["ending"]
        try:
            inference.position(fen)
        except ValueError as error:
            assert said, f"{fen}: {error}"
        else:
            assert not said, fen


def test_the_probabilities_are_the_engine_s(boards: list[Any], tmp_path: Path) -> None:
    from stagelight.engines.rollout import inference

    script = tmp_path / "weights.js"
    script.write_bytes(weights(Scene("rollout", {}, {}, ASSETS)))
    policy = inference.load(ASSETS / "recordings" / inference.FILE)
    answers = asked([board.fen() for board in boards], script)
    for board, answer in zip(boards, answers, strict=True):
        engine = {move.uci(): share for move, share in inference.candidates(policy, board)}
        assert answer["probabilities"] == pytest.approx(engine, rel=0, abs=CLOSE), board.fen()
    assert np.median([answer["milliseconds"] for answer in answers]) <= PROMPT
