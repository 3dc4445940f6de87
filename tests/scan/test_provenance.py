"""The code versions under which the scan's runs are cached and recorded: wide enough, and no wider."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sigpy")

from stagelight.engines import scan
from stagelight.engines.experiment import provenance
from stagelight.engines.experiment.progress import NEVER, silent
from stagelight.engines.scan import (
    benchmark,
    benchmark_cells,
    direct_reconstructions,
    observers,
    record,
    run_cache,
    training_examples,
)
from stagelight.engines.scan.data import training_set
from stagelight.engines.scan.methods.protocol import Case
from stagelight.engines.scan.training import stages

pytestmark = pytest.mark.engine
PACKAGE = Path(scan.__file__).resolve().parent
CASE = Case("colin27", "poisson", 16.0, 1)
Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Let versions be taken of a tree in which a module of the scan is changed: its name, old text, new text."""
    found = provenance.module_file
    changed: dict[str, Path] = {}
    monkeypatch.setattr(provenance, "module_file", lambda name: changed.get(name) or found(name))

    def change(module: str, old: str, new: str) -> None:
        text = (PACKAGE / f"{module}.py").read_text()
        assert old in text
        name = scan.__name__ if module == "__init__" else f"{scan.__name__}.{module}"
        changed[name] = tmp_path / f"{module}.py"
        (tmp_path / f"{module}.py").write_text(text.replace(old, new))

    return change


def versions() -> dict[str, str]:
    """The version or key of everything that is cached or recorded, by name."""
    found = {module.__name__.rpartition(".")[2]: provenance.code_version(module.__name__)
             for module in (observers, direct_reconstructions, training_examples, training_set)}  # fmt: skip
    found |= {method.name: benchmark_cells.key(CASE, method) for method in benchmark.methods()}
    return found | {"training": str(stages.checkpoint(Path(), stages.STAGES, 1)), "record": record.version(),
                    "table": benchmark.version()}  # fmt: skip


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return versions()


def touched(before: dict[str, str]) -> set[str]:
    return {name for name, version in versions().items() if version != before[name]}


SAMPLED, UNROLLED = {"sample", "samples", "unconditioned"}, {"ours", "silent", "wrong_side", "inconsistent"}
PEERS, CLASSICAL = {"dps", "diffpir"}, {"zero_filled", "variation", "wavelet"}


@pytest.mark.parametrize(
    ("module", "old", "new", "wanted", "spared"),
    [
        ("prompts", "millilitres < 5", "millilitres < 6", {"seen", "training"}, {"runs", "ours", "corpus"}),
        ("anatomy", "rng.uniform(6, 30)", "rng.uniform(6, 31)", {"seen", "corpus", "training"}, {"runs", "ours"}),
        ("tissue", "Tissue(840", "Tissue(841", {"seen", "corpus"}, {"runs"}),
        ("seen", "LEVELS = (0.35", "LEVELS = (0.36", {"seen"}, {"runs", "corpus", "training"}),
        ("sampler", "SHARE = 0.85", "SHARE = 0.86", {"runs"} | SAMPLED, {"seen", "training"} | UNROLLED | PEERS),
        ("finishers", "TAUS = (0.05", "TAUS = (0.06", UNROLLED | {"direct_methods"}, {"runs"} | SAMPLED | CLASSICAL),
        ("peers", "zeta: float = 1.0", "zeta: float = 1.1", PEERS, {"runs"} | SAMPLED | UNROLLED | CLASSICAL),
        ("classical_methods", "STOPS = (48", "STOPS = (40", CLASSICAL | {"direct_methods"}, SAMPLED | UNROLLED),
        ("metrics", "0.01**2", "0.02**2", SAMPLED | UNROLLED | PEERS | CLASSICAL, {"runs", "seen"}),
        ("text", "EPS = 6, 12, 1e-12", "EPS = 6, 12, 1e-11", {"runs", "training"} | SAMPLED | UNROLLED, {"seen"}),
        ("train", "clip: float = 0.3", "clip: float = 0.4", {"training"}, {"corpus", "runs", "record"}),
        ("told", "1024", "1000", set(), {"runs", "seen"} | SAMPLED),
        ("patient_runs", "ERROR_MOST, SPREAD_MOST = 0.25", "ERROR_MOST, SPREAD_MOST = 0.3", set(), {"runs", "seen"}),
        ("uncertainty", "WIDER = 1.3", "WIDER = 1.4", set(), {"runs", "direct_methods"}),
        ("benchmark", '"peak_memory_gb"', '"peak_memory"', set(), {"runs"} | SAMPLED | UNROLLED),
    ],
)
def test_a_changed_rule_changes_what_it_reaches(
    edit: Edit, before: dict[str, str], module: str, old: str, new: str, wanted: set[str], spared: set[str]
) -> None:
    """The table's version covers all that it comes from, and the recording's all that its own runs do."""
    edit(module, old, new)
    changed = touched(before)
    assert wanted <= changed
    assert not spared & changed
    assert ("record" in changed) == (module not in {"train", "told", "peers", "benchmark"})
    assert ("table" in changed) == (module != "train")


