"""Settings of synthetic subjects. All of it is our choice."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt, Strict

from temporal_interp.data.settings import Seed, Settings, Share, checked

GENERATOR_VERSION = 1
"""Incremented whenever equal settings give different subjects, so that no stale cache is read."""


Side = Annotated[int, Field(ge=16, le=4096)]
"""Voxels along an axis of the plane."""


@checked
class SyntheticSettings(Settings):
    """How many subjects, of which size and kind.

    Attributes:
        shape: (K, J, I) of a sample. One slice is a thick slice of a cine, without neighbours; more are a stack.
        subjects: number of subjects.
        seed: of all of them; each seed gives subjects of its own.
        margin: voxels that a subject is larger than a sample, in the plane: samples are cropped at random.
        instants: number of phases of a subject.
        heart_share: share of subjects with a heart seen in its short axis; the others are random shapes.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    shape: Annotated[tuple[PositiveInt, Side, Side], Strict(False)] = (1, 96, 96)
    subjects: PositiveInt = 400
    seed: Seed = 0
    margin: NonNegativeInt = 32
    instants: Annotated[int, Field(ge=11, le=25)] = 15
    heart_share: Share = 0.75

    @property
    def field_of_view(self) -> tuple[int, int, int]:
        """Shape (K, J, I) of a subject's frames."""
        return (self.shape[0], self.shape[1] + self.margin, self.shape[2] + self.margin)

    def key(self) -> str:
        """Return a text that is the same for all settings that give the same subjects."""
        given = {k: v for k, v in self.as_dict().items() if k != "subjects"} | {"version": GENERATOR_VERSION}
        return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]
