"""The exact motion of a sequence, where it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class MotionTruth:
    """The exact motion of a sequence, from a phantom.

    Attributes:
        displacement: takes the numbers of a source frame and of a frame and returns the resampling field
            (K, J, I, 3), LPS mm, with frame(x) = source(x + displacement(x)).
        mask: the voxels where errors count (inside the heart), (K, J, I): one for all frames, or a callable that takes
            the number of the frame; None for all voxels.
    """

    displacement: Callable[[int, int], np.ndarray]
    mask: np.ndarray | Callable[[int], np.ndarray | None] | None = None

    def mask_of(self, frame: int) -> np.ndarray | None:
        """Return the mask that holds for a frame, (K, J, I), or None for all voxels."""
        return self.mask(frame) if callable(self.mask) else self.mask
