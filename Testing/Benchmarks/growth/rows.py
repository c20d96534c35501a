"""What is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SIZE, FRAMES, TIMES = "size", "frames", "times"
"""The studies: volumes of growing size, sequences of growing length, and growing numbers of t from one pair."""


@dataclass(frozen=True)
class Row:
    """What one engine took.

    Attributes:
        study: SIZE, FRAMES or TIMES.
        engine: its name.
        shape: of a volume, (K, J, I).
        count: frames of the sequence, or numbers of t; of the study of sizes, 1.
        seconds: by what was done: SIZE has "prepare", "frame", "eight" and "fields", FRAMES "sequence", TIMES
            "prepare" and "frames".
        gb: largest memory of the process so far, in 10^9 bytes: "program" with everything imported and the images
            read, "frame" after the first frame, "peak" at the end. Empty where nobody knows.
        note: why something is missing, "" where nothing is.
    """

    study: str
    engine: str
    shape: tuple[int, int, int]
    count: int = 1
    seconds: Mapping[str, float] = field(default_factory=dict)
    gb: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def voxels(self) -> int:
        """Of one volume."""
        return self.shape[0] * self.shape[1] * self.shape[2]
