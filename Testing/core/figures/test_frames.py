"""Figures of held-out frames: synthetic frames are marked as such."""

from dataclasses import replace

import numpy as np
import pytest

from drawn_sequences import beating_square, has_colour
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between
from temporal_interp.figures.canvas import ACQUIRED, OUTSIDE, SYNTHETIC
from temporal_interp.figures.frames import save_frames


class TestFrames:
    @pytest.mark.parametrize("preset", ["native", "uvi"])
    def test_frames_are_drawn_with_synthetic_ones_marked(self, tmp_path, preset):
        sequence = beating_square()
        result = evaluate(sequence, between(sequence, 0, 4), [LinearBlend()], preset=preset, keep_frames=(1, 2))
        save_frames(sequence, result, tmp_path / "frames.png", preset=preset)
        assert has_colour(tmp_path / "frames.png", SYNTHETIC)
        assert has_colour(tmp_path / "frames.png", ACQUIRED)

    def test_frames_of_one_slice_can_be_drawn(self, tmp_path):
        sequence = beating_square(shape=(1, 60, 80), k=0)
        result = evaluate(sequence, between(sequence, 0, 4), [LinearBlend()], keep_frames=(2,))
        save_frames(sequence, result, tmp_path / "frames.png")
        assert (tmp_path / "frames.png").exists()

    @pytest.mark.parametrize("engines", [[], [LinearBlend()]])
    def test_without_kept_frames_of_an_engine_there_is_nothing_to_draw(self, tmp_path, engines):
        sequence = beating_square()
        result = evaluate(sequence, between(sequence, 0, 4), engines, keep_frames=() if engines else (2,))
        with pytest.raises(InvalidInputError, match="kept no frames"):
            save_frames(sequence, result, tmp_path / "frames.png")

    @pytest.mark.filterwarnings("error")
    def test_voxels_that_are_no_numbers_are_drawn_in_a_colour_of_their_own(self, tmp_path):
        whole = beating_square()
        outside = np.arange(80) < 34
        sequence = replace(whole, volumes=[v.with_array(np.where(outside, np.nan, v.array)) for v in whole])
        result = evaluate(sequence, between(sequence, 0, 4), [LinearBlend()], keep_frames=(1, 2))
        save_frames(sequence, result, tmp_path / "frames.png")
        assert has_colour(tmp_path / "frames.png", OUTSIDE)
