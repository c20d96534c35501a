"""What the preview moves in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import slicer

from temporal_interp.data.provenance import PERIOD_KEY, SLICE_THICKNESS_KEY
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.engines.protocol import Engine
from temporal_interp.workflows.request import BetweenPhases, Request
from TemporalInterpLib.sequence_conversion import items_of


@dataclass(frozen=True)
class Subject:
    """What the preview moves in: a sequence, what of it an engine sees, and the engine.

    Attributes:
        node: the acquired sequence.
        request: between two of its frames, or all of it.
        create: makes the engine; called in a thread. None for the linear blend alone.
        engine: identifies engine and device.
    """

    node: slicer.vtkMRMLSequenceNode
    request: Request
    create: Callable[[], Engine] | None
    engine: tuple[str, ...]

    def gap_at(self, time: float, frames: Sequence, source: Sequence) -> Gap:
        """Return the gap that an instant lies in: that between the phases, or the one around it.

        Args:
            time: the instant.
            frames: of the node.
            source: those of them that the engine sees.
        """
        is_between = isinstance(self.request, BetweenPhases)
        return source.gap_at(frames.times[self.request.first] if is_between else time)

    def is_like(self, other: Subject | None) -> bool:
        """Tell whether the preparation of another subject serves this one."""
        return self._identity == (other._identity if other is not None else None)

    @cached_property
    def _identity(self) -> tuple[object, ...]:
        """The identity, as it was at first: the sequence may lose items, or change them, later.

        All items belong to it: an engine may look at those around the instant, and all give the intensity range.
        """
        attributes = tuple(map(self.node.GetAttribute, (PERIOD_KEY, SLICE_THICKNESS_KEY)))
        items = tuple(
            (self.node.GetNthIndexValue(number), item, _changed_at(item))
            for number, item in enumerate(items_of(self.node))
        )
        return (self.node, attributes, items, self.request, *self.engine)


def _changed_at(item: slicer.vtkMRMLScalarVolumeNode) -> int | None:
    """Return VTK's time of the last change of an item's voxels; None where it has none."""
    voxels = item.GetImageData() if item is not None and item.IsA("vtkMRMLVolumeNode") else None
    return None if voxels is None else voxels.GetMTime()
