"""Where the voxels of a NRRD file lie in the patient."""

from __future__ import annotations

from collections import abc

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.placement import ASSUMED_SPACING, UNPLACED, placed, usable_spacing

TO_LPS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
"""Signs that bring the coordinates of a NRRD space to LPS."""

MILLIMETRES = {"m": 1000.0, "cm": 10.0, "mm": 1.0, "um": 0.001, "µm": 0.001, "nm": 1e-6}
"""Lengths in mm of the units that headers name."""


def known_signs(header: abc.Mapping) -> tuple[int, int, int] | None:
    """Return the signs that bring the coordinates of a file to LPS, None where its space is not one of a patient.

    A fourth coordinate, time, has no part in it.
    """
    name = str(header.get("space", "")).strip().lower().removesuffix("-time")
    return TO_LPS.get(name[:3] if name in ("rast", "last", "lpst") else name)


def volume_grid(header: abc.Mapping, axes: abc.Sequence[int], shape: abc.Sequence[int]) -> tuple[Geometry, list[str]]:
    """Return the voxel grid of the volumes in a file, and notes on what was assumed.

    Args:
        header: as pynrrd parses it.
        axes: numbers of the axes in space, fastest first: three, or two where volumes are single slices.
        shape: number of voxels, (K, J, I).

    Raises:
        InvalidInputError: an axis has no direction although others do, voxels are 0 mm apart, or axes are sheared.
    """
    vectors = header.get("space directions")
    if vectors is None:
        spacing, notes = _spacing(header, axes)
        columns, origin = np.diag(spacing), np.zeros(3)
        notes.append(UNPLACED)
    else:
        columns, origin, notes = _directed(header, np.asarray(vectors, dtype=float), axes)
    geometry, placing_notes = placed(shape, columns, origin)
    return geometry, notes + placing_notes


def _spacing(header: abc.Mapping, axes: abc.Sequence[int]) -> tuple[np.ndarray, list[str]]:
    """Return voxel sizes along (I, J, K) where the header gives no directions."""
    spacings = header.get("spacings")
    given = [ASSUMED_SPACING] * 3
    if spacings is None or len(spacings) <= max(axes):
        return np.array(given), [f"The header does not say how far apart voxels are; {ASSUMED_SPACING:g} mm was taken."]
    units = [MILLIMETRES.get(unit, 1.0) for unit in _texts(header, "units", header["dimension"])]
    given[: len(axes)] = [float(spacings[axis]) * units[axis] for axis in axes]
    usable, notes = usable_spacing(given, "The header")
    if len(axes) == 2:
        notes.append(_single_slice_note())
    return usable, notes


def _directed(
    header: abc.Mapping, vectors: np.ndarray, axes: abc.Sequence[int]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the steps between voxels in LPS mm, (3, 3) with columns (I, J, K), the first voxel, and notes."""
    if len(vectors) == header["dimension"]:
        vectors = vectors[list(axes)]
    if len(vectors) != len(axes) or not np.isfinite(vectors).all():
        raise InvalidInputError("the header gives no direction for one of the axes of the volumes.")
    if vectors.shape[1] == 4 and vectors[:, 3].any():
        raise InvalidInputError("an axis of the volumes runs along time as well as in space.")
    origin = np.zeros(3)
    given = np.asarray(header.get("space origin", []), dtype=float)
    notes = []
    if given.size and given.size != vectors.shape[1]:
        raise InvalidInputError(
            f"the header has a 'space origin' of {given.size} coordinates and 'space directions' of {vectors.shape[1]}."
        )
    given = given[:3]
    if given.size and np.isfinite(given).all():
        origin[: given.size] = given
    else:
        notes.append("The header does not say where the first voxel lies; 0, 0, 0 was taken.")
    signs = known_signs(header)
    if signs is None:
        named = f" ('{header['space']}' is not)" if header.get("space") else ""
        notes.append(f"The header does not say in which space of the patient coordinates are{named}; LPS was taken.")
    units = [MILLIMETRES.get(unit, 1.0) for unit in _texts(header, "space units", 3)][:3]
    if any(unit != 1 for unit in units):
        notes.append("Coordinates were turned into mm, from the units that the header names.")
    factors = np.array(signs or (1, 1, 1)) * units
    columns = np.zeros((3, len(axes)))
    columns[: min(3, vectors.shape[1])] = vectors[:, :3].T
    columns = columns * factors[:, None]
    if len(axes) == 2:
        normal = np.cross(columns[:, 0], columns[:, 1])
        columns = np.column_stack([columns, ASSUMED_SPACING * normal / (np.linalg.norm(normal) or 1.0)])
        notes.append(_single_slice_note())
    return columns, origin * factors, notes


def _single_slice_note() -> str:
    return f"The frames are single slices without a thickness; {ASSUMED_SPACING:g} mm was taken."


def _texts(header: abc.Mapping, field: str, count: int) -> list[str]:
    """Return the entries of a field with one for each axis, "" where there are fewer."""
    texts = [str(text).strip() for text in header.get(field, [])]
    return texts + [""] * (count - len(texts))
