"""The fitted growth of every engine in every study."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from growth.fits import PowerLaw, StraightLine, power_law, straight_line
from growth.rows import FRAMES, SIZE, TIMES, Row

Quantity = Callable[[Row], float | None]

SIZE_QUANTITIES: dict[str, Quantity] = {
    "prepare": lambda row: row.seconds.get("prepare"),
    "further frame": lambda row: row.seconds.get("frame"),
    "8 at once": lambda row: row.seconds.get("eight"),
    "frame with fields": lambda row: row.seconds.get("fields"),
    "memory above the program's": lambda row: above_program(row),
}
"""What is fitted against the voxels of a volume."""


def above_program(row: Row) -> float | None:
    """Return the GB that the work took on top of what the imported program and the images take."""
    return row.gb["peak"] - row.gb["program"] if {"peak", "program"} <= set(row.gb) and not row.note else None


def of(rows: Sequence[Row], study: str, engine: str) -> list[Row]:
    """Return the rows of one engine in one study."""
    return [row for row in rows if (row.study, row.engine) == (study, engine)]


def engines_in(rows: Sequence[Row], study: str) -> list[str]:
    """Return the engines of a study, in the order they were measured."""
    return list(dict.fromkeys(row.engine for row in rows if row.study == study))


def size_growth(rows: Sequence[Row], engine: str, quantity: str) -> tuple[PowerLaw | None, int]:
    """Return the growth of a quantity with the voxels, and with how many sizes it was fitted."""
    read = SIZE_QUANTITIES[quantity]
    points = [(row.voxels, value) for row in of(rows, SIZE, engine) if (value := read(row)) is not None]
    return power_law(*_columns(points)), len(points)


def frames_growth(rows: Sequence[Row], engine: str) -> PowerLaw | None:
    """Return the growth of the time to fill a sequence with the number of its gaps."""
    points = [(row.count - 1, row.seconds["sequence"]) for row in of(rows, FRAMES, engine) if "sequence" in row.seconds]
    return power_law(*_columns(points))


def frames_line(rows: Sequence[Row], engine: str) -> StraightLine | None:
    """Return the time to fill a sequence as a fixed part and one for every gap."""
    points = [(row.count - 1, row.seconds["sequence"]) for row in of(rows, FRAMES, engine) if "sequence" in row.seconds]
    return straight_line(*_columns(points))


def times_line(rows: Sequence[Row], engine: str) -> StraightLine | None:
    """Return the time for a pair, preparing it included, as a fixed part and one for every t."""
    points = [(row.count, whole) for row in of(rows, TIMES, engine) if (whole := pair_seconds(row)) is not None]
    return straight_line(*_columns(points))


def pair_seconds(row: Row) -> float | None:
    """Return the seconds of preparing a pair and making its frames."""
    return row.seconds["prepare"] + row.seconds["frames"] if {"prepare", "frames"} <= set(row.seconds) else None


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
