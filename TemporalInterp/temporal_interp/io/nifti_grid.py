"""Where the voxels of a NIfTI or Analyze file lie in the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.nifti_header import NiftiHeader
from temporal_interp.io.placement import UNPLACED, placed, usable_spacing

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])

SCANNER = 1
"""Code of a form that gives coordinates of the scanner."""

MISMATCH = 0.5
"""Grids that are further apart than this share of a voxel are worth a note (our choice); less is rounding."""

UNIT_BITS = 0x07
MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Lengths of the units that xyzt_units has codes for, in mm; 0 is unknown."""


def grid_of(header: NiftiHeader) -> tuple[Geometry, list[str]]:
    """Return the voxel grid, and notes on what was assumed.

    The sform counts where it is in the coordinates of the scanner, or is the only one; otherwise the qform does. That
    is ITK's rule, and with it Slicer's. Where one cannot be used the other is.

    Raises:
        InvalidInputError: the axes are sheared, or voxels lie at no finite place.
    """
    grids: list[tuple[str, Geometry, list[str]]] = []
    refused: list[tuple[str, InvalidInputError]] = []
    for name, form in _forms(header):
        try:
            grids.append((name, *form(header)))
        except InvalidInputError as error:
            refused.append((name, error))
    if not grids and refused:
        raise refused[0][1]
    name, geometry, notes = grids[0] if grids else ("", *_unplaced(header))
    notes = _in_units(header) + notes
    notes += [f"The {other} was not used: {str(error).partition(';')[0].rstrip('.')}." for other, error in refused]
    for other, its_geometry, _ in grids[1:]:
        if _distance(geometry, its_geometry) > MISMATCH * min(geometry.spacing):
            notes.append(f"The {other} has the voxels in other places than the {name}, which was used.")
    return geometry, notes


def _distance(one: Geometry, other: Geometry) -> float:
    """Return how far apart, in mm, two grids have their first voxel or their last, whichever is further."""
    ends = ((0, 0, 0), np.array(one.shape) - 1)
    return max(float(np.linalg.norm(one.physical_point(end) - other.physical_point(end))) for end in ends)


def _forms(header: NiftiHeader) -> Iterator[tuple[str, Callable[[NiftiHeader], tuple[Geometry, list[str]]]]]:
    """Yield the names of the forms that the header has, and what reads them, in order of preference."""
    qform_code, sform_code = header.number("qform_code"), header.number("sform_code")
    forms = [("sform", _by_sform, sform_code), ("qform", _by_qform, qform_code)]
    if sform_code != SCANNER and qform_code > 0:
        forms.reverse()
    return ((name, form) for name, form, code in forms if code > 0)


def _by_sform(header: NiftiHeader) -> tuple[Geometry, list[str]]:
    affine = RAS_TO_LPS @ header.fields.get_sform()[:3].astype(float)
    scale = _millimetres(header)
    spacing = np.array(header.spacing)
    geometry, notes = placed(header.shape[1:], affine[:, :3] * scale, affine[:, 3] * scale, spacing * scale)
    if not np.allclose(spacing * scale, geometry.spacing, rtol=1e-3):
        given, taken = (" x ".join(f"{size:g}" for size in sizes) for sizes in (spacing, geometry.spacing))
        notes.append(f"The header gives voxels of {given} in pixdim, but places them {taken} mm apart; that was taken.")
    return geometry, notes


def _by_qform(header: NiftiHeader) -> tuple[Geometry, list[str]]:
    from nibabel.quaternions import quat2mat

    scale = _millimetres(header)
    spacing, notes = usable_spacing(header.spacing, "pixdim")
    try:
        quaternion = header.fields.get_qform_quaternion().astype(float)  # nibabel computes in more digits
    except ValueError as error:
        raise InvalidInputError("the qform is no rotation; correct it where it was written.") from error
    rotation = quat2mat(quaternion)
    mirror = np.diag([1.0, 1.0, -1.0 if float(header.fields["pixdim"][0]) == -1 else 1.0])
    origin = np.array([float(header.fields[f"qoffset_{axis}"]) for axis in "xyz"])
    columns = RAS_TO_LPS @ rotation @ mirror * spacing * scale
    geometry, placing_notes = placed(header.shape[1:], columns, RAS_TO_LPS @ origin * scale, spacing * scale)
    return geometry, notes + placing_notes


def _unplaced(header: NiftiHeader) -> tuple[Geometry, list[str]]:
    """Return a grid along the axes of the patient, as ITK has it."""
    spacing, notes = usable_spacing(header.spacing, "pixdim")
    notes.append(UNPLACED)
    geometry, placing_notes = placed(header.shape[1:], np.diag(spacing * _millimetres(header)), (0.0, 0.0, 0.0))
    return geometry, notes + placing_notes


def _millimetres(header: NiftiHeader) -> float:
    return MILLIMETRES.get(header.number("xyzt_units") & UNIT_BITS, 1.0)


def _in_units(header: NiftiHeader) -> list[str]:
    if header.is_analyze or header.number("xyzt_units") & UNIT_BITS in MILLIMETRES:
        return []
    return ["The header gives no unit of length; mm was taken."]
