"""Runs engines on held-out frames of one sequence and scores every frame."""

from __future__ import annotations

import math
import time
from collections import Counter, abc
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.field_of_view import field_of_view, require_seen
from temporal_interp.data.frame import Frame
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.protocol import Engine, PreparedSequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.evaluation.coverage import Coverage
from temporal_interp.evaluation.hold_out import HeldOutGap, HoldOut
from temporal_interp.evaluation.nearest_endpoint import NearestEndpoint
from temporal_interp.evaluation.presets import NATIVE, Preset, Score, presets_named
from temporal_interp.tensors import metrics


@dataclass(frozen=True)
class Row:
    """One held-out frame, predicted by one engine.

    Attributes:
        patient: name of the sequence.
        preset: how it was scored.
        engine: the engine's label.
        first: number of the kept frame at t = 0.
        last: number of the kept frame at t = 1; 0, the first again, in the gap that closes a loop.
        frame: number of the held-out frame.
        t: its place between the two by their index values.
        index_value: its index value, in the sequence's unit.
        measures: every number measured, by name. Besides the preset's metrics: `prepare_seconds` (once per gap, the
            same in all its rows), `frame_seconds` (with the fields), and where the engine gives fields
            `fold_rate_first` and `fold_rate_last` (from 0 to 1), and where the uncertainty is asked for `within_68` and
            `within_95`, the shares of the voxels where it moves whose error lies within the interval of 68 % and of
            95 %, and `expected_error`, its mean there, and where the motion is known `epe_mm`, `epe_p95_mm`
            (both fields together) with those of no motion at all, `epe_still_mm` and `epe_still_p95_mm`.
    """

    patient: str
    preset: str
    engine: str
    first: int
    last: int
    frame: int
    t: float
    index_value: float
    measures: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result for one sequence.

    Attributes:
        patient: name of the sequence.
        protocol: which frames were held out, in words.
        index_name: the sequence's.
        unit: the sequence's.
        rows: one for every preset, engine and held-out frame.
        kept: the requested predicted frames, scaled to [0, 1], by (preset, engine label, frame number).
        engines: for every engine label, its settings and its model in words, "" where it has neither.
    """

    patient: str
    protocol: str
    index_name: str
    unit: str
    rows: abc.Sequence[Row]
    kept: Mapping[tuple[str, str, int], Frame] = field(default_factory=dict)
    engines: Mapping[str, str] = field(default_factory=dict)

    def worst(self, preset: str, engine: str, count: int) -> list[Row]:
        """Return the rows of an engine with the lowest scores where it moves, the worst first."""
        rows = [row for row in self.rows if (row.preset, row.engine) == (preset, engine)]
        return sorted(rows, key=_badness)[:count]


@dataclass(frozen=True, eq=False)
class Scoring:
    """One sequence as a preset scales it: the input of the engines, and the scoring of their frames.

    Attributes:
        patient: name of the sequence.
        preset: how it is scored.
        scaled: the sequence, float32 from 0 to 1.
        score: scores a predicted frame.
        truth: the exact motion, if it is known and the preset keeps the grid.
    """

    patient: str
    preset: Preset
    scaled: Sequence
    score: Score
    truth: MotionTruth | None

    @classmethod
    def of(
        cls, sequence: Sequence, preset: Preset = NATIVE, *, truth: MotionTruth | None = None, patient: str = ""
    ) -> Scoring:
        """Scale a sequence and find the moving region, both from all of its frames.

        Raises:
            InvalidInputError: a frame cannot serve as truth, being synthetic or showing nothing, or cannot be scaled.
        """
        _require_acquired(sequence)
        # the scale is the preset's: engines must not stretch it again
        scaled = preset.scale(sequence).with_intensity_range(IntensityRange(0.0, 1.0))
        return cls(patient, preset, scaled, preset.scorer(scaled), truth if preset is NATIVE else None)

    def prepare(self, engine: Engine, hold_out: HoldOut) -> PreparedSequence:
        """Give an engine the frames that are not hidden, and nothing else."""
        return engine.prepare(hold_out.shown(self.scaled))

    def row(self, label: str, gap: HeldOutGap, number: int, frame: Frame, measured: Mapping[str, float]) -> Row:
        """Score an engine's prediction of a held-out frame.

        Args:
            label: of the engine.
            gap: where the frame lies.
            number: of the frame.
            frame: the prediction.
            measured: other measures of it, by name, such as seconds.
        """
        t, value = gap.t_of(self.scaled, number), self.scaled.times[number]
        measures = {**_measure(self, gap, number, frame), **measured}
        return Row(self.patient, self.preset.name, label, gap.first, gap.last, number, t, value, measures)


def evaluate(
    sequence: Sequence,
    hold_out: HoldOut,
    engines: abc.Sequence[Engine],
    *,
    preset: str = "native",
    truth: MotionTruth | None = None,
    patient: str = "",
    keep_frames: Collection[int] = (),
    keep_worst: int = 0,
    uncertainty: bool = False,
    progress: Progress = no_progress,
) -> Evaluation:
    """Predict the held-out frames with every engine, and with the nearest endpoint, and score them.

    The intensity scale and the moving region come from the whole sequence, including held-out frames. Every preset runs
    the engines again, on the sequence as it scales it.

    Args:
        sequence: acquired frames, at least three.
        hold_out: which frames to hide, from `hold_out.between` or `hold_out.every`.
        engines: what to evaluate. Engines of one name are distinguished by their settings.
        preset: a word of `presets.PRESETS`, such as "native", "uvi" or "both".
        truth: the exact motion, if known; only the native preset, which keeps the grid, uses it.
        patient: name of the sequence for the tables.
        keep_frames: numbers of held-out frames whose prediction to keep, for figures.
        keep_worst: also keep so many of the worst predictions of every engine and preset, without their fields.
        uncertainty: also tell the error to expect of every engine, calibrated on the frames that it sees, and how many
            errors lie within it.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the input cannot be evaluated; the message says why.
    """
    labelled = _labelled([NearestEndpoint(), *engines])
    _require_held_out(keep_frames, hold_out)
    runs = [(p, label, engine) for p in presets_named(preset) for label, engine in labelled.items()]
    rows, kept, scoring = [], {}, None
    for number, (chosen, label, engine) in enumerate(runs):
        if scoring is None or scoring.preset is not chosen:
            scoring = Scoring.of(sequence, chosen, truth=truth, patient=patient)
        report = part_of(progress, number / len(runs), (number + 1) / len(runs))
        worst: list[tuple[Row, Frame]] = []
        coverage = None
        if uncertainty and not isinstance(engine, NearestEndpoint):
            calibrating, report = part_of(report, 0.0, 0.6), part_of(report, 0.6, 1.0)
            coverage = Coverage.of(scoring.scaled, hold_out, engine, progress=calibrating)
        for row, frame in _run(scoring, hold_out, label, engine, report, coverage):
            rows.append(row)
            if row.frame in keep_frames:
                kept[row.preset, row.engine, row.frame] = frame
            image = replace(frame, displacement_first_to_t=None, displacement_last_to_t=None)
            worst = sorted([*worst, (row, image)], key=lambda pair: _badness(pair[0]))[:keep_worst]
        for row, image in worst:
            kept.setdefault((row.preset, row.engine, row.frame), image)
    described = {label: _described(engine) for label, engine in labelled.items()}
    return Evaluation(patient, hold_out.description, sequence.index_name, sequence.unit, tuple(rows), kept, described)


def _badness(row: Row) -> float:
    """Return what sorts rows, the worst first: PSNR in the moving region where there is one, else of all voxels."""
    score = row.measures.get("psnr_moving", math.nan)
    return score if math.isfinite(score) else row.measures["psnr"]


def _described(engine: Engine) -> str:
    model = f"model {engine.model}" if engine.model else ""
    checksum = f"SHA-256 {engine.model_sha256[:12]}" if engine.model_sha256 else ""
    return ", ".join(part for part in (engine.settings, model, checksum) if part)


def _require_acquired(sequence: Sequence) -> None:
    """Refuse frames that cannot serve as truth: those that show nothing, and synthetic ones."""
    for number, (volume, attributes) in enumerate(zip(sequence.volumes, sequence.item_attributes, strict=True)):
        require_seen(volume, f"Frame {number}")
        if is_synthetic(attributes):
            raise InvalidInputError(f"Frame {number} is synthetic; only acquired frames can be held out and compared.")


def _labelled(engines: abc.Sequence[Engine]) -> dict[str, Engine]:
    """Return the engines by a unique label: the name, and where that does not do, the model and the settings."""
    count = Counter(engine.name for engine in engines)
    labelled: dict[str, Engine] = {}
    for engine in engines:
        label = engine.name
        if count[label] > 1:
            known = [engine.model, engine.settings]
            if any(engine.model == other.model and engine.model_sha256 != other.model_sha256 for other in engines):
                known.insert(1, engine.model_sha256[:8])  # files of one name in different folders
            details = ", ".join(detail for detail in known if detail)
            label = f"{label} ({details})" if details else label
        if label in labelled:
            raise InvalidInputError(f"The engine {label} is given twice with the same settings; omit one.")
        labelled[label] = engine
    return labelled


def _require_held_out(keep_frames: Collection[int], hold_out: HoldOut) -> None:
    held_out = {frame for gap in hold_out.gaps for frame in gap.held_out}
    unknown = sorted(set(keep_frames) - held_out)
    if unknown:
        raise InvalidInputError(f"Frames {unknown} are not held out, so no prediction of them can be kept.")


def _run(
    scoring: Scoring,
    hold_out: HoldOut,
    label: str,
    engine: Engine,
    progress: Progress,
    coverage: Coverage | None = None,
) -> Iterator[tuple[Row, Frame]]:
    """Yield the scored row and the prediction of every held-out frame for one engine."""
    prepared, times = scoring.prepare(engine, hold_out), scoring.scaled.times
    for number, gap in enumerate(hold_out.gaps):
        report = part_of(progress, number / len(hold_out.gaps), (number + 1) / len(hold_out.gaps))
        shown = prepared.sequence.gap_at(times[gap.first]).number
        start = time.perf_counter()
        prepared.prepare_gap(shown, progress=part_of(report, 0.0, 0.9))
        prepare_seconds = time.perf_counter() - start
        for frame_number in gap.held_out:
            start = time.perf_counter()
            frame = prepared.at(times[frame_number], fields=True, gap=shown)
            measured = {"prepare_seconds": prepare_seconds, "frame_seconds": time.perf_counter() - start}
            if coverage is not None:
                measured |= coverage.measure(frame, frame_number)
            yield scoring.row(label, gap, frame_number, frame, measured), frame
        prepared.forget_gap(shown)
        report(1.0, f"{label.replace('_', ' ')}: frames {gap.first} to {gap.last}")


def _measure(scoring: Scoring, gap: HeldOutGap, number: int, frame: Frame) -> dict[str, float]:
    measures = scoring.score(frame.volume.array, number)
    ends = {"first": (gap.first, frame.displacement_first_to_t), "last": (gap.last, frame.displacement_last_to_t)}
    fields = {name: (source, given) for name, (source, given) in ends.items() if given is not None}
    measures |= {f"fold_rate_{name}": given.fold_rate for name, (_, given) in fields.items()}
    if scoring.truth is not None and fields:
        seen = field_of_view(scoring.scaled[number].array)
        measures |= _motion_error(scoring.truth, number, list(fields.values()), seen)
    return measures


def _motion_error(
    truth: MotionTruth,
    number: int,
    fields: abc.Sequence[tuple[int, DisplacementField]],
    seen: np.ndarray | None,
) -> dict[str, float]:
    """Return the error of the fields, both ends together, and that of no motion at all, where the frame is seen."""
    true = np.concatenate([truth.displacement(source, number) for source, _ in fields])
    given = np.concatenate([displacement.array for _, displacement in fields])
    known = [mask for mask in (truth.mask_of(number), seen) if mask is not None]
    mask = np.logical_and.reduce(known) if known else None
    masks = None if mask is None else np.concatenate([mask] * len(fields))
    error = metrics.end_point_error(given, true, masks)
    at_rest = metrics.end_point_error(np.zeros_like(true), true, masks)
    return {
        "epe_mm": error.mean,
        "epe_p95_mm": error.p95,
        "epe_still_mm": at_rest.mean,
        "epe_still_p95_mm": at_rest.p95,
    }
