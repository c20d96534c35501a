"""Scores of tracked pairs: the scale of intensities, and the frames and fields that are scored."""

import numpy as np
import pytest

from moving_blobs import moving_sequence, true_field
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.tracking_scores import scale_to_unit, score_pair


class TestScale:
    def test_eight_bits_are_divided_by_255_even_when_dark(self):
        geometry = Geometry((1, 2, 2))
        dark = np.array([[[0, 51], [102, 51]]], np.uint8)
        sequence = Sequence([Volume(a, geometry) for a in (dark, dark // 2)], (0, 1))
        first, second = (v.array for v in scale_to_unit(sequence).volumes)
        np.testing.assert_array_equal(first, np.float32([[[0, 0.2], [0.4, 0.2]]]))
        assert first.dtype == second.dtype == np.float32
        assert second.max() == np.float32(0.2)

    def test_anything_else_has_one_range_for_all_frames(self):
        geometry = Geometry((1, 20, 20))
        array = np.arange(400, dtype=np.int16).reshape(1, 20, 20) * 5
        scaled = scale_to_unit(Sequence([Volume(a, geometry) for a in (array, array // 2)], (0, 1)))
        assert scaled.volumes[0].array.max() == 1
        assert scaled.volumes[1].array.max() == pytest.approx(0.5, abs=0.01)


class TestScorePair:
    SHIFT = (0, 2, -3)

    def test_the_true_field_makes_the_frames_equal_away_from_the_border(self):
        sequence = moving_sequence((1, 40, 44), self.SHIFT)
        inside = np.zeros((1, 40, 44), bool)
        inside[:, 4:-4, 4:-4] = True
        frames = [v.array for v in sequence.volumes]
        field = true_field(sequence, self.SHIFT)
        scores = score_pair(*frames[:2], field, sequence.volumes[0].geometry, mask=inside, in_plane=True)
        assert scores.mse < 1e-9
        assert scores.correlation > 0.99  # windows reach beyond the mask
        assert scores.fold_rate == 0
        backwards = score_pair(*frames[:2], -field, sequence.volumes[0].geometry, mask=inside, in_plane=True)
        still = score_pair(*frames[:2], 0 * field, sequence.volumes[0].geometry, mask=inside, in_plane=True)
        assert backwards.mse > still.mse > 100 * scores.mse

    def test_folds_are_counted_inside_the_mask(self):
        geometry = Geometry((1, 20, 20))
        field = np.zeros((1, 20, 20, 3), np.float32)
        field[:, :, :10, 0] = -2 * np.arange(10)  # x -> -x in the left half
        image = np.zeros((1, 20, 20), np.float32)
        left = np.zeros((1, 20, 20), bool)
        left[..., :9] = True
        assert score_pair(image, image, field, geometry, mask=left).fold_rate == 1
        assert 0.4 < score_pair(image, image, field, geometry).fold_rate < 0.6
