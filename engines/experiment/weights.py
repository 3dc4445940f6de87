"""Published weights: a safetensors file that is read only if the seal beside it fits.

The seal of `mine.safetensors` is `mine.safetensors.sha256`, lines as `sha256sum` writes them: one for the weights, and
one for each file that they are of no use without. Writing weights seals them; whoever has weights from elsewhere
vouches for them with `sha256sum mine.safetensors > mine.safetensors.sha256`. It stands beside the file and not inside,
so that the hash by which recordings and cached runs name the weights stays that of the file. Like that of a recording,
it notices damage and is no signature.

What is wrong is raised without the path: a caller adds that, and what to do about it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from stagelight.engines.recording import atomic, bounded

MAX_BYTES = 512 << 20
MAX_SEAL_BYTES = 4096
LINE = re.compile(r"([0-9a-f]{64}) [ *](?:.*/)?([^/]+)")


def write(
    path: Path, tensors: Mapping[str, Tensor], words: Mapping[str, str] | None = None, others: Sequence[str] = ()
) -> None:
    """Write weights and their seal, each atomically.

    Args:
        path: of the safetensors file.
        tensors: by name.
        words: what the file says of them.
        others: as `seal` takes them.
    """
    plain = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    with atomic(path) as file:
        file.write(save(plain, dict(words) if words else None))
    seal(path, others)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Sealed weights by name, and what the file says of them.

    Raises:
        OSError: a file cannot be read.
        ValueError: not sealed, not as it was sealed, not safetensors, or with weights that are no numbers.
    """
    data = check(path)
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ValueError(f"not safetensors, {error}") from error
    if odd := [name for name, value in tensors.items() if value.is_floating_point() and not value.isfinite().all()]:
        raise ValueError(f"{odd[0]} is not all numbers")
    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return tensors, head.get("__metadata__", {})


def seal(path: Path, others: Sequence[str] = ()) -> None:
    """Write the seal of weights, atomically.

    Args:
        path: of the weights.
        others: names of files in the same folder that they are of no use without.
    """
    lines = [f"{_hash(bounded(path.with_name(name), MAX_BYTES))}  {name}\n" for name in (path.name, *others)]
    with atomic(_beside(path)) as file:
        file.write("".join(lines).encode())


def check(path: Path) -> bytes:
    """The bytes of a weights file, once every file that its seal names has been found as it was sealed.

    Raises:
        OSError: a file cannot be read.
        ValueError: not sealed, or not as it was sealed.
    """
    data, beside = bounded(path, MAX_BYTES), _beside(path)
    if not beside.exists():
        raise ValueError(f"no {beside.name} beside it; `sha256sum {path.name} > {beside.name}` vouches for it")
    text = bounded(beside, MAX_SEAL_BYTES).decode("utf-8")
    lines = [LINE.fullmatch(line) for line in text.removesuffix("\n").split("\n")]
    wanted = {line[2]: line[1] for line in lines if line}
    if len(wanted) < len(lines) or path.name not in wanted:
        raise ValueError(f"{beside.name} is not as `sha256sum {path.name}` writes it")
    for name, digest in wanted.items():
        found = _hash(data if name == path.name else bounded(path.with_name(name), MAX_BYTES))
        if found != digest:
            raise ValueError(f"{name} was changed: its SHA-256 is {found[:16]}, wanted {digest[:16]} of {beside.name}")
    return data


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
