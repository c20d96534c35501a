"""The training data of slice synthesis: parts of volumes, and the same with only every r-th slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.degradation import NOISE, Degradation, blur
from temporal_interp.slices.settings import SliceTrainingSettings

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class TrainingVolume:
    """A volume to learn from.

    Attributes:
        array: (K, J, I) float32, intensities from 0 to 1.
        spacing_kji: voxel size in mm.
        guides: what motion makes of it where slices, or rows, or columns are hidden, by their axis, see
            `guides.guides_of`; None for networks without guide. Only along these axes guided networks learn.
        guide: what motion puts between its own slices, (2, (K - 1) r + 1, J, I).
    """

    array: np.ndarray
    spacing_kji: tuple[float, float, float]
    guides: Mapping[int, Guided] | None = None
    guide: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Guided:
    """A part of a volume along one axis, of which all but every r-th slice were hidden and made again by motion.

    Attributes:
        fine: (n r + 1, *), that axis first, float32.
        seen: the same after the blur that precedes the removal of slices, if any.
        guide: (2, n r + 1, *), see `guide`.
    """

    fine: np.ndarray
    seen: np.ndarray
    guide: np.ndarray

    def split(self, share: float) -> tuple[Guided, Guided]:
        """Return the part before and the part after a place on the second axis, which has `share` of it."""
        place = round((1 - share) * self.fine.shape[1])
        before, after = (
            Guided(*(np.ascontiguousarray(array[..., part, :]) for array in (self.fine, self.seen, self.guide)))
            for part in (slice(place), slice(place, None))
        )
        return before, after


@dataclass(frozen=True, eq=False)
class Restoration:
    """A target to restore, and its input.

    Attributes:
        given: (N, k, *), every r-th of the rows or slices that are wanted, degraded.
        wanted: (N, (k - 1) r + 1, *).
        guide: (N, 2, (k - 1) r + 1, *) for guided networks.
    """

    given: torch.Tensor
    wanted: torch.Tensor
    guide: torch.Tensor | None = None


class SubVolumes:
    """Draws parts of volumes at random, also mirrored.

    Along its columns and rows a volume is often about as fine as its slices should become: there it shows what closer
    slices look like (ours; Zhao et al., "SMORE", IEEE TMI 2021, learn from the same). Where it is finer than that,
    neighbouring rows are averaged, as a slice averages over its thickness.

    Args:
        volumes: to draw from, with equal probability.
        factor: r.
        settings: of the training.
        device: of the drawn tensors.

    Raises:
        InvalidInputError: a volume has too few slices, and columns, to learn from.
    """

    def __init__(
        self, volumes: Sequence[TrainingVolume], factor: int, settings: SliceTrainingSettings, device: torch.device
    ) -> None:
        self.factor, self.settings, self.device = factor, settings, device
        self.generator = torch.Generator().manual_seed(settings.seed)
        axes = range(3 if settings.in_plane else 1)
        self._given = volumes
        self._volumes = [[_Along(volume, axis, factor, settings) for axis in axes] for volume in volumes]
        for volume in self._volumes:
            if not any(along.can_restore for along in volume):
                raise InvalidInputError(
                    f"A volume of {tuple(volume[0].fine.shape)} voxels is too small to learn to add {factor - 1} "
                    f"slices between two: at least {factor + 1} slices are needed."
                )

    def images(self) -> Restoration:
        """Return images whose rows are restored: slices, (N, slices, side), or columns or rows of slices."""
        return self._draw(image=True)

    def slabs(self) -> Restoration:
        """Return r + 1 images each, (N, r + 1, side, side), that follow each other along any axis."""
        return self._draw(image=False)

    def acquired(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return a part of a volume as it is, (1, slices / 2 + 1, side, side), for both networks and all views; and its
        guide, see `TrainingVolume.guide`."""
        volume, settings = self._any_of(self._given), self.settings
        fine = torch.from_numpy(volume.array)
        most = (settings.slices // 2 + 1, settings.side, settings.side)
        shape = [min(n, m) for n, m in zip(fine.shape, most, strict=True)]
        place, mirror = self._place(fine.shape, shape), self._mirror()
        part = fine[place].flip(mirror)[None].to(self.device)
        if volume.guide is None:
            return part, None
        first, last = place[0].start * self.factor, (place[0].stop - 1) * self.factor + 1
        guide = torch.from_numpy(volume.guide[:, first:last, place[1], place[2]])
        return part, guide.flip([1 + axis for axis in mirror])[None].to(self.device)

    def _draw(self, *, image: bool) -> Restoration:
        """Return parts along an axis, each from another place: neighbours would teach the networks little."""
        volume, settings = self._along(), self.settings
        most = self.factor + 1 if not image else settings.slices if volume.axis == 0 else settings.side
        count = volume.countable(most)
        shape = [count, *(min(n, settings.side) for n in volume.fine.shape[1:])]
        across = None
        if image:  # of the remaining axes, one goes from image to image; in the plane that is the slice axis
            across = 1 + (self._number(2) if volume.axis == 0 else 0)
            shape[across] = 1
        given, wanted, guide = [], [], []
        # what motion makes is known where it was made: between every r-th slice, from the first on
        step = 1 if volume.guide is None else self.factor
        for _ in range(settings.batch):
            place, mirror = self._place(volume.fine.shape, shape, step), self._mirror()
            # the wanted part has a whole number of steps, so that its mirror image also begins and ends with a given
            # one
            wanted.append(volume.fine[place].flip(mirror))
            given.append(volume.seen[place][:: self.factor].flip(mirror))
            if volume.guide is not None:
                guide.append(volume.guide[(slice(None), *place)].flip([1 + axis for axis in mirror]))
        pair = [torch.stack(parts) for parts in (given, wanted)]
        if across is not None:
            pair = [parts.squeeze(1 + across) for parts in pair]
        if settings.degradation is Degradation.BLURRED:
            pair[0] += NOISE * torch.randn(pair[0].shape, generator=self.generator)
        guides = None
        if guide:
            guides = torch.stack(guide)
            guides = guides if across is None else guides.squeeze(2 + across)
            guides = guides.to(self.device)
        return Restoration(pair[0].to(self.device), pair[1].to(self.device), guides)

    def _along(self) -> _Along:
        """Return a volume along its slice axis, or, in that share of the draws, along one of the other two."""
        volume = self._any_of(self._volumes)
        in_plane = [along for along in volume[1:] if along.can_restore]
        wanted = float(torch.rand((), generator=self.generator)) < self.settings.in_plane
        if volume[0].can_restore and not (in_plane and wanted):
            return volume[0]
        return self._any_of(in_plane)

    def _any_of(self, choices: Sequence[T]) -> T:
        return choices[self._number(len(choices))]

    def _place(self, shape: Sequence[int], part: Sequence[int], step: int = 1) -> tuple[slice, ...]:
        """Return where a part lies, from any voxel on; along the first axis from any `step`-th."""
        steps = (step, *[1] * (len(shape) - 1))
        starts = [
            self._number((whole - size) // every + 1) * every
            for whole, size, every in zip(shape, part, steps, strict=True)
        ]
        return tuple(slice(start, start + size) for start, size in zip(starts, part, strict=True))

    def _mirror(self) -> list[int]:
        return [d for d in range(3) if self._number(2)]

    def _number(self, below: int) -> int:
        return int(torch.randint(below, (1,), generator=self.generator))


class _Along:
    """A volume seen along one axis.

    Attributes:
        axis: 0 is the slice axis.
        fine: with that axis first, about as coarse along it as the wanted slices.
        seen: the same after the blur that precedes the removal of slices.
        guide: what motion makes of every r-th slice of it, (2, *); None for networks without guide.
        factor: r.
        can_restore: whether it is long enough along the axis.
    """

    def __init__(self, volume: TrainingVolume, axis: int, factor: int, settings: SliceTrainingSettings) -> None:
        self.axis, self.factor = axis, factor
        self.guide: torch.Tensor | None = None
        self.can_restore = False
        if volume.guides is not None and axis not in volume.guides:
            self.fine = self.seen = torch.from_numpy(volume.array)
            return
        if volume.guides is not None:
            guided = volume.guides[axis]
            self.fine, self.seen = torch.from_numpy(guided.fine), torch.from_numpy(guided.seen)
            self.guide = torch.from_numpy(guided.guide)
            self.can_restore = True
            return
        array, _ = averaged_rows(volume.array, volume.spacing_kji, axis, factor)
        self.fine = torch.from_numpy(array)  # often a view: three copies of a large volume would be too many
        blurred = settings.degradation is Degradation.BLURRED
        self.seen = torch.from_numpy(blur(array, factor)) if blurred else self.fine
        self.can_restore = self.countable(len(array)) > factor

    def countable(self, most: int) -> int:
        """Return the number of slices that can be restored at once: 1 + n r, at most `most`."""
        return (min(most, len(self.fine)) - 1) // self.factor * self.factor + 1


def averaged_rows(
    array: np.ndarray, spacing_kji: tuple[float, float, float], axis: int, factor: int
) -> tuple[np.ndarray, float]:
    """Return a volume (K, J, I) with an axis first, about as coarse along it as slices should become, and its step in
    mm along it.

    Args:
        array: slices are never averaged, rows and columns are.
        spacing_kji: in mm.
        axis: 0 for slices.
        factor: how many times closer slices should become.
    """
    along = np.moveaxis(array, axis, 0)
    averaged = 1 if axis == 0 else max(1, round(spacing_kji[0] / factor / spacing_kji[axis]))
    if averaged > 1:
        count = len(along) // averaged
        along = along[: count * averaged].reshape(count, averaged, *along.shape[1:]).mean(1)
    return along, averaged * spacing_kji[axis]
