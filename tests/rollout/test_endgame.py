"""Laws and known answers of the endings: solved backwards, played, learnt."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

chess = pytest.importorskip("chess", reason="needs the extra `engines`")
torch = pytest.importorskip("torch", reason="needs the extra `engines`")

from stagelight.engines.experiment import checkpoint  # noqa: E402
from stagelight.engines.rollout.endgame import curriculum, environment, evaluation, grpo, tables  # noqa: E402
from stagelight.engines.rollout.endgame.curriculum import Frontier, Starts  # noqa: E402
from stagelight.engines.rollout.endgame.geometry import SYMMETRY  # noqa: E402
from stagelight.engines.rollout.endgame.grpo import Config, Trainer  # noqa: E402
from stagelight.engines.rollout.endgame.policy import batch  # noqa: E402
from stagelight.engines.rollout.endgame.tables import DRAWN, ENDINGS, MATED, Ending, decode, encode, solve  # noqa: E402

pytestmark = pytest.mark.engine
TINY = Config(ending="kqk", budget=6_000, groups=8, group_size=8, width=16)
KINDS = {letter: kind for kind, letter in enumerate(".PNBRQK")}


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """Small products are quicker, and the same everywhere, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def board(ending: Ending, code: int, turn: bool) -> Any:
    """A code as python-chess sees it."""
    found = chess.Board(None)
    bk, *white = environment.squares(ending, np.array([code]))[0].tolist()
    found.set_piece_at(bk, chess.Piece(chess.KING, chess.BLACK))
    for square, letter in zip(white, "K" + ENDINGS[ending.name], strict=True):
        found.set_piece_at(square, chess.Piece(KINDS[letter], chess.WHITE))
    found.turn = turn
    return found


def code_of(ending: Ending, position: Any) -> int:
    """The inverse of `board`, up to symmetry; -1 if a piece is gone."""
    where = [
        sorted(position.pieces(KINDS[letter], chess.WHITE)) for letter in dict.fromkeys("K" + ENDINGS[ending.name])
    ]
    squares = [square for group in where for square in group]
    if len(squares) != 1 + len(ENDINGS[ending.name]):
        return -1
    p, q = (*squares[1:], -1)[:2]
    return encode(position.king(chess.BLACK), squares[0], p, q, ending.pieces[0] == ending.pieces[1])


def some_won(ending: Ending, pick: int) -> int:
    """A won position, White to move."""
    won = np.flatnonzero(ending.white > 0)
    return int(won[pick % len(won)])


# --- tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "longest"), [("kqk", 10), ("krk", 16), ("kbbk", 19), ("kbnk", 33)])
def test_the_longest_mates_are_the_known_ones(name: str, longest: int) -> None:
    assert solve(name).longest == longest
    assert solve(name).black.max() == longest


def test_the_tables_cover_every_class_and_three_men_always_win_on_move() -> None:
    for name, count in {"kqk": 18_081, "krk": 21_959}.items():  # each checked against Gaviota's table
        legal = solve(name).white[solve(name).white > tables.ILLEGAL]
        assert len(legal) == count
        assert (legal > 0).all()


def test_an_unknown_ending_is_named() -> None:
    with pytest.raises(ValueError, match=r"'kpk': choose one of kqk, krk, kbbk, kbnk"):
        solve("kpk")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ENDINGS)), st.integers(0, 10**9), st.booleans())
def test_distances_agree_with_one_ply_of_python_chess(name: str, pick: int, turn: bool) -> None:
    ending = solve(name)
    here, there = (ending.white, ending.black) if turn else (ending.black, ending.white)
    legal = np.flatnonzero(here > tables.ILLEGAL)
    code = int(legal[pick % len(legal)])
    position, after = board(ending, code, turn), []
    for move in position.legal_moves:
        position.push(move)
        reached = code_of(ending, position)
        after.append(int(there[reached]) if reached >= 0 else DRAWN)
        position.pop()
    assert tables.ILLEGAL not in after
    if turn:
        won = [d for d in after if d >= 0]
        assert here[code] == (1 + min(won) if won else DRAWN)
    elif not after:
        assert here[code] == (0 if position.is_checkmate() else DRAWN)
    else:
        assert here[code] == (DRAWN if DRAWN in after else max(after))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(ENDINGS)), st.integers(0, 10**9), st.integers(0, 7), st.booleans())
