"""Compiles this engine's functions; the layout of `chess.features` is compiled in."""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.experiment.compiling import compiler

_HERE = Path(__file__).resolve().parent
compiled = compiler(_HERE, _HERE / "chess" / "features.py")
