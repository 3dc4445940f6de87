"""K-space in ISMRMRD (MRD) files: a header in XML and readouts one by one, each with counters, flags and directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.scan.acquisition.raw import ismrmrd_header, readouts
from stagelight.engines.scan.acquisition.raw.contents import Bools, Complex, Contents, Kind
from stagelight.engines.scan.acquisition.raw.ismrmrd_header import Header
from stagelight.engines.scan.acquisition.raw.readouts import Grid, Sizes

MOST_READOUTS = 4 << 20
BLOCK = 256  # readouts read at once
STEPS = ("kspace_encode_step_1", "kspace_encode_step_2")
OTHERWISE = (
    "IS_NAVIGATION_DATA",
    "IS_PHASECORR_DATA",
    "IS_HPFEEDBACK_DATA",
    "IS_DUMMYSCAN_DATA",
    "IS_RTFEEDBACK_DATA",
    "IS_SURFACECOILCORRECTIONSCAN_DATA",
    "IS_PHASE_STABILIZATION_REFERENCE",
    "IS_PHASE_STABILIZATION",
)  # readouts that are no image's

Heads = NDArray[Any]  # (N,) acquisition headers
Indices = NDArray[np.int64]


def contents(group: Any, file_bytes: int) -> Contents:
    """Read the readouts of an open group.

    Raises:
        ValueError: it is not Cartesian, or its readouts do not fit its header.
    """
    header = ismrmrd_header.parse(_first(group["xml"]))
    if header.trajectory != "cartesian":
        raise ValueError(f"a trajectory of kind {header.trajectory}, wanted cartesian; grid it with another program")
    data = group["data"]
    if data.dtype.names is None or not {"head", "data"} <= set(data.dtype.names) or data.ndim != 1:
        raise ValueError("data that are not readouts, wanted ISMRMRD's of head and data; save the file again")
    if not 1 <= len(data) <= MOST_READOUTS:
        raise ValueError(f"{len(data)} readouts, wanted 1 to {MOST_READOUTS}")
    heads = data.fields("head")[:]
    notes: list[str] = []
    imaging, reference, noise = _sorted(heads, notes)
    return _assembled(data, heads, header, (imaging, reference, noise), file_bytes, notes)


def _assembled(
    data: Any,
    heads: Heads,
    header: Header,
    sorted_: tuple[Indices, Indices, Indices],
    file_bytes: int,
    notes: list[str],
) -> Contents:
    """The contents, from the indices of the readouts of the image, the reference and the noise."""
    imaging, reference, noise = sorted_
    first = heads[imaging[0]]
    read, lines, partitions = header.encoded
    centres = tuple(
        _centre(stated, heads["idx"][name][imaging], size, notes)
        for stated, name, size in zip(header.centres, STEPS, (lines, partitions), strict=True)
    )
    numbers = _slices(heads[imaging])
    if partitions > 1 and len(numbers) > 1:
        raise ValueError(f"{len(numbers)} slabs, wanted one; split the file by its slices")
    sizes = Sizes(int(first["active_channels"]), len(numbers), read, header.kept, lines, partitions)
    kspace, mask, kind, averages = _gridded(data, heads, imaging, sizes, centres, numbers, file_bytes)
    if sizes.kept < read:
        notes.append(f"readout oversampling removed: {read} to {sizes.kept} samples")
    if averages > 1:
        notes.append(f"lines measured {averages:.3g} times on average are averaged")
    calibration = None
    if len(reference):
        extents = [
            min(readouts.centred_extent(heads["idx"][name][reference].tolist(), centre), size)
            for name, centre, size in zip(STEPS, centres, (lines, partitions), strict=True)
        ]
        small = Sizes(sizes.coils, sizes.slices, read, sizes.kept, extents[0], max(extents[1], min(partitions, 2)))
        calibration = _gridded(data, heads, reference, small, centres, numbers, file_bytes)[0]
        notes.append(f"{len(reference)} reference lines kept apart as calibration")
    affine, spacing = _placed(heads[imaging], header, kind, mask.shape, numbers, notes)
    return Contents(
        kspace,
        kind,
        "ISMRMRD",
        mask=mask,
        spacing=spacing,
        affine=affine,
        noise=_noise(data, heads, noise, sizes, header, float(first["sample_time_us"]) * averages, notes),
        calibration=calibration,
        averages=averages,
        facts=header.facts,
        notes=tuple(notes),
    )


def _first(xml: Any) -> object:
    if xml.shape not in {(), (1,)} or xml.size != 1:
        raise ValueError(f"{xml.size} XML headers, wanted one; save the file again")
    return xml[()] if xml.shape == () else xml[0]


def _flagged(heads: Heads, name: str) -> NDArray[np.bool_]:
    import ismrmrd  # noqa: PLC0415  # the extra scan-raw

    return (heads["flags"] >> np.uint64(getattr(ismrmrd, f"ACQ_{name}") - 1)) & np.uint64(1) > 0


def _sorted(heads: Heads, notes: list[str]) -> tuple[Indices, Indices, Indices]:
    """The indices of the readouts of the image, of separate reference lines with those shared, and of noise."""
    noise = _flagged(heads, "IS_NOISE_MEASUREMENT")
    other = np.any([_flagged(heads, name) for name in OTHERWISE], 0) & ~noise
    shared = _flagged(heads, "IS_PARALLEL_CALIBRATION_AND_IMAGING")
    separate = _flagged(heads, "IS_PARALLEL_CALIBRATION") & ~shared
    image = ~noise & ~other & ~separate
    if not image.any():
        raise ValueError(f"{len(heads)} readouts and none of an image, wanted imaging readouts; look at their flags")
    if other.any():
        notes.append(f"{np.count_nonzero(other)} readouts of navigators, corrections or dummies left out")
    chosen = heads[np.flatnonzero(image)[0]]
    alike = np.ones(len(heads), bool)
    for name in ("contrast", "phase", "set"):
        alike &= heads["idx"][name] == chosen["idx"][name]
    alike &= heads["encoding_space_ref"] == chosen["encoding_space_ref"]
    alike &= heads["active_channels"] == chosen["active_channels"]
    if left := np.count_nonzero(image & ~alike):
        notes.append(f"{left} readouts of further contrasts, phases, sets or encodings left out")
    reference = (separate | shared) & ~noise & ~other if separate.any() else np.zeros(len(heads), bool)
    reference &= heads["active_channels"] == chosen["active_channels"]
    return np.flatnonzero(image & alike), np.flatnonzero(reference), np.flatnonzero(noise)


def _centre(stated: int | None, steps: NDArray[Any], size: int, notes: list[str]) -> int:
    """The line at k = 0: as stated where the lines then fit the grid, else in the middle of it."""
    low, high = int(steps.min()), int(steps.max())
    if stated is not None:
        if low >= stated - size // 2 and high < stated - size // 2 + size:
            return stated
        notes.append(
            f"the header's central line {stated} does not fit lines {low} to {high} of {size}; {size // 2} taken"
        )
    return size // 2


def _slices(heads: Heads) -> list[int]:
    """The numbers of the slices, in the order in which they lie."""
    numbers, first = np.unique(heads["idx"]["slice"], return_index=True)
    positions = np.asarray(heads["position"][first], np.float64)
    across = np.asarray(heads["slice_dir"][first[0]], np.float64)
    return readouts.slice_order(numbers.astype(np.int64), positions, across)


def _gridded(
    data: Any,
    heads: Heads,
    indices: Indices,
    sizes: Sizes,
    centres: tuple[int, ...],
    numbers: list[int],
    file_bytes: int,
) -> tuple[Complex, Bools, Kind, float]:
    """Chosen readouts on a grid whose middle lines are those at `centres`."""
    grid = Grid(sizes, file_bytes)
    place = {number: at for at, number in enumerate(numbers)}
    for index, samples in _read(data, heads, indices, sizes.coils):
        head = heads[index]
        centre = int(head["center_sample"]) or samples.shape[1] // 2  # 0 is what it is when nobody has set it
        discard = int(head["discard_pre"]), int(head["discard_post"])
        kept, centre = readouts.trimmed(samples, centre, discard, bool(_flagged(heads[[index]], "IS_REVERSE")[0]))
        counters = head["idx"]
        first = int(counters[STEPS[0]]) - centres[0] + sizes.first // 2
        second = int(counters[STEPS[1]]) - centres[1] + sizes.second // 2 if sizes.second > 1 else 0
        number = int(counters["slice"])
        if number in place:
            grid.add(kept, centre, place[number], first, second)
    return grid.finished()


def _read(data: Any, heads: Heads, indices: Indices, coils: int) -> Iterator[tuple[int, Complex]]:
    """Chosen readouts, (C, n) each."""
    samples = data.fields("data")
    for start in range(0, len(indices), BLOCK):
        block = indices[start : start + BLOCK]
        values = samples[int(block[0]) : int(block[-1]) + 1]
        for index in block:
            size = int(heads["number_of_samples"][index])
            value = np.asarray(values[index - block[0]], np.float32)
            if value.size != 2 * coils * size or not size:
                raise ValueError(
                    f"readout {index} has {value.size} numbers, wanted {2 * coils * size} by its head; save it again"
                )
            yield int(index), np.ascontiguousarray(value).view(np.complex64).reshape(coils, size)


def _noise(
    data: Any, heads: Heads, indices: Indices, sizes: Sizes, header: Header, microseconds: float, notes: list[str]
) -> Complex | None:
    """Samples of the noise scan, scaled to what a sample of k-space has.

    Noise goes with the root of the bandwidth; averaging, and removing oversampling, lower it.
    """
    fitting = indices[heads["active_channels"][indices] == sizes.coils]
    if not len(fitting):
        return None
    samples = [value for _, value in _read(data, heads, fitting[: 4 * BLOCK], sizes.coils)]
    own = float(heads["sample_time_us"][fitting[0]])
    variance = sizes.kept / sizes.read
    if own > 0 and microseconds > 0 and np.isfinite(own / microseconds):
        variance *= own / (microseconds * header.noise_bandwidth)
    notes.append(f"noise scan of {len(fitting)} readouts kept apart, scaled by {variance**0.5:.3g} to k-space's noise")
    return np.concatenate(samples, 1) * np.float32(variance**0.5)


def _placed(
    heads: Heads, header: Header, kind: Kind, shape: tuple[int, ...], numbers: list[int], notes: list[str]
) -> tuple[NDArray[np.float64] | None, tuple[float, float, float] | None]:
    """The affine and the spacing."""
    if header.spacing is None:
        return None, None
    x, y, z = header.spacing
    directions = np.stack([heads[name][0] for name in ("read_dir", "phase_dir", "slice_dir")]).astype(np.float64)
    chosen = [int(np.flatnonzero(heads["idx"]["slice"] == number)[0]) for number in numbers]
    positions = np.asarray(heads["position"][chosen], np.float64)
    spacing = (x, y, z) if kind == "volume" else (z, x, y)
    if kind == "stack":
        gap = float(np.linalg.norm(positions[-1] - positions[0])) / (len(positions) - 1)
        spacing = (gap if 0 < gap < 1e4 else z, x, y)
    found = readouts.affine(kind, (shape[0], shape[1], shape[2]), spacing, directions, positions)
    if found is None:
        notes.append("the readouts' directions are no axes, so the affine is not known")
    return found, spacing
