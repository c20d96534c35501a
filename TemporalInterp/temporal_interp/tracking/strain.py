"""Strain of the tissue, as a tensor at every voxel and along a contour.

Green-Lagrange strain of a displacement u(X) from the reference frame: E = (F'F - 1) / 2 with F = 1 + du/dX. It is zero
for any rigid motion, however large. For tissue that lay along the unit vector d as dX and now is dx, it is
E(d) = d'E d = (|dx|² / |dX|² - 1) / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.contour import Contour
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.tracking.fields import image_axis_derivatives, require_field, sample_field, voxel_index

THROUGH_PLANE_VOXELS = 1e-3
"""Tissue that never moves further than this many voxels along K was tracked slice by slice."""


class ContourSegments(NamedTuple):
    """Straight segments of tissue at each point of a contour, in the reference frame: (P, 2, 3), their ends in LPS
    mm."""

    radial: np.ndarray
    tangential: np.ndarray
    through_plane: np.ndarray


@dataclass(frozen=True, eq=False)
class ContourStrain:
    """Green-Lagrange strain at every point of a contour in every frame: 0.1 is 10 %, no unit.

    Attributes:
        view: that the contour is drawn in.
        radial: (N, P), across the contour, in its plane; positive where the wall thickens.
        tangential: (N, P), along the contour; negative where it shortens.
        through_plane: (N, P), across the slice; None in a single slice, in slices that were tracked one by one and in
            a long-axis view.
    """

    view: ContourView
    radial: np.ndarray
    tangential: np.ndarray
    through_plane: np.ndarray | None

    def by_name(self) -> dict[str, np.ndarray]:
        """Return the strains, (N, P) each, by the name that users know: "radial", "circumferential", "longitudinal"."""
        strains = {"radial": self.radial, self.view.tangential_name: self.tangential}
        if self.through_plane is not None:
            strains["longitudinal"] = self.through_plane
        return strains

    def curves(self) -> dict[str, np.ndarray]:
        """Return the mean over the points in every frame, (N,), by the name that users know.

        Points have equal weights: resample the contour for a mean over its length. Points without strain do not count.
        """
        return {name: np.nanmean(strain, axis=1) for name, strain in self.by_name().items()}


def green_lagrange(displacement: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the Green-Lagrange strain tensor at every voxel of the reference frame.

    In a single slice, and in slices tracked one by one, elements with K are meaningless: du/dK is not known there.

    Args:
        displacement: (K, J, I, 3), LPS mm, from the reference frame, on its grid.
        geometry: the grid.

    Example:
        Tissue that is stretched by a tenth along x has a strain of 0.1 + 0.1^2 / 2 there:

        >>> stretched = np.zeros((1, 3, 3, 3), np.float32)
        >>> stretched[..., 0] = 0.1 * np.arange(3)
        >>> round(float(green_lagrange(stretched, Geometry((1, 3, 3)))[0, 1, 1, 0, 0]), 4)
        0.105

    Returns:
        (K, J, I, 3, 3) float32, symmetric; rows and columns are the image's axes I, J, K (unit vectors in mm).

    Raises:
        InvalidInputError: the displacement does not lie on the grid.
    """
    require_field(displacement, geometry, "green_lagrange() 'displacement'")
    gradient = image_axis_derivatives(displacement, geometry)
    transposed = np.swapaxes(gradient, -1, -2)
    return 0.5 * (gradient + transposed + transposed @ gradient)


def contour_segments(geometry: Geometry, contour: Contour, wall_thickness_mm: float | None = None) -> ContourSegments:
    """Lay straight segments of tissue at every point of a contour, each with the point in its middle.

    A segment reaches one voxel to either side, as a central difference does; in the slice that is the coarser of the
    two spacings. Where the wall's thickness is known, a radial one reaches through the wall up to a voxel from its
    surfaces, at least half of it: the motion bends at the surfaces, and a field read there is partly that of the blood
    (on the phantom, with exact fields, that costs 0.05 to 0.09 of strain, and a voxel further in 0.005). At the border
    of the image segments end at the outermost voxel centres.

    Args:
        geometry: the voxel grid; its K axis is the normal of the contour's plane.
        contour: in the middle of the wall if the thickness is given, in the reference frame.
        wall_thickness_mm: of the wall in the reference frame.

    Raises:
        InvalidInputError: the contour leaves the image or has no direction at a point, or the thickness is not
            positive.
    """
    if wall_thickness_mm is not None and not 0 < wall_thickness_mm < np.inf:
        raise InvalidInputError(f"The thickness of the wall must be a positive number of mm, got {wall_thickness_mm}.")
    _require_inside(contour, geometry)
    across = np.asarray(geometry.direction)[:, 2]
    in_plane = max(geometry.spacing[:2])
    half_wall = 2 * in_plane if wall_thickness_mm is None else wall_thickness_mm / 2
    steps = (
        max(half_wall - in_plane, half_wall / 2) * contour.normals(across),
        in_plane * contour.tangents(),
        np.broadcast_to(geometry.spacing[2] * across, contour.points_mm.shape),
    )
    return ContourSegments(*(_segments(contour.points_mm, step, geometry) for step in steps))


