"""Tracks the motion through a sequence: volumes and mm outside, tensors and voxels inside."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import find_objects
from torch.nn import functional

from temporal_interp.data.field_of_view import Filling, field_of_view, require_seen
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.physical_displacement import from_physical, to_physical
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.fitting.resume import resume
from temporal_interp.registration.grids import coarsen, fitted_shape, spacing_on
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import compose, integrate_velocity, resize, resize_field, smooth
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.optimise import PairFit, Pairs
from temporal_interp.tracking.pair_velocities import PairVelocityFit, neighbour_settings, refinement_settings
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.trajectories import displacement_from

MARGIN_VOXELS = 24
"""Margin of the mask in which frames are compared: tissue that moves in within a few frames, and coarse windows."""

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
    with torch.inference_mode(False), torch.enable_grad():  # a caller may have switched gradients off
        problem = _Problem(sequence, settings, mask, device)
        refine = bool(settings.refinement)
        of_pairs, of_refinement = part_of(progress, 0.0, 0.7 if refine else 1.0), part_of(progress, 0.7, 1.0)
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


class _Problem:
    """The frames as the networks see them, and the conversion back to fields in mm.

    Dependent slices make one image per frame; otherwise each slice is an image of its own, and the images of a frame
    follow one another. Images are cut to a box around the mask; beyond it fields repeat its border.
    """

    def __init__(self, sequence: Sequence, settings: TrackingSettings, mask: np.ndarray | None, device: str) -> None:
        self.sequence, self.settings, self.mask = sequence, settings, mask
        self.geometry = geometry = sequence.volumes[0].geometry
        self.independent = sequence.slices_are_independent
        axes = slice(1, None) if self.independent else slice(None)
        self.box = _box_around(mask, geometry.shape)[axes]
        self.shape = shape = tuple(part.stop - part.start for part in self.box)
        spacing = tuple(geometry.spacing_kji)[axes]
        self.grid = fitted_shape(shape, spacing, 1, settings.max_voxels)
        self.spacing = spacing_on(self.grid, shape, spacing)
        self.images = geometry.shape[0] if self.independent else 1
        scale, fill = IntensityRange.of(sequence.volumes), Filling()
        self.frames = torch.cat(
            [self._image(scale.normalise(fill(v)), settings.blur, device) for v in sequence.volumes]
        )
        self.seen = self._seen(device)
        self.weight = None
        if mask is not None:
            weight = resize(self._images(as_image(mask, device)), self.grid)
            # a slice outside the mask is compared everywhere: the mean over nothing would not be a number
            empty = weight.flatten(1).sum(1) == 0
            weight[empty] = 1.0
            self.weight = weight.repeat(len(sequence), *[1] * (weight.ndim - 1))

    def pairs(self, sources: abc.Sequence[int], targets: abc.Sequence[int]) -> Pairs:
        """Return the pairs of images of pairs of frames, frame by frame."""
        within = torch.arange(self.images)
        of_sources, of_targets = (
            torch.cat([frame * self.images + within for frame in frames]).to(self.frames.device)
            for frames in (sources, targets)
        )
        return Pairs(self.frames, of_sources, of_targets, self.weight, self.seen)

    def neighbours(self, closed: bool) -> tuple[list[int], list[int]]:
        """Return the numbers of the earlier and the later frame of every pair of neighbours."""
        frames = len(self.sequence)
        earlier = list(range(frames if closed else frames - 1))
        return earlier, [(number + 1) % frames for number in earlier]

    def motion(self, field: torch.Tensor, closed: bool) -> SequenceMotion:
        """Return the motion between neighbours from the fields of all their images, first forward, then backward."""
        forward, backward = field.chunk(2)
        sequence = self.sequence
        return SequenceMotion(
            self.geometry,
            sequence.times,
            sequence.index_name,
            sequence.unit,
            self.in_mm(forward),
            self.in_mm(backward),
            closed,
            self.mask,
        )

    def displaced(self, velocity: torch.Tensor) -> torch.Tensor:
        """Return the displacements of velocities on their own grids, (P, D, *grid), in voxels of the grid."""
        with torch.no_grad():
            # one by one: integration needs several times the memory of its result
            return torch.cat([resize_field(integrate_velocity(part), self.grid) for part in velocity.split(1)])

    def in_mm(self, field: torch.Tensor) -> list[np.ndarray]:
        """Return the fields of pairs of frames, (K, J, I, 3) float32 in LPS mm, from those of pairs of images."""
        return [self._to_mm(part) for part in field.detach().split(self.images)]

    def in_voxels(self, fields: abc.Sequence[np.ndarray]) -> torch.Tensor:
        """Return the fields of pairs of images, (P, D, *grid), in voxels of the grid; undoes `in_mm`."""
        parts = []
        for field in fields:
            voxels = from_physical(field, self.geometry).to(self.frames.device)
            voxels = voxels[1:].transpose(0, 1) if self.independent else voxels.unsqueeze(0)
            parts.append(resize_field(voxels[:, :, *self.box], self.grid))
        return torch.cat(parts)

    def _seen(self, device: str) -> torch.Tensor | None:
        """Return what the images of all frames show, from 0 to 1; None where they show all."""
        fields = [field_of_view(volume.array) for volume in self.sequence.volumes]
        if all(seen is None for seen in fields):
            return None
        arrays = (np.ones(self.geometry.shape, bool) if seen is None else seen for seen in fields)
        return torch.cat([coarsen(self._images(as_image(seen, device)), self.grid) for seen in arrays])

    def _image(self, array: np.ndarray, blur: float, device: str) -> torch.Tensor:
        image = coarsen(self._images(as_image(array, device)), self.grid)
        return smooth(image, (blur,) * len(self.grid))

    def _images(self, frame: torch.Tensor) -> torch.Tensor:
        """Return the images of a frame (1, 1, K, J, I), cut to the box."""
        images = frame[0].transpose(0, 1) if self.independent else frame
        return images[:, :, *self.box]

    def _to_mm(self, field: torch.Tensor) -> np.ndarray:
        voxels = resize_field(field, self.shape)
        whole = self.geometry.shape[1:] if self.independent else self.geometry.shape
        axes = reversed(list(zip(self.box, whole, strict=True)))  # PyTorch pads the last axis first
        beyond = [n for part, size in axes for n in (part.start, size - part.stop)]
        voxels = functional.pad(voxels, beyond, mode="replicate")
        if not self.independent:
            return to_physical(voxels[0], self.geometry)
        through_plane = torch.zeros_like(voxels[:, :1])
        return to_physical(torch.cat([through_plane, voxels], 1).transpose(0, 1), self.geometry)


def _box_around(mask: np.ndarray | None, shape: tuple[int, int, int]) -> tuple[slice, ...]:
    """Return the box of the voxels up to MARGIN_VOXELS from the mask; the whole grid without one."""
    if mask is None:
        return tuple(slice(0, n) for n in shape)
    (box,) = find_objects(mask.astype(np.uint8))
    return tuple(
        slice(max(0, part.start - MARGIN_VOXELS), min(n, part.stop + MARGIN_VOXELS))
        for part, n in zip(box, shape, strict=True)
    )


def _network_neighbours(
    problem: _Problem,
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
    problem: _Problem, closed: bool, on_scale: OnScale | None, checkpoint: Path | None, progress: Progress
) -> SequenceMotion:
    """Return the motion between neighbours by velocities."""
    earlier, later = problem.neighbours(closed)
    settings = problem.settings
    fit = PairVelocityFit(
        problem.pairs(later, earlier), problem.spacing, neighbour_settings(settings, len(problem.grid))
    )
    velocity = resume(fit, checkpoint and checkpoint / "pair_velocities.safetensors", progress=progress)
    motion = problem.motion(torch.cat([problem.displaced(velocity), problem.displaced(-velocity)]), closed)
    if on_scale is not None:
        on_scale(settings.scales[-1], motion)
    return motion


def _refined(
    problem: _Problem,
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
    problem: _Problem,
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
    problem: _Problem, pairs: Pairs, initial: torch.Tensor, checkpoint: Path | None, progress: Progress
) -> torch.Tensor:
    moved = pairs.warped(initial)
    fit = PairVelocityFit(moved, problem.spacing, refinement_settings(problem.settings, len(problem.grid)))
    velocity = resume(fit, checkpoint and checkpoint / "refinement_velocities.safetensors", progress=progress)
    return compose(initial, problem.displaced(velocity))
