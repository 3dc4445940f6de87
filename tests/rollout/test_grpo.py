"""Laws and known answers of the rollout engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

chess = pytest.importorskip("chess", reason="needs the extra `engines`")
torch = pytest.importorskip("torch", reason="needs the extra `engines`")

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment import checkpoint  # noqa: E402
from stagelight.engines.rollout import encoding, grpo, mate_training, positions, record, spotlight, verifier  # noqa: E402
from stagelight.engines.rollout.grpo import Config, Trainer  # noqa: E402
from stagelight.engines.rollout.policy import Policy, entropy, gather, log_softmax  # noqa: E402

pytestmark = pytest.mark.engine
CORPUS = positions.load()
SAMPLE = CORPUS.train[:: len(CORPUS.train) // 120][:120]
TABLE = encoding.compile_positions(list(SAMPLE))
TINY = Config(steps=6, groups=16, visit_limit=32, tied_kept=8, width=16, query_width=16)


def boards(count: int = 40) -> list[Any]:
    """A spread of corpus positions."""
    return [positions.unpack(row) for row in SAMPLE[:: max(1, len(SAMPLE) // count)]]


# --- positions ----------------------------------------------------------------------------------------


def test_the_corpus_is_as_large_as_promised_and_disjoint() -> None:
    assert len(CORPUS.train) >= 20_000
    assert len(CORPUS.held_out) >= 1_000
    train, held_out = ({row.tobytes() for row in rows} for rows in (CORPUS.train, CORPUS.held_out))
    assert len(train) == len(CORPUS.train)
    assert len(held_out) == len(CORPUS.held_out)
    assert not train & held_out


def test_every_sampled_position_has_the_mate_it_claims_and_is_canonical() -> None:
    for row in [*SAMPLE, *CORPUS.held_out[::40]]:
        board = positions.unpack(row)
        assert board.turn == chess.WHITE
        assert positions.mates(board)
        assert positions.pack(positions.canonical(board)) == row.tobytes()


def test_canonical_form_forgets_colour_and_side() -> None:
    for board in boards():
        packed = positions.pack(positions.canonical(board))
        assert positions.pack(positions.canonical(board.mirror())) == packed
        if not board.castling_rights:
            assert positions.pack(positions.canonical(board.transform(chess.flip_horizontal))) == packed


def test_mates_agrees_with_playing_every_move() -> None:
    for board in boards(15):
        slow = []
        for move in board.legal_moves:
            board.push(move)
            if board.is_checkmate():
                slow.append(move)
            board.pop()
        assert positions.mates(board) == slow


def test_the_split_is_by_game_and_a_position_on_both_sides_trains() -> None:
    found = [(game, bytes([game % 7]) * positions.PACKED) for game in range(600)]
    train, held_out = positions.split(found, 2026)
    assert len(held_out) == 0  # every one of the seven also occurs in a training game
    assert len(train) == 7
    share = np.mean([positions.held_out(game, 2026) for game in range(20_000)])
    assert abs(share - positions.HELD_OUT_PERCENT / 100) < 0.01


@pytest.mark.parametrize("bad", [b"", b"\xff" * positions.PACKED, bytes(positions.PACKED)])
def test_unpack_refuses_what_is_no_position(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"position|piece code"):
        positions.unpack(bad)


def test_a_foreign_corpus_is_refused_with_the_next_action(tmp_path: Path) -> None:
    for name, content in (("none", None), ("text", b"hello"), ("cut", positions.CORPUS.read_bytes()[:999])):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=r"stagelight corpus rollout"):
            positions.load(path)


# --- verifier and encoding ----------------------------------------------------------------------------


def test_the_verifier_pays_mate_only() -> None:
    board = chess.Board("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1")
    paid = {move.uci() for move in board.legal_moves if verifier.reward(board, move) == 1.0}
    assert paid == {"a1a8"}
    with pytest.raises(ValueError, match="not legal"):
        verifier.reward(board, chess.Move.from_uci("a1b2"))


def test_compiled_rewards_are_the_verifiers_word() -> None:
    for row in range(0, len(TABLE), 12):
        board, at = positions.unpack(SAMPLE[row]), TABLE.move_at[row]
        for offset, move in enumerate(encoding.legal_moves(board)):
            assert encoding.decode(int(TABLE.code[at + offset])) == move
            assert TABLE.mates[at + offset] == (verifier.reward(board, move) == 1.0)


def test_mirrored_features_are_the_features_of_the_mirrored_board() -> None:
    for board in boards():
        if board.castling_rights or board.ep_square is not None:
            continue
        mirrored = board.transform(chess.flip_horizontal)
        flipped = encoding.STATE_FLIP[encoding.state_features(board)]
        assert sorted(flipped) == sorted(encoding.state_features(mirrored))
        for move in encoding.legal_moves(board)[:6]:
            other = chess.Move(move.from_square ^ 7, move.to_square ^ 7, move.promotion)
            here = encoding.MOVE_FLIP[encoding.move_features(board, move)]
            assert here.tolist() == encoding.move_features(mirrored, other)


def test_no_feature_tells_that_a_move_mates() -> None:
    """Two boards, one flight square apart: the move's own features are the same, its reward is not."""
    mate = chess.Board("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1")
    flight = chess.Board("6k1/5pp1/8/8/8/8/8/R5K1 w - - 0 1")
    move = chess.Move.from_uci("a1a8")
    assert encoding.move_features(mate, move) == encoding.move_features(flight, move)
    assert verifier.reward(mate, move) != verifier.reward(flight, move)


