"""Dreams: the measures of what they resemble, and of what they were told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.engine

from stagelight.engines.scan import brain_like, dream_words, dreams, likeness, nearest_training, user_scan  # noqa: E402
from stagelight.engines.scan.data import pool, registry, synthetic, training_set  # noqa: E402
from stagelight.engines.scan.data.synthetic import Fact  # noqa: E402
from stagelight.engines.scan.likeness import Floats, Match  # noqa: E402
from stagelight.engines.scan.nearest_training import Known  # noqa: E402

SHAPE = (24, 24, 28)


def egg(seed: int, power: float = 1.0) -> Floats:
    """A brain of a kind at 4 mm, its halves alike: no two seeds have the same folds."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij", sparse=True)
    folds = synthetic.field(SHAPE, 3.0, np.random.default_rng(seed))
    x = np.clip(0.6 + 0.1 * (folds + folds[:, ::-1]), 0.2, 1) ** power
    return np.where(sum(axis**2 for axis in axes) < 0.5, x, 0).astype(np.float32)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("shift", [(0, 0, 0), (1, -2, 3), (-3, 3, 0)])
def test_a_copy_is_found_shifted_and_mirrored(shift: tuple[int, int, int], mirrored: bool) -> None:
    x = egg(1) + 0.2 * np.linspace(0, 1, SHAPE[1], dtype=np.float32)[:, None] * (egg(1) > 0)
    copy = likeness.moved(x, Match(0, shift, mirrored)) * 3
    found = likeness.match(x, copy)
    assert found.correlation == pytest.approx(1, abs=1e-3)
    assert found.mirrored == mirrored
    assert np.abs(likeness.moved(copy, found) - 3 * x).max() == 0


def test_another_brain_is_no_copy() -> None:
    assert likeness.match(egg(1), egg(2)).correlation < 0.6


def test_a_real_scan_is_about_1_and_noise_and_blur_are_not() -> None:
    real = [egg(seed) for seed in range(6)]
    noise = np.abs(np.random.default_rng(0).standard_normal(SHAPE)).astype(np.float32)
    blurred = egg(7)
    for _ in range(3):
        near = [np.roll(blurred, 1, axis) for axis in range(3)]
        blurred = np.asarray((blurred + sum(near)) / 4, np.float32)
    of_spectrum = [brain_like.distance(brain_like.spectrum(x), [brain_like.spectrum(one) for one in real])
                   for x in (egg(7), noise, blurred)]  # fmt: skip
    assert 0.5 < of_spectrum[0] < 1.6
    assert min(of_spectrum[1:]) > 3
    tissue = likeness.tissue(egg(7))
    known = [brain_like.histogram(one, likeness.tissue(one)) for one in real]
    usual, bright = (brain_like.distance(brain_like.histogram(x, tissue), known) for x in (egg(7), egg(7, 0.5)))
    assert usual < 2 < bright
    curves = [brain_like.spectrum(one) for one in real]
    apart = [brain_like.distance(one, curves[:k] + curves[k + 1 :]) for k, one in enumerate(curves)]
    assert np.mean(apart) == pytest.approx(1, abs=0.1)
    with pytest.raises(ValueError, match="1 real volumes, wanted 2 or more"):
        brain_like.distance(curves[0], curves[:1])


def test_a_contrast_is_told_by_what_it_looks_like() -> None:
    known = {name: [dream_words.features(egg(seed, power)) for seed in range(8)]
             for name, power in (("T1w", 1.0), ("T2w", 2.0))}  # fmt: skip
    for name, power in (("T1w", 1.0), ("T2w", 2.0)):
        assert dream_words.contrast(dream_words.features(egg(20, power)), known) == name


@pytest.mark.parametrize("value", [0.1, 1.5])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_side_of_a_lesion_is_found_bright_or_dark(side: str, value: float) -> None:
    x, columns = egg(3), slice(7, 11) if side == "left" else slice(13, 17)
    x[9:14, columns, 12:17] = value
    assert dream_words.side(x) == side
    at = dreams.place(x, uneven=True)
    assert columns.start <= at[0] / 4 < columns.stop
    assert dream_words.side(likeness.moved(x, Match(0, (0, 2, 0), False))) == side


def test_dreams_stand_beside_the_training_volume_that_they_copy(tmp_path: Path) -> None:
    known = []
    for n in range(3):
        x = np.kron(egg(n), np.ones((4, 4, 4), np.float32)).transpose(1, 2, 0)
        path = tmp_path / f"{n}.safetensors"
        pool.write(
            path, pool.Item(np.ascontiguousarray(x, np.float16), Fact("T1w", "healthy", "", 0, False), "brain", 0.0)
        )
        known.append(Known(path, egg(n), f"labels_{n}", Fact("T1w", "healthy", "", 0, False)))
    copy = likeness.moved(known[1].full(), Match(0, (1, 0, -1), False), 4)
    told = dreams.DREAMS[:1]
    arrays, facts = dreams.beside(told, [nearest_training.at_scale(copy)], known)
    assert list(arrays["subjects"]) == ["labels_1"] and list(arrays["sentences"]) == [told[0].sentence]
    assert facts["0.nearest"] == facts["nearest_training"] == pytest.approx(1, abs=0.01)
    for plane in dreams.SHOWN:
        assert np.abs(arrays[f"dreamt_{plane}"].astype(int) - arrays[f"nearest_{plane}"]).mean() < 4
    assert max(nearest_training.strangers(known, 1)) < 0.85


def test_the_subject_of_an_item_is_that_of_its_making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked(Exception):  # noqa: N818
        pass

    def ask(name: str, *_: object) -> None:
        raise Asked((registry.SCANS | registry.LABELS)[name].subject)

    monkeypatch.setattr(registry, "path", ask)
    monkeypatch.setattr(training_set, "base", ask)
    for index in range(40):
        with pytest.raises(Asked) as asked:
            pool.make(index, pool.Config(), 7, tmp_path)
        assert nearest_training.subject(index, 7) == str(asked.value)


def test_dreams_are_told_words_that_the_network_has_learnt() -> None:
    assert [word for told in (*dreams.DREAMS, *dreams.LESIONS) for word in user_scan.unheard(told.sentence)] == []
