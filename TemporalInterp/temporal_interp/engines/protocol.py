"""What every engine offers, and what it answers with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume, require_same_geometry
from temporal_interp.errors import InvalidInputError, Progress, no_progress


@dataclass(frozen=True, eq=False)
class InterpolatedFrame:
    """The answer of an engine at one time.

    Attributes:
        volume: the frame, with the geometry and scalar type of the endpoints.
        t: 0 at the first volume, 1 at the last.
        displacement_first_to_t: resamples the first volume into this frame; None for an engine without motion.
        displacement_last_to_t: resamples the last volume into this frame; None for an engine without motion.
    """

    volume: Volume
    t: float
    displacement_first_to_t: DisplacementField | None = None
    displacement_last_to_t: DisplacementField | None = None


class PreparedPair(Protocol):
    """Two volumes made ready: everything that does not depend on the time is done."""

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return the frame at `t`, 0 at the first volume and 1 at the last; both ends return the acquired voxels.

        Args:
            t: from 0 to 1.
            fields: also give the displacement fields, which take time and memory.

        Raises:
            InvalidInputError: t is not a number from 0 to 1.
        """
        ...


class InterpolationEngine(Protocol):
    """A way to synthesise the instants between two volumes."""

    @property
    def name(self) -> str:
        """Name of the engine, as on the command line: "velocity_field"."""
        ...

    @property
    def model(self) -> str:
        """Name and version of the trained model, for the provenance; "" where there is none."""
        ...

    @property
    def model_sha256(self) -> str:
        """Checksum of the model's file; "" where there is none."""
        ...

    @property
    def settings(self) -> str:
        """The settings that shape the result, in one line, for the provenance; "" where there are none."""
        ...

    def prepare(
        self,
        first: Volume,
        last: Volume,
        *,
        intensity_range: IntensityRange | None = None,
        slice_thickness: float | None = None,
        progress: Progress = no_progress,
    ) -> PreparedPair:
        """Make a pair ready.

        Args:
            first: volume at t = 0.
            last: volume at t = 1, on the same voxel grid.
            intensity_range: range of the whole sequence; that of the two volumes if None.
            slice_thickness: how much tissue a slice shows, in mm along K, if it is known. Slices much further apart
                than that see nothing of their neighbours.
            progress: told how far it is; may raise CancelledError to stop.

        Raises:
            InvalidInputError: the volumes cannot be interpolated; the message says why.
        """
        ...


def frames_at(prepared: PreparedPair, times: Sequence[float], *, fields: bool = False) -> Iterator[InterpolatedFrame]:
    """Yield the frames at some times: asked for together where a pair offers it (`at_many`), else one by one.

    Args:
        prepared: the pair.
        times: from 0 to 1.
        fields: see `PreparedPair.at`.
    """
    together = getattr(prepared, "at_many", None)
    yield from together(times, fields=fields) if together else (prepared.at(t, fields=fields) for t in times)


def require_pair(first: Volume, last: Volume) -> None:
    """Raise InvalidInputError unless two volumes can be endpoints of an interpolation."""
    require_same_geometry(first, last, "The first volume", "the last")
    if first.array.dtype != last.array.dtype:
        raise InvalidInputError(
            f"The first volume has scalar type {first.array.dtype}, the last {last.array.dtype}; convert one of them."
        )
    first.require_finite("The first volume")
    last.require_finite("The last volume")


def require_t(t: float) -> float:
    """Return t as a float, or raise InvalidInputError unless it is a number from 0 to 1."""
    t = float(t)
    if not 0.0 <= t <= 1.0:  # also refuses NaN
        raise InvalidInputError(f"t must be a number from 0 (the first volume) to 1 (the last), got {t}.")
    return t
