"""Adds synthetic frames between the acquired frames of a sequence, which stay as they are."""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Callable, Iterator
from dataclasses import replace

from temporal_interp.data.field_of_view import require_seen
from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.choice import engine_for
from temporal_interp.engines.protocol import Engine, PreparedSequence
from temporal_interp.engines.registry import AUTO, AUTO_MEASURED
from temporal_interp.engines.room import require_room
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.memory import free_memory
from temporal_interp.workflows.request import BetweenPhases, FramesInAll, Request, WholeSequence

PREPARE_SHARE = 0.9
"""Share of the progress bar that a long preparation of a gap takes; answering the times takes the rest."""

MEASURING = 0.5
"""Share of the progress that the measurement of engines takes, where one is asked for."""

SHORT = 2.0
"""Seconds: a preparation of this length gets half of that share, a shorter one less."""

FRAMES_AT_ONCE = 8
"""More at a time would not be quicker, and progress would be reported less often."""

VOXELS_AT_ONCE = 8_000_000
"""Of all frames that are computed at a time: what bounds the memory."""

BYTES_OF_FURTHER_VOXEL = 100
"""Of a frame that is computed with others at once: the student takes half of that, with fields about all (measured)."""

OnFrame = Callable[[Frame], None]
"""Called with the engine's whole answer for every synthetic frame, fields included.

Between two phases it is also called with both of them, where one field is zero and the other spans the whole gap; in a
whole sequence an acquired frame ends one gap and begins the next, so that there is no one answer to report.
"""


