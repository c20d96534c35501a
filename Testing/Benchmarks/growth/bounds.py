"""The memory that the program may take."""

from __future__ import annotations

from collections.abc import Sequence

from growth.cases import in_words
from growth.rows import SIZE, Row

BOUNDS_GB = {(32, 128, 128): 2.0, (96, 256, 256): 10.0}
"""By shape of the volume, in 10^9 bytes: of a process that prepares a pair and makes frames and fields."""


def broken_bounds(rows: Sequence[Row]) -> list[str]:
    """Return a line for every bound that is exceeded, or that cannot be checked for the student."""
    lines = []
    for shape, most in BOUNDS_GB.items():
        known = {row.engine: row for row in rows if row.study == SIZE and row.shape == shape}
        for engine, row in known.items():
            if row.gb.get("peak", 0.0) > most:
                lines.append(f"{engine} took {row.gb['peak']:.2f} GB at {in_words(shape)}, more than {most:g} GB.")
        student = known.get("student")
        if student is None or student.note or "peak" not in student.gb:
            why = (student.note if student else "") or "not measured"
            lines.append(f"The memory of the student at {in_words(shape)} is not known: {why}.")
    return lines
