"""Says of a frame that it is synthetic, how it was made, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import temporal_interp

PREFIX = "TemporalInterp."
SYNTHETIC_KEY = PREFIX + "Synthetic"
SYNTHETIC_SLICES_KEY = PREFIX + "SyntheticSlices"
"""Attribute of a volume that has synthetic slices between acquired ones: which."""
SLICE_FACTOR_KEY = PREFIX + "SliceFactor"
"""Attribute that goes with it: every how-manieth slice is acquired, from the first on."""
MODEL_KEY = PREFIX + "Model"
T_KEY = PREFIX + "T"
FIRST_KEY = PREFIX + "FirstIndexValue"
LAST_KEY = PREFIX + "LastIndexValue"
SLICE_THICKNESS_KEY = PREFIX + "SliceThickness"
"""Attribute of a sequence, in the scene and in `.seq.nrrd` files: how much tissue a slice shows, in mm."""
PERIOD_KEY = PREFIX + "Period"
"""Attribute of a sequence that is a loop, likewise: length of the cycle, in the unit of its index."""


class Identity(Protocol):
    """What an engine says of itself in the provenance of its frames."""

    @property
    def name(self) -> str:
        """Name of the engine, as on the command line: "velocity_field"."""
        ...

    @property
    def settings(self) -> str:
        """The settings that shape the result, in one line; "" where there are none."""
        ...

    @property
    def model(self) -> str:
        """Name and version of the trained model; "" where there is none."""
        ...

    @property
    def model_sha256(self) -> str:
        """Checksum of the model's file; "" where there is none."""
        ...


@dataclass(frozen=True)
class Provenance:
    """How a synthetic frame came about.

    Attributes:
        engine: name of the engine.
        first_index: index value of the acquired frame before it, in the sequence's unit.
        last_index: index value of the acquired frame after it.
        t: place between them, 0 at the first and 1 at the last.
        settings: the engine's settings that shape the result, in one line.
        model: name and version of the trained model, "" for an engine that has none.
        model_sha256: checksum of the model file, "" for an engine that has none.
        frames: index values of all acquired frames that it was made from: the two above, the nearer first, then those
            further away, in descending order of their weight.
    """

    engine: str
    first_index: float
    last_index: float
    t: float
    settings: str = ""
    model: str = ""
    model_sha256: str = ""
    frames: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, engine: Identity, first_index: float, last_index: float, t: float, frames: tuple[float, ...] = ()
    ) -> Provenance:
        """Return the provenance of a frame that an engine makes."""
        return cls(engine.name, first_index, last_index, t, engine.settings, engine.model, engine.model_sha256, frames)

    def as_attributes(self) -> dict[str, str]:
        """Return the text attributes that mark a frame as synthetic."""
        values = {
            "Synthetic": "true",
            "Engine": self.engine,
            "EngineSettings": self.settings,
            MODEL_KEY.removeprefix(PREFIX): self.model,
            "ModelSHA256": self.model_sha256,
            "FirstIndexValue": f"{self.first_index:.15g}",
            "LastIndexValue": f"{self.last_index:.15g}",
            "IndexValues": " ".join(f"{value:.15g}" for value in self.frames),
            "T": f"{self.t:.9g}",
            "ProgramVersion": temporal_interp.__version__,
        }
        return {PREFIX + key: value for key, value in values.items() if value}


def is_synthetic(attributes: Mapping[str, str]) -> bool:
    """Tell whether a frame's attributes mark it as synthetic."""
    return attributes.get(SYNTHETIC_KEY) == "true"


def has_synthetic_slices(attributes: Mapping[str, str]) -> bool:
    """Tell whether a volume's attributes say that slices of it are synthetic."""
    return SYNTHETIC_SLICES_KEY in attributes
