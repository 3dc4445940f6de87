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
from stagelight.engines.scan.methods import registry
from stagelight.engines.scan.methods.protocol import Case
from stagelight.engines.scan.training import stages

pytestmark = pytest.mark.engine
PACKAGE = Path(scan.__file__).resolve().parent
CASE = Case("colin27", "poisson", 16.0, 1)
Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Let versions be taken of a tree in which a module of the scan is changed: its path, old text, new text."""
    found = provenance.module_file
    changed: dict[str, Path] = {}
    monkeypatch.setattr(provenance, "module_file", lambda name: changed.get(name) or found(name))

    def change(module: str, old: str, new: str) -> None:
        text = (PACKAGE / f"{module}.py").read_text()
        assert old in text
        name = ".".join((scan.__name__, *module.split("/"))).removesuffix(".__init__")
        changed[name] = tmp_path / f"{module}.py"
        changed[name].parent.mkdir(exist_ok=True)
        changed[name].write_text(text.replace(old, new))

    return change


def versions() -> dict[str, str]:
    """The version or key of everything that is cached or recorded, by name."""
    found = {module.__name__.rpartition(".")[2]: provenance.code_version(module.__name__)
             for module in (observers, direct_reconstructions, training_examples, training_set)}  # fmt: skip
    found |= {method.name: benchmark_cells.key(CASE, method) for method in registry.methods()}
    return found | {"training": str(stages.checkpoint(Path(), stages.STAGES, 1)), "record": record.version(),
                    "table": benchmark.version()}  # fmt: skip


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return versions()


def touched(before: dict[str, str]) -> set[str]:
    return {name for name, version in versions().items() if version != before[name]}


SAMPLED, UNROLLED = {"sample", "diffusion", "pair", "silent", "nonsense", "inconsistent", "alone"}, {"unrolled"}
CLASSICAL, POSTERIOR = {"zero_filled", "variation", "wavelet"}, {"dps", "diffpir"}
NETWORK = SAMPLED | UNROLLED | POSTERIOR | {"plug_and_play"}
OBSERVED, DIRECT, EXAMPLES, ITEMS = {"observers"}, {"direct_reconstructions"}, {"training_examples"}, {"training_set"}
TRAINING = {"training"}


@pytest.mark.parametrize(
    ("module", "old", "new", "wanted", "spared"),
    [
        ("data/captions", "millilitres < 5", "millilitres < 6", EXAMPLES | TRAINING, OBSERVED | ITEMS | NETWORK),
        ("data/synthetic", "rng.uniform(6, 30)", "rng.uniform(6, 31)", EXAMPLES | ITEMS | TRAINING, OBSERVED | NETWORK),
        ("data/tissue", "Tissue(840", "Tissue(841", EXAMPLES | ITEMS, OBSERVED),
        ("training_examples", "LEVELS = (0.35", "LEVELS = (0.36", EXAMPLES, OBSERVED | ITEMS | TRAINING),
        ("methods/diffusion", "SHARE = 0.85", "SHARE = 0.86", OBSERVED | SAMPLED,
         EXAMPLES | TRAINING | UNROLLED | POSTERIOR),
        ("methods/unrolled", "SHIFTS = (0, 2)", "SHIFTS = (0, 1)", UNROLLED | DIRECT,
         OBSERVED | TRAINING | SAMPLED | CLASSICAL | POSTERIOR | {"plug_and_play"}),
        ("methods/rounds", "TAUS = (0.05", "TAUS = (0.06", UNROLLED | DIRECT | TRAINING,
         OBSERVED | SAMPLED | CLASSICAL | POSTERIOR),
        ("methods/pnp_admm", "rounds: int = 10", "rounds: int = 9", {"plug_and_play"}, NETWORK - {"plug_and_play"}),
        ("methods/dps", "zeta: float = 1.0", "zeta: float = 1.1", {"dps"}, (NETWORK - {"dps"}) | OBSERVED | CLASSICAL),
        ("methods/diffpir", "fresh: float = 0.3", "fresh: float = 0.4", {"diffpir"}, NETWORK - {"diffpir"}),
        ("methods/tuned_classical", "STOPS = (48", "STOPS = (40", CLASSICAL | DIRECT, NETWORK),
        ("methods/network", "normal anatomy", "no lesion", NETWORK | OBSERVED, CLASSICAL | TRAINING | EXAMPLES),
        ("methods/alone", "steps=60", "steps=61", {"alone"}, (NETWORK - {"alone"}) | OBSERVED | CLASSICAL),
        ("metrics", "0.01**2", "0.02**2", NETWORK | CLASSICAL, OBSERVED | EXAMPLES),
        ("model/text_encoder", "EPS = 6, 12, 1e-12", "EPS = 6, 12, 1e-11", NETWORK | OBSERVED | TRAINING, EXAMPLES),
        ("training/train_unrolled", "clip: float = 0.3", "clip: float = 0.4", TRAINING, ITEMS | OBSERVED | {"record"}),
        ("benchmark_summary", "1024", "1000", set(), OBSERVED | EXAMPLES | NETWORK),
        ("patient_runs", "ERROR_MOST, SPREAD_MOST = 0.25", "ERROR_MOST, SPREAD_MOST = 0.3", set(), OBSERVED | EXAMPLES),
        ("uncertainty", "t.sf(2", "t.sf(3", set(), OBSERVED | DIRECT),
        ("benchmark", '"peak_memory_gb"', '"peak_memory"', set(), OBSERVED | NETWORK),
    ],
)  # fmt: skip
def test_a_changed_rule_changes_what_it_reaches(
    edit: Edit, before: dict[str, str], module: str, old: str, new: str, wanted: set[str], spared: set[str]
) -> None:
    """The table's version covers all that it comes from, and the recording's all that its own runs do."""
    edit(module, old, new)
    changed = touched(before)
    assert wanted <= changed
    assert not spared & changed
    beside = {
        "training/train_unrolled",
        "benchmark",
        "benchmark_summary",
        "methods/dps",
        "methods/diffpir",
        "methods/pnp_admm",
    }
    assert ("record" in changed) == (module not in beside)
    assert ("table" in changed) == (module != "training/train_unrolled")


def test_mended_docstrings_change_nothing(edit: Edit, before: dict[str, str]) -> None:
    for path in PACKAGE.rglob("*.py"):
        first = ast.get_docstring(ast.parse(path.read_text()), clean=False)
        assert first
        edit(path.relative_to(PACKAGE).with_suffix("").as_posix(), first, f"{first} More is said of it here.")
    assert touched(before) == set()


@pytest.mark.parametrize("module", ["user_scan", "data/nifti", "data/leakage_check"])
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
    edit("data/captions", "millilitres < 5", "millilitres < 6")
    record._seen(3, kept)
    assert drawn == [3, 3]


def test_weights_are_part_of_a_cells_key(tmp_path: Path) -> None:
    method = next(method for method in registry.methods() if method.name == "alone")
    assert [path.name for path in method.files] == ["fine.safetensors", "coarse.safetensors"]
    other = tmp_path / "fine.safetensors"
    other.write_bytes(b"other")
    assert benchmark_cells.key(CASE, replace(method, files=(other, method.files[1]))) != benchmark_cells.key(
        CASE, method
    )


def test_every_method_names_the_module_that_implements_it() -> None:
    names = {method.name: method.module.rpartition(".")[2] for method in registry.methods()}
    assert {names[name] for name in CLASSICAL} == {"tuned_classical"}
    assert {names[name] for name in UNROLLED} == {"unrolled"}
    assert {names[name] for name in SAMPLED} == {"diffusion", "alone"}
    assert {name: names[name] for name in ("plug_and_play", "dps", "diffpir")} == {
        "plug_and_play": "pnp_admm", "dps": "dps", "diffpir": "diffpir"
    }  # fmt: skip


def test_no_list_of_sources_is_kept_by_hand() -> None:
    """No module names a source file, or takes a version of anything but an import closure."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        words = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if any(word.endswith(".py") for word in words) or {"version_of", "source_version", "SOURCES"} & names:
            wrong.append(path.name)
    assert wrong == []
