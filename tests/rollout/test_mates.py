"""Positions with a forced mate: kept in 34 bytes, split by game and symmetry, each with the mate it claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.experiment.progress import silent  # noqa: E402
from stagelight.engines.rollout import build_mates, games, mates  # noqa: E402
from stagelight.engines.rollout.chess import mate_search, rules  # noqa: E402
from stagelight.engines.rollout.chess.board import CLOCK  # noqa: E402
from stagelight.engines.rollout.chess.features import canonical  # noqa: E402
from stagelight.engines.rollout.chess.fen import from_board, mating_moves, to_board  # noqa: E402
from support.chess_positions import FENS, PAWNLESS, wandered  # noqa: E402

pytestmark = pytest.mark.engine


def oriented(board: Any) -> Any:
    found = np.empty(72, np.int8)
    canonical(from_board(board), found)
    return found


def has_its_mate(row: Any, depth: int) -> bool:
    """True if the side to move mates in so many moves and no fewer."""
    out, inner = np.empty(rules.MOVES, np.uint16), np.empty(rules.MOVES, np.uint16)
    if depth == 1:
        return bool(mating_moves(to_board(row)))
    found = mate_search.distance_after(row, out, inner)
    if depth == 2:
        return bool(found == 2)
    return bool(found == mate_search.BEYOND and mate_search.mate_in_three(row) >= 0)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), fen=st.sampled_from(FENS + PAWNLESS), plies=st.integers(0, 60))
def test_a_canonical_position_survives_packing(seed: int, fen: str, plies: int) -> None:
    row = oriented(wandered(seed, fen, plies))
    packed = mates.pack(row[None])
    assert packed.shape == (1, mates.PACKED)
    assert packed.dtype == np.uint8
    assert np.array_equal(mates.unpack(packed)[0], row)


def test_the_split_is_by_game_and_a_position_on_both_sides_trains() -> None:
    rows = np.stack([oriented(wandered(seed, FENS[seed % 4], 9)) for seed in range(7)])
    game = np.arange(600)
    one = np.ones(600, np.int8)
    found = mates.split(rows[game % 7], one, game, [(rows[:0], one[:0])] * 2, 2026)
    assert len(found.held_out[0]) == 0  # every one of the seven also occurs in a training game
    assert len(found.train[0]) == 7
    assert [len(part) for part in (*found.train[1:], *found.held_out[1:])] == [0] * 4
    share = np.mean([mates.held_out(number, 2026) for number in range(20_000)])
    assert abs(share - mates.HELD_OUT_PERCENT / 100) < 0.01


def test_games_that_were_split_before_keep_their_side() -> None:
    rows = np.stack([oriented(wandered(seed, FENS[1], 9)) for seed in range(6)])
    distance, none = np.array([1, 2, 3, 1, 2, 3], np.int8), np.empty(0, np.int64)
    sides = [(rows[:3], distance[:3]), (rows[2:], distance[2:])]
    found = mates.split(rows[:0], distance[:0], none, sides, 1)
    assert [len(part) for part in found.train] == [1, 1, 1]
    assert [len(part) for part in found.held_out] == [1, 1, 1]  # of the two in three, one trains already
    assert np.array_equal(found.held_out[2], mates.pack(rows[5:]))


def disjoint_and_proven(found: mates.Mates, most: int) -> None:
    for depth, (train, held_out) in enumerate(zip(found.train, found.held_out, strict=True), 1):
        both = np.concatenate([train, held_out])
        assert len(np.unique(both, axis=0)) == len(both)
        for packed in (train, held_out):
            some = mates.unpack(packed[:: max(1, len(packed) // most)])
            for row in some:
                assert to_board(row).is_valid()
                assert has_its_mate(row, depth)
                again = np.empty(72, np.int8)
                canonical(row, again)
                assert np.array_equal(again, row)


def test_found_positions_have_their_mates_and_sides_share_none(few_mates: mates.Mates) -> None:
    assert min(len(part) for part in (*few_mates.train, *few_mates.held_out)) > 0
    disjoint_and_proven(few_mates, 200)


def test_the_committed_positions_have_their_mates_and_sides_share_none() -> None:
    found = mates.load()
    assert len(found.train[0]) >= 200_000
    assert min(len(part) for part in found.held_out) >= 1_000
    disjoint_and_proven(found, 200)


def test_what_is_found_depends_on_seed_and_game_only(found_mates: dict[str, Any]) -> None:
    part = build_mates.from_players(range(20, 60), 1)
    chosen = (found_mates["game"] >= 20) & (found_mates["game"] < 60)
    assert chosen.sum() == len(part["game"]) > 20
    for name, values in part.items():
        assert np.array_equal(values, found_mates[name][chosen])
    other = build_mates.from_players(range(20, 60), 2)
    assert not np.array_equal(other["board"][:20], part["board"][:20])
    counts = np.unique(found_mates["game"], return_counts=True)[1]
    assert counts.max() <= build_mates.PER_GAME + build_mates.LOOK_BACK
    assert set(found_mates["distance"]) == {1, 2, 3}
    assert not found_mates["board"][:, CLOCK].any()


def test_mates_of_whole_games_are_found_in_them() -> None:
    """The last position but one of a game that ends in mate is a mate in one, kept or not."""
    few = games.load().held_out
    few = games.stack([few[game] for game in range(40)])
    boards, distance = build_mates.from_games(few, 1)
    assert (np.bincount(distance)[1:] > 0).all()
    for row, depth in zip(boards, distance, strict=True):
        assert has_its_mate(row, depth)
    reached = set()
    for game in range(len(few)):
        board = chess.Board()
        for number in few[game]:
            reached.add(oriented(board)[:64].tobytes())
            board.push(chess.Move(int(number) % 64, int(number) // 64 % 64, int(number) // 4096 or None))
        assert board.is_checkmate()
    assert all(row[:64].tobytes() in reached for row in boards)


def test_building_resumes_and_gives_what_from_players_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_mates, "CHUNK", 10)
    none = games.stack([])
    made = build_mates.build(tmp_path, silent, (none, none), games=25)
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == 3
    kept[1].unlink()
    stamp = kept[0].stat().st_mtime_ns
    again = build_mates.build(tmp_path, silent, (none, none), games=25)
    assert again.sha256 == made.sha256
    assert kept[0].stat().st_mtime_ns == stamp
    found = build_mates.from_players(range(25), build_mates.SEED)
    empty = (found["board"][:0], found["distance"][:0])
    whole = mates.split(found["board"], found["distance"], found["game"], [empty, empty], build_mates.SEED)
    assert whole.sha256 == made.sha256


def test_positions_survive_their_file_and_a_wrong_one_is_named(few_mates: mates.Mates, tmp_path: Path) -> None:
    path = tmp_path / "mates.npz"
    mates.save(few_mates, path)
    assert mates.load(path).sha256 == few_mates.sha256
    path.write_bytes(path.read_bytes()[:-50])
    for wrong in (path, tmp_path / "missing.npz"):
        with pytest.raises(ValueError, match="make them with"):
            mates.load(wrong)
    names = [f"{side}_{depth}" for side in ("train", "held_out") for depth in (1, 2, 3)]
    wrong_size: dict[str, Any] = dict.fromkeys(names, np.zeros((2, 33), np.uint8))
    np.savez(path, **wrong_size)
    with pytest.raises(ValueError, match=r"train_1 is uint8\(2, 33\), wanted uint8 \(n, 34\)"):
        mates.load(path)
