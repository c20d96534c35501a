"""What the section shows of the phases, the instant, and the frame that is in the views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from temporal_interp.data.provenance import Provenance
from temporal_interp.data.time_text import time_text
from temporal_interp.engines.registry import engine_specs
from TemporalInterpLib.frame_label import frame_label
from TemporalInterpLib.sections.preview.time_axis import TimeAxis
from TemporalInterpLib.short_time import short_time


@dataclass(frozen=True)
class Shown:
    """The frame that the preview's volume holds.

    Attributes:
        time: in the unit of the sequence.
        made: how it was synthesised; None where it is an acquired frame.
    """

    time: float
    made: Provenance | None = None


@dataclass(frozen=True)
class State:
    """What is known when the section is shown.

    Attributes:
        refusal: why the sequence cannot be used, "" where it can; the rest does not count then.
        times: of all acquired frames, in the unit of the sequence.
        numbers: of these frames in the sequence.
        unit: of the index.
        period: of a loop; None where the sequence is none.
        whole: the whole sequence is interpolated, and not two phases.
        first: number of phase A.
        last: number of phase B.
        instant: the chosen one.
        shown: the frame in the preview's volume; None where there is none.
        elsewhere: name of the volume in the slice views where they do not show the preview; "" where they do, and
            where there are no views.
        doing: the work of the engine for the instant, "" where its answer is shown.
        waits: the engine has not been asked for the instant, since it could take long.
        failure: why the engine failed, so that its answer will not come; "" where it did not.
        refused: why the choice cannot be shown, "" where it can.
    """

    refusal: str = ""
    times: Sequence[float] = ()
    numbers: Sequence[int] = ()
    unit: str = ""
    period: float | None = None
    whole: bool = False
    first: int = -1
    last: int = -1
    instant: float = 0.0
    shown: Shown | None = None
    elsewhere: str = ""
    doing: str = ""
    waits: bool = False
    failure: str = ""
    refused: str = ""


@dataclass(frozen=True)
class View:
    """What the section shows.

    Attributes:
        axis: of the slider; None where there is nothing to choose.
        unit: of the axis.
        phases: the texts of both boxes.
        chosen: which of them are chosen.
        no_phases: why phases cannot be chosen.
        no_instant: why the instant cannot be chosen.
        label: what the slice views show.
        status: how it was made.
        bring_back: text of the button that shows the instant in the views, or asks the engine for it; "" where they
            show its answer.
        side_by_side: text of the box.
    """

    axis: TimeAxis | None = None
    unit: str = ""
    phases: Sequence[str] = ()
    chosen: tuple[int, int] | None = None
    no_phases: str = ""
    no_instant: str = ""
    label: str = ""
    status: str = ""
    bring_back: str = ""
    side_by_side: str = ""


def present(state: State) -> View:
    """Return what is shown."""
    side_by_side = (
        _("Show acquired frames next to the instant") if state.whole else _("Show phases A and B next to the instant")
    )
    if state.refusal:
        return View(no_phases=state.refusal, no_instant=state.refusal, side_by_side=side_by_side)
    is_seen = state.shown is not None and not state.elsewhere
    axis = _axis(state)
    return View(
        axis=axis,
        unit=state.unit,
        phases=[_phase_text(time, number, state.unit) for time, number in zip(state.times, state.numbers, strict=True)],
        chosen=(state.numbers.index(state.first), state.numbers.index(state.last)),
        no_phases=_("All frames count in the whole sequence: it has no phases.") if state.whole else "",
        label=_label(state) if is_seen else _elsewhere(state.elsewhere),
        status=" ".join(part for part in (_problem(state), _status(state) if is_seen else "") if part),
        bring_back=_bring_back(state, is_seen, axis.inside(state.instant)),
        side_by_side=side_by_side,
    )


def _axis(state: State) -> TimeAxis:
    if not state.whole:
        ends = tuple(state.times[state.numbers.index(number)] for number in (state.first, state.last))
        return TimeAxis.over(*ends, ends, state.times)
    stops = list(state.times)
    if state.period is not None:
        stops.append(stops[0] + state.period)  # the first frame again
    return TimeAxis.over(stops[0], stops[-1], stops, state.times)


def _phase_text(time: float, number: int, unit: str) -> str:
    return _("{value} ({number})").format(value=time_text(time, unit), number=number)


def _label(state: State) -> str:
    shown = state.shown
    words = frame_label(shown.time, state.unit, is_synthetic=shown.made is not None)
    if shown.made is None and not state.whole:
        for number, letter in ((state.first, "A"), (state.last, "B")):
            if shown.time == state.times[state.numbers.index(number)]:
                return _("{frame}, phase {letter}").format(frame=words, letter=letter)
    return words


def _bring_back(state: State, is_seen: bool, instant: float) -> str:
    if is_seen and not state.waits:
        return ""
    words = _("Compute the frame at {time}") if is_seen else _("Show the frame at {time}")
    return words.format(time=short_time(instant, state.unit))


def _elsewhere(name: str) -> str:
    return _("The slice views show '{name}'.").format(name=name) if name else ""


def _problem(state: State) -> str:
    if state.failure:
        return _("The engine failed, so this is the linear blend. {error}").format(error=state.failure)
    return state.refused


def _status(state: State) -> str:
    made = state.shown.made
    if state.doing or made is None:
        return state.doing
    if state.waits:
        return _("Linear blend: with images of this size the engine can take minutes, and waits until you ask for it.")
    maker = _("By the {engine}").format(engine=made.engine.replace("_", " "))
    rests_on = rests_on_text(made, state.unit)
    return f"{maker}; {rests_on}." if rests_on else f"{maker}."


def rests_on_text(made: Provenance, unit: str) -> str:
    """Return which acquired frames a synthetic frame was made from: those around it, then those that add to them.

    Example:
        >>> made = Provenance("velocity_field", 33.0, 66.0, 0.25, frames=(33.0, 66.0, 0.0, 99.0))
        >>> rests_on_text(made, "ms")
        'from 33, 66 ms; timing from 0, 99 ms'
    """
    around, further = (_times_text(part, unit) for part in (made.frames[:2], made.frames[2:]))
    if not around:
        return ""
    if not further:
        return _("from {around}").format(around=around)
    spec = engine_specs().get(made.engine)
    if spec is not None and spec.has_motion:
        return _("from {around}; timing from {further}").format(around=around, further=further)
    return _("from {around}; also from {further}").format(around=around, further=further)


def _times_text(times: Sequence[float], unit: str) -> str:
    return f"{', '.join(short_time(time) for time in times)} {unit}".rstrip() if times else ""