def interpolate(
    sequence: Sequence,
    *,
    factor: int | None = None,
    in_all: int | None = None,
    between: tuple[int, int] | None = None,
    count: int | None = None,
    times: abc.Sequence[float] | None = None,
    cyclic: bool | None = None,
    engine: str | Engine = AUTO,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Sequence:
    """Return a sequence with synthetic frames between the acquired ones, which stay as they are.

    Give either `factor`, or `in_all`, or `between` with `count` or `times`.

    Args:
        sequence: acquired frames, two or more.
        factor: the whole sequence at this many times its frame rate.
        in_all: the whole sequence as this many evenly spaced frames; an acquired frame stays where one of them falls
            upon it.
        between: numbers of two frames; the result has these two and the frames synthesised between them.
        count: number of frames between them, evenly spaced.
        times: their times instead, in the unit of the sequence.
        cyclic: whether the sequence is a loop, in which `factor` and `in_all` also fill the gap from the last frame
            back to the first; None takes it as it is, see `Sequence.as_cyclic`.
        engine: name of an engine, see `create_engine`, "auto" for the one that `choose_engine` takes, "auto-measured"
            for the one that predicts hidden frames of this sequence best, or an engine.
        device: "cpu", "cuda", "cuda:1" or "mps", for an engine given by name.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the request is contradictory or does not fit the sequence.

    Example:
        >>> import numpy as np
        >>> from temporal_interp.data.sequence import Sequence
        >>> cine = Sequence.from_numpy(np.random.rand(3, 1, 8, 8), times=[0, 40, 80])
        >>> interpolate(cine, factor=2, engine="linear_blend").times
        (0.0, 20.0, 40.0, 60.0, 80.0)
        >>> interpolate(cine, between=(0, 2), times=[10, 30], engine="linear_blend").synthetic_frames
        [1, 2]
    """
    measuring = MEASURING if engine == AUTO_MEASURED else 0.0
    request, chosen_engine = chosen(
        sequence,
        factor=factor,
        in_all=in_all,
        between=between,
        count=count,
        times=times,
        cyclic=cyclic,
        engine=engine,
        device=device,
        progress=part_of(progress, 0.0, measuring),
    )
    return run(request, sequence, chosen_engine, progress=part_of(progress, measuring, 1.0))


def chosen(
    sequence: Sequence,
    *,
    factor: int | None = None,
    in_all: int | None = None,
    between: tuple[int, int] | None = None,
    count: int | None = None,
    times: abc.Sequence[float] | None = None,
    cyclic: bool | None = None,
    engine: str | Engine = AUTO,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> tuple[Request, Engine]:
    """Return what the arguments of `interpolate` ask for, and the engine; `progress` is that of a measurement.

    Raises:
        InvalidInputError: the request is contradictory.
    """
    request: Request
    if [factor, in_all, between].count(None) != 2:
        raise InvalidInputError("Give either factor or in_all, for the whole sequence, or between, for two frames.")
    if between is None and (count is not None or times is not None):
        raise InvalidInputError("count and times need between; omit them with factor and in_all.")
    if factor is not None:
        request = WholeSequence(factor, cyclic)
    elif in_all is not None:
        request = FramesInAll(in_all, cyclic)
    else:
        assert between is not None
        frames = count if times is None else times
        if frames is None or (count is not None and times is not None):
            raise InvalidInputError("With between, give either count or times; with factor and in_all, neither.")
        request = BetweenPhases(*between, frames, cyclic)
    if engine == AUTO_MEASURED:
        from temporal_interp.workflows.measured_choice import measured_engine  # imports the evaluation

        return request, measured_engine(sequence.as_cyclic(cyclic), device=device, progress=progress)[0]
    return request, engine_for(engine, sequence, device=device)


def run(
    request: Request,
    sequence: Sequence,
    engine: Engine,
    *,
    on_frame: OnFrame | None = None,
    progress: Progress = no_progress,
) -> Sequence:
    """Return the kept frames, unchanged, with the synthetic frames of a request between them, in order of their time.

    Args:
        request: what to synthesise.
        sequence: acquired frames; synthetic ones are never shown to the engine.
        engine: how to synthesise.
        on_frame: called with every synthetic frame; if given, the engine also computes displacement fields.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the request does not fit the sequence, or the frames cannot be interpolated.
        OutOfMemoryError: engine and result take more memory than there is; the message says what would fit.
    """
    source = request.source(sequence)
    for number, volume in enumerate(sequence.volumes):
        require_seen(volume, f"Frame {number}")
    source.scaled.range  # noqa: B018 - a constant sequence is refused, whatever the engine
    require_room(engine, source, request.frame_count(sequence))
    prepared = engine.prepare(source)
    gaps = request.gaps(source, sequence)
    made = []
    for number, (gap, times) in enumerate(gaps):
        report = part_of(progress, number / len(gaps), (number + 1) / len(gaps))
        preparing = _Preparing(report)
        prepared.prepare_gap(gap.number, progress=preparing)
        answering = part_of(report, preparing.fraction, 1.0)
        if on_frame is not None and isinstance(request, BetweenPhases):
            for end in (gap.start, gap.stop):
                on_frame(prepared.at(end, fields=True, gap=gap.number))
        for done, frame in enumerate(_answers(prepared, gap, times, fields=on_frame is not None), 1):
            assert frame.provenance is not None  # requests ask for what lies strictly within a gap
            made.append((frame.time, frame.volume, frame.provenance.as_attributes()))
            if on_frame is not None:
                on_frame(frame)
            answering(done / len(times), f"making the frame at {sequence.with_unit(frame.time)}")
        prepared.forget_gap(gap.number)
    kept = [(sequence.times[n], sequence[n], sequence.item_attributes[n]) for n in request.kept(sequence)]
    period = None if isinstance(request, BetweenPhases) else source.period
    return _merged(replace(sequence, period=period), [*kept, *made])


def _answers(prepared: PreparedSequence, gap: Gap, times: abc.Sequence[float], *, fields: bool) -> Iterator[Frame]:
    """Yield the frames at some times of a gap, computed some at a time."""
    voxels, free = prepared.sequence[0].array.size, free_memory()
    most = VOXELS_AT_ONCE if free is None else min(VOXELS_AT_ONCE, free // BYTES_OF_FURTHER_VOXEL)
    at_once = min(FRAMES_AT_ONCE, max(1, most // voxels))
    for start in range(0, len(times), at_once):
        yield from prepared.at(times[start : start + at_once], fields=fields, gap=gap.number)


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


def _merged(sequence: Sequence, frames: abc.Sequence[tuple[float, Volume, abc.Mapping[str, str]]]) -> Sequence:
    times, volumes, attributes = zip(*sorted(frames, key=lambda item: item[0]), strict=True)
    return replace(sequence, volumes=volumes, times=times, item_attributes=attributes, notes=())
