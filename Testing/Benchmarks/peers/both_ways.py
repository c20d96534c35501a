"""The motion between two volumes in both directions, from the registrations of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from temporal_interp.data.volume import Volume
from temporal_interp.errors import Progress, part_of
from temporal_interp.evaluation.pairwise_methods import PairRegistration, register_parts

TwoFields = Callable[[np.ndarray, np.ndarray, tuple[float, ...], np.ndarray | None], Sequence[np.ndarray]]
"""Takes the arguments of a `PairRegistration` and returns two such fields: the one that brings moving onto
fixed, and the one that brings fixed onto moving."""


@dataclass(frozen=True, eq=False)
class PairFields:
    """The motion between two volumes: resampling fields, (K, J, I, 3) float32 in LPS mm, on their grid.

    Attributes:
        first_to_last: last(x) ~ first(x + first_to_last(x)).
        last_to_first: first(x) ~ last(x + last_to_first(x)).
    """

    first_to_last: np.ndarray
    last_to_first: np.ndarray


class BothWays(Protocol):
    """A registration in both directions."""

    @property
    def name(self) -> str:
        """Name of the peer: "elastix"."""
        ...

    @property
    def settings(self) -> str:
        """Its settings in one line, for tables."""
        ...

    def __call__(self, first: Volume, last: Volume, *, independent: bool, progress: Progress) -> PairFields:
        """Return the motion between two volumes.

        Args:
            first: float32 in [0, 1], with any direction matrix.
            last: on the same grid.
            independent: slices are 2D problems of their own, without motion along K.
            progress: receives the progress; may raise CancelledError.
        """
        ...


def one_way_each(name: str, settings: str, register: PairRegistration) -> BothWays:
    """Return a registration of both directions that runs one of a single direction twice."""
    return _OneWayEach(name, settings, register)


def both_at_once(name: str, settings: str, register: TwoFields) -> BothWays:
    """Return a registration that finds both directions in one run."""
    return _BothAtOnce(name, settings, register)


@dataclass(frozen=True)
class _OneWayEach:
    name: str
    settings: str
    register: PairRegistration

    def __call__(self, first: Volume, last: Volume, *, independent: bool, progress: Progress) -> PairFields:
        halves = part_of(progress, 0.0, 0.5), part_of(progress, 0.5, 1.0)
        return PairFields(
            self._onto(last, first, independent=independent, progress=halves[0]),
            self._onto(first, last, independent=independent, progress=halves[1]),
        )

    def _onto(self, fixed: Volume, moving: Volume, *, independent: bool, progress: Progress) -> np.ndarray:
        (field,) = register_parts(
            lambda *images: (self.register(*images),),
            fixed.array,
            moving.array,
            fixed.geometry,
            independent=independent,
            progress=progress,
        )
        return field


@dataclass(frozen=True)
class _BothAtOnce:
    name: str
    settings: str
    register: TwoFields

    def __call__(self, first: Volume, last: Volume, *, independent: bool, progress: Progress) -> PairFields:
        return PairFields(
            *register_parts(
                self.register,
                last.array,
                first.array,
                last.geometry,
                independent=independent,
                count=2,
                progress=progress,
            )
        )
