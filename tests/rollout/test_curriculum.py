"""Which starts are open, how often each is drawn, and where each cell's starts lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
chess = pytest.importorskip("chess")

from stagelight.engines.rollout import starts as module  # noqa: E402
from stagelight.engines.rollout.chess.fen import decode, mating_moves, to_board  # noqa: E402
from stagelight.engines.rollout.chess.tablebase import ENDINGS, encode, solve  # noqa: E402
from stagelight.engines.rollout.curriculum import BASES, FLOOR, MODES, SMOOTHING, Curriculum, Rule  # noqa: E402
from stagelight.engines.rollout.environment import OPENING, replay  # noqa: E402
from stagelight.engines.rollout.opponents import NAMES  # noqa: E402
from stagelight.engines.rollout.starts import (  # noqa: E402
    CELLS,
    CHAINS,
    FIRST,
    LADDER,
    MOST_MOVES,
    Starts,
    budget,
    discount,
    ending_boards,
    join,
)

pytestmark = pytest.mark.engine
AT = {cell.name: index for index, cell in enumerate(CELLS)}
FAMILIES = ({"mate"}, set(ENDINGS), {"tail", "opening"})
successes = st.lists(st.floats(0, 1), min_size=len(CELLS), max_size=len(CELLS))


def mode(name: str, **rule: Any) -> Curriculum:
    return Curriculum(Rule(name, **rule))


def passing(curriculum: Curriculum, cells: Any, rate: float = 1.0) -> None:
    index = np.array(cells)
    curriculum.observe(index, np.full(len(index), rate))


def shares(curriculum: Curriculum, draws: int = 60_000) -> Any:
    return np.bincount(curriculum.draw(draws, np.random.default_rng(1)), minlength=len(CELLS)) / draws


# --- what is open -----------------------------------------------------------------------------------------


def test_it_begins_with_mate_in_one_and_nothing_else() -> None:
    curriculum = mode("curriculum")
    assert np.flatnonzero(curriculum.open).tolist() == [AT["mate.1"]]
    assert curriculum.frontier == CELLS[0]
    passing(curriculum, [0])
    opened = {CELLS[index].name for index in np.flatnonzero(curriculum.open)}
    assert opened == {"mate.1", "mate.2", "kqk.1", "tail.1.random"}
    assert curriculum.frontier.name == "tail.1.random"


def test_cells_of_a_chain_open_one_by_one() -> None:
    curriculum, seen = mode("curriculum"), []
    for cell in CHAINS["random"]:
        passing(curriculum, [AT["mate.1"]])
        seen.append([index for index in map(AT.get, (c.name for c in CHAINS["random"])) if curriculum.open[index]])
        passing(curriculum, [AT[cell.name]])
    assert [len(each) for each in seen] == list(range(1, len(CHAINS["random"]) + 1))
    assert curriculum.frontier == CHAINS["greedy"][0]
    assert not curriculum.open[AT["kqk.2"]]


def test_a_cell_that_is_not_passed_opens_nothing() -> None:
    curriculum = mode("curriculum", passed=0.5)
    passing(curriculum, [0], 0.49)
    assert curriculum.open.sum() == 1
    for _ in range(3):
        passing(curriculum, [0], 0.52)
    assert curriculum.open.sum() == (4 if curriculum.success[0] >= 0.5 else 1)


def test_a_chain_begins_when_what_it_stands_on_is_climbed() -> None:
    curriculum = mode("curriculum")
    for name, base in BASES.items():
        first = AT[CHAINS[name][0].name]
        if base is None:
            assert curriculum.open[first]
            continue
        below = [AT[cell.name] for cell in CHAINS[base[0]]]
        for done in range(curriculum.passed(base[0]), base[1]):
            assert not curriculum.open[first]
            passing(curriculum, [below[done]])
        assert curriculum.open[first]
        if base[1] == len(below):
            assert curriculum.open[below].all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(CELLS) - 1), st.floats(0, 1)), max_size=60))
def test_nothing_closes_and_chains_are_open_from_their_start(observed: list[tuple[int, float]]) -> None:
    curriculum = mode("curriculum")
    curriculum.success[:] = 1.0
    before = curriculum.open.copy()
    for cell, rate in observed:
        passing(curriculum, [cell], rate)
        assert (curriculum.open >= before).all()
        before = curriculum.open.copy()
        for chain in CHAINS.values():
            inside = [bool(curriculum.open[AT[each.name]]) for each in chain]
            assert inside == sorted(inside, reverse=True)
    assert curriculum.open[AT["mate.1"]]


def test_success_is_a_moving_average_of_a_steps_groups() -> None:
    curriculum = mode("curriculum")
    curriculum.observe(np.array([0, 0, 2]), np.array([0.0, 1.0, 0.25]))
    assert curriculum.success[[0, 2]].tolist() == [0.5, 0.25]
    curriculum.observe(np.array([0]), np.array([1.0]))
    assert curriculum.success[0] == pytest.approx(0.5 + SMOOTHING * 0.5)
    assert np.isnan(curriculum.success[1])


# --- what is drawn ----------------------------------------------------------------------------------------


def shared(weight: dict[int, float], shares: tuple[float, ...]) -> Any:
    """Each family's share, among those that have any weight, by the weights inside it."""
    found = np.zeros(len(CELLS))
    for kinds, share in zip(FAMILIES, shares, strict=True):
        members = {index: each for index, each in weight.items() if CELLS[index].kind in kinds}
        for index, each in members.items():
            found[index] = share * each / sum(members.values())
    return found / found.sum()