# --- policy and GRPO ----------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(-30, 30), min_size=1, max_size=9), min_size=1, max_size=6))
def test_probabilities_of_a_position_sum_to_one(groups: list[list[float]]) -> None:
    owner = torch.tensor([i for i, group in enumerate(groups) for _ in group])
    logp = log_softmax(torch.tensor([x for group in groups for x in group]), owner, len(groups))
    total = torch.zeros(len(groups)).index_add(0, owner, logp.exp())
    assert torch.allclose(total, torch.ones(len(groups)), atol=1e-5)
    assert bool((entropy(logp, owner, len(groups)) >= -1e-5).all())


@given(st.integers(1, 12), st.integers(2, 32), st.integers(0, 2**32 - 1))
def test_advantages_of_a_group_sum_to_zero(starts: int, size: int, seed: int) -> None:
    reward = (np.random.default_rng(seed).random((starts, size)) < 0.3).astype(np.float32)
    advantage = grpo.advantages(reward)
    assert np.allclose(advantage.sum(axis=1), 0, atol=1e-5)
    assert np.allclose(advantage[reward.std(axis=1) == 0], 0, atol=1e-6)


def test_sampling_follows_the_policy_and_stays_in_its_position() -> None:
    policy = Policy(16, 16, torch.Generator().manual_seed(3))
    index = np.arange(20)
    batch = gather(TABLE, index, np.zeros(20, np.bool_))
    with torch.no_grad():
        logp = policy(batch)
    drawn = grpo.sample(logp, batch, 4000, torch.Generator().manual_seed(0)).numpy()
    counts = np.diff(TABLE.move_at)[:20]
    assert (drawn >= 0).all()
    assert (drawn < counts[:, None]).all()
    share = np.bincount(drawn[0], minlength=counts[0]) / 4000
    assert np.abs(share - logp[: counts[0]].exp().numpy()).max() < 0.03


def test_the_objective_is_the_clipped_surrogate() -> None:
    ratio = torch.tensor([[1.0, 1.5, 1.5, 0.5, 0.5, 1.1]])
    advantage = torch.tensor([[1.0, 1.0, -1.0, 1.0, -1.0, 1.0]])
    gain, left = grpo.objective(ratio.log(), torch.zeros(1, 6), advantage, Config(eps_low=0.2, eps_high=0.28))
    assert torch.allclose(gain, torch.tensor([[1.0, 1.28, -1.5, 0.5, -0.8, 1.1]]))
    assert left.tolist() == [[False, True, True, True, True, False]]


def test_tied_groups_carry_no_advantage_and_are_counted() -> None:
    step = Trainer(TINY, 0, TABLE).step()
    assert (step.groups.reward.std(axis=1) > 0).all()
    assert (step.tied.reward.std(axis=1) == 0).all()
    assert not step.tied.advantage.any()
    assert step.used == len(step.groups.index) <= TINY.groups
    assert 0 < step.frac_reward_zero_std < 1
    assert step.visited <= TINY.visit_limit


def test_the_spotlight_is_the_first_start_and_no_other() -> None:
    trainer = Trainer(replace(TINY, tied_kept=999, groups=999, visit_limit=64), 0, TABLE)
    step = trainer.step(first=5)
    rows = np.concatenate([step.groups.index, step.tied.index])
    assert (rows == 5).sum() == 1
    for groups in (step.groups, step.tied):
        assert not groups.mirror[groups.index == 5].any()


def test_it_learns_what_it_is_shown() -> None:
    """A known answer: 120 positions, learnt by heart from reward alone."""
    config = Config(steps=40, groups=64, visit_limit=128, tied_kept=32, learning_rate=2e-3, width=64, query_width=64)
    trainer = Trainer(config, 0, TABLE)
    before = grpo.solve_rate(trainer.policy, TABLE)
    while trainer.done < config.steps:
        trainer.step()
    assert before < 0.3
    assert grpo.solve_rate(trainer.policy, TABLE) > 0.8


