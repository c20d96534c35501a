"""The output of `temporal-interp track`."""

from __future__ import annotations

from collections import abc
from pathlib import Path

import numpy as np

from temporal_interp.cli.pictures import drawn
from temporal_interp.cli.tracking_input import Marks
from temporal_interp.cli.tracking_pictures import draw_results, followed
from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.report import write_csv
from temporal_interp.io import write_field_sequence, write_sequence
from temporal_interp.io.field_sequence import FieldDirection
from temporal_interp.tracking.curves import curve_rows, point_rows
from temporal_interp.tracking.flow import SECONDS, divergence, in_plane_vorticity, velocity
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.network_file import save_network
from temporal_interp.tracking.strain import green_lagrange, strain_along
from temporal_interp.tracking.track import Tracking
from temporal_interp.tracking.trajectories import Drift, drift_of

AXES = "ijk"

DISPLACEMENT = "displacement.seq.nrrd"


def write_results(
    folder: Path,
    sequence: Sequence,
    tracking: Tracking,
    marks: Marks,
    pair: int,
    by_scale: abc.Mapping[int, np.ndarray],
) -> dict[str, object]:
    """Write fields, curves, points, pictures and the film, and return what is told of them.

    A picture that cannot be drawn does not lose the rest; "not_drawn" says why.

    `by_scale` has the field from frame `pair` to the next as it was known after each scale; see `draw_results`.
    """
    motion, displacements = tracking.motion, tracking.displacements
    _write_displacement(folder, tracking)
    _write_neighbours(folder, tracking)
    if tracking.network is not None:
        save_network(tracking.network, folder / "network.safetensors")
    drift = drift_of(motion, tracking.reference)
    strain = None
    if marks.contour is not None:
        strain = strain_along(displacements, motion.geometry, marks.contour, marks.view, marks.wall_thickness)
    write_csv(curve_rows(motion, displacements, drift, strain), folder / "curves.csv")
    if marks.points is not None:
        positions = followed(marks.points.points_mm, tracking)
        write_csv(point_rows(motion, positions, marks.points.labels), folder / "points.csv")
    return {
        "not_drawn": drawn(
            folder, lambda pictures: draw_results(pictures, sequence, tracking, marks, strain, pair, by_scale)
        ),
        **_errors_of(drift),
        "peak_strain": {} if strain is None else {name: _peak(curve) for name, curve in strain.curves().items()},
    }


def write_displacement(folder: Path, tracking: Tracking) -> dict[str, object]:
    """Write the displacement from the reference frame to every frame, and return what is told of it."""
    _write_displacement(folder, tracking)
    return _errors_of(drift_of(tracking.motion, tracking.reference))


def _errors_of(drift: Drift) -> dict[str, object]:
    return {"forward_backward_mm": max(drift.forward_backward_mean_mm), "closing_mm": drift.closing_mean_mm}


def write_maps(folder: Path, tracking: Tracking) -> None:
    """Write strain in the image's axes and, where frames have times, velocity, divergence and vorticity.

    strain_ij.seq.nrrd and the like hold Green-Lagrange strain from the reference frame, on its grid, without a unit;
    a single slice has none along K. velocity.seq.nrrd is in mm/s, divergence.seq.nrrd and vorticity.seq.nrrd (about
    the K axis) in 1/s, each on the grid of its frame.
    """
    motion = tracking.motion
    geometry = motion.geometry
    axes = range(2 if geometry.shape[0] == 1 else 3)
    strains = [green_lagrange(field, geometry) for field in tracking.displacements]
    for row in axes:
        for column in range(row, len(axes)):
            name = f"strain_{AXES[row]}{AXES[column]}"
            _write_map([strain[..., row, column] for strain in strains], motion, folder / f"{name}.seq.nrrd")
    if motion.unit not in SECONDS:
        return
    velocities = velocity(motion)
    write_field_sequence(
        velocities,
        geometry,
        motion.times,
        motion.index_name,
        motion.unit,
        folder / "velocity.seq.nrrd",
        direction=FieldDirection.VELOCITY,
    )
    _write_map([divergence(field, geometry) for field in velocities], motion, folder / "divergence.seq.nrrd")
    _write_map([in_plane_vorticity(field, geometry) for field in velocities], motion, folder / "vorticity.seq.nrrd")


def _write_map(maps: abc.Sequence[np.ndarray], motion: SequenceMotion, path: Path) -> None:
    volumes = [Volume(np.ascontiguousarray(part, np.float32), motion.geometry) for part in maps]
    write_sequence(Sequence(volumes, motion.times, motion.index_name, motion.unit), path)


def _write_displacement(folder: Path, tracking: Tracking) -> None:
    values = tracking.motion.times
    reference = {f"{PREFIX}ReferenceIndexValue": f"{values[tracking.reference]:.15g}"}
    _write_field(
        folder / DISPLACEMENT, tracking.displacements, values, FieldDirection.FROM_REFERENCE, tracking.motion, reference
    )


def _write_neighbours(folder: Path, tracking: Tracking) -> None:
    motion = tracking.motion
    values = motion.times
    earlier, later, backward = values[:-1], values[1:], motion.backward
    if motion.closed:  # the pair that closes the cycle lies on the last frame, and backwards on the first
        earlier, later, backward = values, values, [backward[-1], *backward[:-1]]
    _write_field(folder / "forward.seq.nrrd", motion.forward, earlier, FieldDirection.TO_NEXT, motion)
    _write_field(folder / "backward.seq.nrrd", backward, later, FieldDirection.FROM_PREVIOUS, motion)


def _write_field(
    path: Path,
    fields: abc.Sequence[np.ndarray],
    times: abc.Sequence[float],
    direction: FieldDirection,
    motion: SequenceMotion,
    attributes: abc.Mapping[str, str] | None = None,
) -> None:
    write_field_sequence(
        fields,
        motion.geometry,
        times,
        motion.index_name,
        motion.unit,
        path,
        direction=direction,
        attributes=attributes,
    )


def _peak(curve: np.ndarray) -> dict[str, float]:
    frame = int(np.abs(curve).argmax())
    return {"strain": float(curve[frame]), "frame": frame}
