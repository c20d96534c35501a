"""The points and the contour that `temporal-interp track` follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from temporal_interp.data.geometry import Geometry
from temporal_interp.io import read_points
from temporal_interp.io.points import PointSet
from temporal_interp.tracking.contour import STRAIN_POINTS, Contour
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.tracking.strain import contour_segments


@dataclass(frozen=True, eq=False)
class Marks:
    """Points and a contour in the reference frame.

    Attributes:
        points: to follow, or None.
        contour: to measure strain along, or None.
        view: of the contour.
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
    """Read the files of points and of a contour.

    A file of plain points does not say whether the contour is closed: in a short-axis view it is.

    Raises:
        InvalidInputError: a file cannot be read, or there are too few points for a contour.
    """
    line = None
    if contour is not None:
        drawn = read_points(contour)
        closed = view is ContourView.SHORT_AXIS if drawn.closed is None else drawn.closed
        line = Contour(drawn.points_mm, closed).resampled(STRAIN_POINTS)
    return Marks(None if points is None else read_points(points), line, view, wall_thickness)
