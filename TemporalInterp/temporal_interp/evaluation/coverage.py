"""How many errors of held-out frames lie within the error to expect, which is calibrated without these frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import Progress, no_progress
from temporal_interp.evaluation.hold_out import HoldOut
from temporal_interp.tensors.metrics import moving_region
from temporal_interp.uncertainty.calibration import Calibration, calibrate
from temporal_interp.uncertainty.error_map import error_map


@dataclass(frozen=True, eq=False)
class Coverage:
    """The error to expect of one engine on one sequence, held against the errors that there are.

    Attributes:
        sequence: all frames, scaled from 0 to 1.
        shown: those that the engine sees.
        moving: (K, J, I), where the sequence moves.
        calibration: on the frames that are shown.
    """

    sequence: Sequence
    shown: Sequence
    moving: np.ndarray
    calibration: Calibration

    @classmethod
    def of(cls, sequence: Sequence, hold_out: HoldOut, engine: Engine, *, progress: Progress = no_progress) -> Coverage:
        """Calibrate on the frames that are not held out.

        Args:
            sequence: all frames, scaled from 0 to 1.
            hold_out: which of them are hidden.
            engine: whose errors.
            progress: receives the progress; may raise CancelledError.
        """
        shown = hold_out.shown(sequence)
        only = shown.gap_at(sequence.times[hold_out.gaps[0].first]) if len(hold_out.gaps) == 1 else None
        calibration = calibrate(shown, engine, gap=only, progress=progress)
        return cls(sequence, shown, moving_region(volume.array for volume in sequence.volumes), calibration)

    def measure(self, frame: Frame, number: int) -> dict[str, float]:
        """Return the measures of a prediction of a held-out frame: see `evaluate.Row`."""
        expected = error_map(frame, self.shown.gap_at(frame.time), self.shown, self.calibration)
        error = np.abs(frame.volume.array.astype(np.float32) - self.sequence[number].array)
        here = self.moving & np.isfinite(error) & np.isfinite(expected)
        if not here.any():
            return {}
        ratio = error[here] / np.maximum(expected[here], np.finfo(np.float32).tiny)
        return {
            "within_68": float((ratio <= 1).mean()),
            "within_95": float((ratio <= self.calibration.factor_95).mean()),
            "expected_error": float(expected[here].mean()),
        }
