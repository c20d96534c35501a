"""What `temporal-interp track` reads to follow, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temporal_interp.evaluation.report import write_lines
from temporal_interp.files import read_points, write_field_sequence
from temporal_interp.files.field_sequence import FieldDirection
from temporal_interp.files.markups import PointSet
from temporal_interp.sequences import VolumeSequence
from temporal_interp.tracking.contour import Contour
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.tracking.curves import curve_lines, point_lines
from temporal_interp.tracking.fields import sample_field
from temporal_interp.tracking.network_file import save_network
from temporal_interp.tracking.strain import ContourStrain, strain_along
from temporal_interp.tracking.track import Tracking
from temporal_interp.tracking.trajectories import drift_of

CONTOUR_POINTS = 72
"""Points that a contour is resampled to, evenly along it."""


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


@dataclass(frozen=True, eq=False)
class PairByScale:
    """A pair of neighbours for the picture.

    Attributes:
        number: of the earlier frame.
        forward: by scale, the field to the later frame as it was known after that scale, (K, J, I, 3), LPS mm.
    """

    number: int
    forward: Mapping[int, np.ndarray]


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
        line = Contour(drawn.points_mm, closed).resampled(CONTOUR_POINTS)
    return Marks(None if points is None else read_points(points), line, view, wall_thickness)


def write_results(
    folder: Path, sequence: VolumeSequence, tracking: Tracking, marks: Marks, pair: PairByScale
) -> dict[str, object]:
    """Write fields, curves, points, pictures and the film, and return what is told of them."""
    motion, displacements = tracking.motion, tracking.displacements
    _write_fields(folder, tracking)
    save_network(tracking.network, folder / "network.safetensors")
    drift = drift_of(motion, tracking.reference)
    strain = None
    if marks.contour is not None:
        strain = strain_along(displacements, motion.geometry, marks.contour, marks.view, marks.wall_thickness)
    write_lines(curve_lines(motion, displacements, drift, strain), folder / "curves.csv")
    if marks.points is not None:
        positions = _followed(marks.points.points_mm, tracking)
        write_lines(point_lines(motion, positions, marks.points.labels), folder / "points.csv")
    _draw(folder, sequence, tracking, marks, strain, pair)
    return {
        "forward_backward_mm": max(drift.forward_backward_mean_mm),
        "closing_mm": drift.closing_mean_mm,
        "peak_strain": {} if strain is None else {name: _peak(curve) for name, curve in strain.curves().items()},
    }


def _write_fields(folder: Path, tracking: Tracking) -> None:
    motion = tracking.motion
    values, count = motion.index_values, len(motion.forward)
    earlier, later = values[:count], values[1:]
    if motion.closed:  # the pair round the end lies on the last frame, and on the first
        later = [*later, values[0]]
    backward = [field for _, field in sorted(zip(later, motion.backward, strict=True), key=lambda item: item[0])]
    reference = {"TemporalInterp.ReferenceIndexValue": f"{values[tracking.reference]:.9g}"}
    for name, fields, index, direction, attributes in (
        ("displacement", tracking.displacements, values, FieldDirection.FROM_REFERENCE, reference),
        ("forward", motion.forward, earlier, FieldDirection.TO_NEXT, None),
        ("backward", backward, sorted(later), FieldDirection.FROM_PREVIOUS, None),
    ):
        write_field_sequence(
            fields,
            motion.geometry,
            index,
            motion.index_name,
            motion.index_unit,
            folder / f"{name}.seq.nrrd",
            direction=direction,
            attributes=attributes,
        )


def _followed(points_mm: np.ndarray, tracking: Tracking) -> np.ndarray:
    """Return where points of the reference frame are in every frame, (N, P, 3), LPS mm."""
    geometry = tracking.motion.geometry
    return np.stack([points_mm + sample_field(field, geometry, points_mm) for field in tracking.displacements])


def _peak(curve: np.ndarray) -> dict[str, float]:
    frame = int(np.abs(curve).argmax())
    return {"strain": float(curve[frame]), "frame": frame}


def _draw(
    folder: Path,
    sequence: VolumeSequence,
    tracking: Tracking,
    marks: Marks,
    strain: ContourStrain | None,
    pair: PairByScale,
) -> None:
    pass
