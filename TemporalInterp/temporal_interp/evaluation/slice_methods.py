"""The methods of the table of slice synthesis, behind one protocol: each adds slices between the given slices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, part_of
from temporal_interp.evaluation.slice_ablation import Part, slice_network_without, training_without
from temporal_interp.slices.add_slices import View, add_slices, guides_of_frames
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
from temporal_interp.slices.motion import move_slices
from temporal_interp.slices.quality import fit_guided, shipped_model
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.synthesis_model import SliceSynthesis

SOME_VIEWS = tuple(views for count in (1, 2) for views in combinations(View, count))
"""Every view alone, and every two together (Table 4)."""


class SliceMethod(Protocol):
    """A method that adds slices between slices."""

    @property
    def name(self) -> str:
        """Name in tables."""
        ...

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two; `keep_given` allows it to keep the given ones."""
        ...


@dataclass(frozen=True)
class ClassicalSlices:
    """Interpolation by SimpleITK; every kind passes through the given slices.

    Attributes:
        method: which.
    """

    method: Classical

    @property
    def name(self) -> str:
        """The name of the interpolation."""
        return str(self.method)

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two, float32."""
        return interpolate_slices(given, factor, self.method)


@dataclass(frozen=True)
class MovedSlices:
    """Tissue moved from slice to slice; the given slices stay.

    Attributes:
        device: where to compute.
        name: in tables.
    """

    device: str = "cpu"
    name: str = "motion"

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two."""
        stack = Sequence([given], [0.0], "frame", "")
        return move_slices(stack, factor, device=self.device, progress=progress)[0]


@dataclass(frozen=True, eq=False)
class SynthesisedSlices:
    """A trained model.

    Attributes:
        name: in tables.
        model: for the requested factor.
    """

    name: str
    model: SliceSynthesis

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two."""
        return add_slices(given, self.model, keep_acquired=keep_given, progress=progress)


@dataclass(eq=False)
class FittedSlices:
    """Networks that are trained on the given slices alone.

    Attributes:
        settings: of the training.
        device: where to compute.
        without: a part that is left out (Table 3).
        from_scratch: start from fresh networks, not from the model that comes with the program.
        model: fitted by the last call; None before the first.
    """

    settings: SliceTrainingSettings
    device: str = "cpu"
    without: Part | None = None
    from_scratch: bool = False
    model: SliceSynthesis | None = None

    @property
    def name(self) -> str:
        """Name with the part that was left out, if any."""
        return "fitted" if self.without is None else f"fitted without {self.without}"

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two, after a new fit."""
        settings = training_without(self.without, self.settings)
        if self.from_scratch:
            self.model = new_model(factor, slice_network_without(self.without), seed=settings.seed).to(self.device)
        else:
            self.model, _ = shipped_model(factor, self.device)
        fit_to_volumes(self.model, [given], settings, progress=part_of(progress, 0.0, 0.9))
        return add_slices(given, self.model, keep_acquired=keep_given, progress=part_of(progress, 0.9, 1.0))


@dataclass(frozen=True, eq=False)
class CorrectedSlices:
    """Tissue moved from slice to slice, corrected by networks that learn what it leaves over; the given slices stay.

    Attributes:
        settings: of the fit to the given slices; None leaves the networks as they come with the program.
        device: where to compute.
    """

    settings: SliceTrainingSettings | None
    device: str = "cpu"

    @property
    def name(self) -> str:
        """Name in tables."""
        return "motion + networks" if self.settings is None else "motion + fitted"

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two."""
        model, _ = shipped_model(factor, self.device, guided=True)
        stack, scale = Sequence([given], [0.0], "frame", ""), IntensityRange.of([given])
        guides = guides_of_frames(stack, scale, model, progress=part_of(progress, 0.0, 0.3))
        if self.settings is not None:
            fit_guided(model, stack, guides, scale, self.settings, progress=part_of(progress, 0.3, 0.9))
        return add_slices(given, model, scale=scale, guide=guides[0], progress=part_of(progress, 0.9, 1.0))


@dataclass(frozen=True, eq=False)
class FittedViews:
    """Some views of networks that have been fitted already (Table 4).

    Attributes:
        fitted: whose networks; it has to come first in a table.
        views: which views, one or more.
    """

    fitted: FittedSlices
    views: tuple[View, ...]

    @property
    def name(self) -> str:
        """The name of the fitted networks and the views."""
        return f"{self.fitted.name}, {' + '.join(self.views)}"

    def add(self, given: Volume, factor: int, *, keep_given: bool, progress: Progress) -> Volume:
        """Return a volume with factor - 1 slices between every two.

        Raises:
            InvalidInputError: the networks have not been fitted yet.
        """
        model = _require_fitted(self.name, self.fitted)
        return add_slices(given, model, keep_acquired=keep_given, views=self.views, progress=progress)


def _require_fitted(name: str, fitted: FittedSlices) -> SliceSynthesis:
    if fitted.model is None:
        raise InvalidInputError(f"{name}: its networks are not fitted; let {fitted.name} run first.")
    return fitted.model