def expected(curriculum: Curriculum) -> Any:
    """The law: p (1 - p) within a family, a share for each family, and a part of the draws for mastered cells."""
    rule, is_open = curriculum.rule, np.flatnonzero(curriculum.open)
    p = np.where(np.isnan(curriculum.success), 0.5, curriculum.success)
    weight = {int(index): max(p[index] * (1 - p[index]), FLOOR) for index in is_open}
    mastered = {index: 1.0 for index in weight if p[index] >= rule.mastered}
    learning = {index: each for index, each in weight.items() if index not in mastered}
    if not learning or not mastered:
        return shared(weight, rule.shares)
    part = min(rule.rehearsal, len(mastered) / len(weight))
    return (1 - part) * shared(learning, rule.shares) + part * shared(mastered, rule.shares)


@settings(max_examples=15, deadline=None)
@given(successes, st.lists(st.booleans(), min_size=len(CELLS), max_size=len(CELLS)))
def test_cells_are_drawn_by_what_can_be_learnt_in_them(success: list[float], is_open: list[bool]) -> None:
    curriculum = mode("curriculum")
    curriculum.success, curriculum.open = np.array(success), np.array([True, *is_open[1:]])
    assert abs(shares(curriculum) - expected(curriculum)).max() < 0.012


def test_mastered_cells_are_rehearsed_with_their_share() -> None:
    curriculum = mode("curriculum", rehearsal=0.3)
    curriculum.open[[AT["mate.2"], AT["kqk.1"], AT["tail.1.random"]]] = True
    curriculum.success[[AT["mate.1"], AT["kqk.1"]]] = 0.9
    curriculum.success[[AT["mate.2"], AT["tail.1.random"]]] = 0.4, 0.1
    mates, endings, whole = curriculum.rule.shares
    found = shares(curriculum)
    known = np.array([mates, endings]) / (mates + endings) * 0.3
    assert found[[AT["mate.1"], AT["kqk.1"]]] == pytest.approx(known, abs=0.01)
    learning = np.array([mates, whole]) / (mates + whole) * 0.7
    assert found[[AT["mate.2"], AT["tail.1.random"]]] == pytest.approx(learning, abs=0.01)
    curriculum.success[AT["kqk.1"]] = 0.5
    assert shares(curriculum)[AT["mate.1"]] == pytest.approx(0.25, abs=0.01)  # no more than one cell of four


def test_the_other_modes_draw_evenly_from_what_they_open_and_open_no_more() -> None:
    opened = {
        "uniform": {cell.name for cell in CELLS},
        "opening_only": {f"opening.{name}" for name in LADDER},
        "far": {chain[-1].name for chain in CHAINS.values()},
    }
    assert set(MODES) == {*opened, "curriculum"}
    for name, cells in opened.items():
        curriculum = mode(name)
        passing(curriculum, range(len(CELLS)), 0.9)
        assert {CELLS[index].name for index in np.flatnonzero(curriculum.open)} == cells
        found = shares(curriculum)
        assert found[curriculum.open] == pytest.approx(np.full(len(cells), 1 / len(cells)), abs=0.01)
    with pytest.raises(ValueError, match="mode is 'slide', wanted one of curriculum, uniform"):
        mode("slide")


# --- the cells and their starts ---------------------------------------------------------------------------


def test_cells_cover_every_distance_once_and_have_names_of_their_own() -> None:
    assert len(AT) == len(CELLS)
    for name in ENDINGS:
        spans = [(cell.nearest, cell.farthest) for cell in CHAINS[name]]
        assert [n for low, high in spans for n in range(low, high + 1)] == list(range(1, solve(name).longest + 1))
    for name in LADDER:
        assert [cell.nearest for cell in CHAINS[name]] == sorted(cell.nearest for cell in CHAINS[name])
        assert CHAINS[name][-1].name == f"opening.{name}"
        assert CHAINS[name][-1].nearest == FIRST


