"""What a training of slice synthesis sees: parts of volumes, and the same with every r-th slice alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.degradation import NOISE, Degradation, blur
from temporal_interp.slices.settings import SliceTrainingSettings


@dataclass(frozen=True, eq=False)
class TrainingVolume:
    """A volume to learn from.

    Attributes:
        array: (K, J, I) float32, intensities from 0 to 1.
        spacing_kji: voxel size in mm.
    """

    array: np.ndarray
    spacing_kji: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Restoration:
    """What is to be restored, and from what.

    Attributes:
        given: (N, k, *), every r-th of the rows or slices that are wanted, degraded.
        wanted: (N, (k - 1) r + 1, *).
    """

    given: torch.Tensor
    wanted: torch.Tensor


class SubVolumes:
    """Draws parts of volumes at random, also mirrored.

    Along its columns and rows a volume has often just about the fineness that is wanted between its slices: there it
    can show what closer slices look like (ours; Zhao et al., "SMORE", IEEE TMI 2021, learn from the same). Where it is
    finer than that, so many rows are left out that it is not.

    Args:
        volumes: to draw from, all as often.
        factor: r.
        settings: of the training.
        device: of what is drawn.

    Raises:
        InvalidInputError: a volume has too few slices and columns to learn from.
    """

    def __init__(
        self, volumes: Sequence[TrainingVolume], factor: int, settings: SliceTrainingSettings, device: torch.device
    ) -> None:
        self.factor, self.settings, self.device = factor, settings, device
        self.generator = torch.Generator().manual_seed(settings.seed)
        self._along = [[_Along(volume, axis, factor, settings) for volume in volumes] for axis in range(3)]
        self.can_restore = all(volume.can_restore for volume in self._along[0])
        self.can_restore_in_plane = all(volume.can_restore for axis in (1, 2) for volume in self._along[axis])
        if not self.can_restore and not (settings.in_plane and self.can_restore_in_plane):
            raise InvalidInputError(
                f"Volumes of {volumes[0].array.shape} voxels are too small to learn to put {factor - 1} slices between "
                f"two: {factor + 1} slices are needed at least."
            )

    def images(self) -> Restoration:
        """Return images whose rows are slices, (N, slices, side): what the paper has the pixel network learn from."""
        return self._draw(0, self.settings.slices, image=True)

    def images_in_plane(self) -> Restoration:
        """Return images whose rows are columns or rows of a slice, (N, side, side)."""
        return self._draw(1 + self._number(2), self.settings.side, image=True)

    def slabs(self) -> Restoration:
        """Return r + 1 slices each, (N, r + 1, side, side): what the paper has the slice network learn from."""
        return self._draw(0, self.factor + 1, image=False)

    def slabs_in_plane(self) -> Restoration:
        """Return the same along the columns or rows of the slices."""
        return self._draw(1 + self._number(2), self.factor + 1, image=False)

    def acquired(self) -> torch.Tensor:
        """Return a part of a volume as it is, (1, slices / 2, side / 2, side / 2).

        Half of what is seen elsewhere: it goes through both networks in all views, with r times as many slices.
        """
        volume, settings = self._any_of(0), self.settings
        most = (settings.slices // 2 + 1, settings.side // 2 + 1, settings.side // 2 + 1)
        shape = [min(n, m) for n, m in zip(volume.fine.shape, most, strict=True)]
        part = volume.fine[self._place(volume.fine.shape, shape)]
        return part.flip(self._mirror())[None].to(self.device)

    def _draw(self, axis: int, most: int, *, image: bool) -> Restoration:
        """Return parts along an axis, each from another place: neighbours would show the networks little new."""
        volume, settings = self._any_of(axis), self.settings
        count = volume.countable(most)
        shape = [(count - 1) * volume.stride + 1, *(min(n, settings.side) for n in volume.fine.shape[1:])]
        across = None
        if image:  # of the axes that are left, one goes from image to image; in the plane that is the slice axis
            across = 1 + (self._number(2) if axis == 0 else 0)
            shape[across] = 1
        given, wanted = [], []
        for _ in range(settings.batch):
            place, mirror = self._place(volume.fine.shape, shape), self._mirror()
            # the wanted part has a whole number of steps, so that mirrored it still begins and ends with one given
            wanted.append(volume.fine[place][:: volume.stride].flip(mirror))
            given.append(volume.seen[place][:: volume.stride * self.factor].flip(mirror))
        pair = [torch.stack(parts) for parts in (given, wanted)]
        if across is not None:
            pair = [parts.squeeze(1 + across) for parts in pair]
        if settings.degradation is Degradation.BLURRED:
            pair[0] += NOISE * torch.randn(pair[0].shape, generator=self.generator)
        return Restoration(*(parts.to(self.device) for parts in pair))

    def _any_of(self, axis: int) -> _Along:
        return self._along[axis][self._number(len(self._along[axis]))]

    def _place(self, shape: Sequence[int], part: Sequence[int]) -> tuple[slice, ...]:
        starts = [self._number(whole - size + 1) for whole, size in zip(shape, part, strict=True)]
        return tuple(slice(start, start + size) for start, size in zip(starts, part, strict=True))

    def _mirror(self) -> list[int]:
        return [d for d in range(3) if self._number(2)]

    def _number(self, below: int) -> int:
        return int(torch.randint(below, (1,), generator=self.generator))


class _Along:
    """A volume seen along one axis.

    Attributes:
        fine: with that axis first.
        seen: the same after the blurring that goes before leaving slices out.
        stride: so many voxels along the axis are as long as the gap that is wanted between slices.
        factor: r.
        can_restore: whether there is enough of it along the axis.
    """

    def __init__(self, volume: TrainingVolume, axis: int, factor: int, settings: SliceTrainingSettings) -> None:
        self.factor = factor
        spacing = volume.spacing_kji
        self.stride = 1 if axis == 0 else max(1, round(spacing[0] / factor / spacing[axis]))
        array = np.moveaxis(volume.array, axis, 0)
        self.fine = torch.from_numpy(np.ascontiguousarray(array))
        blurred = settings.degradation is Degradation.BLURRED
        self.seen = torch.from_numpy(blur(array, factor * self.stride)) if blurred else self.fine
        self.can_restore = self.countable(len(array)) > factor

    def countable(self, most: int) -> int:
        """Return how many slices at the wanted distance can be restored at once: at most `most`, 1 + n r."""
        count = min(most, (len(self.fine) - 1) // self.stride + 1)
        return (count - 1) // self.factor * self.factor + 1
