"""Curves of scores over the frames."""

import pytest
from PIL import Image

from drawn_sequences import beating_square
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between, every
from temporal_interp.figures.curves import save_curves


class TestCurves:
    @pytest.mark.parametrize("hold_out", [lambda s: between(s, 0, 4), lambda s: every(s, 2)])
    def test_curves_are_drawn_for_one_gap_and_for_many(self, tmp_path, hold_out):
        sequence = beating_square()
        save_curves(evaluate(sequence, hold_out(sequence), [LinearBlend()]), tmp_path / "curves.png")
        assert Image.open(tmp_path / "curves.png").width == 1350

    def test_curves_of_a_preset_that_was_not_run_are_refused(self, tmp_path):
        sequence = beating_square()
        with pytest.raises(InvalidInputError, match="'uvi'"):
            save_curves(evaluate(sequence, between(sequence, 0, 2), []), tmp_path / "curves.png", preset="uvi")
