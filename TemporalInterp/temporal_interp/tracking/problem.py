"""The frames of a tracking as its fits see them, and the fields on the way back."""

from __future__ import annotations

from collections import abc

import numpy as np
import torch
from scipy.ndimage import find_objects
from torch.nn import functional

from temporal_interp.data.field_of_view import Filling, field_of_view
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.physical_displacement import from_physical, to_physical
from temporal_interp.data.sequence import Sequence
from temporal_interp.registration.grids import coarsen, fitted_shape, spacing_on
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import integrate_velocity, resize, resize_field, smooth
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.optimise import Pairs
from temporal_interp.tracking.settings import TrackingSettings

MARGIN_VOXELS = 24
"""Margin of the mask in which frames are compared: tissue that moves in within a few frames, and coarse windows."""


class TrackingProblem:
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
