"""A sequence: volumes on one grid at rising times, such as the phases of a heart beat."""

from __future__ import annotations

import bisect
import itertools
from collections import abc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange, ScaledVoxels
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.data.time_text import time_text
from temporal_interp.data.volume import Volume, from_sitk, require_same_geometry, to_sitk
from temporal_interp.errors import InvalidInputError

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813 - the name everybody uses


SMALLEST_STEP = 0.001
"""Slicer takes items whose index values differ by this or less for the same, whatever the unit."""


def require_apart(times: abc.Sequence[float], unit: str, *, smallest: float = SMALLEST_STEP) -> None:
    """Raise InvalidInputError where Slicer could not keep frames apart, since their times are too close.

    Args:
        times: in any order.
        unit: their unit.
        smallest: times that differ by this or less are too close.
    """
    ordered = np.sort(np.asarray(times, dtype=float))
    close = np.flatnonzero(np.diff(ordered) <= smallest)
    if close.size:
        first, second = ordered[close[0] : close[0] + 2]
        both = f"{first:.15g} and {second:.15g} {unit}".rstrip()
        raise InvalidInputError(
            f"Frames at {both} lie no further apart than {smallest:g}: Slicer would merge them. Ask for fewer frames, "
            "or give the times in a smaller unit, such as ms."
        )


@dataclass(frozen=True)
class Gap:
    """The time between two neighbouring frames of a sequence.

    Attributes:
        number: of the gap in the sequence, from 0.
        first: number of the frame at t = 0.
        last: number of the frame at t = 1; the first frame again in the gap that closes a loop.
        start: time of the first frame.
        stop: time of the last frame; in the gap that closes a loop, one period after the time of that frame.
    """

    number: int
    first: int
    last: int
    start: float
    stop: float

    @property
    def length(self) -> float:
        """Length in the unit of the sequence."""
        return self.stop - self.start

    def t_of(self, time: float) -> float:
        """Return the place of a time in the gap, 0 at its start and 1 at its stop."""
        return (time - self.start) / self.length

    def time_of(self, t: float) -> float:
        """Return the time at a place in the gap, `start` and `stop` exactly at 0 and 1."""
        return self.stop if t == 1.0 else self.start + t * self.length


