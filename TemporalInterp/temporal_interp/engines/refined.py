"""The refined engine: a velocity field fitted to the motion that the student leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine
from temporal_interp.engines.registry import EngineSpec
from temporal_interp.engines.student import StudentEngine
from temporal_interp.errors import Progress, no_progress, part_of

if TYPE_CHECKING:
    from temporal_interp.engines.pairs.student import PreparedStudent
    from temporal_interp.registration.settings import VelocitySettings


@dataclass(frozen=True, eq=False)
class RefinedEngine(PairwiseEngine):
    """Engine: NeVF started from the student's field (NeVF, section 2.3), along the student's path in time.

    The student brings the first frame onto the last; the velocity of what is missing is fitted, and t times it
    (t - 1 times from the last frame) is added to the student's motion to t.

    Attributes:
        student: the engine of the network.
        registration: settings of the fit; None for `pairs.refined.REMAINDER`.
    """

    student: StudentEngine
    registration: VelocitySettings | None = None
    name: str = field(default="refined", init=False)

    @property
    def model(self) -> str:
        """Name and version of the student's model."""
        return self.student.model

    @property
    def model_sha256(self) -> str:
        """Checksum of the student's file."""
        return self.student.model_sha256

    @property
    def context(self) -> bool:
        """Whether the student also looks at the frames before and after the two around an instant."""
        return self.student.context

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line: for the fit, what differs from that of the velocity field."""
        fit = "" if self.registration is None else self.registration.in_one_line()
        return " ".join(part for part in (self.student.settings, fit) if part)

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedStudent:
        """Compute the features of the pair and fit the rest; see `PairwiseEngine.prepare_pair`."""
        from temporal_interp.engines.pairs.refined import refine

        prepared = self.student.prepare_pair(pair, progress=part_of(progress, 0.0, 0.05))
        return refine(prepared, self.registration, self.student.device, part_of(progress, 0.05, 1.0))


def _create(model: str, device: str) -> RefinedEngine:
    return RefinedEngine(StudentEngine.from_model(model or None, device=device))


SPEC = EngineSpec(
    name="refined",
    label="Refined (network, then fitted)",
    description="The student network's motion, and a velocity field fitted to what it leaves.",
    expected_time="A stack of 6 slices is ready in about 2 s, and then takes 0.8 s a frame; less on a GPU.",
    create=_create,
    needs_model=True,
    fits_each_gap=True,
    uses_context=True,
)
