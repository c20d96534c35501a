"""Tracks the motion through a sequence: volumes and mm outside, tensors and voxels inside."""

from __future__ import annotations

import math
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from temporal_interp.data.field_of_view import require_seen
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.fitting.resume import resume
from temporal_interp.memory import Footprint, require_fits
from temporal_interp.tensors.spatial import compose
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.optimise import PairFit, Pairs
from temporal_interp.tracking.pair_velocities import (
    CHUNK_VOXELS,
    PairVelocityFit,
    neighbour_settings,
    refinement_settings,
)
from temporal_interp.tracking.problem import TrackingProblem
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.trajectories import displacement_from

OnScale = Callable[[int, SequenceMotion], None]
"""Takes a scale, as in `TrackingSettings.scales`, and the motion after it."""


@dataclass(frozen=True, eq=False)
class Tracking:
    """The result of tracking through a sequence.

    Attributes:
        motion: between neighbouring frames, both ways.
        reference: number of the frame the displacements start from.
        displacements: for each frame, (K, J, I, 3) float32 in LPS mm on the grid of the reference frame: tissue at X in
            the reference frame is at X + displacement(X) in that frame. Zero for the reference itself.
        network: weights of NMSR's finest network, from which the tracking of a similar sequence can start (NMSR_V);
            None where velocities were fitted.
    """

    motion: SequenceMotion
    reference: int
    displacements: abc.Sequence[np.ndarray]
    network: Mapping[str, torch.Tensor] | None


FIELD_BYTES = 3 * 3 * 4
"""Of a frame's voxel in the result: displacement, forward and backward, of three components each in float32."""


def footprint_of(settings: TrackingSettings) -> Footprint:
    """Return the memory that the fits of a tracking take, beside their result."""
    return Footprint(per_voxel=60, at_once=1000, most_at_once=settings.max_voxels)


def bytes_beside(settings: TrackingSettings, frames: int, voxels: int) -> int:
    """Return the bytes of the result, and of small pairs that are fitted together, beside `footprint_of`."""
    together = max(0, min(CHUNK_VOXELS, 2 * frames * voxels) - voxels)
    return FIELD_BYTES * frames * voxels + footprint_of(settings).at_once * together


