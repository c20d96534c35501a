"""What the commands that track work on: the frames, where to look, and points and a contour to follow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.io import read_mask, read_points
from temporal_interp.io.points import PointSet
from temporal_interp.tracking.contour import STRAIN_POINTS, Contour
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.tracking.sector import scan_sector, without_surround
from temporal_interp.tracking.strain import contour_segments


def ready_to_track(sequence: Sequence, mask: Path | None) -> tuple[Sequence, np.ndarray | None]:
    """Return the sequence without the text around an ultrasound picture, and the mask, or None for everywhere.

    The notes of the sequence say what was removed.

    Raises:
        InvalidInputError: the mask cannot be read, or is empty on the grid of the sequence.
    """
    region = None if mask is None else read_mask(mask, sequence.volumes[0].geometry)
    sector = scan_sector(sequence)
    if sector is None:
        return sequence, region
    return without_surround(sequence, sector), sector if region is None else region


@dataclass(frozen=True, eq=False)
class Marks:
    """What the user wants to follow in the reference frame.

    Attributes:
        points: None where none are given.
        contour: to measure strain along, or None.
        view: how the contour lies to the heart.
        wall_thickness: in mm, of the wall whose middle the contour is, or None.
    """

    points: PointSet | None
    contour: Contour | None
    view: ContourView
    wall_thickness: float | None

    def require_in(self, geometry: Geometry) -> None:
        """Raise InvalidInputError unless strain can be measured along the contour on this voxel grid."""
        if self.contour is not None:
            contour_segments(geometry, self.contour, self.wall_thickness)


def read_marks(points: Path | None, contour: Path | None, view: ContourView, wall_thickness: float | None) -> Marks:
    """Return what is in the files of points and of a contour.

    A file of plain points does not say whether the contour is closed: round the short axis it is.

    Raises:
        InvalidInputError: a file cannot be read, or there are too few points for a contour.
    """
    line = None
    if contour is not None:
        drawn = read_points(contour)
        closed = view is ContourView.SHORT_AXIS if drawn.closed is None else drawn.closed
        line = Contour(drawn.points_mm, closed).resampled(STRAIN_POINTS)
    return Marks(None if points is None else read_points(points), line, view, wall_thickness)
