"""The registration table: every method on the same pairs of labelled images, as in NeVF's Tables 1 to 3."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.volume import Volume, resample
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.evaluation.labelled_images import LabelledImage, LabelledPair
from temporal_interp.evaluation.peak_memory import with_peak_memory
from temporal_interp.evaluation.registration_methods import FindField
from temporal_interp.io import read_volume
from temporal_interp.io.label_maps import read_label_map
from temporal_interp.registration.affine import affine_start
from temporal_interp.registration.labels import dice, mean_dice, warp_labels


@dataclass(frozen=True)
class PairScore:
    """One method on one pair.

    Attributes:
        method: its name, with options.
        fixed: name of the fixed image.
        moving: name of the moving image.
        dice: by label of the fixed image.
        fold_rate: share of voxels, from 0 to 1, where the field folds space.
        seconds: wall time that the method took, without reading, the affine start and warping.
        memory: bytes by which memory grew meanwhile, see `with_peak_memory`; None where it is not known.
    """

    method: str
    fixed: str
    moving: str
    dice: Mapping[int, float]
    fold_rate: float
    seconds: float
    memory: float | None = None


def evaluate_registration(
    pairs: Sequence[LabelledPair],
    methods: Mapping[str, FindField],
    *,
    affine: bool = True,
    linear_labels: bool = False,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> list[PairScore]:
    """Register every pair by every method, warp the labels along, and score their overlap.

    All methods start from the same volumes: the moving one, brought onto the fixed one by the affine transform. Labels
    are warped once, by the affine transform and the field together.

    Args:
        pairs: images with labels.
        methods: by name.
        affine: start from an affine transform; else the images are taken to be aligned, and only resampled.
        linear_labels: see `warp_labels`.
        device: where the methods compute, whose memory is measured.
        progress: receives the progress; may raise CancelledError.

    Raises:
        UnreadableFileError: a file cannot be read.
        InvalidInputError: an image and its labels lie on different grids, or a pair cannot be registered; the message
            names the files.
    """
    if not pairs or not methods:
        raise InvalidInputError("There is nothing to evaluate: give at least one pair and one method.")
    scores = []
    for number, pair in enumerate(pairs):
        report = part_of(progress, number / len(pairs), (number + 1) / len(pairs))
        report(0.0, f"{pair.moving.name} onto {pair.fixed.name}")
        (fixed, there), (moving, here) = _read(pair.fixed), _read(pair.moving)
        start = _start(pair, fixed, moving) if affine else None
        at_rest = _at_rest(fixed, moving, start)
        for index, (name, find) in enumerate(methods.items()):
            stage = part_of(report, index / len(methods), (index + 1) / len(methods))
            told = _named(stage, f"{name}: {pair.moving.name} onto {pair.fixed.name}")
            began = time.perf_counter()
            field, memory = with_peak_memory(partial(find, fixed, at_rest, told), device)
            seconds = time.perf_counter() - began
            warped = warp_labels(here, fixed.geometry, field, before=start, linear=linear_labels)
            folds = DisplacementField.from_voxels(from_physical(field, fixed.geometry)[None], fixed.geometry).fold_rate
            overlap = dice(there.array, warped.array)
            scores.append(PairScore(name, pair.fixed.name, pair.moving.name, overlap, folds, seconds, memory))
    progress(1.0, "done")
    return scores


def _named(progress: Progress, name: str) -> Progress:
    def report(fraction: float, message: str) -> None:
        progress(fraction, name)

    return report


def _read(image: LabelledImage) -> tuple[Volume, Volume]:
    volume, labels = read_volume(image.image), read_label_map(image.labels)
    if not volume.geometry.is_close(labels.geometry):
        raise InvalidInputError(
            f"{image.labels}: the labels do not lie on the grid of {image.image.name}: {labels.geometry} against "
            f"{volume.geometry}."
        )
    if not labels.array.any():
        raise InvalidInputError(f"{image.labels}: every voxel is 0, so there is nothing to score.")
    return volume, labels


def _start(pair: LabelledPair, fixed: Volume, moving: Volume) -> sitk.Transform:
    try:
        return affine_start(fixed, moving)
    except InvalidInputError as error:
        raise InvalidInputError(f"{pair.moving.image} onto {pair.fixed.image}: {error}") from error


def _at_rest(fixed: Volume, moving: Volume, start: sitk.Transform | None) -> Volume:
    """Return the moving volume, float32, on the grid of the fixed one, moved by the affine transform."""
    return resample(moving.with_array(moving.array.astype(np.float32)), fixed.geometry, transform=start)


def summary(scores: Sequence[PairScore]) -> list[dict[str, Any]]:
    """Return a row for every method: means over pairs, the largest memory, the deviation of Dice, and Dice by label.

    Example:
        >>> summary([PairScore("start", "a", "b", {1: 0.5, 2: 1.0}, 0.0, 0.1)])[0]["dice"]
        0.75
    """
    rows = []
    for method in dict.fromkeys(score.method for score in scores):
        mine = [score for score in scores if score.method == method]
        means = [mean_dice(score.dice) for score in mine]
        labels = sorted({label for score in mine for label in score.dice})
        row: dict[str, Any] = {
            "method": method,
            "pairs": len(mine),
            "dice": float(np.mean(means)),
            "dice_std": float(np.std(means)),
            "fold_rate": float(np.mean([score.fold_rate for score in mine])),
            "seconds": float(np.mean([score.seconds for score in mine])),
        }
        grown = [score.memory for score in mine if score.memory is not None]
        if grown:
            row["memory_gb"] = max(grown) / 1e9
        for label in labels:
            row[f"dice_{label}"] = float(np.mean([score.dice[label] for score in mine if label in score.dice]))
        rows.append(row)
    return rows


def pair_rows(scores: Sequence[PairScore]) -> list[dict[str, Any]]:
    """Return a row for every method and pair, for a CSV file."""
    return [
        {
            "method": score.method,
            "fixed": score.fixed,
            "moving": score.moving,
            "dice": mean_dice(score.dice),
            "fold_rate": score.fold_rate,
            "seconds": score.seconds,
            "memory": score.memory,
            **{f"dice_{label}": value for label, value in score.dice.items()},
        }
        for score in scores
    ]
