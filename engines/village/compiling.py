"""What compiles this folder's functions; the constants of `rules` are compiled in."""

from __future__ import annotations

from pathlib import Path

from engines.compiling import compiler

compiled = compiler(Path(__file__).parent, Path(__file__).with_name("rules.py"), error_model="numpy")
