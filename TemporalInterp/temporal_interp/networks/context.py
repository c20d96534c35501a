"""What lies around a pair: the frame before its first end and the frame after its last, and how far away they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch

NEAREST = 0.1
"""The rate of change towards a neighbour that is nearer than this, in lengths of the gap, is taken as if it were this
far away: beyond that it is noise."""

FURTHEST = 4.0
"""A neighbour that is further away than this, in lengths of the gap, tells nothing of the motion in it."""


@dataclass(frozen=True, eq=False)
class Context:
    """The neighbours of both ends of a pair, stacked: the frame before the first, then the frame after the last.

    Attributes:
        outer: (2 N, 1, *shape), scaled like the ends; any numbers where there is no neighbour.
        distances: (2 N,), from the end to its neighbour in lengths of the gap; 0 where there is none.
    """

    outer: torch.Tensor
    distances: torch.Tensor

    def to(self, device: torch.device | str) -> Context:
        """Return the context on a device."""
        return Context(self.outer.to(device), self.distances.to(device))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a network makes of the neighbours of a pair, both ends stacked.

    Attributes:
        differences: (2 N, 1, *shape), each end less its neighbour; 0 where there is none.
        distances: (2 N,), as in `Context`.
    """

    differences: torch.Tensor
    distances: torch.Tensor

    @classmethod
    def of(cls, ends: torch.Tensor, context: Context | None) -> Surroundings:
        """Return what surrounds a pair.

        >>> both = torch.tensor([0.5, 0.75]).view(2, 1, 1, 1)
        >>> there = Surroundings.of(both, Context(both - 0.25, torch.tensor([0.5, 0.0])))
        >>> there.differences.flatten().tolist(), there.rates.flatten().tolist()
        ([0.25, 0.0], [0.5, 0.0])

        Args:
            ends: (2 N, 1, *shape), first then last.
            context: their neighbours; None if there are none.
        """
        if context is None:
            return cls(torch.zeros_like(ends), ends.new_zeros(len(ends), dtype=torch.float32))
        there = _beside(context.distances > 0, ends)
        return cls(torch.where(there, ends - context.outer.view_as(ends), 0.0), context.distances)

    @property
    def rates(self) -> torch.Tensor:
        """How fast each end changes where its neighbour is, per length of the gap, (2 N, 1, *shape)."""
        return self.differences / _beside(self.distances.clamp(min=NEAREST), self.differences)

    @property
    def per_end(self) -> torch.Tensor:
        """The distances as a network is told them, (2 N, 2): whether there is a neighbour, and the logarithm to 2."""
        there = self.distances > 0
        return torch.stack([there.float(), torch.where(there, self.distances, 1.0).log2()], dim=1)

    def repeated(self, times: int) -> Surroundings:
        """Return those of every pair `times` times, next to each other."""
        return Surroundings(self.differences.repeat_interleave(times, 0), self.distances.repeat_interleave(times, 0))

    def bends(self, ends: torch.Tensor) -> torch.Tensor:
        """Return how each end's rate of change departs from that in the gap, (2 N, 1, *shape); 0 without a neighbour.

        The rate at an end is that of the parabola through its neighbour and both ends, as in the cubic blend, and
        the sign is that of time from the end into the gap: the cubic departs from the straight line at the share s of
        the way from an end by s (1 - s)^2 times this, and as much from the other end.

        Args:
            ends: (2 N, 1, *shape), the acquired volumes.
        """
        first, last = ends.chunk(2)
        inside = torch.cat([last - first, first - last])
        there = _beside(self.distances > 0, ends)
        return torch.where(there, (self.rates - inside) / (1 + _beside(self.distances, ends)), 0.0)


def _beside(per_end: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Return one number an end, shaped to be combined with the images."""
    return per_end.view(-1, *[1] * (ends.ndim - 1))