def test_a_code_forgets_orientation_and_the_order_of_equal_pieces(name: str, pick: int, turn: int, swap: bool) -> None:
    ending = solve(name)
    code, twins = some_won(ending, pick), ending.pieces[0] == ending.pieces[1]
    bk, wk, p, q = decode(code, ending.pieces[1] > 0)
    if twins and swap:
        p, q = q, p
    bk, wk, p, q = (int(SYMMETRY[turn, square]) if square >= 0 else -1 for square in (bk, wk, p, q))
    assert encode(bk, wk, p, q, twins) == code


# --- environment --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ENDINGS)), st.integers(0, 10**9))
def test_moves_flags_and_replies_agree_with_python_chess(name: str, pick: int) -> None:
    ending = solve(name)
    code = some_won(ending, pick)
    state, position = np.array([code]), board(ending, code, True)
    planes = list(dict.fromkeys("K" + ENDINGS[name]))
    allowed = environment.legal(ending, state)
    flags = environment.flags(ending, state, allowed)[0]
    found = {}
    for move in position.legal_moves:
        plane = planes.index(chess.piece_symbol(position.piece_type_at(move.from_square)).upper())
        found[plane * 64 + move.to_square] = move
    assert sorted(found) == np.flatnonzero(allowed[0]).tolist()
    for action, move in found.items():
        position.push(move)
        near = chess.square_distance(move.to_square, position.king(chess.BLACK)) == 1
        defended = position.is_attacked_by(chess.WHITE, move.to_square)
        assert flags[action] == position.is_check() + 2 * near + 4 * defended
        after = int(environment.play(ending, state, np.array([action]))[0])
        distance = int(ending.black[code_of(ending, position)])
        if position.is_checkmate():
            assert after == MATED
        elif distance == DRAWN:
            assert after == DRAWN
        else:
            assert ending.white[after] == distance  # no reply lasts longer
            replies = []
            for answer in position.legal_moves:
                position.push(answer)
                replies.append(code_of(ending, position))
                position.pop()
            assert after in replies
        position.pop()


# --- starts -------------------------------------------------------------------------------------------


def test_training_and_held_out_share_no_class_and_starts_are_at_the_depth_asked() -> None:
    ending = solve("krk")
    starts, kept = Starts(ending), curriculum.held_out(ending)
    assert not kept[np.concatenate(starts.by_depth)].any()
    assert kept[evaluation.positions(ending, 0, 500)].all()
    rng = np.random.default_rng(0)
    drawn = ending.white[starts.draw(rng, 64, "curriculum", 5)]
    assert (drawn[:32] == 5).all()
    assert set(drawn[32:].tolist()) == {1, 2, 3, 4}
    assert ending.white[starts.draw(rng, 64, "far", 1)].min() > 0.75 * ending.longest
    assert set(ending.white[starts.draw(rng, 640, "uniform", 1)].tolist()) == set(range(1, 17))


def test_the_frontier_advances_on_success_steps_back_when_stuck_and_stops_past_the_longest() -> None:
    frontier = Frontier(depth=3)
    frontier.observe(0.8, 10, 0.7, 5)
    assert frontier.depth == 4
    for _ in range(5):
        frontier.observe(0.1, 10, 0.7, 5)
    assert frontier.depth == 3
    frontier = Frontier(depth=10)
    frontier.observe(1.0, 10, 0.7, 5)
    frontier.observe(1.0, 10, 0.7, 5)
    assert frontier.depth == 11


# --- GRPO ---------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8), st.sampled_from(["std", "none"]))
def test_a_groups_advantages_sum_to_zero(rewards: list[float], normalise: str) -> None:
    reward = np.array(rewards, np.float32).reshape(2, 4)
    assert np.abs(grpo.advantages(reward, "group", normalise).sum(axis=1)).max() < 1e-4
    assert (grpo.advantages(reward, "none", "none") == reward).all()


def test_summed_advantages_give_the_objective_of_every_visit() -> None:
    rng = torch.Generator().manual_seed(0)
    old, logp = torch.rand(50, generator=rng) - 2, torch.rand(50, generator=rng) - 2
    advantage = torch.rand((50, 7), generator=rng) - 0.5  # seven visits of each move
    ratio = (logp - old).exp()[:, None]
    each = torch.minimum(ratio * advantage, ratio.clamp(1 - TINY.eps_low, 1 + TINY.eps_high) * advantage)
    gain, loss = advantage.clamp(min=0).sum(1), advantage.clamp(max=0).sum(1)
    torch.testing.assert_close(grpo.surrogate(logp, old, gain, loss, TINY), each.sum(1))


