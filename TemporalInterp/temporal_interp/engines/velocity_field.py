"""The engine that needs no training: velocity fields fitted to the frames at hand (NeVF), and the course of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine
from temporal_interp.engines.registry import EngineSpec, EngineVariant, Kind
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.memory import Footprint

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.pairs.fusion import Fusion
    from temporal_interp.engines.pairwise import PreparedPair, PreparePair
    from temporal_interp.registration.settings import VelocitySettings

EASE_IN_OUT_ENGINE = "velocity_field:eased"
"""The engine with ease-in-out timing, for two phases at which the motion turns."""

EASE = 0.5
"""Its ease: the speed at both ends is half of the mean speed (our choice; real hearts are not quite at rest there)."""


SEARCH = 6
"""Reach of its search, in voxels of the coarsest level, which are four times as large as those of the images compared.
Large motion of a whole heart has several explanations, and a search may find another one (our choice: a variant)."""


@dataclass(frozen=True)
class VelocityFieldEngine(PairwiseEngine):
    """Engine: the tissue of both ends of a gap, moved along one path to any time between them.

    The path is that of a stationary velocity (NeVF), bent by the velocities in the gaps on both sides, which tell how
    the motion speeds up and slows down; see `pairs.path`.

    Attributes:
        registration: settings of the fit; None for `default_settings` of the sequence at hand.
        fusion: how the two warped ends become one frame; None for the defaults.
        search: without `registration`, reach of the search that fits of slices begin from, see `GridField`; 0 for none.
        context: look at the gaps on both sides; else at the two frames alone.
        ease: without context, how slowly the motion starts and ends: 0 moves evenly, 1 from rest to rest, see
            `ease_in_out`.
        device: where to compute, as PyTorch names it.

    Raises:
        InvalidInputError: `ease` is not a number from 0 to 1, or is given with context, which tells the pace.
    """

    registration: VelocitySettings | None = None
    fusion: Fusion | None = None
    search: int = 0
    context: bool = True
    ease: float = 0.0
    device: str = "cpu"
    name: str = "velocity_field"

    def __post_init__(self) -> None:
        if not 0 <= self.ease <= 1:
            raise InvalidInputError(
                f"ease must be a number from 0 (even motion) to 1 (rest at both ends), got {self.ease}."
            )
        if self.ease and self.context:
            raise InvalidInputError("ease is for two frames alone; set context to False.")

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line."""
        fit = "" if self.registration is None else self.registration.in_one_line()
        fusion = "" if self.fusion is None else f"radius_mm={self.fusion.radius_mm} noise={self.fusion.noise}"
        ease = f"ease={self.ease}" if self.ease else ""
        search = f"search={self.search}" if self.search else ""
        context = "" if self.context or self.ease else "pair"
        return " ".join(part for part in (fit, fusion, search, context, ease) if part)

    def for_sequence(self, sequence: Sequence) -> PreparePair:
        """Return what prepares the pairs of one sequence, and keeps their fits for the gaps beside."""
        if not self.context:
            return self.prepare_pair
        from temporal_interp.engines.pairs.course import Fits

        return Fits(sequence, self.registration, self.fusion, self.device, search=self.search).prepare_pair

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedPair:
        """Fit the velocity field; see `PairwiseEngine.prepare_pair`."""
        if self.context:
            return self.for_sequence(pair.sequence)(pair, progress=progress)
        from temporal_interp.engines.pairs.velocity_field import PreparedVelocityField

        return PreparedVelocityField.fitted(
            pair, self.registration, self.fusion, ease=self.ease, device=self.device, progress=progress
        )


def _create(variant: str, device: str) -> VelocityFieldEngine:
    from temporal_interp.registration.settings import VelocitySettings

    return VelocityFieldEngine(
        VelocitySettings.neural() if variant == "neural" else None,
        search=SEARCH if variant == "search" else 0,
        context=variant in ("", "search"),
        ease=EASE if variant == "eased" else 0.0,
        device=device,
    )


SPEC = EngineSpec(
    name="velocity_field",
    label="Velocity field (no network)",
    description="Fits the motion between the frames around, and moves the tissue along it; needs no trained model.",
    expected_time="A stack of 6 slices is ready in about 4 s, and then takes 0.2 s a frame; less on a GPU.",
    create=_create,
    fits_each_gap=True,
    uses_context=True,
    scores={Kind.SLICES: 1.47, Kind.VOLUMES: 0.27},
    memory=Footprint(per_voxel=60, at_once=1000, most_at_once=1_000_000),  # images are compared on no more
    variants={
        "pair": EngineVariant(
            "Velocity field of two frames", "Looks at two frames alone, for comparison.", listed=False
        ),
        "eased": EngineVariant(
            "Velocity field, ease-in-out (two frames alone)",
            "For two frames with nothing around them, at which the motion turns: it starts and ends slowly.",
        ),
        "search": EngineVariant(
            "Velocity field, for thin structures",
            "For thin structures in slices that move much further than they are thick, such as leaflets of a valve.",
        ),
        "neural": EngineVariant(
            "Velocity field of a network", "NeVF's sinusoidal network in place of the grid: slower.", listed=False
        ),
    },
)
