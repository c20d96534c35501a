"""Labels that `register` warps along, and how well they overlap before and after."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.volume import Volume

SHOWN = 8
"""Number of structures whose Dice is printed one by one; more are in the JSON result alone."""


class LabelInterpolation(StrEnum):
    """How labels are warped."""

    NEAREST = "nearest"
    LINEAR = "linear"


@dataclass(frozen=True, eq=False)
class CarriedLabels:
    """Labels of MOVING, and of FIXED where they are known.

    Attributes:
        moving: on any grid.
        fixed: on FIXED's grid.
    """

    moving: Volume
    fixed: Volume | None

    @classmethod
    def read(cls, moving: Path, fixed: Path | None, reference: Volume) -> CarriedLabels:
        """Return the labels in two files.

        Args:
            moving: labels of MOVING.
            fixed: labels of FIXED, or None.
            reference: FIXED.

        Raises:
            UnreadableFileError: a file cannot be read.
            InvalidInputError: a file holds no labels, or those of FIXED lie on another grid.
        """
        from temporal_interp.io.label_maps import read_label_map

        there = None if fixed is None else read_label_map(fixed)
        if there is not None and not there.geometry.is_close(reference.geometry):
            raise InvalidInputError(
                f"{fixed}: these labels do not lie on FIXED's voxel grid: {there.geometry} against "
                f"{reference.geometry}. Resample them onto that grid first."
            )
        if there is not None and not there.array.any():
            raise InvalidInputError(f"{fixed}: every voxel is 0, so there are no labels to compare with.")
        return cls(read_label_map(moving), there)

    def warped(self, reference: Volume, displacement: np.ndarray, interpolation: LabelInterpolation) -> Volume:
        """Return the labels of MOVING on the grid of FIXED, by the displacement that warps MOVING."""
        from temporal_interp.registration.labels import warp_labels

        linear = interpolation is LabelInterpolation.LINEAR
        return warp_labels(self.moving, reference.geometry, displacement, linear=linear)

    def overlap(self, warped: Volume) -> dict[str, object]:
        """Return Dice by label and in the mean, before and after; nothing where the labels of FIXED are not known."""
        if self.fixed is None:
            return {}
        from temporal_interp.registration.labels import dice, mean_dice, warp_labels

        before = dice(self.fixed.array, warp_labels(self.moving, self.fixed.geometry).array)
        after = dice(self.fixed.array, warped.array)
        return {"dice_before": mean_dice(before), "dice_after": mean_dice(after), "dice": after}


def in_words(overlap: dict[str, object]) -> list[str]:
    """Return what `CarriedLabels.overlap` found as lines."""
    if not overlap:
        return []
    scores = overlap["dice"]
    assert isinstance(scores, dict)
    lines = [f"Dice of {len(scores)} labels: mean {overlap['dice_after']:.3f}, before {overlap['dice_before']:.3f}."]
    if len(scores) <= SHOWN:
        lines.append("By label: " + ", ".join(f"{label} {score:.3f}" for label, score in scores.items()) + ".")
    return lines
