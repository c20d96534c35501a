"""The methods of the tracking table, behind one protocol: each registers every frame to the next one."""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Protocol

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress, no_progress


@dataclass(frozen=True, eq=False)
class Tracked:
    """The motion that a method found: a row of the table.

    Attributes:
        label: the method's name, with the scale where it has results at several.
        fields: by the number n of the earlier frame, a resampling field (K, J, I, 3) in LPS mm on the grid of frame
            n + 1 that brings frame n onto it: frame_n+1(x) ~ frame_n(x + field(x)).
        seconds_per_pair: wall time a pair of neighbouring frames took.
    """

    label: str
    fields: Mapping[int, np.ndarray]
    seconds_per_pair: float


class PairwiseMethod(Protocol):
    """A method that estimates the motion between neighbouring frames."""

    @property
    def name(self) -> str:
        """Name in tables and on the command line."""
        ...

    def track(
        self, sequence: Sequence, pairs: abc.Sequence[int], *, mask: np.ndarray | None, progress: Progress
    ) -> list[Tracked]:
        """Return one row, or several where the method has results at several scales.

        Args:
            sequence: float32 frames in [0, 1].
            pairs: numbers n of the earlier frames of the pairs (n, n + 1) wanted.
            mask: where the result will be scored, (K, J, I); None is everywhere.
            progress: receives the progress; may raise CancelledError.
        """
        ...


@dataclass(frozen=True)
class Identity:
    """Leaves the frame as it is: the baseline that every method has to beat."""

    name: str = "identity"

    def track(
        self, sequence: Sequence, pairs: abc.Sequence[int], *, mask: np.ndarray | None, progress: Progress
    ) -> list[Tracked]:
        """Return zero fields."""
        field = np.zeros((*sequence.volumes[0].geometry.shape, 3), np.float32)
        return [Tracked(self.name, dict.fromkeys(pairs, field), 0.0)]


PairRegistration = Callable[[np.ndarray, np.ndarray, tuple[float, ...], np.ndarray | None], np.ndarray]
"""Takes a fixed and a moving image, (J, I) or (K, J, I), float32 in [0, 1], their spacing in mm along (I, J[, K]) and a
mask or None; returns (J, I, 2) or (K, J, I, 3), mm along (I, J[, K]), with fixed(x) ~ moving(x + result(x))."""


@dataclass(frozen=True)
class PairByPair:
    """A registration that is run on every pair separately; independent slices are registered one by one.

    Attributes:
        name: of the method.
        register: registers two images.
    """

    name: str
    register: PairRegistration

    def track(
        self, sequence: Sequence, pairs: abc.Sequence[int], *, mask: np.ndarray | None, progress: Progress
    ) -> list[Tracked]:
        """Register every pair: frame n is the moving image, frame n + 1 the fixed one."""
        geometry = sequence.volumes[0].geometry
        independent = sequence.slices_are_independent
        fields, seconds = {}, 0.0
        for number, n in enumerate(pairs):
            progress(number / len(pairs), f"{self.name}: frames {n} and {n + 1}")
            moving, fixed = (sequence.volumes[frame].array for frame in (n, n + 1))
            start = time.perf_counter()
            (fields[n],) = register_parts(
                lambda *images: (self.register(*images),), fixed, moving, geometry, independent=independent, mask=mask
            )
            seconds += time.perf_counter() - start
        progress(1.0, self.name)
        return [Tracked(self.name, fields, seconds / len(pairs))]


def register_parts(
    register: Callable[..., abc.Sequence[np.ndarray]],
    fixed: np.ndarray,
    moving: np.ndarray,
    geometry: Geometry,
    *,
    independent: bool,
    mask: np.ndarray | None = None,
    count: int = 1,
    progress: Progress = no_progress,
) -> list[np.ndarray]:
    """Register two volumes as a whole, or slice by slice; parts without structure or mask are left as they are.

    Args:
        register: takes the arguments of a `PairRegistration` and returns `count` such fields.
        fixed: (K, J, I).
        moving: (K, J, I).
        geometry: of both.
        independent: the slices are 2D problems of their own, without motion along K.
        mask: (K, J, I), or None for everywhere.
        count: number of fields that a registration gives.
        progress: called for every slice; may raise CancelledError.

    Returns:
        `count` fields, (K, J, I, 3) float32 in LPS mm.
    """
    along_axes = [np.zeros((*geometry.shape, 3)) for _ in range(count)]
    parts: list[int | EllipsisType] = list(range(geometry.shape[0])) if independent else [...]
    spacing = geometry.spacing[:2] if independent else geometry.spacing
    for number, part in enumerate(parts):
        progress(number / len(parts), f"slice {number + 1} of {len(parts)}" if independent else "volume")
        where = None if mask is None else mask[part]
        if _worth_registering(fixed[part], moving[part], where):
            for field, found in zip(along_axes, register(fixed[part], moving[part], spacing, where), strict=True):
                field[part][..., : len(spacing)] = found
    return [(field @ np.asarray(geometry.direction).T).astype(np.float32) for field in along_axes]


def _worth_registering(fixed: np.ndarray, moving: np.ndarray, mask: np.ndarray | None) -> bool:
    """Tell whether both images have structure, and the mask has voxels; ANTs fails otherwise."""
    return np.ptp(fixed) > 0 and np.ptp(moving) > 0 and (mask is None or bool(mask.any()))
