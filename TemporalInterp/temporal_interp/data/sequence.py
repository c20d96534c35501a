"""A sequence: volumes on one grid at rising index values, such as the phases of a heart beat."""

from __future__ import annotations

import itertools
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.volume import Volume, require_same_geometry
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Sequence:
    """Volumes on one voxel grid, in rising order of their index value (time, phase, ...).

    Attributes:
        volumes: one or more volumes of the same geometry and scalar type.
        times: one finite number a volume, strictly rising, in `unit`.
        index_name: what the index is, as in Slicer: "time", "frame", ...
        unit: its unit: "ms", "s", "%", or "" where there is none.
        item_attributes: a mapping of text to text for every volume (provenance travels here).
        notes: what a reader had to decide, in words for the user.
        slice_thickness: how much tissue along K a slice shows, in mm, None where it is not known. It is less than
            the spacing where there are gaps between slices, as in clinical short-axis cine.

    Raises:
        InvalidInputError: there is no volume, or index values are not finite and strictly rising, or a volume has
            another geometry or scalar type than the first, or the slice thickness is not positive.
    """

    volumes: abc.Sequence[Volume]
    times: abc.Sequence[float]
    index_name: str = "time"
    unit: str = "ms"
    item_attributes: abc.Sequence[Mapping[str, str]] = field(default=())
    notes: abc.Sequence[str] = ()
    slice_thickness: float | None = None

    def __post_init__(self) -> None:
        volumes = tuple(self.volumes)
        values = tuple(float(v) for v in self.times)
        attributes = tuple(dict(a) for a in self.item_attributes) or tuple({} for _ in volumes)
        object.__setattr__(self, "volumes", volumes)
        object.__setattr__(self, "times", values)
        object.__setattr__(self, "item_attributes", attributes)
        object.__setattr__(self, "notes", tuple(self.notes))
        if not volumes:
            raise InvalidInputError("A sequence needs at least one volume.")
        if not len(volumes) == len(values) == len(attributes):
            raise InvalidInputError(
                f"A sequence needs one index value and one set of attributes for every volume, got {len(volumes)} "
                f"volumes, {len(values)} index values and {len(attributes)} sets of attributes."
            )
        if self.slice_thickness is not None and not 0 < self.slice_thickness < np.inf:
            raise InvalidInputError(f"The slice thickness must be a positive number of mm, got {self.slice_thickness}.")
        if not np.isfinite(values).all():
            raise InvalidInputError(f"Index values must be finite numbers, got {list(values)}.")
        for number, (earlier, later) in enumerate(itertools.pairwise(values)):
            if later <= earlier:
                raise InvalidInputError(
                    f"Index values must rise from frame to frame: frame {number} has {earlier:g}, "
                    f"frame {number + 1} has {later:g} {self.unit}."
                )
        for number, volume in enumerate(volumes):
            require_same_geometry(volumes[0], volume, "Frame 0", f"frame {number}")
            if volume.array.dtype != volumes[0].array.dtype:
                raise InvalidInputError(
                    f"Frame {number} has scalar type {volume.array.dtype}, frame 0 has {volumes[0].array.dtype}."
                )

    def __len__(self) -> int:
        return len(self.volumes)

    @property
    def acquired_frames(self) -> list[int]:
        """Numbers of the frames that are not marked as synthetic."""
        return [number for number, attributes in enumerate(self.item_attributes) if not is_synthetic(attributes)]

    @property
    def synthetic_frames(self) -> list[int]:
        """Numbers of the frames that are marked as synthetic."""
        return [number for number, attributes in enumerate(self.item_attributes) if is_synthetic(attributes)]

    def acquired(self) -> Sequence:
        """Return the sequence without its synthetic frames.

        Raises:
            InvalidInputError: every frame is synthetic.
        """
        keep = self.acquired_frames
        if not keep:
            raise InvalidInputError("Every frame of the sequence is synthetic.")
        return replace(
            self,
            volumes=[self.volumes[n] for n in keep],
            times=[self.times[n] for n in keep],
            item_attributes=[self.item_attributes[n] for n in keep],
        )

    def require_item(self, number: int, what: str) -> None:
        """Raise InvalidInputError unless `number` is the number of a frame; `what` says which choice it was."""
        if not 0 <= number < len(self):
            raise InvalidInputError(
                f"{what} is frame {number}, but the sequence has frames 0 to {len(self) - 1}."
            )  # fmt: skip
