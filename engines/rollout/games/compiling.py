"""What compiles this folder's functions; the layout of `encoding` is compiled in."""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.experiment.compiling import compiler

compiled = compiler(Path(__file__).resolve().parent, Path(__file__).resolve().parents[1] / "encoding.py")
