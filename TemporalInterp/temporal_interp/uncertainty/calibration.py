"""Learns on a sequence itself how large errors are: acquired frames are hidden, predicted, and compared.

The error to expect is sqrt(noise^2 + (scale * disagreement^a * gradient^b)^2). The exponents a and b come from a
regression of the logarithm of the errors. The scale makes 68 % of the errors where the sequence moves smaller than one
standard deviation, and a factor of its own makes 95 % smaller than that many: errors have heavier tails than a normal
distribution. Both are taken as they are found. The scale grows with the distance in time as it does from one length of
gap to the next. All of this is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.data.time_text import time_text
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import Progress, no_progress, part_of
from temporal_interp.tensors.metrics import moving_region, variation
from temporal_interp.uncertainty.clues import Clues, clues_of
from temporal_interp.uncertainty.hiding import Level, levels

SMALLEST = 0.004
"""Share of the range of intensities that is added before a logarithm is taken: smaller values differ by noise."""

USUAL_EXPONENTS = (0.6, 0.2)
"""Of the disagreement and of the gradient, as real cines have them: what few voxels are held to."""

USUAL_WEIGHT = 25.0
"""Number of voxels that the usual exponents count as."""

USUAL_SCALE, USUAL_FACTOR_95, USUAL_GROWTH = 0.3, 2.3, 0.7
"""As real cines have them half-way through a gap: what an uncalibrated map goes by."""

NORMAL_95 = 1.96
"""Factor of a normal distribution, and the least that is taken: over short gaps noise counts for more."""

USUAL_GROWTH_FRAMES = 2
"""Number of frames that the usual growth counts as, when it is measured on few."""

GROWTH = (0.2, 1.1)
"""Least and largest exponent with which the scale grows with the distance in time."""

SHORTER = (0.7, 0.2)
"""The exponent at distances shorter than can be measured: this share of the exponent measured, and this. It varies less
than the measured one, from motion that saturates over long gaps to noise that does not shrink over short ones. Found
on the blend, the velocity field and the student of two cines, two echos and phantoms."""

DARK = 0.03
"""Darker voxels, as a share of the range, do not tell the noise of tissue."""

SHARE = 0.68
"""Of the errors, that one standard deviation holds."""

TINY = 1e-9
"""Keeps quotients finite."""

ENOUGH = 30
"""Errors that a calibration needs at least."""

SAMPLED = 100_000
"""Voxels of a frame that are looked at; more would only take time and memory."""


@dataclass(frozen=True)
class Calibration:
    """How large errors are, by the clues of a frame; intensities on a scale on which the range of the sequence is 1.

    Attributes:
        exponents: of the disagreement and of the gradient.
        scale: see the module; at the distance `distance`.
        distance: see `Clues.distance`, in the unit of the sequence.
        growth: exponent with which the scale grows at shorter and at longer distances.
        noise: error where nothing moves.
        factor_95: so many standard deviations hold 95 % of the errors.
        compared: number of hidden frames that it rests on, and their gaps, by the length; none if not calibrated.
    """

    exponents: tuple[float, float]
    scale: float
    distance: float
    growth: tuple[float, float] = (USUAL_GROWTH, USUAL_GROWTH)
    noise: float = 0.0
    factor_95: float = USUAL_FACTOR_95
    compared: tuple[tuple[int, float], ...] = ()

    @classmethod
    def usual(cls, length: float) -> Calibration:
        """Return what is usual for gaps of a length, where no acquired frame can be hidden."""
        return cls(USUAL_EXPONENTS, USUAL_SCALE, length)

    @property
    def is_calibrated(self) -> bool:
        """Whether it rests on frames of the sequence."""
        return bool(self.compared)

    def expected(self, clues: Clues) -> np.ndarray:
        """Return the error to expect of every voxel, one standard deviation, as a share of the range."""
        return self.at(clues.disagreement, clues.gradient, np.asarray(clues.distance))

    def at(self, disagreement: np.ndarray, gradient: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Return the error to expect from arrays of the clues, of one shape or of shapes that fit."""
        a, b = self.exponents
        ratio = np.maximum(distance / self.distance, TINY)
        scale = self.scale * ratio ** np.where(ratio > 1, self.growth[1], self.growth[0])
        shape = (disagreement + SMALLEST) ** a * (gradient + SMALLEST) ** b
        return np.sqrt(self.noise**2 + (scale * shape) ** 2)

    def in_words(self, unit: str) -> str:
        """Say what it rests on; `unit` is that of the sequence."""
        if not self.compared:
            return "not calibrated, with too few frames to hide or too little that moves: errors as they usually are"
        parts = [
            f"{count} hidden frame{'s' if count > 1 else ''} in gaps of {time_text(round(length, 3), unit)}"
            for count, length in self.compared
        ]
        return f"calibrated on {' and '.join(parts)}"


@dataclass(frozen=True, eq=False)
class _Errors:
    """Errors of hidden frames where the sequence moves, and where it does not; the other arrays are alike."""

    error: np.ndarray
    disagreement: np.ndarray
    gradient: np.ndarray
    distance: np.ndarray
    at_rest: np.ndarray
    frames: int
    length: float


def calibrate(
    sequence: Sequence, engine: Engine, *, gap: Gap | None = None, progress: Progress = no_progress
) -> Calibration:
    """Return how large the errors of an engine are in a sequence, from acquired frames that are hidden from it.

    Args:
        sequence: the frames that the engine sees; none but these are looked at.
        engine: whose errors.
        gap: the one that is filled; None where all of them are.
        progress: receives the progress; may raise CancelledError.

    Returns:
        `Calibration.usual` where the frames are too few, or too little moves.

    Raises:
        InvalidInputError: the frames cannot be interpolated.
    """
    length = float(np.median([one.length for one in sequence.gaps])) if gap is None else gap.length
    moving = moving_region(volume.array for volume in sequence.volumes)
    at_rest = _at_rest(sequence)
    plan = levels(sequence, gap)
    found = []
    for number, level in enumerate(plan):
        report = part_of(progress, number / len(plan), (number + 1) / len(plan))
        errors = _errors(sequence, engine, level, moving, at_rest, report)
        if errors is not None:
            found.append(errors)
    return _fitted(found) if found else Calibration.usual(length)