def test_mended_docstrings_change_nothing(edit: Edit, before: dict[str, str]) -> None:
    for path in PACKAGE.glob("*.py"):
        first = ast.get_docstring(ast.parse(path.read_text()), clean=False)
        assert first
        edit(path.stem, first, f"{first} More is said of it here.")
    assert touched(before) == set()


@pytest.mark.parametrize("module", ["bring", "volume", "identity"])
def test_a_module_that_no_run_executes_changes_nothing(edit: Edit, before: dict[str, str], module: str) -> None:
    edit(module, "from __future__ import annotations\n", "from __future__ import annotations\n\nADDED = 1\n")
    assert touched(before) == set()


def test_pictures_of_what_the_prior_learnt_from_follow_a_rule_of_language(
    edit: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are cached; after a change of how a sentence is worded they are drawn again, and not before."""
    drawn: list[int] = []

    def brains(count: int, seed: int, folder: Path) -> dict[str, np.ndarray]:
        drawn.append(count)
        picture = np.zeros((count, 2, 2), np.uint8)
        return {"pictures": picture, "sentences": np.array(["a"] * count), "real": np.zeros(count, bool)}

    monkeypatch.setattr(training_examples, "brains", brains)
    kept = run_cache.Work(tmp_path, silent, NEVER)
    for _ in range(2):
        record._seen(3, kept)
    assert drawn == [3]
    edit("prompts", "millilitres < 5", "millilitres < 6")
    record._seen(3, kept)
    assert drawn == [3, 3]


def test_weights_are_part_of_a_cells_key(tmp_path: Path) -> None:
    method = next(method for method in benchmark.methods() if method.name == "unconditioned")
    assert [path.name for path in method.files] == ["prior.safetensors", "alone.safetensors"]
    other = tmp_path / "prior.safetensors"
    other.write_bytes(b"other")
    assert benchmark_cells.key(CASE, replace(method, files=(other, method.files[1]))) != benchmark_cells.key(
        CASE, method
    )


def test_every_method_names_the_module_that_implements_it() -> None:
    names = {method.name: method.module.rpartition(".")[2] for method in benchmark.methods()}
    assert {names[name] for name in CLASSICAL} == {"classical_methods"}
    assert {names[name] for name in UNROLLED | {"plug_and_play", "wrong_contrast"}} == {"unrolled_methods"}
    assert {names[name] for name in SAMPLED} == {"sampled_methods"}
    assert {names[name] for name in PEERS} == {"peer_methods"}


def test_no_list_of_sources_is_kept_by_hand() -> None:
    """No module names a source file, or takes a version of anything but an import closure."""
    wrong = []
    for path in sorted(PACKAGE.glob("*.py")):
        tree = ast.parse(path.read_text())
        words = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if any(word.endswith(".py") for word in words) or {"version_of", "source_version", "SOURCES"} & names:
            wrong.append(path.name)
    assert wrong == []
