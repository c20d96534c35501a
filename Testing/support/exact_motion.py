"""What tracking should find in a phantom: its exact motion, positions and strain, and a contour to find it along."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.beating_heart import BeatingHeart
from temporal_interp.simulation.cine import PhantomCine
from temporal_interp.tracking.contour import Contour
from temporal_interp.tracking.fields import require_points
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.strain import ContourStrain, ContourView, contour_segments, segment_strain

MID_WALL_POINTS = 72
"""Points of a mid-wall contour: one every 5 degrees."""


class MidWall(NamedTuple):
    """The middle of the left ventricle's wall in one short-axis plane."""

    contour: Contour
    thickness_mm: float  # of the wall there


def exact_motion(cine: PhantomCine, *, closed: bool = False) -> SequenceMotion:
    """Return the exact fields between neighbouring frames of a phantom, on its grid.

    Args:
        cine: the phantom.
        closed: also between the last frame and the first.

    Raises:
        InvalidInputError: closed is asked of a single frame.
    """
    count = len(cine)
    pairs = [(number, (number + 1) % count) for number in range(count if closed else count - 1)]
    return SequenceMotion(
        cine.geometry,
        cine.sequence.times,
        cine.sequence.index_name,
        cine.sequence.unit,
        forward=[cine.displacement_field(later, earlier).array for earlier, later in pairs],
        backward=[cine.displacement_field(earlier, later).array for earlier, later in pairs],
        closed=closed,
    )


def exact_positions(cine: PhantomCine, points_mm: np.ndarray, reference: int = 0) -> np.ndarray:
    """Return where the tissue at points of one frame truly is in every frame.

    Args:
        cine: the phantom.
        points_mm: (P, 3), LPS, in the reference frame.
        reference: number of that frame.

    Returns:
        (N, P, 3) float64, LPS mm.

    Raises:
        InvalidInputError: points are not (P, 3) finite numbers, there is no such frame, or the scan shifted the
            slices, so that pictures do not tell places.
    """
    points = require_points(points_mm, "The points to follow")
    cine.sequence.require_item(reference, "The reference")
    if cine.slice_shifts_mm.any():
        raise InvalidInputError("Exact positions need a phantom whose slices are not shifted.")
    material = cine.body.inverse(points, cine.phases[reference])
    return np.stack([cine.body.forward(material, phase) for phase in cine.phases])


def exact_strain_along(
    cine: PhantomCine,
    contour: Contour,
    view: ContourView | str,
    wall_thickness_mm: float | None = None,
    reference: int = 0,
) -> ContourStrain:
    """Return the true strain along a contour of one frame, of the same segments as `strain.strain_along`.

    In a volume it has a through-plane part, whether or not the tissue moves through the plane.

    Raises:
        InvalidInputError: as `strain.contour_segments` and `exact_positions`.
    """
    view = ContourView(view)
    segments = contour_segments(cine.geometry, contour, wall_thickness_mm)
    radial, tangential, through_plane = (
        segment_strain(ends, exact_positions(cine, ends.reshape(-1, 3), reference).reshape(-1, *ends.shape))
        for ends in segments
    )
    in_volume = cine.geometry.shape[0] > 1 and view is ContourView.SHORT_AXIS
    return ContourStrain(view, radial, tangential, through_plane if in_volume else None)


def mid_wall_contour(heart: BeatingHeart, phase: float = 0.0) -> MidWall:
    """Return the circle in the middle of the wall at `phase`, in the plane of `geometries.short_axis_slice`.

    Its first point lies towards the right ventricle; it goes on as the heart frame's x turns to y.

    Raises:
        InvalidInputError: the phase is not a number from 0 to 1.
    """
    axes, middle = np.asarray(heart.axes), np.asarray(heart.centre_mm)
    # the tissue that lies in this plane at `phase`: all of the ventricle moves alike along its axis
    material = heart.inverse(middle, phase)
    height = (material - middle) @ axes[:, 2] + heart.shape.length_mm / 2
    at_rest = heart.shape.squared_radii(np.float64(1.0), np.float64(0.0), height)
    inner, outer = (
        np.linalg.norm(heart.forward(material + np.sqrt(radius2) * axes[:, 0], phase) - middle)
        for radius2 in (at_rest.endocardium, at_rest.epicardium)
    )
    angle = np.linspace(0.0, 2.0 * np.pi, MID_WALL_POINTS, endpoint=False)[:, None]
    circle = np.cos(angle) * axes[:, 0] + np.sin(angle) * axes[:, 1]
    return MidWall(Contour(middle + (inner + outer) / 2 * circle, closed=True), float(outer - inner))
