"""The guides of a volume: motion between its slices, and where slices, rows or columns are hidden to learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from temporal_interp.data.field_of_view import is_constant
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import Progress, no_progress
from temporal_interp.slices.degradation import Degradation, blur
from temporal_interp.slices.motion import moved_between
from temporal_interp.slices.sub_volumes import Guided, averaged_rows

LEARNT_VOXELS = 1_500_000
"""Voxels of the middle of a volume in which rows and columns are hidden: more would take longer than they teach."""

FEWEST = 3
"""Slices along an axis from which motion is found between hidden ones."""


def guides_of(
    arrays: Sequence[np.ndarray],
    spacing_kji: tuple[float, float, float],
    factor: int,
    *,
    loop: bool = False,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> list[np.ndarray]:
    """Return what motion puts between slices, and how far it is in doubt, (2, (K - 1) factor + 1, J, I) float32 each.

    Args:
        arrays: (K, J, I) float32, intensities from 0 to 1: one volume, or the frames of a cine.
        spacing_kji: in mm.
        factor: from 2 on.
        loop: after the last frame the first comes again.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.
    """
    geometry = Geometry(arrays[0].shape, spacing_kji[::-1])
    volumes = [Volume(np.ascontiguousarray(array), geometry) for array in arrays]
    if all(is_constant(volume.array) for volume in volumes):
        fine = ((len(arrays[0]) - 1) * factor + 1, *arrays[0].shape[1:])
        steady = [np.broadcast_to(array[:1], fine) for array in arrays]
        return [np.stack([one, np.zeros_like(one)]) for one in steady]
    scale = IntensityRange.of_contrast(volumes)
    stacks = [volume.array for volume in volumes]
    moved = moved_between(
        stacks, geometry, scale, factor, with_apart=True, loop=loop, device=device, progress=progress
    )  # fmt: skip
    assert moved.apart is not None
    return [np.stack(pair) for pair in zip(moved.arrays, moved.apart, strict=True)]


def guided_along(
    array: np.ndarray,
    spacing_kji: tuple[float, float, float],
    axis: int,
    factor: int,
    *,
    most: int = LEARNT_VOXELS,
    degradation: Degradation = Degradation.DIRECT,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Guided | None:
    """Return a volume along one axis, every factor-th slice of which was kept and the others made by motion.

    Rows and columns that are finer than slices should become are averaged, and the middle of the volume is taken.

    Args:
        array: (K, J, I) float32, intensities from 0 to 1.
        spacing_kji: in mm.
        axis: 0 hides slices, 1 rows, 2 columns.
        factor: from 2 on.
        most: voxels of the middle of the volume.
        degradation: of the slices that are kept.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.

    Returns:
        None where there are too few slices along the axis.
    """
    array = _middle(array, most)
    fine, apart = averaged_rows(array, spacing_kji, axis, factor)
    count = (len(fine) - 1) // factor * factor + 1
    if count < (FEWEST - 1) * factor + 1:
        return None
    fine = np.ascontiguousarray(fine[:count], np.float32)
    rest = [along for number, along in enumerate(spacing_kji) if number != axis]
    spacing = (apart * factor, rest[0], rest[1])
    seen = blur(fine, factor) if degradation is Degradation.BLURRED else fine
    guide = guides_of([seen[::factor]], spacing, factor, device=device, progress=progress)[0]
    return Guided(fine, seen, guide)


def _middle(array: np.ndarray, most: int) -> np.ndarray:
    """Return the middle of a volume, all slices of it, of about `most` voxels."""
    share = min(1.0, float(np.sqrt(most / array.size)))
    rows, columns = (max(1, round(share * side)) for side in array.shape[1:])
    top, left = (array.shape[1] - rows) // 2, (array.shape[2] - columns) // 2
    return array[:, top : top + rows, left : left + columns]
