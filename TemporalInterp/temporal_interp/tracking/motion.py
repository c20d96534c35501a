"""The motion through a sequence: a displacement field between each frame and the next, both ways.

It needs no PyTorch, so that the scene and the files can hold the results of tracking.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class SequenceMotion:
    """Displacement fields between neighbouring frames of a sequence, in LPS mm, each on the grid of the frames.

    Pair n joins frame n to frame n + 1; in a closed motion the last pair joins the last frame to the first.
    Displacements point where the tissue goes; as resampling fields they bring the other frame here:

        tissue at x in frame n is at x + forward[n](x) in frame n + 1:     frame_n(x) = frame_{n+1}(x + forward[n](x))
        tissue at x in frame n + 1 was at x + backward[n](x) in frame n:   frame_{n+1}(x) = frame_n(x + backward[n](x))

    `backward` is the field F_t of the paper. Where slices are treated one by one, no field has a part along K.

    Attributes:
        geometry: the voxel grid of every frame.
        times: one finite number for each frame, strictly rising, in `unit`.
        index_name: name of the index: "time", "frame", ...
        unit: its unit: "ms", "s", "%", or "" where there is none.
        forward: one field for each pair, (K, J, I, 3) float32, components (x, y, z) in LPS mm, on the grid of the
            earlier frame.
        backward: likewise, on the grid of the later frame.
        closed: whether the sequence is a cycle: the last pair joins the last frame to the first.
        mask: (K, J, I) bool, where the motion was estimated and is reported on; None for the whole grid.

    Raises:
        InvalidInputError: there is no frame, or only one in a cycle; index values are not finite and strictly rising;
            there is not one field for each pair, or a field has another shape or is not finite; the mask has another
            shape, is not bool, or is empty.
    """

    geometry: Geometry
    times: Sequence[float]
    index_name: str
    unit: str
    forward: Sequence[np.ndarray]
    backward: Sequence[np.ndarray]
    closed: bool = False
    mask: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", tuple(float(value) for value in self.times))
        self._require_times()
        for name in ("forward", "backward"):
            fields = tuple(np.asarray(field, np.float32) for field in getattr(self, name))
            object.__setattr__(self, name, fields)
            self._require_fields(name, fields)
        self._require_mask()

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.times)

    @property
    def pair_durations(self) -> tuple[float, ...]:
        """The increase of the index over each pair, in `unit`.

        The duration from the last frame of a cycle to its first is not known; it is taken to be the median of the
        other pairs (our choice).
        """
        steps = tuple(later - earlier for earlier, later in itertools.pairwise(self.times))
        return (*steps, median(steps)) if self.closed else steps

    def require_frame(self, number: int, what: str) -> None:
        """Raise InvalidInputError unless `number` is the number of a frame; `what` says which choice it was."""
        if not 0 <= number < len(self):
            raise InvalidInputError(f"{what} is frame {number}, but the motion has frames 0 to {len(self) - 1}.")

    def _require_times(self) -> None:
        values = self.times
        if not values:
            raise InvalidInputError("A motion needs at least one frame.")
        if self.closed and len(values) < 2:
            raise InvalidInputError("A cycle needs at least two frames, got one.")
        if not np.isfinite(values).all() or any(b <= a for a, b in itertools.pairwise(values)):
            raise InvalidInputError(f"Index values must be finite and rise from frame to frame, got {list(values)}.")

    def _require_fields(self, name: str, fields: tuple[np.ndarray, ...]) -> None:
        pairs = len(self) if self.closed else len(self) - 1
        if len(fields) != pairs:
            cycle = "in a cycle " if self.closed else ""
            raise InvalidInputError(f"{len(self)} frames {cycle}have {pairs} pairs, got {len(fields)} {name} fields.")
        for number, field in enumerate(fields):
            if field.shape != (*self.geometry.shape, 3):
                raise InvalidInputError(
                    f"The {name} field {number} must have shape (K, J, I, 3) = {(*self.geometry.shape, 3)}, got "
                    f"{field.shape}."
                )
            if not np.isfinite(field).all():
                raise InvalidInputError(f"The {name} field {number} has displacements that are NaN or infinite.")

    def _require_mask(self) -> None:
        if self.mask is None:
            return
        if self.mask.shape != self.geometry.shape or self.mask.dtype != bool:
            raise InvalidInputError(
                f"The mask of a motion must be bool, {self.geometry.shape} as the frames, got {self.mask.dtype}, "
                f"{self.mask.shape}."
            )
        if not self.mask.any():
            raise InvalidInputError("The mask of a motion is empty: there is nothing to report on.")
