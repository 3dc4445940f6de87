"""Every method of the benchmark."""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.scan.methods.protocol import Method
from stagelight.engines.scan.methods.sigpy_peers import SIGPY
from stagelight.engines.scan.methods.tuned_classical import CLASSICAL

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "unrolled.safetensors"  # as `denoiser.WEIGHTS`


def methods() -> tuple[Method, ...]:
    """The classical ones, and the networks' where their weights are."""
    if not WEIGHTS.is_file():
        return (*CLASSICAL, *SIGPY)
    from stagelight.engines.scan.methods.alone import ALONE  # noqa: PLC0415  # bring in the sentence encoder
    from stagelight.engines.scan.methods.diffpir import DIFFPIR  # noqa: PLC0415
    from stagelight.engines.scan.methods.diffusion import DIFFUSION  # noqa: PLC0415
    from stagelight.engines.scan.methods.dps import DPS  # noqa: PLC0415
    from stagelight.engines.scan.methods.pnp_admm import PLUG_AND_PLAY  # noqa: PLC0415
    from stagelight.engines.scan.methods.unrolled import UNROLLED  # noqa: PLC0415

    return (*CLASSICAL, *SIGPY, UNROLLED, *DIFFUSION, ALONE, PLUG_AND_PLAY, DIFFPIR, DPS)
