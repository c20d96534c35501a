"""What synthetic subjects are like. All of it is our choice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from temporal_interp.errors import InvalidInputError

GENERATOR_VERSION = 1
"""Raised whenever equal settings give other subjects than before, so that no stale cache is read."""


@dataclass(frozen=True)
class SyntheticSettings:
    """How many subjects, of which size and kind.

    Attributes:
        shape: (K, J, I) of a sample. One slice is a thick slice of a cine, without neighbours; more are a stack.
        subjects: number of subjects.
        seed: of all of them; every number below it is a world of its own.
        margin: voxels that a subject is larger than a sample, in the plane: samples are cropped at random.
        instants: number of phases of a subject.
        heart_share: share of subjects with a heart seen in its short axis; the others are random shapes.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    shape: tuple[int, int, int] = (1, 96, 96)
    subjects: int = 400
    seed: int = 0
    margin: int = 32
    instants: int = 15
    heart_share: float = 0.75

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        if len(self.shape) != 3 or self.shape[0] < 1 or min(self.shape[1:]) < 16:
            raise InvalidInputError(
                f"Synthetic samples need a shape (K, J, I) of at least (1, 16, 16), got {self.shape}."
            )
        if self.subjects < 1 or self.seed < 0 or self.margin < 0 or not 11 <= self.instants <= 25:
            raise InvalidInputError(
                "Synthetic samples need at least one subject, a seed and a margin of 0 or more, and 11 to 25 instants, "
                f"got {self}."
            )
        if not 0 <= self.heart_share <= 1:
            raise InvalidInputError(f"heart_share must lie between 0 and 1, got {self.heart_share}.")

    @property
    def field_of_view(self) -> tuple[int, int, int]:
        """Shape (K, J, I) of a subject's frames."""
        return (self.shape[0], self.shape[1] + self.margin, self.shape[2] + self.margin)

    def key(self) -> str:
        """Return a text that is the same for all settings that give the same subjects."""
        given = {k: v for k, v in asdict(self).items() if k != "subjects"} | {"version": GENERATOR_VERSION}
        return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]