def test_a_run_taken_up_again_is_the_run_that_was_not_put_down(tmp_path: Path) -> None:
    whole, first, second = (Trainer(TINY, 4, TABLE) for _ in range(3))
    for _ in range(4):
        whole.step()
    first.step()
    first.step()
    checkpoint.write(tmp_path / "run", first, {"reward": np.arange(2.0)})
    log = checkpoint.read(tmp_path / "run", second)
    assert log is not None
    assert log["reward"].tolist() == [0, 1]
    for _ in range(2):
        second.step()
    for a, b in zip(whole.policy.parameters(), second.policy.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_damaged_checkpoint_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run"
    assert checkpoint.read(path, Trainer(TINY, 0, TABLE)) is None
    checkpoint.write(path, Trainer(TINY, 0, TABLE), {})
    path.write_bytes(path.read_bytes()[:-100])
    assert checkpoint.read(path, Trainer(TINY, 0, TABLE)) is None


# --- recording ----------------------------------------------------------------------------------------


def make(cache: Path, **kwargs: Any) -> recording.Recording:
    corpus = positions.Corpus(SAMPLE, CORPUS.held_out[:40])
    return record.make(cache, lambda *_: None, config=TINY, seeds=(0, 1), corpus=corpus, ladder={}, **kwargs)


def test_a_recording_is_reproducible_and_says_what_was_measured(tmp_path: Path) -> None:
    one, two = make(tmp_path / "a"), make(tmp_path / "b")
    assert recording.same(one, two) == []
    recording.save(one, tmp_path)
    loaded = recording.load(tmp_path, "rollout")
    assert recording.same(one, loaded) == []
    arrays = loaded.arrays
    assert loaded.fact("mate_in_one.solve_rate") == pytest.approx(arrays["solve_rate"][:, -1].mean(), abs=1e-6)
    assert arrays["watch_step"].tolist() == mate_training.examined(TINY.steps)[1:]
    assert np.allclose(arrays["watch_advantage"].sum(axis=1), 0, atol=1e-5)
    assert np.allclose(arrays["watch_before"].sum(axis=1), 1, atol=1e-4)
    for group, reward in zip(arrays["watch_move"], arrays["watch_reward"], strict=True):
        assert (arrays["mate"][group] == (reward == 1)).all()


def test_a_killed_recording_goes_on_from_its_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make(tmp_path / "whole")
    monkeypatch.setattr(mate_training, "CHECKPOINT_SECONDS", 0.0)
    steps, plain = [0], Trainer.step

    def dies(self: Trainer, first: int | None = None) -> grpo.Step:
        steps[0] += 1
        if steps[0] == 9:
            raise KeyboardInterrupt
        return plain(self, first)

    monkeypatch.setattr(Trainer, "step", dies)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "cut")
    assert recording.same(whole, make(tmp_path / "cut")) == []
    assert steps[0] == 9 + 2 * TINY.steps - 8  # not one step was done twice


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        ("nonsense", "not a FEN"),
        ("8/8/8/8/8/8/8/8 w - - 0 1", "not a legal position"),
        ("R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1", "the game is over"),
        (chess.STARTING_FEN, "no mate in one"),
    ],
)
def test_a_wrong_start_is_refused_in_one_line(fen: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        record.reader_position(fen)
    assert "\n" not in str(caught.value)


def test_a_readers_position_stands_in_the_spotlight(tmp_path: Path) -> None:
    made = make(tmp_path, start="r5k1/8/8/8/8/8/5PPP/6K1 b - - 0 1")
    assert made.events[0]["fen"].startswith("6k1/5ppp/8/8/8/8/8/R5K1 w")
    assert made.events[0]["legal"][int(np.argmax(made.arrays["mate"]))] == "Ra8#"


def test_the_spotlight_is_chosen_by_its_rule() -> None:
    counts = np.diff(TABLE.move_at)
    mates = np.add.reduceat(TABLE.mates.astype(int), TABLE.move_at[:-1])
    first_mate = np.array([TABLE.mates[a:b].argmax() for a, b in zip(TABLE.move_at, TABLE.move_at[1:], strict=False)])
    rows = np.arange(len(TABLE))
    moves = (first_mate[:, None] + np.arange(4)) % counts[:, None]
    moves[7] = first_mate[7]  # all the same
    reward = TABLE.mates[TABLE.move_at[:-1, None] + moves].astype(np.float32)
    mirror = rows % 3 == 0
    groups = grpo.Groups(rows, mirror, moves, reward, grpo.advantages(reward), reward)
    few = np.array([len(positions.unpack(row).piece_map()) <= spotlight.MOST_MEN for row in SAMPLE])
    fit = np.flatnonzero(few & (mates == 1) & ~mirror & (counts >= 4) & (rows != 7))
    assert len(fit) > 3
    assert spotlight.choose(groups, TABLE, SAMPLE) == fit[counts[fit].argmin()]


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 5000))
def test_a_run_is_examined_before_its_first_and_after_its_last_step(steps: int) -> None:
    moments = mate_training.examined(steps)
    assert moments[:2] == [0, 1]
    assert moments[-1] == steps
    assert moments == sorted(set(moments))
