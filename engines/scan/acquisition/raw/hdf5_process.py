"""The process that reads HDF5: fastMRI's arrays or ISMRMRD's readouts, told apart by what the file holds.

It writes to its standard output a line of JSON and then the bytes of the arrays that this names.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from stagelight.engines.scan.acquisition.raw import fastmri, ismrmrd_file, limits
from stagelight.engines.scan.acquisition.raw.contents import Contents

ARRAYS = ("kspace", "mask", "affine", "noise", "calibration")


def contents(path: Path) -> Contents:
    """Read an HDF5 file of either form.

    Raises:
        ValueError: it has neither.
    """
    import h5py  # noqa: PLC0415  # the extra scan-raw

    size = path.stat().st_size
    with h5py.File(path, "r") as file:
        names = [str(name) for name in list(file)[:64] if isinstance(file.get(name, getlink=True), h5py.HardLink)]
        if "kspace" in names:
            _check_storage(file["kspace"], size)
            return fastmri.contents(file)
        for name in names:
            group = file[name]
            if isinstance(group, h5py.Group) and "data" in group and "xml" in group:
                _check_storage(group["data"], size)
                return ismrmrd_file.contents(group, size)
    found = limits.plain(", ".join(names) or "nothing")
    raise ValueError(f"HDF5 that holds {found}; wanted fastMRI's kspace, or ISMRMRD's data with its xml")


def _check_storage(dataset: Any, file_bytes: int) -> None:
    """Refuse a data set that claims far more than the file stores of it, or that lies in another file."""
    if dataset.external or dataset.is_virtual:
        raise ValueError("its data lie in other files, wanted them in this one; repack it with h5repack")
    claimed = math.prod(dataset.shape) * dataset.dtype.itemsize
    if claimed > limits.MOST_BYTES or claimed > limits.MOST_INFLATION * file_bytes + limits.SPARE_BYTES:
        raise ValueError(f"its data claim {claimed >> 20} MiB, the file has {file_bytes >> 10} KiB; copy it again")


def main() -> None:
    """Read the file that is named, and write what it holds."""
    found = contents(Path(sys.argv[1]))
    arrays = {name: np.ascontiguousarray(getattr(found, name)) for name in ARRAYS if getattr(found, name) is not None}
    words = {
        "kind": found.kind,
        "source": found.source,
        "spacing": found.spacing,
        "averages": found.averages,
        "facts": dict(found.facts),
        "notes": found.notes,
        "arrays": {name: (array.dtype.str, array.shape) for name, array in arrays.items()},
    }
    out = sys.stdout.buffer
    out.write(json.dumps(words).encode() + b"\n")
    for array in arrays.values():
        out.write(array.data)
    out.flush()


if __name__ == "__main__":
    main()
