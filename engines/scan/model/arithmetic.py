"""Arithmetic of the networks: bfloat16 where it is allowed and the processor has it, else float32.

Where a processor has to imitate bfloat16, a network takes five times as long as in float32.
"""

from __future__ import annotations

import platform
from functools import cache

import torch


@cache
def has_bfloat16() -> bool:
    """Tell whether this processor multiplies matrices in bfloat16.

    The library answers for the instructions that it needs, which on x86 includes processors that only imitate it.
    """
    try:
        taken = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # built without the library
        return False
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return taken
    return taken and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def autocast(lossy: bool, device: str = "cpu") -> torch.autocast:
    """A context in which networks compute in bfloat16, if that is allowed and not slower."""
    return torch.autocast(device, torch.bfloat16, enabled=lossy and (device != "cpu" or has_bfloat16()))