@dataclass(frozen=True, eq=False, repr=False)
class Sequence:
    """Volumes on one voxel grid, in rising order of their time (or phase, or whatever index they have).

    A sequence is indexed (`sequence[0]` is a volume), sliced (`sequence[2:5]` is a sequence) and iterated over.

    Attributes:
        volumes: one or more volumes of the same geometry and scalar type.
        times: one finite number a volume, strictly rising, in `unit`.
        index_name: name of the index, as in Slicer: "time", "frame", ...
        unit: their unit: "ms", "s", "%", or "" where there is none.
        item_attributes: a mapping of text to text for every volume (provenance travels here).
        notes: assumptions of the reader, for the user.
        slice_thickness: how much tissue along K a slice shows, in mm, None where it is not known. It is less than
            the spacing where there are gaps between slices, as in clinical short-axis cine.
        period: length of the cycle in `unit` where the sequence is a loop: that long after the first frame it comes
            again. None where it is not a loop.

    Raises:
        InvalidInputError: there is no volume, or times are not finite and strictly rising, or a volume has another
            geometry or scalar type than the first, or the slice thickness or the period makes no sense.

    Example:
        >>> import numpy as np
        >>> cine = Sequence.from_numpy(np.random.rand(5, 1, 8, 8), times=[0, 40, 80, 120, 160])
        >>> cine
        <Sequence: 5 frames of 1 x 8 x 8 (K, J, I), time 0 to 160 ms, float64>
        >>> len(cine), cine[1:3].times, cine.hiding([1, 2, 3]).times
        (5, (40.0, 80.0), (0.0, 160.0))
    """

    volumes: abc.Sequence[Volume]
    times: abc.Sequence[float]
    index_name: str = "time"
    unit: str = "ms"
    item_attributes: abc.Sequence[Mapping[str, str]] = field(default=())
    notes: abc.Sequence[str] = ()
    slice_thickness: float | None = None
    period: float | None = None

    def __post_init__(self) -> None:
        volumes = tuple(self.volumes)
        times = tuple(float(v) for v in self.times)
        attributes = tuple(dict(a) for a in self.item_attributes) or tuple({} for _ in volumes)
        object.__setattr__(self, "volumes", volumes)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "item_attributes", attributes)
        object.__setattr__(self, "notes", tuple(self.notes))
        for name in ("slice_thickness", "period"):  # not a number of NumPy, whose repr is no text for a file
            if getattr(self, name) is not None:
                object.__setattr__(self, name, float(getattr(self, name)))
        if not volumes:
            raise InvalidInputError("A sequence needs at least one volume.")
        if not len(volumes) == len(times) == len(attributes):
            raise InvalidInputError(
                f"A sequence needs one index value and one set of attributes for every volume, got {len(volumes)} "
                f"volumes, {len(times)} index values and {len(attributes)} sets of attributes."
            )
        if self.slice_thickness is not None and not 0 < self.slice_thickness < np.inf:
            raise InvalidInputError(f"The slice thickness must be a positive number of mm, got {self.slice_thickness}.")
        if not np.isfinite(times).all():
            raise InvalidInputError(f"Index values must be finite numbers, got {list(times)}.")
        for number, (earlier, later) in enumerate(itertools.pairwise(times)):
            if later <= earlier:
                raise InvalidInputError(
                    f"Index values must rise from frame to frame: frame {number} has {time_text(earlier)}, "
                    f"frame {number + 1} has {self.with_unit(later)}."
                )
        if self.period is not None and not times[-1] - times[0] < self.period < np.inf:
            raise InvalidInputError(
                f"The period of a loop must be longer than its frames span, {self.with_unit(times[-1] - times[0])}, "
                f"got {time_text(self.period)}."
            )
        for number, volume in enumerate(volumes):
            require_same_geometry(volumes[0], volume, "Frame 0", f"frame {number}")
            if volume.array.dtype != volumes[0].array.dtype:
                raise InvalidInputError(
                    f"Frame {number} has scalar type {volume.array.dtype}, frame 0 has {volumes[0].array.dtype}."
                )

    @classmethod
    def from_numpy(
        cls,
        frames: np.ndarray,
        *,
        times: abc.Sequence[float] | None = None,
        unit: str = "ms",
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        **others: object,
    ) -> Sequence:
        """Return the sequence of an array of frames.

        Args:
            frames: (frame, K, J, I), or (frame, J, I) for single slices.
            times: one a frame, in `unit`; 0, 1, 2, ... without a unit if None.
            unit: of the times.
            spacing: voxel size in mm along (I, J, K); use `Geometry` and `Volume` for an origin and a direction.
            **others: further attributes of the sequence, such as `slice_thickness`.

        Raises:
            InvalidInputError: the array has another number of axes, or see `Sequence`.
        """
        if frames.ndim not in (3, 4):
            raise InvalidInputError(f"Frames must be an array (frame, K, J, I) or (frame, J, I), got {frames.shape}.")
        if frames.ndim == 3:
            frames = frames[:, None]
        geometry = Geometry(frames.shape[1:], spacing)
        if times is None:
            times, unit = range(len(frames)), ""
            others = {"index_name": "frame"} | others
        return cls([Volume(frame, geometry) for frame in frames], times, unit=unit, **others)  # type: ignore[arg-type] # by name

    @classmethod
    def from_sitk(cls, images: abc.Sequence[sitk.Image], times: abc.Sequence[float], *, unit: str = "ms") -> Sequence:
        """Return the sequence of SimpleITK images, 2D or 3D, at their times in `unit`.

        Raises:
            InvalidInputError: an image is not scalar, or not 2D or 3D, or see `Sequence`.
        """
        return cls([from_sitk(image) for image in images], times, unit=unit)

    def to_sitk(self) -> list[sitk.Image]:
        """Return the frames as SimpleITK images (voxels are copied)."""
        return [to_sitk(volume) for volume in self.volumes]

    def to_numpy(self) -> np.ndarray:
        """Return a copy of all voxels, (frame, K, J, I)."""
        return np.stack([volume.array for volume in self.volumes])

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self.geometry.shape)
        span = f"{time_text(self.times[0])} to {self.with_unit(self.times[-1])}"
        loop = "" if self.period is None else f", a loop of {self.with_unit(self.period)}"
        made = len(self.synthetic_frames)
        synthetic = f" ({made} synthetic)" if made else ""
        frames = f"{len(self)} frame{'s' if len(self) > 1 else ''}{synthetic}"
        scalars = self.volumes[0].array.dtype
        return f"<Sequence: {frames} of {size} (K, J, I), {self.index_name} {span}{loop}, {scalars}>"

    def __len__(self) -> int:
        return len(self.volumes)

    def __iter__(self) -> Iterator[Volume]:
        return iter(self.volumes)

    @overload
    def __getitem__(self, number: int) -> Volume: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence: ...
    def __getitem__(self, number: int | slice) -> Volume | Sequence:
        if isinstance(number, slice):
            return replace(self._with_frames(range(len(self))[number]), period=None)
        return self.volumes[number]

    @property
    def geometry(self) -> Geometry:
        """The voxel grid of every frame."""
        return self.volumes[0].geometry

    @property
    def affine(self) -> np.ndarray:
        """4 x 4 matrix that takes a voxel index (I, J, K, 1) to LPS mm, see `Geometry.affine`."""
        return self.geometry.affine

    @cached_property
    def slices_are_independent(self) -> bool:
        """Whether each slice is a 2D problem of its own, see `slice_independence`."""
        return slices_are_independent(self.geometry, self.slice_thickness)

    @property
    def images(self) -> Literal["slices", "volumes"]:
        """What its frames are to a trained model: "slices", which are independent of one another, or "volumes"."""
        return "slices" if self.slices_are_independent else "volumes"

    @cached_property
    def scaled(self) -> ScaledVoxels:
        """The voxels of the frames, scaled by the intensity range of the sequence."""
        return ScaledVoxels(self.volumes)

    @property
    def intensity_range(self) -> IntensityRange:
        """The range that engines scale the frames by: of all frames, including hidden ones."""
        return self.scaled.range

    def with_intensity_range(self, intensity_range: IntensityRange) -> Sequence:
        """Return the sequence with another range than that of its voxels, such as that of a longer sequence."""
        return self._scaled_by(replace(self), ScaledVoxels(intensity_range))

    def hiding(self, frames: Iterable[int]) -> Sequence:
        """Return the sequence without some of its frames, which engines then do not get to see.

        The intensity range stays that of the whole: it depends on the acquisition, not on what is hidden.

        Args:
            frames: their numbers.

        Raises:
            InvalidInputError: a number is not that of a frame, or every frame would be hidden.
        """
        hidden = set(frames)
        for number in hidden:
            self.require_item(number, "A frame to hide")
        kept = [number for number in range(len(self)) if number not in hidden]
        if not kept:
            raise InvalidInputError("Every frame would be hidden.")
        return self._scaled_by(self._with_frames(kept), self.scaled)

    def as_loop(self, period: float | None = None) -> Sequence:
        """Return the sequence as one cycle: after the last frame comes the first again, as in a heart beat.

        Args:
            period: length of the cycle in `unit`, longer than from the first frame to the last. None assumes that the
                last gap is as long as the median of the others between acquired frames (our choice).

        Raises:
            InvalidInputError: the sequence has one frame, or the period is too short.
        """
        if len(self) < 2:
            raise InvalidInputError("A single frame is no loop.")
        if period is None:
            acquired = self.acquired_frames
            times = [self.times[n] for n in (acquired if len(acquired) > 1 else range(len(self)))]
            period = times[-1] - times[0] + float(np.median(np.diff(times)))
        return self._scaled_by(replace(self, period=period), self.scaled)

    def as_cyclic(self, cyclic: bool | None) -> Sequence:
        """Return the sequence as a loop if True, as none if False, and as it is if None; a loop keeps its period.

        Raises:
            InvalidInputError: as in `as_loop`.
        """
        if cyclic is None or cyclic == (self.period is not None):
            return self
        return self.as_loop() if cyclic else self._scaled_by(replace(self, period=None), self.scaled)

    def acquired(self) -> Sequence:
        """Return the sequence without its synthetic frames.

        Raises:
            InvalidInputError: every frame is synthetic.
        """
        keep = self.acquired_frames
        if not keep:
            raise InvalidInputError("Every frame of the sequence is synthetic.")
        return self._with_frames(keep)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps between neighbouring frames; of a loop also the one that closes it, the last."""
        pairs = itertools.pairwise(enumerate(self.times))
        gaps = [Gap(a, a, b, start, stop) for (a, start), (b, stop) in pairs]
        if self.period is not None and len(self) > 1:
            gaps.append(Gap(len(gaps), len(self) - 1, 0, self.times[-1], self.times[0] + self.period))
        return tuple(gaps)

    def gap_at(self, time: float) -> Gap:
        """Return the gap around a time; at an acquired frame, the one that starts there, and at the end the last.

        Raises:
            InvalidInputError: the sequence has one frame, or the time lies outside of it.
        """
        if not self.gaps:
            raise InvalidInputError("The sequence has one frame; there is nothing to interpolate between.")
        if not self.gaps[0].start <= time <= self.gaps[-1].stop:  # also refuses NaN
            first, last = self.gaps[0].start, self.gaps[-1].stop
            raise InvalidInputError(
                f"{self.with_unit(time)} lies outside of the sequence, {time_text(first)} to {self.with_unit(last)}."
            )
        return self.gaps[min(bisect.bisect_right(self.times, time), len(self.gaps)) - 1]  # a gap starts at each frame

    def gap_before(self, gap: Gap) -> Gap | None:
        """Return the gap that ends where `gap` starts, None where there is none; in a loop there always is one."""
        if gap.number == 0 and self.period is None:
            return None
        return self.gaps[gap.number - 1]

    def gap_after(self, gap: Gap) -> Gap | None:
        """Return the gap that starts where `gap` ends, None where there is none; in a loop there always is one."""
        if gap.number == len(self.gaps) - 1 and self.period is None:
            return None
        return self.gaps[(gap.number + 1) % len(self.gaps)]

    @property
    def acquired_frames(self) -> list[int]:
        """Numbers of the frames that are not marked as synthetic."""
        return [number for number, attributes in enumerate(self.item_attributes) if not is_synthetic(attributes)]

    @property
    def synthetic_frames(self) -> list[int]:
        """Numbers of the frames that are marked as synthetic."""
        return [number for number, attributes in enumerate(self.item_attributes) if is_synthetic(attributes)]

    def require_item(self, number: int, what: str) -> None:
        """Raise InvalidInputError unless `number` is the number of a frame; `what` says which choice it was."""
        if not 0 <= number < len(self):
            raise InvalidInputError(f"{what} is frame {number}, but the sequence has frames 0 to {len(self) - 1}.")

    def time_in_words(self, number: int) -> str:
        """Return the time of a frame with its unit, for messages."""
        return self.with_unit(self.times[number])

    def with_unit(self, time: float) -> str:
        """Return a time with the unit of the sequence, for messages."""
        return time_text(time, self.unit)

    def require_finite(self) -> None:
        """Raise InvalidInputError, naming the frame, if a voxel is NaN or infinite."""
        for number, volume in enumerate(self.volumes):
            volume.require_finite(f"Frame {number}")

    def _with_frames(self, numbers: abc.Sequence[int]) -> Sequence:
        return replace(
            self,
            volumes=[self.volumes[n] for n in numbers],
            times=[self.times[n] for n in numbers],
            item_attributes=[self.item_attributes[n] for n in numbers],
        )

    @staticmethod
    def _scaled_by(sequence: Sequence, scaled: ScaledVoxels) -> Sequence:
        sequence.__dict__["scaled"] = scaled  # in place of what the cached property would make
        return sequence
