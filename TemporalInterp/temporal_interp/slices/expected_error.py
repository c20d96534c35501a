"""How far to trust synthetic slices: how wrong slices that exist would be, had they been made of their neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from temporal_interp.data.field_of_view import is_constant, outside_as_nan
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence as Frames
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.slices.motion import slices_at
from temporal_interp.slices.seen import filled_slices, seen_between
from temporal_interp.slices.slice_course import SliceEngine, slice_course
from temporal_interp.slices.slice_grid import closer_slices

RADIUS_MM = 3.0
"""Standard deviation of the neighbourhood over which squared errors are averaged."""

HALF_AS_FAR = 0.55
"""Half-way between two slices the error is this share of that half-way between two twice as far apart. Measured on a
chest CT."""


def expected_error(
    sequence: Frames, factor: int, *, device: str = "cpu", progress: Progress = no_progress
) -> Frames:  # fmt: skip
    """Return the error to expect of every voxel of `move_slices`, in the unit of the images.

    Every slice between two others is made of those, and compared with what it is. A synthetic slice is half as far
    from its neighbours, and so much better; towards an acquired one, its error vanishes.

    Args:
        sequence: volumes of three slices or more.
        factor: how many times closer the slices become.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.

    Returns:
        Volumes on the grid of the result, float32: the root of the mean square of the error to expect. 0 in acquired
        slices, NaN where the result is.

    Raises:
        InvalidInputError: there are fewer than three slices.
    """
    slices = sequence.geometry.shape[0]
    if slices < 3:
        raise InvalidInputError("How far to trust slices is told by one between two others: there must be three.")
    stacks = [filled_slices(volume) for volume in sequence.volumes]
    grid = closer_slices(sequence.geometry, factor)
    if all(map(is_constant, stacks)):
        squares = np.zeros((slices, len(stacks), *grid.shape[1:]), np.float32)
    else:
        squares = _squared_errors(sequence, stacks, device, progress)
    errors = np.zeros((len(stacks), *grid.shape), np.float32)
    for gap in range(slices - 1):
        for step in range(1, factor):
            t = step / factor
            mean = (1 - t) * squares[gap] + t * squares[gap + 1]
            errors[:, gap * factor + step] = HALF_AS_FAR * np.sqrt(4 * t * (1 - t) * mean)
    volumes = []
    for volume, array in zip(sequence.volumes, errors, strict=True):
        shown = outside_as_nan(array, seen_between(volume, factor))
        shown[::factor] = outside_as_nan(shown[::factor], np.isfinite(volume.array))
        volumes.append(Volume(shown, grid))
    return replace(sequence, volumes=volumes, item_attributes=())


def _squared_errors(sequence: Frames, stacks: list[np.ndarray], device: str, progress: Progress) -> np.ndarray:
    """Return the local mean square of the error of every slice, (K, stacks, J, I); the first and the last slice, which
    have one neighbour, have that of the next."""
    course = slice_course(stacks, sequence.geometry, IntensityRange.of_contrast(sequence.volumes))
    sigma = tuple(RADIUS_MM / along for along in sequence.geometry.spacing_kji[1:])
    squares = np.empty((len(course), *course.geometry.shape), np.float32)
    for parity in (0, 1):
        inner = [number for number in range(1, len(course) - 1) if number % 2 == parity]
        if not inner:
            continue
        given = course.hiding(number for number in range(len(course)) if number % 2 == parity)
        half = part_of(progress, parity / 2, (parity + 1) / 2)
        engine = SliceEngine(device=device, loop=sequence.period is not None)
        made = slices_at(given, [course.times[number] for number in inner], engine, progress=half)
        for number, guess in zip(inner, made, strict=True):
            error = guess.astype(np.float32) - course[number].array
            squares[number] = gaussian_filter(error**2, (0.0, *sigma), mode="nearest")
    squares[0], squares[-1] = squares[1], squares[-2]
    return squares
