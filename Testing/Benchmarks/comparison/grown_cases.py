"""Beating hearts that fill a grid of any size, for measurements of time and memory."""

from __future__ import annotations

from comparison.cases import BenchmarkCase
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.hold_out import every
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_stack

Shape = tuple[int, int, int]

DRAWN_MM = (112.0, 192.0, 192.0)
"""Extent that is drawn along (K, J, I), for any number of voxels."""

SPACING_MM = (1.5, 1.5, 3.5)
"""Nominal voxel size along (I, J, K). With the true size, the student would work on a coarser grid in larger
volumes."""


def grown_heart(shape: Shape, gaps: int = 1) -> BenchmarkCase:
    """Return a heart that goes from end diastole to end systole and back, with the frame in the middle held out.

    Args:
        shape: of the frames, (K, J, I); one slice moves in its plane.
        gaps: number of times that the heart goes from one to the other; all gaps are equally wide.
    """
    heart = BeatingHeart().in_plane() if shape[0] == 1 else BeatingHeart()
    k, j, i = (length / n for length, n in zip(DRAWN_MM, shape, strict=True))
    grid = short_axis_stack(heart, shape=shape, spacing_mm=(i, j, k))
    drawn = make_heart_cine(heart, grid, [0.0, heart.end_systole / 2, heart.end_systole]).sequence.volumes
    diastole, middle, systole = (Volume(volume.array, Geometry(shape, SPACING_MM)) for volume in drawn)
    beat = (diastole, middle, systole, middle)
    frames = [beat[number % 4] for number in range(2 * gaps + 1)]
    sequence = Sequence(frames, range(len(frames)))
    return BenchmarkCase(f"heart_{'x'.join(map(str, shape))}", sequence, every(sequence, 2))
