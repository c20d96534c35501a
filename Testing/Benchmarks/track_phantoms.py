"""How near tracking comes to the truth on hearts that are simulated, and in what time, by each method.

    python Testing/Benchmarks/track_phantoms.py                                  all hearts, by velocities and by NMSR
    python Testing/Benchmarks/track_phantoms.py --hearts 2d-505 --methods velocity

Hearts are `random_heart` of a seed, whole beats with blur, noise and inflow. Errors are over the wall that frame 0
shows. Seconds are of the processor, so that other work on the machine hardly matters.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from exact_motion import exact_positions, exact_strain_along, mid_wall_contour
from phantom_regions import wall_mask
from temporal_interp.evaluation.report import Column, Row, as_markdown
from temporal_interp.simulation import (
    BeatingHeart,
    PhantomCine,
    even_phases,
    make_heart_cine,
    short_axis_slice,
    short_axis_stack,
)
from temporal_interp.simulation.random_bodies import random_heart, random_heart_scan
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.tracking.fields import voxel_points
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.strain import strain_along
from temporal_interp.tracking.track import Tracking, track
from temporal_interp.tracking.trajectories import drift_of

HEARTS = ("2d-505", "2d-606", "2d-707", "2d-808", "3d-303", "3d-404")
"""Number of dimensions and seed. They are held out: settings of the tracking were chosen on 2d-101, 2d-202, 2d-303,
2d-404, 3d-101 and 3d-202. No network is trained on these seeds, and no other table shows them."""

VOLUME_SHAPE, VOLUME_VOXEL_MM = (16, 56, 56), 2.5

COLUMNS = (
    Column("heart", "heart"),
    Column("method", "method"),
    Column("mean_mm", "mean error mm", "{:.2f}"),
    Column("most_mm", "95 % mm", "{:.2f}"),
    Column("radial", "radial strain", "{:.3f}"),
    Column("circumferential", "circumferential strain", "{:.3f}"),
    Column("there_and_back_mm", "there and back mm", "{:.2f}"),
    Column("closing_mm", "closing mm", "{:.2f}"),
    Column("seconds", "processor s", "{:.0f}"),
)
"""Strains are root mean square errors of the curve; drift is as `track` reports it, within the wall."""


def heart_cine(name: str) -> PhantomCine:
    """Return the beat of one of `HEARTS`: 20 frames of 128 x 128, or 8 of 16 x 56 x 56."""
    dimensions, seed = name.split("-")
    rng = np.random.default_rng(int(seed))
    heart = random_heart(rng)
    if dimensions == "2d":
        heart = heart.in_plane()
        scan = random_heart_scan(rng, slice_thickness_mm=8.0)
        return make_heart_cine(heart, short_axis_slice(heart), even_phases(20), acquisition=scan, seed=int(seed))
    scan = random_heart_scan(rng, slice_thickness_mm=VOLUME_VOXEL_MM)
    scan = replace(scan, resolution_mm=max(scan.resolution_mm, VOLUME_VOXEL_MM))
    geometry = short_axis_stack(heart, shape=VOLUME_SHAPE, spacing_mm=(VOLUME_VOXEL_MM,) * 3)
    return make_heart_cine(heart, geometry, even_phases(8), acquisition=scan, seed=int(seed))


def scores(cine: PhantomCine, tracking: Tracking) -> Row:
    """Return the errors of a tracking from frame 0, see `COLUMNS`."""
    heart = cine.body
    assert isinstance(heart, BeatingHeart)
    wall = wall_mask(heart, cine.geometry, 0.0)
    points = voxel_points(cine.geometry)[wall]
    followed = np.stack([points + field[wall] for field in tracking.displacements])
    errors = np.linalg.norm(followed - exact_positions(cine, points), axis=-1)[1:]
    middle = mid_wall_contour(heart)
    asked = (middle.contour, ContourView.SHORT_AXIS, middle.thickness_mm)
    found = strain_along(tracking.displacements, cine.geometry, *asked).curves()
    true = exact_strain_along(cine, *asked).curves()
    drift = drift_of(replace(tracking.motion, mask=wall))
    return {
        "mean_mm": float(errors.mean()),
        "most_mm": float(np.percentile(errors, 95)),
        **{n: float(np.sqrt(np.mean((found[n] - true[n]) ** 2))) for n in ("radial", "circumferential")},
        "there_and_back_mm": max(drift.forward_backward_mean_mm),
        "closing_mm": drift.closing_mean_mm,
    }


def rows(hearts: tuple[str, ...], settings: dict[str, TrackingSettings]) -> list[Row]:
    """Return a row for every heart and method."""
    found = []
    for heart in hearts:
        cine = heart_cine(heart)
        for method, choices in settings.items():
            start = time.process_time()
            tracking = track(cine.sequence, choices)
            seconds = time.process_time() - start
            found.append({"heart": heart, "method": method, **scores(cine, tracking), "seconds": seconds})
    return found


def main(
    hearts: Annotated[str, typer.Option(help="Names, by commas.")] = ",".join(HEARTS),
    methods: Annotated[str, typer.Option(help="Methods of `TrackingSettings`, by commas.")] = "velocity,nmsr",
) -> None:
    """Print the table."""
    settings = {name: TrackingSettings(method=name) for name in methods.split(",")}
    print(as_markdown(rows(tuple(hearts.split(",")), settings), COLUMNS))


if __name__ == "__main__":
    typer.run(main)