def test_budgets_leave_nothing_to_spare_at_one_and_more_the_farther() -> None:
    needed = np.arange(1, 51)
    for forced, first in ((True, [1, 3, 4, 6]), (False, [1, 6, 11, 16])):
        found = budget(needed, forced)
        assert found[:4].tolist() == first
        assert (found >= needed).all()
        assert (np.diff(found) >= 0).all()
        assert found.max() == MOST_MOVES
    rate = discount(needed)
    assert (np.diff(rate) >= 0).all()
    assert rate[[0, 1, -1]] == pytest.approx([0.8, 0.8, 0.97])


@pytest.mark.parametrize("held_out", [False, True])
def test_starts_are_what_their_cell_says(starts: Starts, few_mates: Any, held_out: bool) -> None:
    side = Starts(held_out)
    side.__dict__["mates"] = few_mates.held_out if held_out else few_mates.train
    for cell in CELLS:
        batch = side.draw(cell, 3, np.random.default_rng(1))
        assert batch.environment.opponents.tolist() == [NAMES[cell.opponent]] * 3
        assert batch.budget.tolist() == budget(batch.needed, cell.forced).tolist()
        assert batch.budget.max() <= cell.most_moves
        for row, needed in zip(batch.environment.boards, batch.needed, strict=True):
            board = to_board(row)
            assert board.is_valid()
            assert any(board.legal_moves)
            if cell.kind == "opening":
                assert np.array_equal(row, OPENING)
                assert needed == MOST_MOVES
                continue
            assert cell.nearest <= needed <= cell.farthest
            assert (needed == 1) <= bool(mating_moves(board))
            if cell.kind in ENDINGS:
                ending, pieces = solve(cell.kind), ENDINGS[cell.kind]
                white = [chess.PIECE_SYMBOLS.index(letter.lower()) for letter in pieces]
                squares = [square for kind in dict.fromkeys(white) for square in board.pieces(kind, chess.WHITE)]
                code = encode(board.king(False), board.king(True), *(*squares, -1)[:2], pieces == "BB")
                assert ending.white[code] == needed


def test_training_and_held_out_endings_share_no_position() -> None:
    for name in ENDINGS:
        train, held_out = (Starts(side).ending(name) for side in (False, True))
        assert not np.intersect1d(train, held_out).size
        assert len(train) + len(held_out) == (solve(name).white > 0).sum()
        assert len(held_out) / len(train) == pytest.approx(1 / 9, rel=0.05)
        assert (np.diff(solve(name).white[train]) >= 0).all()


def test_a_tail_ends_in_the_mate_of_its_game(starts: Any) -> None:
    """A tail of n moves is a position of a game, 2 n - 1 plies before its mate, and it knows its past."""
    batch = starts.draw(CELLS[AT["tail.5.random"]], 4, np.random.default_rng(2))
    wanted, found = {row[:64].tobytes() for row in batch.environment.boards}, 0
    corpus = starts.games
    plies = corpus.plies
    long = np.flatnonzero(plies >= 9)
    boards, history = replay(corpus.moves, corpus.at[long], plies[long] - 9)
    for at, game in enumerate(long):
        if boards[at][:64].tobytes() not in wanted:
            continue
        board = to_board(boards[at])
        for number in corpus[game][-9:]:
            board.push(decode(int(number)))
        assert board.is_checkmate()
        assert any(np.array_equal(history[at], past) for past in batch.environment.history)
        found += 1
    assert found >= len(wanted)


def test_ending_boards_and_joined_batches(starts: Starts) -> None:
    parts = [starts.draw(CELLS[index], 2, np.random.default_rng(index)) for index in (0, 5, 30)]
    both = join(parts)
    assert len(both.environment) == 6
    for name in ("boards", "history", "streams", "opponents"):
        values = [getattr(part.environment, name) for part in parts]
        assert np.array_equal(getattr(both.environment, name), np.concatenate(values))
    assert both.needed.tolist() == [int(n) for part in parts for n in part.needed]
    codes = np.flatnonzero(solve("kbnk").white > 0)[::200_000]
    for row in ending_boards("kbnk", codes):
        assert sorted(piece.symbol() for piece in to_board(row).piece_map().values()) == ["B", "K", "N", "k"]
    assert module.TAILS[-1] * 2 - 1 == 99
