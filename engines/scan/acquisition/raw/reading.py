"""Reading a file of measured k-space, whichever of the formats it is in."""

from __future__ import annotations

from pathlib import Path

from stagelight.engines.installation import missing
from stagelight.engines.scan.acquisition.raw import arrays, bart, hdf5, limits, twix
from stagelight.engines.scan.acquisition.raw.contents import RawScan, checked

WANTED = "wanted measured k-space in .npy, .npz, BART .cfl with .hdr, fastMRI or ISMRMRD HDF5, or Siemens twix .dat"
READERS = {"arrays": arrays.contents, "bart": bart.contents, "hdf5": hdf5.contents, "twix": twix.contents}


def read(path: Path | str) -> RawScan:
    """Read measured k-space. The format is told from the file's first bytes, that of BART from its name.

    Nothing in the file is executed or unpickled. Its size and shape are bounded before it is read.

    Args:
        path: of the file; for BART of either of the two.

    Raises:
        ValueError: it cannot be read; in one line, with the file, what was found, what was wanted and what to do.
    """
    file = Path(path)
    try:
        return checked(READERS[_format(file)](file))
    except ModuleNotFoundError as error:
        raise ValueError(f"{limits.plain(file, 300)}: {missing(str(error.name), 'scan-raw')}") from error
    except Exception as error:  # a damaged file raises whatever a library raises
        what = limits.plain(error, 300) or type(error).__name__
        if not isinstance(error, ValueError):
            what = f"it cannot be read ({type(error).__name__}: {what})"
        advice = "" if ", wanted " in what or "; " in what else f"; {WANTED}"
        raise ValueError(f"{limits.plain(file, 300)}: {what}{advice}") from error


def _format(file: Path) -> str:
    """The name of the reader for a file."""
    if file.suffix.lower() in {".cfl", ".hdr"}:
        return "bart"
    if not file.is_file():
        raise ValueError(f"no such file; {WANTED}")
    size = file.stat().st_size
    if size > limits.MOST_BYTES:
        raise ValueError(f"{size >> 20} MiB, wanted at most {limits.MOST_BYTES >> 20}; split it by slices or coils")
    with file.open("rb") as opened:
        magic = opened.read(8)
    if magic[:6] == b"\x93NUMPY" or magic[:4] == b"PK\x03\x04":
        return "arrays"
    if magic == b"\x89HDF\r\n\x1a\n":
        return "hdf5"
    if file.suffix.lower() == ".dat" and size > 1024:
        return "twix"
    raise ValueError(f"{'empty' if not size else 'a file of another kind'}; {WANTED}")
