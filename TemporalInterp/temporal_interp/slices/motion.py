"""Slices between slices by motion: the tissue of the slices around moves to the place between them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from temporal_interp.data.field_of_view import is_constant, outside_as_nan, require_seen
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.sequence import Sequence as Frames
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.memory import Footprint, require_fits
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.seen import filled_slices, seen_between
from temporal_interp.slices.slice_course import SliceEngine, slice_course
from temporal_interp.slices.slice_grid import closer_slices
from temporal_interp.slices.trust import tried_shares
from temporal_interp.tensors.parallel_map import parallel_map
from temporal_interp.tensors.spatial import resize

TILTED = 1.0
"""In voxels: a stack whose slices are shifted by more, each against the one before, is said to be tilted."""

TRYING_SHARE = 0.1
"""Of the progress, for the trial of motion."""

TILTED_SHARE = 0.8
"""Of the gaps, that are shifted alike, by half of the usual shift or less to either side."""


def require_gap(geometry: Geometry) -> None:
    """Raise InvalidInputError unless there are two slices at least."""
    if geometry.shape[0] < 2:
        raise InvalidInputError("There is only one slice; slices can be added between two or more.")


def slices_at(
    course: Frames, positions: Sequence[float], engine: SliceEngine, *, progress: Progress = no_progress
) -> np.ndarray:
    """Return the slices at some positions of a course, (positions, stacks, J, I), in its scalar type.

    Gaps of one stack are worked on in as many threads as PyTorch has; the result does not depend on how many.

    Args:
        course: the slices, see `slice_course`.
        positions: from that of the first slice to that of the last.
        engine: to use.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: a position lies outside of the stack.
        FitDivergedError: a fit diverged.
    """
    gaps: dict[int, list[int]] = {}
    for place, position in enumerate(positions):
        gaps.setdefault(course.gap_at(position).number, []).append(place)
    result = np.empty((len(positions), *course.geometry.shape), course[0].array.dtype)
    told = _Shared(progress, len(gaps))

    def fill(part: Sequence[int]) -> None:
        prepared = engine.prepare(course)
        for gap in part:
            told("moving tissue from slice to slice")
            made = prepared.at([positions[place] for place in gaps[gap]], gap=gap)
            result[gaps[gap]] = [frame.volume.array for frame in made]
            prepared.forget_gap(gap)

    # a fit of many stacks occupies all threads; neighbouring gaps share fits, so that each thread gets a row of them
    alone = course.geometry.shape[0] == 1 and torch.device(engine.device).type == "cpu"
    parts = np.array_split(sorted(gaps), min(torch.get_num_threads(), len(gaps)) if alone else 1)
    parallel_map(fill, [part.tolist() for part in parts])
    return result


MEMORY = Footprint(per_voxel=100)
"""For a voxel of every frame."""


@dataclass(frozen=True, eq=False)
class Moved:
    """Stacks with slices to which tissue was moved.

    Attributes:
        arrays: (stacks, (K - 1) factor + 1, J, I), every factor-th slice as it was given.
        apart: how far the two moved slices disagree, likewise, float32 in the unit of the images; 0 in given slices.
            None where it was not asked for.
        notes: see `notes_on_shifts`.
    """

    arrays: np.ndarray
    apart: np.ndarray | None
    notes: list[str]


def moved_between(
    stacks: Sequence[np.ndarray],
    geometry: Geometry,
    scale: IntensityRange,
    factor: int,
    *,
    with_apart: bool = False,
    loop: bool = False,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Moved:
    """Return stacks with factor - 1 slices between every two.

    Args:
        stacks: (K, J, I) each, all of them numbers.
        geometry: of each.
        scale: intensities between which motion is looked for.
        factor: from 2 on.
        with_apart: also tell how far the moved slices disagree.
        loop: the stacks are the frames of a loop.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.
    """
    count, slices = len(stacks), (geometry.shape[0] - 1) * factor + 1
    arrays = np.empty((count, slices, *geometry.shape[1:]), stacks[0].dtype)
    arrays[:, ::factor] = stacks
    apart = np.zeros(arrays.shape, np.float32) if with_apart else None
    course = slice_course(stacks, geometry, scale)
    wanted = [gap.time_of(step / factor) for gap in course.gaps for step in range(1, factor)]
    shares = tried_shares(course, device=device, loop=loop, progress=part_of(progress, 0.0, TRYING_SHARE))
    engine = SliceEngine(device=device, loop=loop, trust=shares.motion, apart={} if with_apart else None)
    between = slices_at(course, wanted, engine, progress=part_of(progress, TRYING_SHARE, 1.0))
    arrays[:, np.arange(slices) % factor != 0] = between.swapaxes(0, 1)
    if shares.spline:
        for stack, array in zip(stacks, arrays, strict=True):
            spline = interpolate_slices(Volume(stack, geometry), factor, Classical.CUBIC).array
            for number in np.flatnonzero(np.arange(slices) % factor):  # slice by slice, to need little memory
                made = array[number] + shares.spline * (spline[number].astype(np.float64) - array[number])
                array[number] = to_scalar_type(made, array.dtype)
    if apart is not None and engine.apart is not None:
        for (gap, t), coarse in engine.apart.items():
            image = torch.from_numpy(coarse)[:, None] * (scale.high - scale.low)
            apart[:, gap * factor + round(t * factor)] = resize(image, geometry.shape[1:])[:, 0].numpy()
    return Moved(arrays, apart, notes_on_shifts(engine.shifts, geometry))


def move_slices(
    sequence: Frames, factor: int, *, device: str = "cpu", progress: Progress = no_progress
) -> Frames:  # fmt: skip
    """Return a sequence with factor - 1 slices between every two, to which the tissue of its slices was moved.

    All frames are worked on together, so that what is added does not flicker from one to the next.

    Args:
        sequence: volumes of two slices or more; these stay as they are, bit for bit.
        factor: how many times closer the slices become, from 2 on.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.

    Returns:
        Volumes of the same scalar type, whose slice n factor lies where slice n was. A synthetic voxel is NaN where
        neither slice around it is a number. A note says where the slices seem to be shifted against each other.

    Raises:
        InvalidInputError: the volumes have one slice, or one shows nothing.
        OutOfMemoryError: there is too little memory; the message says what would fit.

    Example:
        A bar that lies two columns further in the next slice lies one column further between them:

        >>> array = np.zeros((1, 2, 24, 24), np.float32)
        >>> array[0, 0, 8:16, 8:12] = array[0, 1, 8:16, 10:14] = 100
        >>> fine = move_slices(Frames.from_numpy(array, spacing=(1.0, 1.0, 4.0)), 2)
        >>> fine.geometry.spacing, int(fine[0].array[1].sum(0).argmax()) in (10, 11)
        ((1.0, 1.0, 2.0), True)
    """
    require_gap(sequence.geometry)
    for number, volume in enumerate(sequence.volumes):
        require_seen(volume, f"Frame {number}" if len(sequence) > 1 else "The volume")
    result = sequence[0].array.nbytes * factor * len(sequence)
    if not device.startswith("cuda"):
        require_fits(MEMORY, (len(sequence), *sequence.geometry.shape), "Adding slices to volumes", result)
    stacks = [filled_slices(volume) for volume in sequence.volumes]
    grid = closer_slices(sequence.geometry, factor)
    notes: list[str] = []
    if all(map(is_constant, stacks)):
        arrays = np.stack([np.broadcast_to(stack[:1], grid.shape) for stack in stacks])
    else:
        scale = IntensityRange.of_contrast(sequence.volumes)
        loop = sequence.period is not None
        moved = moved_between(
            stacks, sequence.geometry, scale, factor, loop=loop, device=device, progress=progress
        )  # fmt: skip
        arrays, notes = moved.arrays, moved.notes
    volumes = []
    for volume, array in zip(sequence.volumes, arrays, strict=True):
        made = outside_as_nan(array, seen_between(volume, factor))
        made[::factor] = volume.array
        volumes.append(Volume(made, grid))
    progress(1.0, "adding slices")
    return replace(sequence, volumes=volumes, notes=[*sequence.notes, *notes])


def notes_on_shifts(shifts: dict[int, np.ndarray], geometry: Geometry) -> list[str]:
    """Return a note where most of every slice is shifted alike against the one before.

    Args:
        shifts: for every gap, (stacks, 2) in voxels along J and I, see `SliceEngine`.
        geometry: of the stack.
    """
    each = np.concatenate(list(shifts.values())) if shifts else np.zeros((1, 2))
    usual = np.median(each, axis=0)
    size = float(np.hypot(*usual))
    alike = np.hypot(*(each - usual).T) <= size / 2
    if len(shifts) < 2 or size < TILTED or alike.mean() < TILTED_SHARE:
        return []
    shift_mm = float(np.hypot(*(usual * geometry.spacing_kji[1:])))
    return [
        f"Each slice seems to be shifted by about {shift_mm:.1f} mm within its plane against the one before, as with a "
        "tilted gantry; the slices between were shifted by their share. The positions in the file say nothing of it, "
        "so that views from the side are slanted."
    ]


@dataclass
class _Shared:
    """Counts the pieces of work that several threads begin, and reports them one at a time.

    Attributes:
        progress: receives the progress; what it raises stops all threads.
        pieces: their number.
        begun: how many were begun.
        error: what it raised.
    """

    progress: Progress
    pieces: int
    begun: int = 0
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, message: str) -> None:
        with self._lock:
            if self.error is not None:
                raise self.error
            try:
                self.progress(self.begun / self.pieces, message)
            except Exception as error:
                self.error = error
                raise
            self.begun += 1
