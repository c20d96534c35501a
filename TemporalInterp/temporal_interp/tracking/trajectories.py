"""Following tissue through the frames: points, displacements from one frame to all, and how far they drift.

A point goes from frame to frame by the field of each pair, read where the point is by then:

    x_{t+1} = x_t + forward_t(x_t)           after the reference frame
    x_{t-1} = x_t + backward_{t-1}(x_t)      before it

which composes the pairs as Eq. 4 of the NMSR paper composes its scales. The errors of the pairs accumulate. `closing`
removes what a cycle shows of them: tissue followed once round should return to its place, and what is missing is
distributed over the frames in proportion to the index (our choice; known in speckle tracking as drift compensation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.fields import require_points, sample_field, voxel_points
from temporal_interp.tracking.motion import SequenceMotion

SLAB_VOXELS = 2**18
"""Voxels followed at a time, which bounds the memory."""

DRIFT_POINTS = 20_000
"""At most this many voxels are followed there and back to measure the drift: going back costs frames squared."""


@dataclass(frozen=True)
class Drift:
    """The error of followed tissue, in mm, over the mask of the motion.

    Attributes:
        forward_backward_mean_mm: for each frame, the mean distance between voxels of the reference frame and where
            they end when followed to that frame by the fields of one direction and back by those of the other.
        closing_mean_mm: mean distance after one way round a cycle by `forward`, before anything is taken out; None
            where the motion is not closed.
    """

    forward_backward_mean_mm: tuple[float, ...]
    closing_mean_mm: float | None


def follow_points(
    motion: SequenceMotion, points_mm: np.ndarray, reference: int = 0, *, closing: bool = False
) -> np.ndarray:
    """Return the positions in every frame of the tissue at points of one frame.

    Fields are interpolated linearly; beyond the outermost voxel centres they are repeated.

    Args:
        motion: the fields.
        points_mm: (P, 3), LPS; P may be 0.
        reference: number of the frame in which the points lie.
        closing: remove the closing error of a cycle. Frames before the reference are then reached by continuing round
            the cycle by `forward`, otherwise by `backward`.

    Returns:
        (N, P, 3) float64, LPS mm; exactly the points at the reference.

    Raises:
        InvalidInputError: points are not (P, 3) finite numbers, there is no such frame, or closing is requested for a
            motion that is not closed.

    Example:
        Tissue moves by 2 mm along x from the first frame to the second:

        >>> from temporal_interp.data.geometry import Geometry
        >>> shift = np.broadcast_to(np.float32([2, 0, 0]), (1, 4, 4, 3))
        >>> motion = SequenceMotion(Geometry((1, 4, 4)), [0.0, 1.0], "time", "s", [shift], [-shift])
        >>> follow_points(motion, [[1.0, 1.0, 0.0]])[:, 0].tolist()
        [[1.0, 1.0, 0.0], [3.0, 1.0, 0.0]]
    """
    points = require_points(points_mm, "The points to follow")
    motion.require_frame(reference, "The reference")
    if closing:
        return _follow_round(motion, points, reference)
    followed = np.empty((len(motion), *points.shape))
    followed[reference] = points
    for number in range(reference, len(motion) - 1):
        followed[number + 1] = _step(motion, motion.forward[number], followed[number])
    for number in range(reference, 0, -1):
        followed[number - 1] = _step(motion, motion.backward[number - 1], followed[number])
    return followed


def displacement_from(motion: SequenceMotion, reference: int = 0, *, closing: bool = False) -> tuple[np.ndarray, ...]:
    """Return the displacement from one frame to every frame, for every voxel of that frame.

    Tissue at X in the reference frame is at X + u_t(X) in frame t. As a resampling field u_t brings frame t onto the
    reference frame: frame_reference(X) = frame_t(X + u_t(X)).

    Args:
        motion: the fields.
        reference: number of the frame to which the tissue belongs.
        closing: as in `follow_points`.

    Returns:
        one (K, J, I, 3) float32 for each frame, LPS mm, on the grid of the reference frame, where it is exactly zero.

    Raises:
        InvalidInputError: there is no such frame, or closing is requested for a motion that is not closed.
    """
    motion.require_frame(reference, "The reference")
    points = voxel_points(motion.geometry)
    displacements = tuple(np.empty(points.shape, np.float32) for _ in range(len(motion)))
    slices = max(1, SLAB_VOXELS // (points.shape[1] * points.shape[2]))
    for start in range(0, len(points), slices):
        slab = points[start : start + slices]
        followed = follow_points(motion, slab.reshape(-1, 3), reference, closing=closing)
        for displacement, positions in zip(displacements, followed, strict=True):
            displacement[start : start + slices] = positions.reshape(slab.shape) - slab
    return displacements


def drift_of(motion: SequenceMotion, reference: int = 0) -> Drift:
    """Measure the drift of the tissue of one frame when it is followed: there and back, and round the cycle.

    Over the voxels of the mask, or a random 20 000 of them (always the same) where there are more.

    Raises:
        InvalidInputError: there is no such frame.
    """
    motion.require_frame(reference, "The reference")
    points = _points_of_mask(motion)
    errors = [
        _distance(_follow_back(motion, moved, number, reference), points)
        for number, moved in enumerate(follow_points(motion, points, reference))
    ]
    closing = None
    if motion.closed:
        *_, (_, back) = _round(motion, points, reference)
        closing = _distance(back, points)
    return Drift(
        forward_backward_mean_mm=tuple(float(error.mean()) for error in errors),
        closing_mean_mm=None if closing is None else float(closing.mean()),
    )


def _step(motion: SequenceMotion, field: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points + sample_field(field, motion.geometry, points)


def _round(motion: SequenceMotion, points: np.ndarray, reference: int) -> Iterator[tuple[int, np.ndarray]]:
    """Follow points once round a cycle by `forward`: each pair's number, and where the points are after it."""
    for number in [*range(reference, len(motion)), *range(reference)]:
        points = _step(motion, motion.forward[number], points)
        yield number, points


def _follow_round(motion: SequenceMotion, points: np.ndarray, reference: int) -> np.ndarray:
    if not motion.closed:
        raise InvalidInputError("The cycle cannot be closed: this motion has no pair from the last frame to the first.")
    followed = np.empty((len(motion), *points.shape))
    shares = np.zeros(len(motion))
    elapsed, cycle = 0.0, sum(motion.pair_durations)
    for number, moved in _round(motion, points, reference):
        elapsed += motion.pair_durations[number]
        arrived = (number + 1) % len(motion)
        followed[arrived], shares[arrived] = moved, elapsed / cycle
    closing_error = followed[reference] - points
    followed -= shares[:, None, None] * closing_error
    followed[reference] = points  # exact, without rounding
    return followed


def _follow_back(motion: SequenceMotion, points: np.ndarray, number: int, reference: int) -> np.ndarray:
    """Follow points of frame `number` to the reference, by the fields that `follow_points` did not use."""
    for earlier in range(number - 1, reference - 1, -1):
        points = _step(motion, motion.backward[earlier], points)
    for earlier in range(number, reference):
        points = _step(motion, motion.forward[earlier], points)
    return points


def _points_of_mask(motion: SequenceMotion) -> np.ndarray:
    points = voxel_points(motion.geometry).reshape(-1, 3)
    if motion.mask is not None:
        points = points[motion.mask.ravel()]
    if len(points) <= DRIFT_POINTS:
        return points
    return points[np.random.default_rng(0).choice(len(points), DRIFT_POINTS, replace=False)]


def _distance(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - others, axis=-1)
