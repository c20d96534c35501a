"""The error to expect of the frames of a sequence, as images."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace

import numpy as np

from temporal_interp.data.field_of_view import field_of_view, outside_as_nan
from temporal_interp.data.frame import Frame
from temporal_interp.data.provenance import PREFIX, is_synthetic
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.tensors.metrics import moving_region
from temporal_interp.uncertainty.calibration import Calibration
from temporal_interp.uncertainty.clues import clues_of

ERROR_KEY = PREFIX + "ExpectedError"
"""Attribute of every frame of a sequence of errors: what its voxels mean."""

CALIBRATION_KEY = PREFIX + "Calibration"
"""Likewise: on which hidden frames it was calibrated."""

FACTOR_95_KEY = PREFIX + "FactorOf95Percent"
"""Likewise: so many standard deviations hold 95 % of the errors."""

MEANING = "one standard deviation of the error to expect, in the unit of the image; 0 in acquired frames"


@dataclass(frozen=True, eq=False)
class ExpectedErrors:
    """The error to expect of every frame of a sequence.

    Attributes:
        sequence: float32 images of one standard deviation, in the unit of the images, on their grid and at their times;
            0 in acquired frames, NaN where the frames are.
        calibration: where it comes from.
        mean_share: mean over the synthetic frames where the sequence moves, as a share of its range of intensities.
    """

    sequence: Sequence
    calibration: Calibration
    mean_share: float

    @property
    def in_words(self) -> str:
        """The mean error and where it comes from, in a sentence."""
        unit = self.sequence.unit
        return f"{share_in_words(self.mean_share)} ({self.calibration.in_words(unit)})"

    def as_values(self) -> dict[str, object]:
        """The same as values for JSON."""
        given = self.calibration
        return {
            "mean_share_of_range": self.mean_share,
            "calibrated_on": [{"frames": frames, "gap": length} for frames, length in given.compared],
            "factor_95": given.factor_95,
        }


def share_in_words(share: float) -> str:
    """Return an error, as a share of the range, in words.

    Example:
        >>> share_in_words(0.041), share_in_words(0.004)
        ('about 4 % of the range where it moves', 'less than 1 % of the range where it moves')
    """
    percent = round(100 * share)
    return f"{f'about {percent} %' if percent else 'less than 1 %'} of the range where it moves"


def error_map(frame: Frame, gap: Gap, source: Sequence, calibration: Calibration) -> np.ndarray:
    """Return the error to expect of a synthetic frame, (K, J, I) float32, in the unit of the images.

    Args:
        frame: with its displacement fields, where the engine has them.
        gap: where it lies.
        source: the frames that the engine saw.
        calibration: of the engine on these frames.
    """
    width = source.intensity_range.high - source.intensity_range.low
    expected = (width * calibration.expected(clues_of(frame, gap, source))).astype(np.float32)
    return outside_as_nan(expected, field_of_view(frame.volume.array))


def expected_errors(
    result: Sequence, maps: abc.Mapping[float, np.ndarray], source: Sequence, calibration: Calibration
) -> ExpectedErrors:
    """Return the errors of a sequence with synthetic frames.

    Args:
        result: acquired and synthetic frames.
        maps: of the synthetic ones, by their time.
        source: the frames that the engine saw.
        calibration: of the engine on these frames.
    """
    moving = moving_region(volume.array for volume in source.volumes)
    facts = {
        ERROR_KEY: MEANING,
        CALIBRATION_KEY: calibration.in_words(source.unit),
        FACTOR_95_KEY: f"{calibration.factor_95:.3g}",
    }
    volumes, attributes, means = [], [], []
    for time, volume, given in zip(result.times, result.volumes, result.item_attributes, strict=True):
        seen = field_of_view(volume.array)
        array = maps[time] if is_synthetic(given) else outside_as_nan(np.zeros(volume.array.shape, np.float32), seen)
        volumes.append(Volume(array, volume.geometry))
        attributes.append({**given, **facts})
        where = moving & np.isfinite(array)
        if is_synthetic(given) and where.any():
            means.append(float(array[where].mean()))
    width = source.intensity_range.high - source.intensity_range.low
    mean = float(np.mean(means)) / width if means else 0.0
    notes = (f"Voxels are {MEANING}; {calibration.factor_95:.2g} of them hold 95 %.", facts[CALIBRATION_KEY] + ".")
    return ExpectedErrors(replace(result, volumes=volumes, item_attributes=attributes, notes=notes), calibration, mean)
