"""What compiles this folder's functions; the constants of `rules` are compiled in."""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.experiment.compiling import compiler

compiled = compiler(
    Path(__file__).resolve().parent, Path(__file__).resolve().with_name("rules.py"), error_model="numpy"
)
