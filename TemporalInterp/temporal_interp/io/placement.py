"""Voxel grids from what the headers of files say of them, and notes on what had to be assumed."""

from __future__ import annotations

import math
from collections import abc

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError

ROUNDING_DEGREES = 0.01
"""Axes that are this far from perpendicular are so by the rounding of numbers in the header (our choice)."""

SHEAR_DEGREES = 1.0
"""Axes that are further from perpendicular than this are sheared (our choice)."""

ASSUMED_SPACING = 1.0
"""Distance of voxels in mm where the header gives none that can be."""

AXES = ("columns", "rows", "slices")
"""What lies along I, J and K."""

UNPLACED = (
    "The header does not say where the voxels lie in the patient; columns were taken to run to the left, rows to the "
    "back and slices upwards, from the point 0, 0, 0."
)
"""Note on what is assumed then; ITK, and with it 3D Slicer, assumes the same."""


def placed(
    shape: abc.Sequence[int],
    columns: np.ndarray,
    origin: abc.Sequence[float] | np.ndarray,
    spacing: abc.Sequence[float] | np.ndarray | None = None,
) -> tuple[Geometry, list[str]]:
    """Return the voxel grid whose steps along its axes are given, and notes.

    Args:
        shape: number of voxels, (K, J, I).
        columns: (3, 3); column 0 is the step from a voxel to the next along I in LPS mm, then J, then K.
        origin: centre of the first voxel in LPS mm.
        spacing: along (I, J, K), where the header also gives it on its own; taken if the steps have that length.

    Raises:
        InvalidInputError: a step is 0 mm long or not finite, or the axes are sheared.
    """
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(columns).all() or not np.isfinite(origin).all():
        raise InvalidInputError(
            "the header places voxels at coordinates that are NaN or infinite; correct it where it was written."
        )
    if not lengths.all():
        raise InvalidInputError("the header says that voxels are 0 mm apart; correct it where it was written.")
    directions = columns / lengths
    if spacing is not None and np.allclose(spacing, lengths, rtol=1e-4):
        lengths = np.asarray(spacing)
    nearest, shear = _perpendicular(directions)
    if shear > SHEAR_DEGREES:
        raise InvalidInputError(
            f"its axes are sheared, {shear:.2g} degrees from perpendicular; only grids of perpendicular axes can be "
            "used. Resample the images onto such a grid first."
        )
    notes = []
    if shear > ROUNDING_DEGREES:
        far = np.linalg.norm((nearest - directions) * lengths @ (np.array(shape[::-1]) - 1))
        directions = nearest
        notes.append(
            f"The axes are {shear:.2g} degrees from perpendicular; the nearest grid of perpendicular axes was taken, "
            f"whose last voxel lies {far:.2g} mm from where the header has it."
        )
    slices, rows, across = shape
    i, j, k = lengths
    x, y, z = origin
    return Geometry((slices, rows, across), (i, j, k), (x, y, z), tuple(map(tuple, directions))), notes


def _perpendicular(directions: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the nearest orthonormal matrix, and by how many degrees the angle between two columns differs from 90."""
    left, _, right = np.linalg.svd(directions)
    cosines = directions.T @ directions - np.eye(3)
    return left @ right, math.degrees(math.asin(min(1.0, float(np.abs(cosines).max()))))


def usable_spacing(spacing: abc.Sequence[float], where: str) -> tuple[np.ndarray, list[str]]:
    """Return voxel sizes that can be, and notes on those that could not.

    Args:
        spacing: along (I, J, K), as the header has it.
        where: what the header calls it, for the notes.
    """
    usable = np.abs(np.asarray(spacing, dtype=float))
    notes = []
    for axis, (given, what) in enumerate(zip(spacing, AXES, strict=True)):
        if not 0 < usable[axis] < math.inf:  # also NaN
            usable[axis] = ASSUMED_SPACING
        if given != usable[axis]:
            notes.append(f"{where} says that {what} are {given:g} mm apart; {usable[axis]:g} mm was taken.")
    return usable, notes
