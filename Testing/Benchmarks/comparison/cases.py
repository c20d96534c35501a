"""The data of the comparison: sets of sequences of which frames are held out."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable
from dataclasses import dataclass

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.hold_out import HoldOut


@dataclass(frozen=True, eq=False)
class BenchmarkCase:
    """One sequence: which of its frames are held out, and its exact motion where that is known."""

    name: str
    sequence: Sequence
    hold_out: HoldOut
    truth: MotionTruth | None = None

    @property
    def geometry(self) -> Geometry:
        """The voxel grid of the frames."""
        return self.sequence.volumes[0].geometry


@dataclass(frozen=True)
class CaseSet:
    """Cases that share a table.

    Attributes:
        name: in tables, on the command line and in the names of files.
        title: description for the reader, which says where motion is simulated.
        draw: draws or reads the cases; raises InvalidInputError where they are not available.
        turning: the motion turns at both kept frames, and no frames are shown around them.
        scores: the gains on it count among those that engines declare, `EngineSpec.scores`.
        coronal: the picture shows the middle coronal plane of axial slices, from the feet to the head, which
            shows breathing, instead of one of the slices.
    """

    name: str
    title: str
    draw: Callable[[], list[BenchmarkCase]]
    turning: bool = False
    scores: bool = False
    coronal: bool = False


def names_among(what: str, text: str, known: abc.Sequence[str]) -> list[str]:
    """Return the names in a comma-separated text; raise InvalidInputError unless all are known."""
    names = [name.strip() for name in text.split(",")]
    require_names(what, names, known)
    return names


def require_names(what: str, chosen: abc.Sequence[str], known: abc.Sequence[str]) -> None:
    """Raise InvalidInputError unless all names are known."""
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise InvalidInputError(f"There is no {what} '{unknown[0]}'; choose from {', '.join(known)}.")
