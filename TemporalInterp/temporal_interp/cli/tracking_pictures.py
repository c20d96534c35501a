"""Pictures and the film of a tracking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from temporal_interp.cli.tracking_input import Marks
from temporal_interp.data.sequence import Sequence
from temporal_interp.figures.canvas import length_unit
from temporal_interp.figures.coarse_to_fine import save_coarse_to_fine
from temporal_interp.figures.strain_curves import save_strain_curves
from temporal_interp.figures.tracking_film import lattice_points, save_tracking_film
from temporal_interp.figures.view import display_range, view_of_tracking
from temporal_interp.tracking.fields import sample_field
from temporal_interp.tracking.strain import ContourStrain
from temporal_interp.tracking.track import Tracking


def followed(points_mm: np.ndarray, tracking: Tracking) -> np.ndarray:
    """Return the positions in every frame, (N, P, 3), of points (P, 3) of the reference frame, LPS mm."""
    geometry = tracking.motion.geometry
    return np.stack([points_mm + sample_field(field, geometry, points_mm) for field in tracking.displacements])


def draw_results(
    folder: Path,
    sequence: Sequence,
    tracking: Tracking,
    marks: Marks,
    strain: ContourStrain | None,
    pair: int,
    by_scale: Mapping[int, np.ndarray],
) -> None:
    """Write motion.png, tracking.gif and, with a contour, strain.png.

    Args:
        folder: to write to.
        sequence: that was tracked.
        tracking: its motion.
        marks: what was followed.
        strain: along the contour, if there is one.
        pair: number of the earlier frame of the pair in motion.png.
        by_scale: the field to the later frame as it was known after each scale, (K, J, I, 3), LPS mm; scales of a
            tracking that was resumed are missing; without any, the motion itself is shown.
    """
    motion = tracking.motion
    given = [m.points_mm for m in (marks.contour, marks.points) if m is not None]
    view = view_of_tracking(sequence, mask=motion.mask, marks_mm=given[0] if given else None)
    shown = by_scale or {1: motion.forward[pair]}
    save_coarse_to_fine(
        sequence.volumes[pair],
        {f"scale 1/{scale}" if scale > 1 else "scale 1": field for scale, field in shown.items()},
        view,
        display_range(sequence),
        folder / "motion.png",
        mask=motion.mask,
        length_unit=length_unit(sequence),
        title=f"frame {pair} to {pair + 1}",
    )
    strains = None if strain is None else strain.by_name()
    points = marks.points.points_mm if marks.points is not None else lattice_points(view, motion.mask)
    save_tracking_film(
        sequence,
        view,
        folder / "tracking.gif",
        points_mm=followed(points, tracking),
        contour_mm=None if marks.contour is None else followed(marks.contour.points_mm, tracking),
        contour_closed=marks.contour is None or marks.contour.closed,
        strains=strains,
    )
    if strains is not None:
        save_strain_curves(
            strains,
            motion.times,
            folder / "strain.png",
            index_name=motion.index_name,
            unit=motion.unit,
        )
