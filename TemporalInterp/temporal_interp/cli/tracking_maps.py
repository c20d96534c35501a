"""Maps of strain and of flow over time, as sequences of volumes."""

from __future__ import annotations

from collections import abc
from pathlib import Path

import numpy as np

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.io import write_field_sequence, write_sequence
from temporal_interp.io.field_sequence import FieldDirection
from temporal_interp.tracking.flow import SECONDS, divergence, in_plane_vorticity, velocity
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.strain import green_lagrange
from temporal_interp.tracking.track import Tracking

AXES = "ijk"


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
            _write([strain[..., row, column] for strain in strains], motion, folder / f"{name}.seq.nrrd")
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
    _write([divergence(field, geometry) for field in velocities], motion, folder / "divergence.seq.nrrd")
    _write([in_plane_vorticity(field, geometry) for field in velocities], motion, folder / "vorticity.seq.nrrd")


def _write(maps: abc.Sequence[np.ndarray], motion: SequenceMotion, path: Path) -> None:
    volumes = [Volume(np.ascontiguousarray(part, np.float32), motion.geometry) for part in maps]
    write_sequence(Sequence(volumes, motion.times, motion.index_name, motion.unit), path)
