"""The interface of all engines, and the type of their answers.

An engine prepares a sequence once and then answers any instant in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, overload

from temporal_interp.data.provenance import Identity
from temporal_interp.errors import Progress, no_progress

if TYPE_CHECKING:
    from temporal_interp.data.frame import Frame
    from temporal_interp.data.sequence import Sequence


class PreparedSequence(Protocol):
    """A sequence made ready for any instant; each gap is worked on when it is first needed, and kept."""

    @property
    def sequence(self) -> Sequence:
        """The frames that the engine sees."""
        ...

    def prepare_gap(self, gap: int, *, progress: Progress = no_progress) -> None:
        """Make one gap ready now, so that `at` answers quickly.

        Args:
            gap: its number in `sequence.gaps`.
            progress: receives the progress; may raise CancelledError to stop.

        Raises:
            InvalidInputError: the frames cannot be interpolated; the message says why.
        """
        ...

    def forget_gap(self, gap: int) -> None:
        """Give up what was prepared for a gap, which may be much, when nothing more will be asked of it."""
        ...

    @overload
    def at(
        self, times: float, *, fields: bool = False, gap: int | None = None, progress: Progress = no_progress
    ) -> Frame: ...
    @overload
    def at(
        self, times: Iterable[float], *, fields: bool = False, gap: int | None = None, progress: Progress = no_progress
    ) -> list[Frame]: ...
    def at(
        self,
        times: float | Iterable[float],
        *,
        fields: bool = False,
        gap: int | None = None,
        progress: Progress = no_progress,
    ) -> Frame | list[Frame]:
        """Return the frame at a time, or the frames at some; at the time of an acquired frame, that very frame.

        Several times at once are quicker than one after the other.

        Args:
            times: within the sequence, in its unit.
            fields: also give the displacement fields, which take time and memory.
            gap: number of the gap that all the times lie in; it decides between which neighbours an acquired frame, at
                which one gap ends and the next begins, is seen. None takes `sequence.gap_at`.
            progress: receives the progress with gaps that are not prepared yet; may raise CancelledError to stop.

        Raises:
            InvalidInputError: a time lies outside of the sequence or of the gap, or see `prepare_gap`.
        """
        ...


class Engine(Identity, Protocol):
    """A method that synthesises the instants of a sequence; `Identity` is its part in the provenance."""

    def prepare(self, sequence: Sequence, *, progress: Progress = no_progress) -> PreparedSequence:
        """Make a sequence ready: everything that depends neither on the instant nor on the gap.

        Args:
            sequence: two frames or more. Frames that an engine must not see are not in it, see `Sequence.hiding`.
            progress: receives the progress; may raise CancelledError to stop.

        Raises:
            InvalidInputError: the sequence cannot be interpolated; the message says why.
        """
        ...
