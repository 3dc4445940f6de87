"""Measured k-space in each of its formats: arrays, BART's pairs, twix; and HDF5, which a process of its own reads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from stagelight.engines.scan.acquisition.raw.contents import RawScan
from stagelight.engines.scan.acquisition.raw.reading import read
from stagelight.render.trials import kspace_files as made
from stagelight.render.trials.answers import Bench, Case, answered
from stagelight.render.trials.mutations import BYTES, archived
from stagelight.render.trials.readers.common import damaged, from_file, generator

PROTOCOL = made.Protocol(16, 8, 12, centres=(6, 0))


def plain(folder: Path) -> Bench:
    """Arrays of numpy, BART's pairs, and Siemens' twix."""
    kspace, readouts = _measured()
    made.write_npy(folder / "numpy.npy", kspace, "slice")
    np.savez(folder / "plain.npz", kspace=kspace[:, 0], noise=kspace[:, 0], mask=np.ones((16, 12), bool))
    np.savez_compressed(folder / "packed.npz", kspace=kspace[:, 0])
    made.write_bart(folder / "bart", kspace, "slice")
    made.write_twix(folder / "twix.dat", readouts, PROTOCOL)
    return _bench("plain", folder, _by_hand(folder, kspace))


def hdf5(folder: Path) -> Bench:
    """Files of fastMRI and of ISMRMRD."""
    kspace, readouts = _measured()
    made.write_fastmri(folder / "fastmri.h5", kspace, kept=8)
    made.write_ismrmrd(folder / "ismrmrd.h5", readouts, PROTOCOL)
    return _bench("hdf5", folder, ())


def _measured() -> tuple[made.Complex, Sequence[made.Readout]]:
    kspace = made.to_kspace(made.coil_images((1, 16, 12), 2), (2, 3))
    return kspace, [made.Readout(kspace[:, 0, :, 0], 8, use="noise"), *made.readouts_of(kspace, "slice")]


def _bench(name: str, folder: Path, by_hand: tuple[Case, ...]) -> Bench:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    whole = {path.name: path.read_bytes() for path in files}
    for path in files:
        assert _answer(path) == "read", path

    def mutated(seed: int, number: int) -> Case:
        path, rng = files[number % len(files)], generator(name, seed, number)
        return from_file(path, *damaged(whole[path.name], (*BYTES, _word), rng, number // len(files)), _answer)

    return Bench(mutated, by_hand)


def _answer(path: Path) -> str:
    return answered(lambda: read(path), (ValueError,), _sound, path.name.partition(".")[0])


def _sound(scan: RawScan) -> bool:
    """Tell whether a scan is as its description has it."""
    one = scan.kspace
    shapes = one.ndim == 4 and scan.mask.shape == one.shape[1:] and len(scan.coils) == len(one)
    return shapes and bool(np.isfinite(one).all()) and bool(scan.mask.any()) and bool(one.any())


def _word(data: bytes, rng: np.random.Generator) -> bytes:
    """Four bytes of the head are ones, zeros or the largest whole number."""
    at = int(rng.integers(min(4096, len(data))))
    ways = (b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80")
    return data[:at] + ways[int(rng.integers(4))] + data[at + 4 :]


def _by_hand(folder: Path, kspace: made.Complex) -> tuple[Case, ...]:
    def npy(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bytes:
        out = io.BytesIO()
        np.save(out, array)
        return out.getvalue()

    one, nan = kspace[:, 0], np.full((2, 16, 12), np.nan, np.complex64)
    huge = b"\x93NUMPY\x01\x00v\x00{'descr': '<c8', 'fortran_order': False, 'shape': (4, 9999999, 9999999), }"
    arrays = {
        "empty": b"",
        "zeros": npy(np.zeros((2, 16, 12), np.complex64)),
        "no finite number": npy(nan),
        "an object": npy(np.array([{"a": 1}], dtype=object)),
        "text": npy(np.array(["a", "b"])),
        "one number": npy(np.array(1j)),
        "one axis": npy(one[0, 0]),
        "six axes": npy(one[None, None, None]),
        "no sample": npy(np.zeros((2, 0, 12), np.complex64)),
        "2 by 2": npy(one[:, :2, :2]),
        "1e30": npy(one * np.complex64(1e30)),
        "whole numbers": npy(np.ones((2, 16, 12), np.int64)),
        "truth values": npy(np.ones((2, 16, 12), bool)),
        "3 PB": huge.ljust(128) + bytes(100),
        "400 coils": npy(np.tile(one, (200, 1, 1))),
        "a record": npy(np.zeros(4, [("kspace", "c8")])),
        "dates": npy(np.zeros((2, 16, 12), "M8[s]")),
        "code in its header": b"\x93NUMPY\x01\x00v\x00" + b"__import__('os').system('true')".ljust(118) + bytes(100),
    }
    pairs = {
        "BART without dimensions": b"# Dimensions\n\n",
        "BART of -1": b"# Dimensions\n-1 16 12 1\n",
        "BART of 10^18": b"# Dimensions\n1000000000 1000000000 1 1\n",
        "BART of words": b"# Dimensions\nten by ten\n",
        "BART of 40 axes": b"# Dimensions\n" + b"1 " * 40 + b"\n",
        "BART of NUL": bytes(200),
        "BART of one digit too many": b"# Dimensions\n" + "\u0661\u0666".encode() + b" 12 1 2\n",
    }
    archives = {
        "an archive of nothing": archived([]),
        "no kspace": archived([("other.npy", npy(one))]),
        "kspace twice": archived([("kspace.npy", npy(one)), ("kspace.npy", npy(one * 2))]),
        "a mask of another shape": archived([("kspace.npy", npy(one)), ("mask.npy", npy(np.ones((3, 3), bool)))]),
        "a path": archived([("../kspace.npy", npy(one))]),
        "a script": archived([("kspace.npy", b"#!/bin/sh\n")]),
    }
    twix = {
        "1,025 zeros": bytes(1025),
        "ones": b"\xff" * 20_000,
        "text": b"twix " * 5000,
        "half a header": bytes(10_240) + b"\1",
    }
    made = [
        from_file(folder / name, what, data, _answer)
        for name, cases in (("hand.npy", arrays), ("bart.hdr", pairs), ("hand.npz", archives), ("hand.dat", twix))
        for what, data in cases.items()
    ]
    return (*made, Case("no such file", partial(_answer, folder / "missing.npy")))