def _at_rest(sequence: Sequence) -> np.ndarray:
    """Return where there is tissue that changes less than most, (K, J, I) bool; what never changes is no tissue."""
    width = sequence.intensity_range.high - sequence.intensity_range.low
    deviation = variation(volume.array for volume in sequence.volumes) / width
    tissue = (sequence.scaled.normalised(sequence[0]) > DARK) & (deviation > SMALLEST / 2)
    return tissue & (deviation <= np.median(deviation[tissue])) if tissue.any() else tissue


def _errors(
    sequence: Sequence, engine: Engine, level: Level, moving: np.ndarray, at_rest: np.ndarray, progress: Progress
) -> _Errors | None:
    """Return the errors of the frames that a level hides; None where they are too few."""
    columns: list[list[np.ndarray]] = [[], [], [], [], []]
    lengths, done, wanted = [], 0, sum(len(one.compared) for one in level)
    width = sequence.intensity_range.high - sequence.intensity_range.low
    for one in level:
        shown = sequence.hiding(one.hidden)
        prepared = engine.prepare(shown)
        for number in one.compared:
            time = _within(shown, sequence.times[number])
            gap = shown.gap_at(time)
            report = part_of(progress, done / wanted, (done + 1) / wanted)
            frame = prepared.at(time, fields=True, gap=gap.number, progress=report)
            clues = clues_of(frame, gap, shown)
            error = np.abs(frame.volume.array.astype(np.float32) - sequence[number].array) / width
            here, still = (_sampled(mask & np.isfinite(error)) for mask in (moving, at_rest))
            distances = np.full(len(here[0]), clues.distance)
            values = (error[here], clues.disagreement[here], clues.gradient[here], distances, error[still])
            for column, value in zip(columns, values, strict=True):
                column.append(value)
            lengths.append(gap.length)
            done += 1
            report(1.0, "comparing hidden frames")
    if sum(map(len, columns[0])) < ENOUGH:
        return None
    error_here, disagreement, gradient, distance, rest = (np.concatenate(column) for column in columns)
    length = float(np.median(lengths))
    return _Errors(error_here, disagreement, gradient, distance, rest, len(lengths), length)


def _within(sequence: Sequence, time: float) -> float:
    """Return a time within the gaps of a sequence; of a loop that may be a period later."""
    return time + (sequence.period or 0.0) if time < sequence.times[0] else time


def _sampled(mask: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the places of a mask, evenly thinned if there are many."""
    places = np.nonzero(mask)
    step = -(-len(places[0]) // SAMPLED) or 1
    return tuple(along[::step] for along in places)


def _fitted(found: list[_Errors]) -> Calibration:
    """Return the calibration from the errors of one or two levels, the one that is most like the gaps at hand first."""
    near = found[0]
    compared = tuple((errors.frames, errors.length) for errors in found)
    distances = [float(np.median(errors.distance)) for errors in found]
    noise = float(np.quantile(near.at_rest, SHARE)) if len(near.at_rest) else 0.0
    made = Calibration(_exponents(near), 1.0, distances[0], noise=noise, compared=compared)
    if len(found) > 1 and distances[0] != distances[1]:
        scales = [_scale(errors, replace(made, distance=at)) for errors, at in zip(found, distances, strict=True)]
        if min(scales) > 0:
            measured = float(np.log(scales[1] / scales[0]) / np.log(distances[1] / distances[0]))
            weight = found[1].frames / (found[1].frames + USUAL_GROWTH_FRAMES)
            measured = weight * measured + (1 - weight) * USUAL_GROWTH
            share, more = SHORTER
            made = replace(made, growth=(_bounded(share * measured + more), _bounded(measured)))
    made = replace(made, scale=_scale(near, made))
    expected = made.at(near.disagreement, near.gradient, near.distance)
    return replace(made, factor_95=max(NORMAL_95, _quantile(near.error / np.maximum(expected, TINY), 0.95)))


def _exponents(errors: _Errors) -> tuple[float, float]:
    """Return the exponents of the clues by least squares, held to the usual ones where there are few errors."""
    clues = np.log(np.stack([errors.disagreement, errors.gradient], axis=1) + SMALLEST).astype(np.float64)
    wanted = np.log(errors.error + SMALLEST).astype(np.float64)
    usual = np.asarray(USUAL_EXPONENTS)
    centred = clues - clues.mean(axis=0)
    left = (wanted - wanted.mean()) - centred @ usual
    found = usual + np.linalg.solve(centred.T @ centred + USUAL_WEIGHT * np.eye(2), centred.T @ left)
    return tuple(np.clip(found, 0.0, 1.0).tolist())


def _scale(errors: _Errors, given: Calibration) -> float:
    """Return the scale with which one standard deviation holds 68 % of the errors, all else as given."""
    beyond_noise = np.sqrt(np.maximum(errors.error.astype(np.float64) ** 2 - given.noise**2, 0.0))
    one = replace(given, scale=1.0, noise=0.0).at(errors.disagreement, errors.gradient, errors.distance)
    return _quantile(beyond_noise / np.maximum(one, TINY), SHARE)


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share))


def _bounded(growth: float) -> float:
    return float(np.clip(growth, *GROWTH))
