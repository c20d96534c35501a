"""Synthetic frames together with the error to expect of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.protocol import Engine
from temporal_interp.engines.registry import AUTO_MEASURED
from temporal_interp.errors import Progress, no_progress, part_of
from temporal_interp.uncertainty.calibration import calibrate
from temporal_interp.uncertainty.error_map import ExpectedErrors, error_map, expected_errors
from temporal_interp.workflows.interpolation import MEASURING, OnFrame, chosen, run
from temporal_interp.workflows.request import Request

CALIBRATING = 0.6
"""Share of the progress that hiding acquired frames takes: about twice the work of the interpolation."""


def interpolate_with_errors(
    sequence: Sequence, *, progress: Progress = no_progress, **wanted: Any
) -> tuple[Sequence, ExpectedErrors]:
    """Return what `interpolate` does, and the error to expect of every frame of it.

    How large errors are is learnt on the sequence itself: acquired frames are hidden, predicted and compared, over gaps
    of the length at hand and twice that where frames allow. With too few frames, errors are as they usually are, and
    `calibration.is_calibrated` is False.

    Args:
        sequence: acquired frames, two or more.
        progress: receives the progress; may raise CancelledError.
        **wanted: the other arguments of `interpolate`.

    Raises:
        InvalidInputError: as `interpolate`.

    Example:
        >>> import numpy as np
        >>> cine = Sequence.from_numpy(np.random.rand(3, 1, 16, 16), times=[0, 40, 80])
        >>> smooth, errors = interpolate_with_errors(cine, factor=2, engine="linear_blend")
        >>> errors.sequence.times == smooth.times, errors.sequence[0].array.max().item()
        (True, 0.0)
    """
    measuring = MEASURING if wanted.get("engine") == AUTO_MEASURED else 0.0
    request, engine = chosen(sequence, **wanted, progress=part_of(progress, 0.0, measuring))
    return run_with_errors(request, sequence, engine, progress=part_of(progress, measuring, 1.0))


def run_with_errors(
    request: Request,
    sequence: Sequence,
    engine: Engine,
    *,
    on_frame: OnFrame | None = None,
    progress: Progress = no_progress,
) -> tuple[Sequence, ExpectedErrors]:
    """Return what `interpolation.run` does, and the error to expect of every frame of it; the arguments are the same.

    Raises:
        InvalidInputError: the request does not fit the sequence, or the frames cannot be interpolated.
    """
    source = request.source(sequence)
    gaps = [gap for gap, _ in request.gaps(source, sequence)]
    only = gaps[0] if len(gaps) == 1 else None
    calibration = calibrate(source, engine, gap=only, progress=part_of(progress, 0.0, CALIBRATING))
    maps: dict[float, np.ndarray] = {}

    def mapped(frame: Frame) -> None:
        if frame.provenance is not None:
            maps[frame.time] = error_map(frame, source.gap_at(frame.time), source, calibration)
        if on_frame is not None:
            on_frame(frame)

    result = run(request, sequence, engine, on_frame=mapped, progress=part_of(progress, CALIBRATING, 1.0))
    return result, expected_errors(result, maps, source, calibration)
