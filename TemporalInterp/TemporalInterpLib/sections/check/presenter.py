"""What the section of the check shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from TemporalInterpLib.dependencies import packages_missing
from TemporalInterpLib.short_time import short_time

TICKS = 5
"""Numbers on the scale of the errors."""

EQUAL = 0.02
"""Share by which errors differ that are called alike (our choice)."""

SHOWN_ROWS = 8
"""Rows of the table that are shown without scrolling."""


@dataclass(frozen=True)
class CheckFacts:
    """A check in the scene.

    Attributes:
        engine: name of the engine.
        first: index value of its first hidden frame.
        last: of its last one.
        count: number of hidden frames.
        moving_db: mean PSNR of the moving region, in dB.
        gain_db: mean gain over the linear blend there, in dB; NaN where nothing moves.
        start: index value of the acquired frame before the hidden ones; NaN where it is not known.
        stop: of the one after them.
    """

    engine: str
    first: float
    last: float
    count: int
    moving_db: float
    gain_db: float
    start: float = math.nan
    stop: float = math.nan


@dataclass(frozen=True)
class State:
    """What is there.

    Attributes:
        running: whether a check is under way.
        refusal: why the chosen sequence cannot be used, "" where it can.
        hidden: number of acquired frames between the phases.
        whole: whether the whole sequence is chosen to be interpolated.
        unit: of the index of the sequence.
        checks: those of the chosen sequence, the latest last.
        chosen: number of the one that is shown.
        saving: whether a report is being written.
        reports: whether the packages are there that reports need.
        errors_there: whether a volume shows its error maps.
        errors_shown: whether the slice views show this volume.
        black: error that is shown black, as a share of the intensity range.
        white: error that is shown white.
    """

    running: bool = False
    saving: bool = False
    reports: bool = True
    refusal: str = ""
    hidden: int = 0
    whole: bool = False
    unit: str = ""
    checks: Sequence[CheckFacts] = ()
    chosen: int = 0
    errors_there: bool = False
    errors_shown: bool = False
    black: float = 0.0
    white: float = 0.0


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        unless: why nothing can be checked, "" where it can.
        choices: the checks to choose from.
        has_check: whether one is shown.
        result: it in one sentence.
        images_button: text of the button that shows the errors, or the images again.
        images_unless: why it cannot, "" where it can.
        report_unless: why no report can be written, "" where it can.
        scale: numbers of the scale of the errors, from black to white.
        scale_title: what the numbers are.
        key: the heads of the table in full words.
        rows: of the table that are shown without scrolling.
    """

    unless: str
    choices: Sequence[str]
    has_check: bool
    result: str
    images_button: str
    images_unless: str
    report_unless: str
    scale: Sequence[str]
    scale_title: str
    key: str
    rows: int


def present(state: State) -> View:
    """Return what the section shows."""
    shown = state.checks[state.chosen] if state.checks else None
    return View(
        unless="" if state.running else _("A report is being written.") if state.saving else _refusal(state),
        choices=[_title(check, state.unit) for check in state.checks],
        has_check=shown is not None,
        result=_result(shown, state) if shown is not None else "",
        images_button=_("Back to the images") if state.errors_shown else _("Show the errors"),
        images_unless="" if state.errors_there else _("The error maps of this check were deleted."),
        report_unless=_no_report(state),
        scale=_scale(state.black, state.white),
        scale_title=_("Error, share of the intensity range"),
        key=_key(shown) if shown is not None else "",
        rows=min(shown.count, SHOWN_ROWS) if shown is not None else 0,
    )


def engine_in_words(engine: str) -> str:
    """Return the name of an engine as the user reads it."""
    return engine.replace("_", " ")


def is_blend(engine: str) -> bool:
    """Tell whether an engine is the linear blend itself."""
    return engine == "linear_blend"


def _refusal(state: State) -> str:
    if state.refusal:
        return state.refusal
    if state.hidden == 0:
        return _("No acquired frame lies between A and B, so none can be hidden: choose phases further apart.")
    return ""


def _no_report(state: State) -> str:
    if state.running:
        return _("A check is under way.")
    return "" if state.reports else packages_missing(_("The report"))


def _title(check: CheckFacts, unit: str) -> str:
    if check.count == 1:
        span = short_time(check.first, unit)
    else:
        span = _("{first} to {last}").format(first=short_time(check.first), last=short_time(check.last, unit))
    return f"{engine_in_words(check.engine)}, {span}"


def _result(check: CheckFacts, state: State) -> str:
    said = f"{_frames(check, state.unit)}: {_errors(check)}"
    if state.whole:
        said += " " + _("The gaps that a whole sequence fills are shorter and easier.")
    return said


def _frames(check: CheckFacts, unit: str) -> str:
    frames = _("1 hidden frame") if check.count == 1 else _("{count} hidden frames").format(count=check.count)
    if math.isnan(check.start) or math.isnan(check.stop):
        return frames
    return _("{frames} between {start} and {stop}").format(
        frames=frames, start=short_time(check.start), stop=short_time(check.stop, unit)
    )


def _errors(check: CheckFacts) -> str:
    """Return how large the errors are beside those of the linear blend: root mean squares, as the PSNR has them."""
    if math.isnan(check.gain_db):
        return _("nothing moves in this sequence.")
    if is_blend(check.engine):
        return _("{db:.1f} dB where tissue moves; this is the linear blend itself.").format(db=check.moving_db)
    share = 10 ** (-check.gain_db / 20) - 1
    if abs(share) < EQUAL:
        words = _(
            "where tissue moves, errors are about as large as with the linear blend ({db:.1f} against {blend:.1f} dB)."
        )
    elif share < 0:
        words = _(
            "where tissue moves, errors are {share} smaller than with the linear blend "
            "({db:.1f} against {blend:.1f} dB)."
        )
    else:
        words = _(
            "where tissue moves, errors are {share} larger than with the linear blend "
            "({db:.1f} against {blend:.1f} dB)."
        )
    percent = f"{100 * abs(share):.0f} %"
    return words.format(share=percent, db=check.moving_db, blend=check.moving_db - check.gain_db)


def _scale(black: float, white: float) -> list[str]:
    steps = [black + (white - black) * step / (TICKS - 1) for step in range(TICKS)]
    return [f"{100 * step:.3g} %" for step in steps]


def _key(check: CheckFacts) -> str:
    words = [_("dB: PSNR of the moving region, as in the curve; dB all: of the whole image; SSIM: at most 1.")]
    if not is_blend(check.engine):
        words.append(_("blend: the same of the linear blend."))
    return " ".join([*words, _("More is better.")])