def segment_strain(segments_mm: np.ndarray, moved_mm: np.ndarray) -> np.ndarray:
    """Return the Green-Lagrange strain of straight segments from the positions of their ends.

    It is E(d) of the deformation gradient averaged along the segment.

    Args:
        segments_mm: (P, 2, 3), in the reference frame.
        moved_mm: (N, P, 2, 3), in every frame.

    Returns:
        (N, P); NaN for a segment without length.
    """
    before = np.square(segments_mm[:, 1] - segments_mm[:, 0]).sum(axis=-1)
    after = np.square(moved_mm[:, :, 1] - moved_mm[:, :, 0]).sum(axis=-1)
    return 0.5 * (np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0) - 1.0)


def strain_along(
    displacements: Sequence[np.ndarray],
    geometry: Geometry,
    contour: Contour,
    view: ContourView | str,
    wall_thickness_mm: float | None = None,
) -> ContourStrain:
    """Return the strain along a contour in every frame, from finite segments (see `contour_segments`).

    Args:
        displacements: N of (K, J, I, 3), LPS mm, from the reference frame: `trajectories.displacement_from`.
        geometry: their grid.
        contour: drawn in a slice of the reference frame.
        view: that it is drawn in.
        wall_thickness_mm: of the wall in the reference frame, if known: the radial strain is then that of most of
            the wall, and the contour must run in its middle.

    Raises:
        InvalidInputError: as `contour_segments`; or a displacement does not lie on the grid, or there is no such view.
    """
    view = _require_view(view)
    for number, displacement in enumerate(displacements):
        require_field(displacement, geometry, f"strain_along() 'displacements' {number}")
    segments = contour_segments(geometry, contour, wall_thickness_mm)
    radial, tangential, through_plane = (
        segment_strain(ends, np.stack([ends + sample_field(u, geometry, ends) for u in displacements]))
        for ends in segments
    )
    is_seen = view is not ContourView.LONG_AXIS and _moves_through_plane(displacements, geometry)
    return ContourStrain(view, radial, tangential, through_plane if is_seen else None)


def _require_view(view: ContourView | str) -> ContourView:
    try:
        return ContourView(view)
    except ValueError as error:
        raise InvalidInputError(f"The view must be one of {', '.join(ContourView)}, got {view!r}.") from error


def _require_inside(contour: Contour, geometry: Geometry) -> None:
    index = voxel_index(contour.points_mm, geometry)
    outside = ((index < -0.5) | (index > np.array(geometry.shape[::-1]) - 0.5)).any(axis=1)
    if outside.any():
        raise InvalidInputError(
            f"{int(outside.sum())} of the contour's {len(contour)} points lie outside the image, the first at "
            f"{contour.points_mm[np.argmax(outside)].round(1).tolist()} LPS mm. Draw it on this sequence."
        )


def _segments(points_mm: np.ndarray, steps_mm: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return (P, 2, 3): the points less and plus their steps, as much of them as lies between voxel centres."""
    last = np.array(geometry.shape[::-1]) - 1.0
    start = np.clip(voxel_index(points_mm, geometry), 0.0, last)
    step = steps_mm @ np.linalg.inv(geometry.voxel_to_physical).T
    step = np.where(np.abs(step) < 1e-6, 0.0, step)  # rounding must not end a segment that runs along the border
    ends = []
    for towards in (-step, step):
        room = np.where(towards > 0, last - start, start)
        share = np.divide(room, np.abs(towards), out=np.full_like(towards, np.inf), where=towards != 0).min(axis=1)
        ends.append(start + np.minimum(share, 1.0)[:, None] * towards)
    return np.stack(ends, axis=1) @ geometry.voxel_to_physical.T + np.asarray(geometry.origin)


def _moves_through_plane(displacements: Sequence[np.ndarray], geometry: Geometry) -> bool:
    across = np.asarray(geometry.direction, np.float32)[:, 2]
    reach = THROUGH_PLANE_VOXELS * geometry.spacing[2]
    return geometry.shape[0] > 1 and any(np.abs(u @ across).max() > reach for u in displacements)
