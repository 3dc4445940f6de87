"""Imports put off until they are used.

Manim imports networkx and SciPy's rotations for graphs and for turning in space, which the stage has no use for and
which are two fifths of the time that it takes to start. While `put_off` holds, they are stood in for by names that
bring in the real thing when they are first called or asked for more than another name.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Name:
    """A name of a module that has not been imported yet."""

    def __init__(self, module: str, path: tuple[str, ...]) -> None:
        self.module, self.path = module, path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own questions, such as whether it is wrapped or abstract
            raise AttributeError(name)
        return _Name(self.module, (*self.path, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import the module and call what the name stands for."""
        found: Any = importlib.import_module(self.module)
        for name in self.path:
            found = getattr(found, name)
        return found(*args, **kwargs)


class _Module(ModuleType):
    """Stands in for a module; whatever it is asked for is a name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(self.__name__, (name,))


@contextmanager
def put_off(*modules: str) -> Iterator[None]:
    """Let what is imported inside have stand-ins for those modules that are not there yet."""
    absent = [name for name in modules if name not in sys.modules]
    sys.modules.update({name: _Module(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
