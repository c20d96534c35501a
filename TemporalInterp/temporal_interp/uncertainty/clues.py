"""What tells of errors where the truth is not known: how the two moved ends disagree, and how steep the image is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.data.volume import Volume

if TYPE_CHECKING:
    from temporal_interp.data.displacement import DisplacementField

NEIGHBOURHOOD_MM = 2.0
"""Standard deviation of the neighbourhood in which the ends are compared (our choice)."""

STEEPNESS_MM = 1.0
"""Standard deviation of the neighbourhood in which the gradient is taken (our choice)."""


@dataclass(frozen=True, eq=False)
class Clues:
    """What a synthetic frame tells of its own errors, on a scale on which the range of the sequence is 1.

    Attributes:
        disagreement: (K, J, I), root of the mean square difference of the two ends, moved to the instant, around every
            voxel; unmoved for an engine without motion.
        gradient: (K, J, I), that of the frame around every voxel, from voxel to voxel.
        distance: 4 t (1 - t) times the length of the gap, in the unit of the sequence: half-way it is that length.
    """

    disagreement: np.ndarray
    gradient: np.ndarray
    distance: float


def clues_of(frame: Frame, gap: Gap, sequence: Sequence) -> Clues:
    """Return the clues of a synthetic frame.

    Args:
        frame: with its displacement fields, where the engine has them.
        gap: where it lies.
        sequence: the frames that the engine saw.
    """
    from scipy.ndimage import gaussian_filter

    spacing = sequence.geometry.spacing_kji
    apart = sequence.slices_are_independent
    width = sequence.intensity_range.high - sequence.intensity_range.low

    def around(squares: np.ndarray, radius: float) -> np.ndarray:
        sigma = [radius / along for along in spacing]
        smoothed = gaussian_filter(squares, [0.0 if apart else sigma[0], *sigma[1:]], mode="nearest")
        return np.sqrt(np.maximum(smoothed, 0.0))

    first = _moved(sequence, gap.first, frame.displacement_first_to_t)
    last = _moved(sequence, gap.last, frame.displacement_last_to_t)
    image = sequence.intensity_range.scale(frame.volume.array)
    image = np.where(np.isfinite(image), image, (first + last) / (2 * width))
    axes = [axis for axis in range(3) if image.shape[axis] > 1 and not (axis == 0 and apart)]
    steep = sum((np.gradient(image, axis=axis) ** 2 for axis in axes), np.zeros_like(image))
    return Clues(
        around(((first - last) / width) ** 2, NEIGHBOURHOOD_MM),
        around(steep, STEEPNESS_MM),
        4 * frame.t * (1 - frame.t) * gap.length,
    )


def _moved(sequence: Sequence, number: int, field: DisplacementField | None) -> np.ndarray:
    """Return a frame, (K, J, I) float32 with the low end of the range at 0, resampled by a field if there is one."""
    volume: Volume = sequence[number]
    voxels = sequence.scaled.centred(volume)
    if field is None:
        return voxels
    from temporal_interp.data.physical_displacement import from_physical
    from temporal_interp.tensors.slabs import as_image, slabs, warp_slab

    image, shape = as_image(voxels, "cpu"), volume.geometry.shape
    displacement = from_physical(field.array, volume.geometry)[None]
    moved = np.empty(shape, np.float32)
    for slab in slabs(shape):
        moved[slab] = warp_slab(image, displacement, slab)[0, 0].numpy()
    return moved