def test_games_are_legal_and_end_as_their_rewards_say() -> None:
    trainer = Trainer(TINY, 3)
    start = trainer.starts.draw(trainer.rng, 16, "uniform", 1)
    games, ending = trainer.play(start), trainer.ending
    assert len(np.unique(games.states)) == len(games.states)
    allowed = environment.legal(ending, games.states)
    assert allowed[games.row, games.action].all()
    torch.testing.assert_close(games.logp.exp().sum(1), torch.ones(len(games.states)))
    for game, code in enumerate(start):
        mine = games.game == game
        states, actions = games.states[games.row[mine]], games.action[mine]
        after = environment.play(ending, states, actions)
        assert states[0] == code
        assert (after[:-1] == states[1:]).all()
        assert len(states) == games.moves[game]
        assert (after[-1] == MATED) == games.mated[game]
        if games.mated[game]:
            assert games.moves[game] >= ending.white[code]


def test_held_out_positions_take_no_part_in_an_update() -> None:
    trainer = Trainer(TINY, 0)
    trainer.held_out = np.ones_like(trainer.held_out)
    games = trainer.play(trainer.starts.draw(trainer.rng, 8, "uniform", 1))
    before = [value.clone() for value in trainer.policy.parameters()]
    trainer.held_out[games.states[1:]] = False
    trainer._update(games, np.ones(len(games.row), np.float32))
    inputs = batch(trainer.ending, games.states)
    moved = (trainer.policy.squares.weight != before[0]).any(1)
    assert not moved[sorted(set(inputs.inputs[0].tolist()) - set(inputs.inputs[1:].flatten().tolist()))].any()
    assert moved[inputs.inputs[1:].flatten()].any()


def test_a_wrong_choice_is_named() -> None:
    with pytest.raises(ValueError, match=r"starts is 'near': choose one of curriculum, uniform, far"):
        Trainer(replace(TINY, starts="near"), 0)


@pytest.mark.slow
def test_mates_in_one_and_two_are_learnt_in_seconds() -> None:
    config = Config(ending="kqk", budget=100_000, groups=16, group_size=16, width=128)
    trainer = Trainer(config, 0)
    near = np.concatenate(trainer.starts.by_depth[:2])[::4]
    before = evaluation.score(trainer.policy, trainer.ending, near)
    while not trainer.finished:
        trainer.step()
    after = evaluation.score(trainer.policy, trainer.ending, near)
    assert before.win_rate < 0.5
    assert after.win_rate > 0.9


def test_a_run_is_the_same_again_and_resumes_to_the_bit(tmp_path: Path) -> None:
    whole, again = (list(grpo.run(TINY, 7)) for _ in range(2))
    trainer = Trainer(TINY, 7)
    cut = [trainer.step() for _ in range(2)]
    path = tmp_path / "run.safetensors"
    checkpoint.write(path, trainer, {})
    resumed = Trainer(TINY, 7)
    assert checkpoint.read(path, resumed) == {}
    while not resumed.finished:
        cut.append(resumed.step())
    assert len(whole) > 3
    for one, two, three in zip(whole, again, cut, strict=True):
        for field in fields(one):
            want = getattr(one, field.name)
            np.testing.assert_array_equal(getattr(two, field.name), want)
            np.testing.assert_array_equal(getattr(three, field.name), want)
    with pytest.raises(ValueError, match="another run"):
        checkpoint.read(path, Trainer(TINY, 8))
    path.write_bytes(path.read_bytes()[:100])
    assert checkpoint.read(path, Trainer(TINY, 7)) is None


def test_reinforce_uniform_and_far_starts_run() -> None:
    reinforce = replace(TINY, baseline="none", normalise="none")
    for config in (reinforce, replace(TINY, starts="uniform"), replace(TINY, starts="far")):
        step = next(islice(grpo.run(config, 0), 1, None))
        assert step.visited > 0
        assert np.isfinite(step.grad_norm)


# --- evaluation ---------------------------------------------------------------------------------------


def test_a_perfect_player_scores_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def best(_: Any, ending: Ending, states: Any) -> Any:
        allowed = environment.legal(ending, states)
        chosen = []
        for state, row in zip(states, allowed, strict=True):
            actions = np.flatnonzero(row)
            left = ending.black[environment.before_reply(ending, np.full(len(actions), state), actions)]
            chosen.append(actions[np.where(left < 0, 99, left).argmin()])
        return np.array(chosen)

    monkeypatch.setattr(evaluation, "greedy", best)
    for name in ENDINGS:
        ending = solve(name)
        score = evaluation.score(Trainer(TINY, 0).policy, ending, evaluation.positions(ending, 0, 50))
        assert (score.win_rate, score.length_ratio) == (1.0, 1.0)
