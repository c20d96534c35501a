"""From a sequence to a fuller one: acquired frames as they are, synthetic frames between them."""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from temporal_interp.data.intensity import CONTRAST_FLOOR, IntensityRange
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import InterpolatedFrame, InterpolationEngine, PreparedPair, frames_at
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of

PREPARE_SHARE = 0.9
"""Share of the progress bar that a long preparation of a pair takes; answering the times takes the rest."""

SHORT = 2.0
"""Seconds: a preparation that takes so long gets half that share, a shorter one less."""


FRAMES_AT_ONCE = 8
"""More at a time would be no quicker, and progress would stand still for longer."""

VOXELS_AT_ONCE = 8_000_000
"""Of all frames that are computed at a time: what bounds the memory."""


@dataclass(frozen=True, eq=False)
class _Gap:
    """Two acquired frames and the index values to synthesise between them.

    `last_acquired_index` is where the last frame was acquired: in the gap that closes a cycle, `last_index` is one
    cycle later.
    """

    first: Volume
    last: Volume
    first_index: float
    last_index: float
    last_acquired_index: float
    times: abc.Sequence[float]


OnFrame = Callable[[float, InterpolatedFrame], None]
"""Called with the index value of every synthetic frame and the engine's whole answer, fields included.

`interpolate_between` also reports both acquired ends, where one field is zero and the other spans the whole gap; in a
whole sequence an acquired frame ends one gap and begins the next, so that there is no one answer to report.
"""


def evenly_spaced(first_index: float, last_index: float, count: int) -> list[float]:
    """Return `count` index values strictly between two others, evenly spaced."""
    if count < 1:
        raise InvalidInputError(f"The number of frames to add must be at least 1, got {count}.")
    return [float(v) for v in np.linspace(first_index, last_index, count + 2)[1:-1]]


def interpolate_between(
    sequence: Sequence,
    first: int,
    last: int,
    times: abc.Sequence[float],
    engine: InterpolationEngine,
    *,
    on_frame: OnFrame | None = None,
    progress: Progress = no_progress,
) -> Sequence:
    """Return the two chosen frames, unchanged, with synthetic frames between them in order of their index.

    Args:
        sequence: the acquired frames.
        first: number of the frame at t = 0.
        last: number of the frame at t = 1, later than `first`.
        times: where to synthesise, strictly between the two, in the sequence's own unit.
        engine: how to synthesise.
        on_frame: called with every synthetic frame and both ends; if given, the engine also computes displacement
            fields.
        progress: told how far it is; may raise CancelledError.

    Raises:
        InvalidInputError: a frame number or an index value is out of place.
    """
    sequence.require_item(first, "The first phase")
    sequence.require_item(last, "The last phase")
    if first >= last:
        raise InvalidInputError(f"The first phase must come before the last, got frames {first} and {last}.")
    start, stop = sequence.times[first], sequence.times[last]
    wanted = _require_between(times, start, stop, sequence.unit)
    gap = _Gap(sequence.volumes[first], sequence.volumes[last], start, stop, stop, wanted)
    made = _synthesise([gap], sequence, engine, on_frame, progress, report_ends=True)
    kept = [(sequence.times[n], sequence.volumes[n], sequence.item_attributes[n]) for n in (first, last)]
    return _merged(sequence, kept, made)


def multiply_frame_rate(
    sequence: Sequence,
    factor: int,
    engine: InterpolationEngine,
    *,
    cyclic: bool = False,
    on_frame: OnFrame | None = None,
    progress: Progress = no_progress,
) -> Sequence:
    """Return the whole sequence with `factor - 1` synthetic frames in every gap between neighbours.

    Args:
        sequence: the acquired frames, at least two.
        factor: 2 or more.
        engine: how to synthesise.
        cyclic: also fill the gap from the last frame back to the first, as in a heart beat. Its length is taken as
            the median gap (our choice: files seldom say how long the cycle is).
        on_frame: called with every synthetic frame; if given, the engine also computes displacement fields.
        progress: told how far it is; may raise CancelledError.

    Raises:
        InvalidInputError: the factor is below 2 or the sequence has one frame.
    """
    if factor < 2:
        raise InvalidInputError(f"The factor must be at least 2, got {factor}.")
    if len(sequence) < 2:
        raise InvalidInputError("The sequence has one frame; there is nothing to interpolate between.")
    values = list(sequence.times)
    ends = list(zip(range(len(values) - 1), range(1, len(values)), values[:-1], values[1:], strict=True))
    if cyclic:
        ends.append((len(values) - 1, 0, values[-1], values[-1] + float(np.median(np.diff(values)))))
    gaps = [
        _Gap(sequence.volumes[a], sequence.volumes[b], start, stop, values[b], evenly_spaced(start, stop, factor - 1))
        for a, b, start, stop in ends
    ]
    made = _synthesise(gaps, sequence, engine, on_frame, progress)
    kept = list(zip(values, sequence.volumes, sequence.item_attributes, strict=True))
    return _merged(sequence, kept, made)


