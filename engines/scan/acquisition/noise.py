"""Noise of measured k-space: its level and how coils share it, from a noise scan or from the edge of k-space.

Samples at the edge hold little but noise, and what signal they hold is in few of them. So the covariance there is taken
from the weakest half of the edge's samples, enlarged by what the weakest half of pure noise would be too small by.
Whitened coils have noise of one level and no correlation; few virtual ones then hold nearly all signal (Buehrer et al.,
MRM 2007, doi 10.1002/mrm.21237).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stagelight.engines.scan.acquisition import masks

Complex = NDArray[np.complex64]
EDGE = 0.85  # of the way out, where the edge begins
LEAST = 64  # samples that a covariance is taken from


def covariance(samples: Complex) -> NDArray[np.complex128]:
    """The coils' covariance (C, C) of samples without signal, (C, N); of real and imaginary part together.

    Raises:
        ValueError: fewer samples than would tell.
    """
    count = samples.shape[1]
    if count < max(LEAST, 2 * len(samples)):
        raise ValueError(f"{count} samples of noise for {len(samples)} coils, wanted {max(LEAST, 2 * len(samples))}")
    wide = samples.astype(np.complex128)
    return np.asarray(wide @ wide.conj().T / count, np.complex128)


def edge(mask: NDArray[np.bool_], coils: int) -> NDArray[np.bool_]:
    """The outermost of the measured samples (S, H, W), the centre in the middle of H and W; enough for `at_edge`."""
    away = np.broadcast_to(masks.radius(mask.shape[1:]), mask.shape)
    wanted = max(4 * LEAST, 8 * coils)
    outer = mask & (away >= EDGE)
    if np.count_nonzero(outer) < wanted:  # a scan of the middle alone: its own edge
        reach = np.sort(away[mask])[::-1]
        outer = mask & (away >= reach[min(len(reach) - 1, wanted)])
    return np.asarray(outer)


def at_edge(samples: Complex) -> NDArray[np.complex128]:
    """The coils' covariance (C, C) from samples (C, N) of the `edge`.

    Raises:
        ValueError: hardly anything was measured far out.
    """
    # The power over all coils of white noise follows a gamma law; its mean over the weaker half is less by this.
    whole = covariance(samples)
    power = np.einsum("cn,cd,dn->n", samples.conj(), np.linalg.pinv(whole), samples).real
    weak = samples[:, power <= np.median(power)]
    coils = len(samples)
    middle = special.gammaincinv(coils, 0.5)
    short = 2 * special.gammainc(coils + 1, middle)  # of the weaker half of pure noise
    return np.asarray(covariance(weak) / short, np.complex128)


def whitening(covariance: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The matrix (C, C) after which noise has unit spread in real and imaginary part of every coil, and no more.

    Raises:
        ValueError: a coil has no noise, or it is another's.
    """
    try:
        root = np.linalg.cholesky(covariance / 2)
    except np.linalg.LinAlgError as error:
        raise ValueError("the noise of some coils is none or another's; leave those coils out") from error
    return np.asarray(np.linalg.inv(root), np.complex128)


def compression(calibration: Complex, coils: int) -> tuple[NDArray[np.complex64], float]:
    """The matrix (V, C) to at most so many virtual coils, and the share of signal that they hold.

    Args:
        calibration: (C, ...) samples with signal, whitened.
        coils: V, at most.
    """
    flat = calibration.reshape(len(calibration), -1).astype(np.complex128)
    strength, vectors = np.linalg.eigh(flat @ flat.conj().T)
    kept = min(coils, len(calibration))
    order = np.argsort(strength)[::-1][:kept]
    share = float(strength[order].sum() / max(strength.sum(), 1e-30))
    return np.asarray(vectors[:, order].conj().T, np.complex64), share


def mixed(matrix: NDArray[np.complex128] | Complex, kspace: Complex) -> Complex:
    """Coils mixed by a matrix: (V, C) and (C, ...) to (V, ...)."""
    return np.asarray(np.tensordot(matrix.astype(np.complex64), kspace, 1), np.complex64)
