"""Code versions: what changes them, what does not, and which modules they cover."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagelight.engines.experiment import provenance
from stagelight.engines.experiment.provenance import SourceError, closure, code_version

FILES = {
    "__init__.py": "",
    "run.py": '"""A run."""\nfrom studied.rules import PRICE\n\n\ndef pay() -> int:\n    return PRICE\n',
    "rules.py": '"""The rules."""\nPRICE = 3  # coins\n',
    "other.py": '"""Not imported."""\n',
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `studied` of three modules, of which `run` imports `rules`."""
    folder = tmp_path / "studied"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    sys.modules.pop("studied", None)


def version_after(path: Path, old: str, new: str) -> str:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return code_version("studied.run")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A run."""', '"""A run, explained at length."""'),
        ("def pay() -> int:\n", 'def pay() -> int:\n    """Return the price."""\n    # in coins\n'),
        ("    return PRICE", "\n    return (\n        PRICE\n    )"),
    ],
)
def test_docstrings_comments_and_formatting_change_no_version(package: Path, old: str, new: str) -> None:
    before = code_version("studied.run")
    assert version_after(package / "run.py", old, new) == before


def test_a_rule_changes_the_version_of_all_that_reaches_it_and_of_nothing_else(package: Path) -> None:
    before, apart = code_version("studied.run"), code_version("studied.other")
    assert version_after(package / "rules.py", "PRICE = 3", "PRICE = 4") != before
    assert code_version("studied.other") == apart


@pytest.mark.parametrize(
    "line",
    [
        "import studied.other",
        "from studied import other",
        "def later():\n    from . import other",
        "import importlib\nimportlib.import_module('studied.other')",
    ],
)
def test_a_new_import_needs_no_list(package: Path, line: str) -> None:
    assert "studied.other" not in closure("studied.run")
    version_after(package / "run.py", '"""A run."""\n', f'"""A run."""\n{line}\n')
    assert "studied.other" in closure("studied.run")


def test_what_type_checkers_alone_import_is_not_followed(package: Path) -> None:
    guarded = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import studied.other\n"
    version_after(package / "run.py", '"""A run."""\n', f'"""A run."""\n{guarded}')
    assert "studied.other" not in closure("studied.run")


def test_the_bytes_of_data_count(package: Path) -> None:
    data = package / "weights.bin"
    data.write_bytes(b"1")
    before = code_version("studied.run", files=[data])
    data.write_bytes(b"2")
    assert code_version("studied.run", files=[data]) != before != code_version("studied.run")


def test_parents_count_and_neutral_modules_do_not(package: Path) -> None:
    assert "studied" in closure("studied.run")
    before = code_version("studied.run")
    assert version_after(package / "run.py", "from studied", "from stagelight.engines import recording\nfrom studied")
    neutral = code_version("studied.run")
    assert neutral != before  # the statement itself is new
    assert {name for name in closure("studied.run") if name.startswith("stagelight")} <= provenance.NEUTRAL


def test_neutral_modules_exist() -> None:
    assert [name for name in provenance.NEUTRAL if provenance.module_file(name) is None] == []


def test_a_version_is_the_same_on_every_python(package: Path) -> None:
    """Fields that one version of Python leaves out of a syntax tree, and another has empty, are left out."""
    import ast

    tree = provenance._plain(ast.parse("def f[T](x): pass" if sys.version_info >= (3, 12) else "def f(x): pass"))
    assert "[]" not in str(tree)


def test_a_broken_source_is_named_with_its_line(package: Path) -> None:
    with pytest.raises(SourceError, match=r"run\.py, line 2: .*; correct it and try again"):
        version_after(package / "run.py", "from studied.rules import PRICE", "from from")


def test_a_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no module 'stagelight\.engines\.nothing'"):
        code_version("stagelight.engines.nothing")
