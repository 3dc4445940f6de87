"""A process that reads damaged files of measured k-space, and says how each ended.

Called as `python -m support.raw_damage FOLDER SEEDS`, it damages every file of the folder with that many seeds, HDF5
with a fifth of them, within one gigabyte above what its imports take. It prints a line of JSON for each file; one that
kills it is the last named on standard error.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np

from stagelight.engines.scan.acquisition.raw.contents import RawScan
from stagelight.engines.scan.acquisition.raw.reading import read

MOST_BYTES = 1 << 30
HEAD = 4096  # of a file, where its sizes mostly are


def damaged(content: bytes, seed: int) -> bytes:
    """Cut off, or with bits flipped, or with a word of ones or zeros; in the head every other time."""
    rng = np.random.default_rng(seed)
    if seed % 5 == 0:
        return content[: rng.integers(len(content))]
    broken = np.frombuffer(content, np.uint8).copy()
    reach = min(HEAD, len(broken)) if seed % 2 else len(broken)
    if seed % 5 == 1:
        at = int(rng.integers(max(reach - 4, 1)))
        broken[at : at + 4] = 255 if seed % 3 else 0
        return broken.tobytes()
    for at in rng.integers(0, reach, int(rng.integers(1, 9))):
        broken[at] ^= 1 << rng.integers(8)
    return broken.tobytes()


def outcome(path: Path) -> str:
    """`read`, `refused`, or what is wrong."""
    try:
        scan = read(path)
    except ValueError as error:
        text = str(error)
        return "refused" if text.isprintable() and path.name.partition(".")[0] in text else f"said {text!r}"
    return "read" if sound(scan) else "read what is not sound"


def sound(scan: RawScan) -> bool:
    """A scan as its description has it."""
    one = scan.kspace
    shapes = one.ndim == 4 and scan.mask.shape == one.shape[1:] and len(scan.coils) == len(one)
    return shapes and bool(np.isfinite(one).all()) and bool(scan.mask.any()) and bool(one.any())


def main() -> None:
    """Damage, read, report."""
    folder, seeds = Path(sys.argv[1]), int(sys.argv[2])
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        assert outcome(path) == "read", path  # and all libraries are imported
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, size + MOST_BYTES))
    for path in files:
        content, counts = path.read_bytes(), dict[str, int]()
        for seed in range(seeds // 5 if path.suffix == ".h5" else seeds):  # each of these is a process
            sys.stderr.write(f"{path.name} {seed}\n")
            path.write_bytes(damaged(content, seed))
            found = outcome(path)
            counts[found] = counts.get(found, 0) + 1
        path.write_bytes(content)
        sys.stdout.write(json.dumps({"file": path.name, "counts": counts}) + "\n")


if __name__ == "__main__":
    main()
