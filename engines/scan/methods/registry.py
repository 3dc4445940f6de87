"""Every method of the benchmark."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stagelight.engines import installation
from stagelight.engines.scan.methods.protocol import Method
from stagelight.engines.scan.methods.sigpy_peers import SIGPY
from stagelight.engines.scan.methods.tuned_classical import CLASSICAL

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "unrolled.safetensors"  # as `denoiser.WEIGHTS`


def methods() -> tuple[Method, ...]:
    """The classical ones, the networks' where their weights are, and deepinv's where it is installed."""
    if not WEIGHTS.is_file():
        return (*CLASSICAL, *SIGPY)
    from stagelight.engines.scan.methods import deepinv_peers  # noqa: PLC0415
    from stagelight.engines.scan.methods.alone import ALONE  # noqa: PLC0415  # bring in the sentence encoder
    from stagelight.engines.scan.methods.diffpir import DIFFPIR  # noqa: PLC0415
    from stagelight.engines.scan.methods.diffusion import DIFFUSION  # noqa: PLC0415
    from stagelight.engines.scan.methods.dps import DPS  # noqa: PLC0415
    from stagelight.engines.scan.methods.pnp_admm import PLUG_AND_PLAY  # noqa: PLC0415
    from stagelight.engines.scan.methods.unrolled import UNROLLED  # noqa: PLC0415

    others = deepinv_peers.DEEPINV if deepinv_peers.available() else ()
    return (*CLASSICAL, *SIGPY, UNROLLED, *DIFFUSION, ALONE, PLUG_AND_PLAY, DIFFPIR, DPS, *others)


def lost(names: Iterable[str]) -> str:
    """The methods among some that cannot be run here, one line that says how to have them; "" if there are none."""
    missing = [name for name in names if name not in {method.name for method in methods()}]
    if not missing:
        return ""
    extra = "scan-peers" if all(name.startswith("deepinv_") for name in missing) else "engines"
    return f"{', '.join(missing)} cannot be run here; get what is missing with `{installation.install(extra)}`"
