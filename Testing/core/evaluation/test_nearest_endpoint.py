"""The nearest endpoint as an engine."""

import numpy as np

from scored_sequences import make_sequence
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between
from temporal_interp.evaluation.presets import scale_native


class TestNearestEndpoint:
    def test_the_nearest_endpoint_is_the_first_before_the_middle_and_the_last_from_there(self):
        sequence = make_sequence(5)
        kept = evaluate(sequence, between(sequence, 0, 4), [], keep_frames=(1, 2, 3)).kept
        shown = [kept["native", "nearest_endpoint", n].volume.array for n in (1, 2, 3)]
        scaled = scale_native(sequence).volumes
        for frame, end in zip(shown, (0, 4, 4), strict=True):
            np.testing.assert_array_equal(frame, scaled[end].array)
