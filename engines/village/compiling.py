"""The decorator that compiles this folder's functions; the values of `constants` are compiled in."""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.experiment.compiling import compiler

compiled = compiler(
    Path(__file__).resolve().parent, Path(__file__).resolve().with_name("constants.py"), error_model="numpy"
)
