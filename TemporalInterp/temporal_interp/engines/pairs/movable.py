"""The voxels of a frame made ready to be moved, once for all times and for the gaps on both sides of the frame."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from functools import cached_property

import torch

from temporal_interp.data.field_of_view import field_of_view
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.pairs.detail import detail_energy
from temporal_interp.tensors.cubic import CubicImage
from temporal_interp.tensors.slabs import as_image, slabs

KEPT_BYTES = 2**28
"""Of frames that are kept, about; those of one gap are kept however large they are."""

COPIES_IN_PLANE, COPIES_IN_VOLUME = 7, 3
"""Images of the size of a frame that a frame takes: voxels, what the spline needs, and the energy of its detail."""


class MovableFrame:
    """A frame as a smooth function of place.

    Args:
        image: its voxels, the darkest at 0.
        spacing: voxel size in mm along J and I.
        seen: (1, 1, K, J, I), 1 where the frame shows something, else 0; None where it shows all.
        unit: of the energy of its detail, see `detail.detail_energy`.
    """

    def __init__(
        self, image: CubicImage, spacing: tuple[float, float], seen: torch.Tensor | None = None, unit: float = 1.0
    ) -> None:
        self.image = image
        self.seen = seen
        self.unit = unit
        self._spacing = spacing

    @property
    def voxels(self) -> torch.Tensor:
        """Its voxels, (1, 1, K, J, I), the darkest at 0."""
        return self.image.image

    @cached_property
    def detail_energy(self) -> torch.Tensor:
        """How strong its fine detail is around every voxel, (1, 1, K, J, I); see `detail.detail_energy`."""
        voxels = self.voxels
        energy = torch.empty_like(voxels)
        for slab in slabs((voxels.shape[2], voxels.shape[3], voxels.shape[4])):
            slices = voxels[0, :, slab].transpose(0, 1)
            energy[:, :, slab] = detail_energy(slices, self._spacing, self.unit).transpose(0, 1)
        return energy

    @property
    def nbytes(self) -> int:
        """Memory that it takes once it has been moved."""
        return self.voxels.nbytes * (COPIES_IN_PLANE if self.image.in_plane else COPIES_IN_VOLUME)


class MovableFrames:
    """The frames of a sequence, made ready when they are needed.

    Args:
        sequence: the frames.
        device: where to compute.
    """

    def __init__(self, sequence: Sequence, device: str) -> None:
        self._sequence = sequence
        self._device = device
        intensities = sequence.intensity_range
        # a power of two: no digit of a voxel changes
        self._unit = 2.0 ** round(math.log2(intensities.high - intensities.low))
        self._kept: OrderedDict[tuple[int, bool], MovableFrame] = OrderedDict()
        self._lock = threading.Lock()

    def pair(self, first: int, last: int, *, in_plane: bool) -> tuple[MovableFrame, MovableFrame]:
        """Return two frames by number.

        Args:
            first: number of the frame.
            last: likewise.
            in_plane: they are moved within their slices only.
        """
        with self._lock:
            frames = self._made(first, in_plane), self._made(last, in_plane)
            while len(self._kept) > 2 and sum(frame.nbytes for frame in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)
            return frames

    def _made(self, number: int, in_plane: bool) -> MovableFrame:
        key = number, in_plane
        if key not in self._kept:
            frame = self._sequence[number]
            voxels = as_image(self._sequence.scaled.centred(frame), self._device)
            seen = field_of_view(frame.array)
            spacing = self._sequence.geometry.spacing_kji[1:]
            self._kept[key] = MovableFrame(
                CubicImage.of(voxels, in_plane=in_plane),
                (spacing[0], spacing[1]),
                None if seen is None else as_image(seen, self._device),
                self._unit,
            )
        self._kept.move_to_end(key)
        return self._kept[key]
