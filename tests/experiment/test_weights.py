"""Weights are read only as they were sealed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from stagelight.engines import recording  # noqa: E402
from stagelight.engines.experiment import weights  # noqa: E402
from stagelight.engines.rollout import inference  # noqa: E402
from stagelight.engines.scan.model import denoiser, prior  # noqa: E402
from stagelight.engines.village import record  # noqa: E402
from stagelight.engines.village.llm import runs, smollm  # noqa: E402
from stagelight.engines.village.llm.types import ModelError  # noqa: E402
from stagelight.engines.village.training import networks  # noqa: E402
from support.paths import RECORDINGS  # noqa: E402

ADAPTER = runs.ADAPTER / smollm.ADAPTER
SHIPPED = (RECORDINGS / inference.FILE, record.POLICY, denoiser.WEIGHTS, denoiser.FINE, denoiser.COARSE, ADAPTER)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "some.safetensors"
    weights.write(
        found, {"b": torch.arange(6.0).reshape(2, 3).T, "a": torch.zeros(3, dtype=torch.bfloat16)}, {"k": "1"}
    )
    return found


def test_weights_come_back_with_their_words(path: Path) -> None:
    tensors, words = weights.read(path)
    assert words == {"k": "1"}
    assert torch.equal(tensors["b"], torch.arange(6.0).reshape(2, 3).T)
    assert tensors["a"].dtype == torch.bfloat16


def test_the_seal_is_what_sha256sum_writes(path: Path) -> None:
    assert path.with_name("some.safetensors.sha256").read_text() == f"{recording.sha256(path)}  some.safetensors\n"


SEALS: dict[str, tuple[Callable[[str], str], bool]] = {
    "of the binary kind": (lambda line: line.replace("  ", " *"), True),
    "made from another folder": (lambda line: line.replace("  ", "  ./some where/"), True),
    "without an end": (lambda line: line.rstrip("\n"), True),
    "empty": (lambda _: "", False),
    "of another file": (lambda line: line.replace("some", "other"), False),
    "twice": (lambda line: line * 2, False),
    "cut": (lambda line: line[1:], False),
    "with a digit changed": (lambda line: ("1" if line[0] == "0" else "0") + line[1:], False),
    "of a file that is not there": (lambda line: line + line.replace("some", "other"), False),
    "of a folder": (lambda line: line + line.replace("some.safetensors", ".."), False),
    "endless": (lambda line: line + " " * weights.MAX_SEAL_BYTES, False),
}


@pytest.mark.parametrize(("change", "fits"), SEALS.values(), ids=SEALS.keys())
def test_a_seal_is_read_as_sha256sum_reads_it(path: Path, change: Callable[[str], str], fits: bool) -> None:
    beside = path.with_name("some.safetensors.sha256")
    beside.write_text(change(beside.read_text()))
    if fits:
        assert weights.read(path)[1] == {"k": "1"}
    else:
        with pytest.raises((OSError, ValueError)):
            weights.read(path)


def test_without_a_seal_nothing_is_read(path: Path) -> None:
    path.with_name("some.safetensors.sha256").unlink()
    with pytest.raises(ValueError, match=r"no some.safetensors.sha256 beside it; `sha256sum some.safetensors > some\."):
        weights.read(path)


def test_a_seal_covers_what_the_weights_are_of_no_use_without(path: Path) -> None:
    other = path.with_name("about.json")
    other.write_text("{}")
    weights.seal(path, ("about.json",))
    weights.read(path)
    other.write_text("{ }")
    with pytest.raises(ValueError, match=r"about\.json was changed"):
        weights.read(path)


@pytest.mark.parametrize("path_", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_is_sealed_and_is_what_the_recordings_name(path_: Path) -> None:
    weights.check(path_)
    named = {
        record.POLICY: ("village", "policy_sha256"),
        denoiser.WEIGHTS: ("scan", "unrolled_sha256"),
        denoiser.FINE: ("scan", "fine_sha256"),
        denoiser.COARSE: ("scan", "coarse_sha256"),
    }
    if path_ in named:
        scene, key = named[path_]
        assert recording.load_head(RECORDINGS, scene)["config"][key] == recording.sha256(path_)


LOADERS: dict[Path, Callable[[Path], object]] = {
    RECORDINGS / inference.FILE: inference.load,
    record.POLICY: networks.load,
    denoiser.WEIGHTS: denoiser.load,
    denoiser.FINE: prior.fine.__wrapped__,
    denoiser.COARSE: prior.coarse_network.__wrapped__,
}


@pytest.mark.parametrize(("shipped", "load"), LOADERS.items(), ids=[path.name for path in LOADERS])
def test_one_bit_is_noticed_by_whatever_loads_them(
    tmp_path: Path, shipped: Path, load: Callable[[Path], object]
) -> None:
    path = tmp_path / shipped.name
    for each in shipped.parent.glob(f"{shipped.name}*"):
        shutil.copy(each, tmp_path)
    load(path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"{shipped.name} was changed: its SHA-256 is") as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [smollm.ADAPTER, "adapter_config.json", "about.json"])
def test_one_bit_of_the_adapter_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(runs.ADAPTER, folder)
    monkeypatch.setattr(runs, "ADAPTER", folder)
    assert runs.about()["examples"] > 0
    data = bytearray((folder / name).read_bytes())
    data[-9] ^= 1
    (folder / name).write_bytes(data)
    for load in (runs.about, lambda: smollm.merge({}, folder)):
        with pytest.raises(ModelError, match=rf"{name} was changed"):
            load()


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, odd: float) -> None:
    path = tmp_path / "mine.safetensors"
    weights.write(path, {"fine": torch.ones(3), "broken": torch.tensor([1.0, odd])})
    with pytest.raises(ValueError, match="broken is not all numbers"):
        weights.read(path)
