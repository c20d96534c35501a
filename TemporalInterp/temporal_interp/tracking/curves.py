"""The results of tracking for every frame, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.strain import ContourStrain
from temporal_interp.tracking.trajectories import Drift


def curve_rows(
    motion: SequenceMotion, displacements: Sequence[np.ndarray], drift: Drift, strain: ContourStrain | None
) -> list[dict[str, Any]]:
    """Return a row for every frame: its index value, the displacement of the tissue, the drift, and the strain.

    Displacements are means over the mask of the motion, in mm; strain is the mean over the contour, without a unit.
    """
    where = slice(None) if motion.mask is None else motion.mask
    curves = {} if strain is None else {f"{name}_strain": curve for name, curve in strain.curves().items()}
    return [
        {
            "frame": frame,
            motion.index_name: value,
            "mean_displacement_mm": float(np.linalg.norm(displacements[frame][where], axis=-1).mean()),
            "forward_backward_error_mm": drift.forward_backward_mean_mm[frame],
            **{name: float(curve[frame]) for name, curve in curves.items()},
        }
        for frame, value in enumerate(motion.times)
    ]


def point_rows(motion: SequenceMotion, positions: np.ndarray, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for every point in every frame.

    Args:
        motion: gives the index.
        positions: (N, P, 3), LPS mm.
        labels: of the points; their numbers where there are none.
    """
    names = labels or [str(number) for number in range(positions.shape[1])]
    return [
        {"frame": frame, motion.index_name: value, "point": name, "x": x, "y": y, "z": z}
        for frame, value in enumerate(motion.times)
        for name, (x, y, z) in zip(names, positions[frame].tolist(), strict=True)
    ]