def track(
    sequence: Sequence,
    settings: TrackingSettings | None = None,
    *,
    reference: int = 0,
    closed: bool | None = None,
    mask: np.ndarray | None = None,
    start_from: Mapping[str, torch.Tensor] | None = None,
    device: str = "cpu",
    on_scale: OnScale | None = None,
    checkpoint: Path | None = None,
    progress: Progress = no_progress,
) -> Tracking:
    """Estimate the motion of tissue from frame to frame, and from one frame to all others.

    First every pair of neighbours is registered, both ways, coarse to fine: by a velocity field, whose reverse brings
    the pair together the other way (ours), or by networks (NMSR). The fields of the pairs, followed from the reference
    frame, give its displacement to every frame; in a cycle the closing error is removed. Then, if the settings say so,
    the same method corrects that displacement by comparing the reference frame with every frame itself (ours), which
    removes the accumulated errors of the pairs.

    Voxels that are NaN or infinite are not compared; fields continue smoothly over them.

    Args:
        sequence: frames of one grid; slices with gaps, and single slices, are tracked in their plane.
        settings: all choices; the defaults if None.
        reference: number of the frame that displacements start from.
        closed: the sequence is one whole cycle, after its last frame comes its first; None takes it to be one where it
            is a loop, see `Sequence.as_loop`.
        mask: (K, J, I) bool, where frames are compared; everywhere if None. One for all frames; further than
            MARGIN_VOXELS beyond it fields say nothing, and the work is less.
        start_from: weights of a network to start from (NMSR_V); only for the method "nmsr".
        device: where to compute.
        on_scale: called with the motion of the pairs after each scale, where velocities are fitted after the last.
        checkpoint: a folder for the state, from which a stopped tracking is resumed.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: there are fewer than two frames, one shows nothing, every voxel is the same, the mask does
            not fit or is empty, there is no such reference, or weights or checkpoint belong to something else.
        OutOfMemoryError: there is too little memory; the message says what would fit.
        FitDivergedError: the fit diverged.

    Example:
        Two frames of a slice, and hardly any steps:

        >>> from temporal_interp.data.geometry import Geometry
        >>> from temporal_interp.data.volume import Volume
        >>> rows, columns = np.mgrid[:24, :24]
        >>> frames = [np.exp(-((rows - 12) ** 2 + (columns - i) ** 2) / 20)[None] for i in (11.0, 12.0)]
        >>> volumes = [Volume(frame.astype(np.float32), Geometry((1, 24, 24))) for frame in frames]
        >>> settings = TrackingSettings(scales=(1,), passes=(5,), refinement=())
        >>> tracking = track(Sequence(volumes, [0.0, 1.0]), settings)
        >>> len(tracking.displacements), tracking.displacements[1].shape
        (2, (1, 24, 24, 3))
    """
    settings = settings or TrackingSettings()
    closed = sequence.period is not None if closed is None else closed
    _require_trackable(sequence, mask, reference)
    if start_from is not None and settings.method != "nmsr":
        raise InvalidInputError(
            f"Only the method 'nmsr' starts from the weights of a network; the method is {settings.method!r}."
        )
    shape = sequence.geometry.shape
    if not device.startswith("cuda"):
        also = bytes_beside(settings, len(sequence), math.prod(shape))
        require_fits(footprint_of(settings), shape, f"The tracking of {len(sequence)} frames", also)
    with torch.inference_mode(False), torch.enable_grad():  # a caller may have switched gradients off
        problem = TrackingProblem(sequence, settings, mask, device)
        refine = bool(settings.refinement)
        share = _share_of_neighbours(settings, len(problem.neighbours(closed)[0]), len(sequence) - 1, len(problem.grid))
        of_pairs, of_refinement = part_of(progress, 0.0, share), part_of(progress, share, 1.0)
        weights = None
        if settings.method == "velocity":
            motion = _velocity_neighbours(problem, closed, on_scale, checkpoint, of_pairs)
        else:
            motion, weights = _network_neighbours(problem, closed, start_from, on_scale, checkpoint, of_pairs)
        displacements: abc.Sequence[np.ndarray] = displacement_from(motion, reference, closing=closed)
        if refine:
            displacements = _refined(problem, displacements, reference, weights, checkpoint, of_refinement)
    return Tracking(motion, reference, displacements, weights)


def _require_trackable(sequence: Sequence, mask: np.ndarray | None, reference: int) -> None:
    if len(sequence) < 2:
        raise InvalidInputError("Motion is tracked from frame to frame; this sequence has only one.")
    sequence.require_item(reference, "The reference")
    for number, volume in enumerate(sequence.volumes):
        require_seen(volume, f"Frame {number}")
    if mask is None:
        return
    shape = sequence.volumes[0].geometry.shape
    if mask.shape != shape or mask.dtype != bool or not mask.any():
        raise InvalidInputError(
            f"The mask must be a boolean array {shape} with some voxels set, got {mask.dtype} {mask.shape} with "
            f"{int(np.count_nonzero(mask))}."
        )


def _share_of_neighbours(settings: TrackingSettings, neighbours: int, others: int, dimensions: int) -> float:
    """Return the share of the work that the pairs of neighbours take, the rest being the refinement.

    Work is counted in passes over a pair at full resolution; a coarser scale has fewer voxels.
    """
    passes = zip(settings.scales, settings.passes, strict=True)
    of_neighbours = neighbours * sum(count / scale**dimensions for scale, count in passes)
    of_refinement = others * sum(settings.refinement_passes / scale**dimensions for scale in settings.refinement)
    return of_neighbours / (of_neighbours + of_refinement)


def _by_frame(progress: Progress, doing: str, frames: int) -> Progress:
    """Return a progress callback for a fit that sees frame by frame, which says at which frame it is."""

    def report(fraction: float, _message: str) -> None:
        progress(fraction, f"{doing}, frame {min(frames, int(fraction * frames) + 1)} of {frames}")

    return report


