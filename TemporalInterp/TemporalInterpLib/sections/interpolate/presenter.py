"""What the section says of the frames that will be made, without Qt."""

from __future__ import annotations

from collections.abc import Sequence as ListOf
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from slicer.i18n import tr as _

from temporal_interp.data.sequence import Sequence, require_apart
from temporal_interp.errors import InvalidInputError, TemporalInterpError
from temporal_interp.workflows.request import BetweenPhases, FramesInAll, Request, WholeSequence, result_times
from TemporalInterpLib.parameter_node import Fill, FillWhole, Span
from TemporalInterpLib.short_time import short_time

LISTED = 5
"""Instants up to which all are named."""


@dataclass(frozen=True)
class State:
    """What the section knows.

    Attributes:
        refusal: why the sequence cannot be interpolated, "" where it can.
        frames: of the sequence; None where it cannot be read.
        span: between the phases, or the whole sequence.
        fill: which frames between the phases.
        first: number of phase A.
        last: number of phase B.
        frame_count: frames to add between the phases.
        times: instants as the user wrote them.
        fill_whole: which frames in the whole sequence.
        factor: frames for every acquired one.
        in_all: frames of the whole sequence.
        cyclic: whether the user says that the sequence is a loop; None takes it as it is.
    """

    refusal: str
    frames: Sequence | None
    span: Span
    fill: Fill
    first: int
    last: int
    frame_count: int
    times: str
    fill_whole: FillWhole
    factor: int
    in_all: int
    cyclic: bool | None


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        fill: whether the choice of filling is shown.
        frame_count: whether the number of frames is.
        times: whether the instants are.
        fill_whole: whether the choice of filling the whole sequence is.
        factor: whether the factor is.
        in_all: whether the number of frames in all is.
        plan: a sentence on what will be made, or on what is missing.
        unless: why the button cannot be pressed, "" where it can.
    """

    fill: bool
    frame_count: bool
    times: bool
    fill_whole: bool
    factor: bool
    in_all: bool
    plan: str
    unless: str


def present(state: State) -> View:
    """Return what is shown."""
    between = state.span is Span.BETWEEN
    plan, unless = "", state.refusal
    if not unless:
        try:
            plan = _plan(state)
        except TemporalInterpError as error:
            plan = unless = str(error)
    return View(
        fill=between,
        frame_count=between and state.fill is Fill.EVENLY,
        times=between and state.fill is Fill.AT_TIMES,
        fill_whole=not between,
        factor=not between and state.fill_whole is FillWhole.FACTOR,
        in_all=not between and state.fill_whole is FillWhole.IN_ALL,
        plan=plan,
        unless=unless,
    )


def request_of(state: State) -> Request:
    """Return the request for the frames.

    Raises:
        InvalidInputError: the instants cannot be read.
    """
    if state.span is Span.WHOLE and state.fill_whole is FillWhole.IN_ALL:
        return FramesInAll(state.in_all, state.cyclic)
    if state.span is Span.WHOLE:
        return WholeSequence(state.factor, state.cyclic)
    frames = state.frame_count if state.fill is Fill.EVENLY else _numbers(state.times)
    return BetweenPhases(state.first, state.last, frames, state.cyclic)


def _plan(state: State) -> str:
    frames = state.frames
    if state.span is Span.BETWEEN and not 0 <= state.first < state.last < len(frames):
        raise InvalidInputError(_("Choose phase A, and phase B after it."))
    request = request_of(state)
    times = result_times(request, frames)
    require_apart(times, frames.unit)
    if state.span is Span.WHOLE:
        plan = _("{count} frames become {all}, {step}.").format(
            count=len(frames.acquired_frames), all=len(times), step=_step(times, frames.unit)
        )
        return plan if isinstance(request, WholeSequence) else f"{plan[:-1]}; {_kept(len(request.kept(frames)))}"
    added = times[1:-1]
    if state.fill is Fill.AT_TIMES:
        return _("{frames} between A and B: {instants}.").format(
            frames=_frames(len(added)), instants=_instants(added, frames.unit)
        )
    return _("{frames} between A ({first}) and B ({last}), {step}.").format(
        frames=_frames(len(added)),
        first=short_time(times[0], frames.unit),
        last=short_time(times[-1], frames.unit),
        step=_step(times, frames.unit),
    )


def _frames(count: int) -> str:
    return _("1 frame") if count == 1 else _("{count} frames").format(count=count)


def _kept(count: int) -> str:
    return _("1 of them is acquired.") if count == 1 else _("{count} of them are acquired.").format(count=count)


def _step(times: ListOf[float], unit: str) -> str:
    steps = [later - earlier for earlier, later in pairwise(times)]
    usual = median(steps)
    short = f"{usual:.2g}" if usual < 10 else f"{usual:.3g}" if usual < 100 else f"{usual:.0f}"
    step = f"{short} {unit}".strip()
    if max(steps) - min(steps) > 0.05 * usual:
        return _("one every {step} or so").format(step=step)
    return _("one every {step}").format(step=step)


def _instants(times: ListOf[float], unit: str) -> str:
    if len(times) > LISTED:
        return _("{first} to {last}").format(first=short_time(times[0]), last=short_time(times[-1], unit))
    return f"{', '.join(map(short_time, times))} {unit}".strip()


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        if not text.strip():
            raise InvalidInputError(_("Write the instants, separated by commas: 100, 120.5")) from error
        raise InvalidInputError(
            _("'{text}' is not a list of instants. Write numbers separated by commas: 100, 120.5").format(text=text)
        ) from error
