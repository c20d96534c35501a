"""The tracking table: every method on the same pairs of one sequence, in one run, as in NMSR's Table 1."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from temporal_interp.data.field_of_view import Filling, field_of_view, require_seen
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.evaluation.pairwise_methods import PairwiseMethod, Tracked
from temporal_interp.evaluation.tracking_scores import PairScores, scale_to_unit, score_pair


@dataclass(frozen=True)
class MethodScores:
    """One method on one sequence.

    Attributes:
        method: its label.
        pairs: by the number n of the earlier frame, the scores of the pair (n, n + 1).
        seconds_per_pair: wall time a pair took.
        sequence_seconds: wall time all neighbouring pairs of the sequence take, scored or not: for a registration of
            single pairs, that many times `seconds_per_pair`.
    """

    method: str
    pairs: dict[int, PairScores]
    seconds_per_pair: float
    sequence_seconds: float

    def mean(self, measure: str) -> float:
        """Return the mean of a measure of `PairScores` over the pairs."""
        return float(np.mean([getattr(scores, measure) for scores in self.pairs.values()]))

    def deviation(self, measure: str) -> float:
        """Return the standard deviation of a measure over the pairs (population's); 0 for one pair."""
        return float(np.std([getattr(scores, measure) for scores in self.pairs.values()]))


@dataclass(frozen=True)
class TrackingEvaluation:
    """The table.

    Attributes:
        pairs: numbers n of the earlier frames of the pairs (n, n + 1) that were scored.
        identical: those of them whose two frames are equal, such as in a film that repeats frames; no method can fail
            there.
        methods: a row each, in the order in which they ran.
    """

    pairs: tuple[int, ...]
    identical: tuple[int, ...]
    methods: tuple[MethodScores, ...]


def evaluate_tracking(
    sequence: Sequence,
    methods: abc.Sequence[PairwiseMethod],
    *,
    mask: np.ndarray | None = None,
    every: int = 1,
    progress: Progress = no_progress,
) -> TrackingEvaluation:
    """Let every method map frame n onto frame n + 1, and score the result.

    All methods see the whole sequence, scaled by `tracking_scores.scale_to_unit`, and run one after the other. What a
    frame does not show is filled, and no place is scored that some frame does not show.

    Args:
        sequence: acquired frames, at least two.
        methods: what to compare.
        mask: where to score, (K, J, I) bool, for all frames; methods that can take a mask are given it. None is
            everywhere.
        every: score only every n-th pair, for slow methods.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the input cannot be evaluated; the message says why.
    """
    _require_trackable(sequence, mask, every)
    mask = _seen_throughout(sequence, mask)
    fill = Filling()
    scaled = scale_to_unit(replace(sequence, volumes=[v.with_array(fill(v)) for v in sequence.volumes]))
    pairs = tuple(range(0, len(sequence) - 1, every))
    scored = []
    for number, method in enumerate(methods):
        report = part_of(progress, number / len(methods), (number + 1) / len(methods))
        for tracked in method.track(scaled, pairs, mask=mask, progress=report):
            scored.append(_scored(scaled, tracked, mask))
    return TrackingEvaluation(pairs, tuple(n for n in pairs if _identical(sequence, n)), tuple(scored))


def _identical(sequence: Sequence, n: int) -> bool:
    return np.array_equal(sequence.volumes[n].array, sequence.volumes[n + 1].array)


def _require_trackable(sequence: Sequence, mask: np.ndarray | None, every: int) -> None:
    if len(sequence) < 2:
        raise InvalidInputError("Tracking is scored between neighbouring frames, but the sequence has only one frame.")
    if every < 1:
        raise InvalidInputError(f"Scoring every {every} pairs scores none; the number must be at least 1.")
    for number, (volume, attributes) in enumerate(zip(sequence.volumes, sequence.item_attributes, strict=True)):
        require_seen(volume, f"Frame {number}")
        if is_synthetic(attributes):
            raise InvalidInputError(f"Frame {number} is synthetic; tracking is scored on acquired frames only.")
    shape = sequence.volumes[0].geometry.shape
    if mask is not None and (mask.shape != shape or mask.dtype != bool):
        raise InvalidInputError(f"The mask must be bool, {shape} as the frames, got {mask.dtype}, {mask.shape}.")
    if mask is not None and not mask.any():
        raise InvalidInputError("The mask is empty: there is nothing to score.")


def _seen_throughout(sequence: Sequence, mask: np.ndarray | None) -> np.ndarray | None:
    """Return the voxels of the mask that every frame shows; None where that is everywhere.

    Raises:
        InvalidInputError: there are none.
    """
    known = [seen for volume in sequence.volumes if (seen := field_of_view(volume.array)) is not None]
    if not known:
        return mask
    seen = np.logical_and.reduce(known if mask is None else [*known, mask])
    if not seen.any():
        raise InvalidInputError("No voxel to score is a number in every frame: the others are NaN or infinite.")
    return seen


def _scored(sequence: Sequence, tracked: Tracked, mask: np.ndarray | None) -> MethodScores:
    geometry = sequence.volumes[0].geometry
    in_plane = sequence.slices_are_independent
    frames = [volume.array for volume in sequence.volumes]
    scores = {
        n: score_pair(frames[n], frames[n + 1], field, geometry, mask=mask, in_plane=in_plane)
        for n, field in tracked.fields.items()
    }
    return MethodScores(
        tracked.label, scores, tracked.seconds_per_pair, tracked.seconds_per_pair * (len(sequence) - 1)
    )  # fmt: skip


def pooled(evaluations: abc.Sequence[TrackingEvaluation]) -> TrackingEvaluation:
    """Return the evaluations of several sequences by the same methods as one, over all pairs, as in NMSR's Table 1.

    Pairs are counted through all sequences. The time of a pair is its mean over all pairs, and that of a sequence its
    mean over sequences.

    Args:
        evaluations: at least one; a single one is returned as it is.
    """
    if len(evaluations) == 1:
        return evaluations[0]
    counts = [len(evaluation.pairs) for evaluation in evaluations]
    first = [sum(counts[:number]) for number in range(len(counts))]
    methods = []
    for same in zip(*(evaluation.methods for evaluation in evaluations), strict=True):
        pairs = {
            start + place: scores
            for start, row in zip(first, same, strict=True)
            for place, scores in enumerate(row.pairs.values())
        }
        seconds = float(np.average([row.seconds_per_pair for row in same], weights=counts))
        methods.append(
            MethodScores(same[0].method, pairs, seconds, float(np.mean([row.sequence_seconds for row in same])))
        )
    identical = tuple(
        start + evaluation.pairs.index(n)
        for start, evaluation in zip(first, evaluations, strict=True)
        for n in evaluation.identical
    )
    return TrackingEvaluation(tuple(range(sum(counts))), identical, tuple(methods))


def summary_rows(evaluation: TrackingEvaluation) -> list[dict[str, Any]]:
    """Return a tidy row for every method, with MSE in 1e-3 and mean CC in 1e-1 as the paper prints them."""
    return [
        {
            "method": row.method,
            "pairs": len(row.pairs),
            "mse_x1e3": 1e3 * row.mean("mse"),
            "mse_x1e3_std": 1e3 * row.deviation("mse"),
            "cc_x10": 10 * row.mean("correlation"),
            "cc_x10_std": 10 * row.deviation("correlation"),
            "fold_rate": row.mean("fold_rate"),
            "seconds_per_pair": row.seconds_per_pair,
            "sequence_seconds": row.sequence_seconds,
        }
        for row in evaluation.methods
    ]


def pair_rows(evaluation: TrackingEvaluation) -> list[dict[str, Any]]:
    """Return a tidy row for every method and pair; `frame` is the earlier one."""
    return [
        {
            "method": row.method,
            "frame": n,
            "mse_x1e3": 1e3 * scores.mse,
            "cc_x10": 10 * scores.correlation,
            "fold_rate": scores.fold_rate,
        }
        for row in evaluation.methods
        for n, scores in row.pairs.items()
    ]