def _require_between(values: abc.Sequence[float], start: float, stop: float, unit: str) -> list[float]:
    wanted = sorted(float(v) for v in values)
    if not wanted:
        raise InvalidInputError("No times were given to synthesise frames at.")
    for value in wanted:
        if not start < value < stop:  # also refuses NaN
            raise InvalidInputError(
                f"{value:g} {unit} does not lie strictly between the chosen phases ({start:g} and {stop:g} {unit})."
            )
    if len(set(wanted)) < len(wanted):
        raise InvalidInputError(f"A time is asked for twice: {wanted}.")
    return wanted


def _synthesise(
    gaps: abc.Sequence[_Gap],
    sequence: Sequence,
    engine: InterpolationEngine,
    on_frame: OnFrame | None,
    progress: Progress,
    *,
    report_ends: bool = False,
) -> list[tuple[float, Volume, dict[str, str]]]:
    """Return (index value, volume, attributes) of every synthetic frame of every gap."""
    for number, volume in enumerate(sequence.volumes):
        volume.require_finite(f"Frame {number}")
    intensity_range = IntensityRange.of(sequence.volumes, lower_percentile=CONTRAST_FLOOR)
    made = []
    for number, gap in enumerate(gaps):
        report = part_of(progress, number / len(gaps), (number + 1) / len(gaps))
        preparing = _Preparing(report)
        prepared = engine.prepare(
            gap.first,
            gap.last,
            intensity_range=intensity_range,
            slice_thickness=sequence.slice_thickness,
            progress=preparing,
        )
        answering = part_of(report, preparing.fraction, 1.0)
        if report_ends and on_frame is not None:
            on_frame(gap.first_index, prepared.at(0.0, fields=True))
            on_frame(gap.last_index, prepared.at(1.0, fields=True))
        for done, (value, frame) in enumerate(_answers(prepared, gap, fields=on_frame is not None), 1):
            provenance = Provenance.of(engine, gap.first_index, gap.last_acquired_index, frame.t)
            made.append((value, frame.volume, provenance.as_attributes()))
            if on_frame is not None:
                on_frame(value, frame)
            answering(done / len(gap.times), f"frame at {value:g}")
    return made


def _answers(prepared: PreparedPair, gap: _Gap, *, fields: bool) -> Iterator[tuple[float, InterpolatedFrame]]:
    """Yield every wanted index value of a gap and its frame, computed some at a time."""
    at_once = min(FRAMES_AT_ONCE, max(1, VOXELS_AT_ONCE // gap.first.array.size))
    for start in range(0, len(gap.times), at_once):
        values = gap.times[start : start + at_once]
        times = [(value - gap.first_index) / (gap.last_index - gap.first_index) for value in values]
        yield from zip(values, frames_at(prepared, times, fields=fields), strict=True)


class _Preparing:
    """Reports a preparation by its own share done and by how long it takes, since engines differ a thousandfold."""

    def __init__(self, report: Progress) -> None:
        self.report = report
        self.started = time.monotonic()
        self.fraction = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        elapsed = time.monotonic() - self.started
        self.fraction = max(self.fraction, PREPARE_SHARE * fraction * elapsed / (elapsed + SHORT))
        self.report(self.fraction, message)


def _merged(
    sequence: Sequence,
    kept: abc.Sequence[tuple[float, Volume, dict[str, str]]],
    made: abc.Sequence[tuple[float, Volume, dict[str, str]]],
) -> Sequence:
    values, volumes, attributes = zip(*sorted([*kept, *made], key=lambda item: item[0]), strict=True)
    return replace(sequence, volumes=volumes, times=values, item_attributes=attributes, notes=())
