"""The axis through the slices as one more course of time.

From slice to slice tissue moves within the plane, as it does from frame to frame of a cine. So the slices of a stack
become the frames of a sequence whose times are their positions in mm, and the engine that puts frames between frames
puts slices between them: with the pace that four slices tell, B-splines, and less of the motion where it explains
less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.pair import Pair
from temporal_interp.data.sequence import Sequence as Frames
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs.course import Beside, Fits, PreparedCourse
from temporal_interp.engines.pairs.fusion import Fusion, FusionMaps
from temporal_interp.engines.pairs.movable import MovableFrame
from temporal_interp.engines.pairs.moved_ends import Finish
from temporal_interp.engines.pairwise import PreparePair
from temporal_interp.engines.velocity_field import VelocityFieldEngine
from temporal_interp.errors import Progress
from temporal_interp.registration.register import FittedVelocity
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.tensors.spatial import smooth

STEADY = 1.0
"""Standard deviation, in frames of a cine, by which the motion from slice to slice is smoothed over time: what the
heart does from one frame to the next is small beside the way from slice to slice, and the rest would flicker."""

FIT = VelocitySettings(field=GridField(stride=1.5, starts=1), smoothness=3.0, max_voxels=200_000)
"""Of the motion from slice to slice. Tissue changes more than from frame to frame, and in smaller places: finer vectors
that agree more. It goes less far, so that a second start finds nothing else. Chosen on parts of a chest CT."""

RADIUS_MM = 1.5
"""Of the neighbourhood in which the agreement of two slices is judged, likewise."""


def slice_course(
    stacks: Sequence[np.ndarray],
    geometry: Geometry,
    scale: IntensityRange,
    *,
    positions: Sequence[float] | None = None,
) -> Frames:
    """Return the slices of stacks as a sequence: its times are their positions along their normal, in mm.

    Args:
        stacks: one or more, such as the frames of a cine, (K, J, I), all of them numbers. Frame k of the course has
            slice k of all of them, (stacks, J, I), and they are problems of their own.
        geometry: of each.
        scale: intensities between which motion is looked for.
        positions: of the slices, rising, where they do not follow each other evenly.

    Example:
        >>> stacks = np.zeros((1, 3, 8, 8))
        >>> slice_course(stacks, Geometry((3, 8, 8), (1.0, 1.0, 4.0)), IntensityRange(0.0, 1.0))
        <Sequence: 3 frames of 1 x 8 x 8 (K, J, I), position 0 to 8 mm, float64>
    """
    count, rows, columns = geometry.shape
    along_i, along_j, apart = geometry.spacing
    if positions is None:
        positions = [number * apart for number in range(count)]
    # where a slice lies is its time, so that all have one grid; two thicknesses apart, they are independent
    grid = Geometry((len(stacks), rows, columns), (along_i, along_j, 2.0))
    slices = [Volume(np.stack([stack[number] for stack in stacks]), grid) for number in range(count)]
    return Frames(slices, positions, "position", "mm", slice_thickness=1.0).with_intensity_range(scale)


@dataclass(frozen=True)
class SliceEngine(VelocityFieldEngine):
    """The engine for a course of slices.

    Attributes:
        loop: the stacks are the frames of a loop, after the last of which the first comes again.
        shifts: by how many voxels, (stacks, 2) along J and I, most of a slice has moved since the one before; filled
            for every gap that was fitted.
        trust: in motion, see `Fusion`.
        apart: by how much the two slices that were moved to a place disagree there, (stacks, j, i) on the coarse grid
            of the fit, as a share of the range of intensities; filled for every gap and t that was asked for. None
            where nobody wants it.
    """

    loop: bool = False
    shifts: dict[int, np.ndarray] = field(default_factory=dict)
    trust: float = 1.0
    apart: dict[tuple[int, float], np.ndarray] | None = None

    def for_sequence(self, sequence: Frames) -> PreparePair:
        """Return what prepares the gaps of one stack, see `VelocityFieldEngine.for_sequence`."""
        stacks = sequence.geometry.shape[0]
        # as many voxels for every slice as if it were alone
        return _SliceFits(self, sequence, replace(FIT, max_voxels=stacks * FIT.max_voxels)).prepare_pair


class _MovedSlices(PreparedCourse):
    """Two slices and the path between them, which may also tell how far the two moved slices disagree."""

    brightness_agreed = False
    apart: dict[tuple[int, float], np.ndarray] | None = None

    def _finish(
        self,
        ends: tuple[MovableFrame, MovableFrame],
        displacements: torch.Tensor,
        moved: torch.Tensor,
        maps: FusionMaps,
        disagreement: torch.Tensor,
        t: float,
    ) -> Finish:
        if self.apart is not None:
            self.apart[self.pair.gap.number, t] = (moved[1, 0] - moved[0, 0]).abs().cpu().numpy()
        return super()._finish(ends, displacements, moved, maps, disagreement, t)


class _SliceFits(Fits):
    """The motion from slice to slice, which is steady from stack to stack."""

    def __init__(self, engine: SliceEngine, sequence: Frames, settings: VelocitySettings) -> None:
        super().__init__(sequence, settings, Fusion(radius_mm=RADIUS_MM, trust=engine.trust), engine.device)
        self._engine = engine

    def ready(self, pair: Pair, own: FittedVelocity, before: Beside | None, after: Beside | None) -> PreparedCourse:
        """Return a gap that may tell how far its moved slices disagree; see `Fits.ready`."""
        made = _MovedSlices(pair, self._frames, own, before, after, fusion=self._fusion)
        made.apart = self._engine.apart
        return made

    def fit(self, pair: Pair, *, progress: Progress) -> FittedVelocity:
        """Fit the velocity of one gap, all stacks at once; see `Fits.fit`."""
        fitted = super().fit(pair, progress=progress)
        velocity = _steady(fitted.velocity, loop=self._engine.loop)
        voxels = [size / points for size, points in zip(pair.geometry.shape[1:], velocity.shape[3:], strict=True)]
        median = -velocity[0, 1:].flatten(2).median(2).values.T.cpu().numpy()  # it resamples: tissue goes the other way
        self._engine.shifts[pair.gap.number] = median * voxels
        return replace(fitted, velocity=velocity)


def _steady(velocity: torch.Tensor, *, loop: bool) -> torch.Tensor:
    """Return the velocity of stacks that follow each other in time, (1, 3, stacks, j, i), smoothed over them."""
    stacks = velocity.shape[2]
    if stacks == 1:
        return velocity
    reach = min(stacks, 4) if loop else 0
    joined = torch.cat([velocity[:, :, stacks - reach :], velocity, velocity[:, :, :reach]], 2) if reach else velocity
    return smooth(joined, (STEADY, 0.0, 0.0))[:, :, reach : reach + stacks]
