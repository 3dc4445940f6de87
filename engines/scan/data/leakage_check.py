"""Likeness of two scans after the best rigid motion: whether they could be of one person.

Two scans of one adult in one contrast agree after six numbers, three turns and three shifts; two adults do not. Used to
make sure that nobody in the training data is the patient: the likeness of a suspect is compared with that of people who
are known to be others, and with the patient's own scan moved and made noisy.
"""

from __future__ import annotations

from itertools import product

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize
from scipy.spatial.transform import Rotation

from stagelight.engines.scan.data import registry

Floats = NDArray[np.float32]
FINE = 3.0  # mm between the voxels that are compared


def even(raw: Floats, affine: NDArray[np.float64], spacing: float) -> tuple[Floats, NDArray[np.float64]]:
    """An image in closest canonical orientation, smoothed and sampled every `spacing` mm; with the mm of each index.

    Returns the image, and its axes' directions times spacing with the place of index 0, (4, 4).
    """
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    smooth = ndimage.gaussian_filter(raw, 0.4 * spacing / steps)
    zoom = spacing / steps
    shape = tuple(int(n) for n in np.ceil(np.array(raw.shape) / zoom))
    return ndimage.affine_transform(smooth, zoom, 0, shape, order=1), affine @ np.diag([*zoom, 1.0])


def likeness(fixed: Floats, moving: Floats, within: NDArray[np.bool_], spacing: float) -> float:
    """The correlation within a mask of the fixed image after the best rigid motion of the moving one.

    Both at `spacing` in all directions. Starts from the centres of mass, and from turns about the left-right axis,
    which is how heads differ most; each start is refined by Powell's method.
    """
    places = np.argwhere(within).astype(np.float64)
    target = fixed[within].astype(np.float64)
    home = np.array(ndimage.center_of_mass(np.where(within, fixed, 0)))
    start = np.array(ndimage.center_of_mass(moving))

    def cost(six: NDArray[np.float64]) -> float:
        turn = Rotation.from_rotvec(six[:3]).as_matrix()
        seen = ndimage.map_coordinates(moving, ((places - home) @ turn.T + start + six[3:] / spacing).T, order=1)
        if seen.std() < 1e-6:
            return 1.0
        return -float(np.corrcoef(seen, target)[0, 1])

    tries = [np.array([nod, 0, 0, 0, 0, lift]) for nod, lift in product((-0.4, 0.0, 0.4), (0.0, 35.0))]
    tries.sort(key=cost)
    found = min(
        (optimize.minimize(cost, t, method="Powell", options={"xtol": 1e-3, "ftol": 1e-4}) for t in tries[:2]),
        key=lambda result: float(result.fun),
    )
    return -float(found.fun)


def compare(patient: str, other: str, spacing: float = FINE) -> float:
    """The likeness of two scans of the registry, within the first one's brain.

    Raises:
        ValueError: as `registry.path`.
    """
    (fixed, _), (moving, _) = (even(*_read(name), spacing) for name in (patient, other))
    return likeness(fixed, moving, fixed > 0.05 * fixed.max(), spacing)


def _read(name: str) -> tuple[Floats, NDArray[np.float64]]:
    image = nib.as_closest_canonical(nib.load(registry.path(name)))
    return np.asarray(image.dataobj, np.float32), np.asarray(image.affine, np.float64)
