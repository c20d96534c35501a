"""Published Dice scores of registrations of brains, shown next to measured ones and marked as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SOURCE = "Han et al. (NeVF), 2023, Tables 1 to 3 and Section 3.5"


@dataclass(frozen=True)
class QuotedOverlap:
    """Published Dice of one method, a mean over structures and pairs.

    Attributes:
        method: name in the paper.
        dice: from 0 to 1.
        spread: its printed deviation; None where none is printed.
        minutes: a pair took on the paper's machine (GTX 2080 Ti); None where it is not printed.
    """

    method: str
    dice: float
    spread: float | None = None
    minutes: float | None = None


PUBLISHED: Mapping[str, Sequence[QuotedOverlap]] = {
    "mindboggle": (
        QuotedOverlap("affine", 0.356, 0.019),
        QuotedOverlap("SyN", 0.548, 0.019, 8.2),
        QuotedOverlap("NiftyReg", 0.509, 0.075, 0.65),
        QuotedOverlap("VoxelMorph", 0.555, 0.006, 0.003),
        QuotedOverlap("SYMNet", 0.567, 0.018, 0.008),
        QuotedOverlap("VoxelMorph, trained on", 0.558, 0.019, 8.3),
        QuotedOverlap("SYMNet, trained on", 0.575, 0.018, 13.3),
        QuotedOverlap("NeVF", 0.604, 0.017, 3.0),
        QuotedOverlap("VoxelMorph + NeVF", 0.609, 0.019, 3.0),
        QuotedOverlap("SYMNet + NeVF", 0.606, 0.018, 3.0),
        QuotedOverlap("NeVF, stride 2", 0.606, 0.014),
        QuotedOverlap("NeVF, stride 4", 0.599, 0.016),
        QuotedOverlap("NeVF, stride 5", 0.591, 0.017),
        QuotedOverlap("NeVF, integrated first", 0.590),
        QuotedOverlap("a vector for every voxel", 0.521),
    ),
    "oasis": (
        QuotedOverlap("affine", 0.543, 0.069),
        QuotedOverlap("SyN", 0.777, 0.027, 8.2),
        QuotedOverlap("NiftyReg", 0.773, 0.156, 0.65),
        QuotedOverlap("VoxelMorph", 0.763, 0.042, 0.003),
        QuotedOverlap("SYMNet", 0.777, 0.026, 0.008),
        QuotedOverlap("VoxelMorph, trained on", 0.784, 0.034, 8.3),
        QuotedOverlap("SYMNet, trained on", 0.791, 0.023, 13.3),
        QuotedOverlap("NeVF", 0.792, 0.020, 3.0),
        QuotedOverlap("VoxelMorph + NeVF", 0.816, 0.022, 3.0),
        QuotedOverlap("SYMNet + NeVF", 0.812, 0.022, 3.0),
        QuotedOverlap("NeVF, integrated first", 0.781),
        QuotedOverlap("a vector for every voxel", 0.659),
    ),
}
"""By data set. The order of integration and the vector for every voxel are in the text of Section 3.5."""


def quoted_rows(layout: str) -> list[dict[str, object]]:
    """Return the published figures of a data set as rows of a table of their own; none for other data.

    Example:
        >>> quoted_rows("oasis")[0]["method"]
        'affine'
    """
    rows: list[dict[str, object]] = []
    for quoted in PUBLISHED.get(layout, ()):
        row: dict[str, object] = {"method": quoted.method, "dice": quoted.dice}
        if quoted.spread is not None:
            row["dice_std"] = quoted.spread
        if quoted.minutes is not None:
            row["seconds"] = 60 * quoted.minutes
        rows.append(row)
    return rows
