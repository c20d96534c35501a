"""Pictures and the film of a tracking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temporal_interp.cli.tracking_marks import Marks
from temporal_interp.data.sequence import Sequence
from temporal_interp.figures.canvas import length_unit
from temporal_interp.figures.coarse_to_fine import save_coarse_to_fine
from temporal_interp.figures.strain_curves import save_strain_curves
from temporal_interp.figures.tracking_film import lattice_points, save_tracking_film
from temporal_interp.figures.view import View, display_range, view_of_tracking
from temporal_interp.tracking.fields import sample_field
from temporal_interp.tracking.strain import ContourStrain
from temporal_interp.tracking.track import Tracking


@dataclass(frozen=True, eq=False)
class PairByScale:
    """A pair of neighbours for the picture.

    Attributes:
        number: of the earlier frame.
        forward: by scale, the field to the later frame after that scale, (K, J, I, 3), LPS mm.
    """

    number: int
    forward: Mapping[int, np.ndarray]


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
    pair: PairByScale,
) -> None:
    """Write motion.png, tracking.gif and, with a contour, strain.png."""
    motion = tracking.motion
    given = [m.points_mm for m in (marks.contour, marks.points) if m is not None]
    view = view_of_tracking(sequence, mask=motion.mask, marks_mm=given[0] if given else None)
    _draw_scales(folder / "motion.png", sequence, pair, view, motion.mask)
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


def _draw_scales(
    path: Path, sequence: Sequence, pair: PairByScale, view: View, mask: np.ndarray | None
) -> None:  # fmt: skip
    """Draw the field of a pair after every scale; scales that a resumed tracking had finished are missing."""
    if not pair.forward:
        return
    save_coarse_to_fine(
        sequence.volumes[pair.number],
        {f"scale 1/{scale}" if scale > 1 else "scale 1": field for scale, field in pair.forward.items()},
        view,
        display_range(sequence),
        path,
        mask=mask,
        length_unit=length_unit(sequence),
        title=f"frame {pair.number} to {pair.number + 1}",
    )
