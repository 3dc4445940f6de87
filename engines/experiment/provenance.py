"""The version of the code that a run executes, found by reading its imports.

A module's closure is the module, every module of this project that it imports, wherever in the file the statement
stands, their parent packages, and so on. Its version is a hash over the syntax trees of all of them, without
docstrings, comments and formatting: to mend a sentence changes no version, to change a rule changes the version of
everything that reaches it, and a new import needs no list to be kept. Imports for type checkers alone
(`if TYPE_CHECKING:`) are not executed and not followed. `importlib.import_module` is followed where its argument is a
literal; a module whose name is computed at run time is not seen.

`NEUTRAL` modules store, schedule, compile and report. Results do not depend on them, which the tests of resumption, of
one job against two, and of compiled against plain functions hold, so a version does not either.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from stagelight.engines.recording import Recording, sha256

NEUTRAL = frozenset(
    {"stagelight", "stagelight.engines", "stagelight.engines.experiment"}
    | {f"stagelight.engines.{name}" for name in ("installation", "npz", "recording")}
    | {
        f"stagelight.engines.experiment.{name}"
        for name in ("cache", "checkpoint", "compiling", "pool", "progress", "provenance", "weights", "workers")
    }
)
LENGTH = 16  # hexadecimal digits of a version or key


class SourceError(ValueError):
    """A source cannot be read as Python; the message names the file and the line."""


def code_version(*modules: str, files: Iterable[Path] = ()) -> str:
    """The version of everything that importing and running some modules executes.

    Args:
        modules: dotted names.
        files: data that the code reads, such as weights; their bytes count.

    Raises:
        SourceError: a source of the closure is not Python.
        ModuleNotFoundError: a named module does not exist.
    """
    found = hashlib.sha256()
    for name, path in sorted(closure(*modules).items()):
        if name not in NEUTRAL:
            found.update(f"{name}\0{fingerprint(path)}\0".encode())
    for path in sorted(files, key=lambda path: path.name):
        found.update(f"{path.name}\0{sha256(path)}\0".encode())
    return found.hexdigest()[:LENGTH]


def require_version(before: Recording, version: str) -> None:
    """Refuse a recording that other code made.

    Raises:
        ValueError: it has to be recorded again first.
    """
    if before.code_version != version:
        raise ValueError(
            f"{before.name}.json: made by code {before.code_version}, this is {version}; "
            f"run `click record {before.name}` first"
        )


def key(*parts: Any) -> str:
    """A short name for a combination of JSON values, such as a code version, a configuration and a seed."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:LENGTH]


def closure(*modules: str, follow: Callable[[str, str], bool] = lambda importer, imported: True) -> dict[str, Path]:
    """Modules and all of their own projects that they import, name -> file.

    The projects are the top packages of the modules named, and `stagelight`.

    Args:
        modules: dotted names.
        follow: decides whether an import of one module by another is followed.

    Raises:
        SourceError: a source is not Python.
        ModuleNotFoundError: a named module does not exist.
    """
    found: dict[str, Path] = {}
    tops = {name.partition(".")[0] for name in (*modules, "stagelight")}
    for name in modules:
        if module_file(name) is None:
            raise ModuleNotFoundError(f"no module {name!r}", name=name)
    waiting, visited = set(modules), set()
    while waiting:
        name = waiting.pop()
        visited.add(name)
        path = module_file(name) if name.partition(".")[0] in tops else None
        if path:
            found[name] = path
            waiting.update(each for each in imports(path, name) if each not in visited and follow(name, each))
    return found


def imports(path: Path, name: str) -> Iterator[str]:
    """The modules that a file may import, and its parent package. `from a import b` may mean a module a.b."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    yield name.rpartition(".")[0]
    for base, names in _statements(path, path.read_bytes()):
        whole = importlib.util.resolve_name(base, package) if base.startswith(".") else base
        parts = whole.split(".")
        yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        yield from (f"{whole}.{each}" for each in names)


def module_file(name: str) -> Path | None:
    """The file of a module, found without importing anything below its top package; None where there is no module."""
    top, _, rest = name.partition(".")
    spec = importlib.util.find_spec(top) if top else None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, *rest.split(".")) if rest else Path(folder)
        for candidate in (path / "__init__.py", path.with_suffix(".py")):
            if candidate.is_file():
                return candidate
    return None


def fingerprint(path: Path) -> str:
    """A hash over the syntax tree of a file, without docstrings, comments and formatting.

    Raises:
        SourceError: the file is not Python.
    """
    return _fingerprint(path, path.read_bytes())


@lru_cache(maxsize=4096)
def _fingerprint(path: Path, source: bytes) -> str:
    text = json.dumps(_plain(parsed(path, source)), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4096)
def _statements(path: Path, source: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The modules that a file's imports name, as written, and what is taken from each."""
    return tuple(_imported(parsed(path, source)))


def parsed(path: Path, source: bytes) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        SourceError: the file is not Python.
    """
    try:
        return ast.parse(source, path)
    except SyntaxError as error:
        raise SourceError(f"{path}, line {error.lineno or 1}: {error.msg}; correct it and try again") from error
    except ValueError as error:  # a null byte, or bytes that are not UTF-8
        raise SourceError(f"{path}: not Python ({error}); correct it and try again") from error


def _imported(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, ast.If) and _names(node.test) == "TYPE_CHECKING":
        for instead in node.orelse:
            yield from _imported(instead)
        return
    if isinstance(node, ast.Import):
        yield from ((alias.name, ()) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield "." * node.level + (node.module or ""), tuple(alias.name for alias in node.names)
    elif isinstance(node, ast.Call) and _names(node.func) == "import_module" and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value, ()
    for each in ast.iter_child_nodes(node):
        yield from _imported(each)


def _names(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _plain(value: Any) -> Any:
    """A syntax tree as JSON, the same from every version of Python: fields that are empty are left out."""
    if isinstance(value, list):
        return [_plain(each) for each in value if not _is_text(each)]
    if not isinstance(value, ast.AST):
        return [type(value).__name__, repr(value)]
    fields = {name: field for name, field in ast.iter_fields(value) if field is not None and field != []}
    return [type(value).__name__, {name: _plain(field) for name, field in sorted(fields.items())}]


def _is_text(node: Any) -> bool:
    """Tell whether a statement is a bare string: a docstring, or a comment in its place."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
