"""Which engine is taken when that is measured: the one that predicts hidden frames of the sequence at hand best."""

from __future__ import annotations

import math
import time
from collections import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from temporal_interp.engines.choice import LEVEL_DB, Choice, candidates, choose_engine, left_out_in_words
from temporal_interp.engines.registry import EngineSpec, create_engine
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.evaluation import hold_out
from temporal_interp.evaluation.evaluate import Scoring
from temporal_interp.evaluation.hold_out import HoldOut

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import Engine

FEWEST = 3
"""Hidden frames on which a measurement rests at least (our choice)."""

PATIENCE = 60.0
"""Seconds: an engine that would be measured for longer is left out (our choice)."""

BLEND = "linear_blend"
"""The engine that the others have to beat."""


@dataclass(frozen=True)
class MeasuredChoice(Choice):
    """An engine, why it was chosen, and what was measured.

    Attributes:
        rows: one for every engine that was measured, the best first, with `engine`, `psnr_moving`, `gain` over
            the linear blend, both in dB, and `seconds`; none where there were too few frames to measure on.
    """

    rows: tuple[abc.Mapping[str, Any], ...] = ()

    @property
    def in_words(self) -> str:
        """The reason and the measurements, in one text."""
        return " ".join([self.reason, *(f"{line}." for line in self.in_lines())])

    def in_lines(self) -> list[str]:
        """Return the measurements as lines of text, one an engine."""
        return [
            f"{str(row['engine']).replace('_', ' ')}: {row['psnr_moving']:.2f} dB where it moves "
            f"({row['gain']:+.2f} dB), measured in {row['seconds']:.1f} s"
            for row in self.rows
        ]


def measure_engines(
    sequence: Sequence,
    *,
    device: str = "cpu",
    patience: float = PATIENCE,
    progress: Progress = no_progress,
) -> MeasuredChoice:
    """Hide every second acquired frame, predict it with every engine that is quick enough, and choose the best.

    An engine has to be ahead of the linear blend by more than `LEVEL_DB` where the sequence moves; else the blend is
    chosen. With too few frames the choice is that of `choose_engine`.

    Args:
        sequence: its synthetic frames are not looked at.
        device: where to compute.
        patience: seconds; an engine that would be measured for longer is left out.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: no engine runs here.

    Example:
        >>> from temporal_interp.data.sequence import Sequence
        >>> measure_engines(Sequence.from_numpy(np.random.rand(3, 1, 8, 8))).rows
        ()
    """
    acquired = sequence.acquired()
    given = (acquired.geometry, acquired.slice_thickness)
    hidden = _hidden(acquired)
    count = 0 if hidden is None else sum(len(gap.held_out) for gap in hidden.gaps)
    if hidden is None or count < FEWEST:
        why = f"Measuring needs {FEWEST} frames to hide between others; there are {count}."
        declared = choose_engine(*given, device=device)
        return MeasuredChoice(declared.name, f"{why} {declared.reason}")
    there, left_out = candidates(*given, device=device)
    scoring = Scoring.of(acquired)
    scores: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for number, spec in enumerate(reversed(there)):  # the blend first, and what fits every gap last
        report = part_of(progress, number / len(there), (number + 1) / len(there))
        started = time.monotonic()
        try:
            limit = math.inf if spec.name == BLEND else patience
            scores[spec.name] = _score(scoring, hidden, spec, device, limit, report)
        except _TooSlowError as slow:
            left_out.setdefault(f"it would be measured for about {slow.seconds:.0f} s", []).append(spec)
        seconds[spec.name] = time.monotonic() - started
    gains = {name: score - scores[BLEND] for name, score in scores.items()}
    best_first = sorted(gains, key=lambda name: -gains[name])
    rows = [
        {"engine": name, "psnr_moving": scores[name], "gain": gains[name], "seconds": seconds[name]}
        for name in best_first
    ]
    name, words = _best(gains, best_first[0], {spec.name: spec for spec in there}, count)
    return MeasuredChoice(name, " ".join([words, *left_out_in_words(left_out)]), tuple(rows))


def measured_engine(
    sequence: Sequence, *, device: str = "cpu", progress: Progress = no_progress
) -> tuple[Engine, MeasuredChoice]:
    """Return the engine that `measure_engines` chooses, and the choice."""
    choice = measure_engines(sequence, device=device, progress=progress)
    return create_engine(choice.name, device=device), choice


def _hidden(sequence: Sequence) -> HoldOut | None:
    """Return every second frame as hidden; None where none lies between two others."""
    try:
        return hold_out.every(sequence, 2)
    except InvalidInputError:
        return None


class _TooSlowError(Exception):
    """An engine that would be measured for too many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def _score(
    scoring: Scoring, hidden: HoldOut, spec: EngineSpec, device: str, patience: float, progress: Progress
) -> float:
    """Return the mean over the hidden frames of the dB where the sequence moves."""
    prepared = scoring.prepare(create_engine(spec.name, device=device), hidden)
    times, scores = scoring.scaled.times, []
    started, first = time.monotonic(), 0.0
    for number, gap in enumerate(hidden.gaps):
        shown = prepared.sequence.gap_at(times[gap.first]).number
        report = part_of(progress, number / len(hidden.gaps), (number + 1) / len(hidden.gaps))
        prepared.prepare_gap(shown, progress=report)
        for frame in gap.held_out:
            made = prepared.at(times[frame], gap=shown)
            scores.append(scoring.row(spec.name, gap, frame, made, {}).measures["psnr_moving"])
        prepared.forget_gap(shown)
        report(1.0, f"measuring the {spec.in_words}")
        elapsed = time.monotonic() - started
        if number == 0:  # loads, and fits what later gaps share
            first = elapsed
            continue
        expected = first + (elapsed - first) / number * (len(hidden.gaps) - 1)
        if expected > patience:
            raise _TooSlowError(expected)
    return float(np.mean(scores))


def _best(
    gains: abc.Mapping[str, float], best: str, specs: abc.Mapping[str, EngineSpec], count: int
) -> tuple[str, str]:
    """Return the engine that is taken, and why."""
    hidden = f"with {count} of its acquired frames hidden"
    if gains[best] <= LEVEL_DB:
        words = f"no engine is ahead of it by more than {LEVEL_DB} dB where it moves."
        return BLEND, f"Automatic, measured, is the linear blend: {hidden}, {words}"
    others = "".join(
        f"; the {specs[name].in_words} {gain:+.1f} dB" for name, gain in gains.items() if name not in (best, BLEND)
    )
    return best, (
        f"Automatic, measured, is the {specs[best].in_words}: {hidden}, it predicts this sequence best, "
        f"{gains[best]:+.1f} dB from the linear blend where it moves{others}."
    )
