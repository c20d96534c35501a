"""What puts slices between slices: the methods of a table of slice synthesis, all asked in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from temporal_interp.errors import Progress, part_of
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.synthesis_model import SliceSynthesis
from temporal_interp.slices.synthesise import View, add_slices
from temporal_interp.volumes import Volume


class SliceMethod(Protocol):
    """A way to put slices between slices.

    Attributes:
        name: what it is called in tables.
    """

    name: str

    def add(self, volume: Volume, factor: int, progress: Progress) -> Volume:
        """Return the volume with factor - 1 slices between every two."""


@dataclass(frozen=True)
class ClassicalSlices:
    """Interpolation by SimpleITK.

    Attributes:
        method: which.
    """

    method: Classical

    @property
    def name(self) -> str:
        """The name of the interpolation."""
        return str(self.method)

    def add(self, volume: Volume, factor: int, progress: Progress) -> Volume:
        """Return the volume with factor - 1 slices between every two, float32."""
        return interpolate_slices(volume, factor, self.method)


@dataclass(frozen=True, eq=False)
class SynthesisedSlices:
    """A trained model.

    Attributes:
        name: what it is called in tables.
        model: for the factor that is asked for.
    """

    name: str
    model: SliceSynthesis

    def add(self, volume: Volume, factor: int, progress: Progress) -> Volume:
        """Return the volume with factor - 1 slices between every two; those that are given stay as they are."""
        return add_slices(volume, self.model, progress=progress)


@dataclass(eq=False)
class FittedSlices:
    """Networks that learn from the slices that are given, and from nothing else.

    Attributes:
        settings: of the training.
        device: where to compute.
        name: what it is called in tables.
        model: fitted by the last call; None before the first.
    """

    settings: SliceTrainingSettings
    device: str = "cpu"
    name: str = "fitted"
    model: SliceSynthesis | None = None

    def add(self, volume: Volume, factor: int, progress: Progress) -> Volume:
        """Return the volume with factor - 1 slices between every two; those that are given stay as they are."""
        self.model = new_model(factor, seed=self.settings.seed).to(self.device)
        fit_to_volumes(self.model, [volume], self.settings, progress=part_of(progress, 0.0, 0.9))
        return add_slices(volume, self.model, progress=part_of(progress, 0.9, 1.0))


@dataclass(frozen=True, eq=False)
class FittedView:
    """One view of networks that were fitted before (Table 4).

    Attributes:
        fitted: whose networks; it has to come first in a table.
        view: which view.
    """

    fitted: FittedSlices
    view: View

    @property
    def name(self) -> str:
        """The name of the fitted networks and the view."""
        return f"{self.fitted.name}, {self.view}"

    def add(self, volume: Volume, factor: int, progress: Progress) -> Volume:
        """Return the volume with factor - 1 slices between every two; those that are given stay as they are."""
        return add_slices(volume, self.fitted.model, views=(self.view,), progress=progress)