def _network_neighbours(
    problem: TrackingProblem,
    closed: bool,
    start_from: Mapping[str, torch.Tensor] | None,
    on_scale: OnScale | None,
    checkpoint: Path | None,
    progress: Progress,
) -> tuple[SequenceMotion, dict[str, torch.Tensor]]:
    """Return the motion between neighbours by NMSR, and the weights of the finest network."""
    earlier, later = problem.neighbours(closed)
    settings = problem.settings
    fit = PairFit(
        problem.pairs([*later, *earlier], [*earlier, *later]),  # forward: later frames are brought onto earlier ones
        problem.spacing,
        settings,
        scales=settings.scales,
        passes=settings.passes,
        start_from=start_from,
        on_scale=None if on_scale is None else lambda scale, field: on_scale(scale, problem.motion(field, closed)),
    )
    field = resume(fit, checkpoint and checkpoint / "pairs.safetensors", progress=progress)
    return problem.motion(field, closed), fit.weights


def _velocity_neighbours(
    problem: TrackingProblem, closed: bool, on_scale: OnScale | None, checkpoint: Path | None, progress: Progress
) -> SequenceMotion:
    """Return the motion between neighbours by velocities."""
    earlier, later = problem.neighbours(closed)
    settings = problem.settings
    fit = PairVelocityFit(
        problem.pairs(later, earlier), problem.spacing, neighbour_settings(settings, len(problem.grid))
    )
    velocity = resume(
        fit,
        checkpoint and checkpoint / "pair_velocities.safetensors",
        progress=_by_frame(progress, "finding the motion", len(earlier)),
    )
    motion = problem.motion(torch.cat([problem.displaced(velocity), problem.displaced(-velocity)]), closed)
    if on_scale is not None:
        on_scale(settings.scales[-1], motion)
    return motion


def _refined(
    problem: TrackingProblem,
    displacements: abc.Sequence[np.ndarray],
    reference: int,
    weights: Mapping[str, torch.Tensor] | None,
    checkpoint: Path | None,
    progress: Progress,
) -> list[np.ndarray]:
    """Return the displacements, corrected by comparing the reference frame with every other."""
    others = [number for number in range(len(displacements)) if number != reference]
    pairs = problem.pairs(others, [reference] * len(others))
    initial = problem.in_voxels([displacements[number] for number in others])
    if problem.settings.method == "velocity":
        field = _refined_by_velocities(problem, pairs, initial, checkpoint, progress)
    else:
        field = _refined_by_networks(problem, pairs, initial, weights, checkpoint, progress)
    refined = list(displacements)
    for number, corrected in zip(others, problem.in_mm(field), strict=True):
        refined[number] = corrected
    return refined


def _refined_by_networks(
    problem: TrackingProblem,
    pairs: Pairs,
    initial: torch.Tensor,
    weights: Mapping[str, torch.Tensor] | None,
    checkpoint: Path | None,
    progress: Progress,
) -> torch.Tensor:
    settings = problem.settings
    fit = PairFit(
        pairs,
        problem.spacing,
        settings,
        scales=settings.refinement,
        passes=(settings.refinement_passes,) * len(settings.refinement),
        initial=initial,
        start_from=weights if settings.inherit else None,
    )
    return resume(fit, checkpoint and checkpoint / "refinement.safetensors", progress=progress)


def _refined_by_velocities(
    problem: TrackingProblem, pairs: Pairs, initial: torch.Tensor, checkpoint: Path | None, progress: Progress
) -> torch.Tensor:
    moved = pairs.warped(initial)
    fit = PairVelocityFit(moved, problem.spacing, refinement_settings(problem.settings, len(problem.grid)))
    velocity = resume(
        fit,
        checkpoint and checkpoint / "refinement_velocities.safetensors",
        progress=_by_frame(progress, "correcting the drift", len(pairs) // problem.images),
    )
    return compose(initial, problem.displaced(velocity))
