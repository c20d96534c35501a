"""The chosen sequence as the sections see it: its frames, or in one line why it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field

import slicer
from slicer.i18n import tr as _

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.sequence_conversion import sequence_from_node


@dataclass(frozen=True, eq=False)
class SequenceInUse:
    """A sequence node that was read.

    Attributes:
        node: the node; None where none is chosen.
        frames: its items; None where they cannot be used.
        acquired: numbers of the items that are acquired.
        refusal: in one line why nothing can be interpolated, "" where something can.
    """

    node: slicer.vtkMRMLSequenceNode | None
    frames: Sequence | None = None
    acquired: list[int] = field(default_factory=list)
    refusal: str = ""

    @classmethod
    def read(cls, node: slicer.vtkMRMLSequenceNode | None) -> SequenceInUse:
        """Read a sequence node; what is wrong with it is told by `refusal`."""
        if node is None:
            return cls(None, refusal=_("No sequence is chosen: load a cine, or the sample."))
        try:
            frames = sequence_from_node(node)
        except TemporalInterpError as error:
            return cls(node, refusal=str(error))
        acquired = frames.acquired_frames
        return cls(node, frames, acquired, _too_few(node.GetName(), len(frames), len(acquired)))

    def are_phases(self, first: int, last: int) -> bool:
        """Tell whether two numbers are those of acquired items, the first before the last."""
        return first in self.acquired and last in self.acquired and first < last


def _too_few(name: str, frames: int, acquired: int) -> str:
    """Return why a sequence has too few acquired frames, "" where it has enough."""
    if acquired >= 2:
        return ""
    if frames == 1:
        return _("'{name}' has one frame; two or more are needed: load the whole cine.").format(name=name)
    return _(
        "'{name}' has fewer than two acquired frames, the others are synthetic: choose the sequence it was made from."
    ).format(name=name)


class SequenceReader:
    """Reads the chosen sequence once, and again when it has changed."""

    def __init__(self) -> None:
        self._known: tuple[object, ...] = ()
        self._read = SequenceInUse(None)

    def read(self, node: slicer.vtkMRMLSequenceNode | None) -> SequenceInUse:
        """Return what a node holds now."""
        known = (None,) if node is None else (node, node.GetNumberOfDataNodes(), node.GetMTime())
        if known != self._known:
            self._read, self._known = SequenceInUse.read(node), known
        return self._read

    def forget(self) -> None:
        """Release the node and its frames."""
        self._known, self._read = (), SequenceInUse(None)
