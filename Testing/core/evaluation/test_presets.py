"""Presets of intensities and grids: the native one and those of UVI-Net."""

import numpy as np
import pytest

from scored_sequences import make_sequence
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.presets import presets_named, scale_native, scale_uvi, scale_uvi_lung


class TestPresets:
    def test_native_scale_is_one_for_all_frames(self):
        sequence = make_sequence()
        bright = sequence.volumes[1].with_array(sequence.volumes[1].array * 5)
        sequence = Sequence([sequence.volumes[0], bright], (0, 1))
        dim, lit = (v.array for v in scale_native(sequence).volumes)
        assert lit.max() == 1.0
        assert dim.max() < 0.25
        assert dim.dtype == np.float32

    @pytest.mark.parametrize("slices", [8, 33])
    def test_uvi_scale_crops_the_centre_pads_slices_with_zeros_and_stretches_every_frame(self, slices):
        array = np.random.default_rng(0).integers(50, 100, (slices, 131, 150)).astype(np.int16)
        sequence = Sequence([Volume(a, Geometry(array.shape)) for a in (array, array * 2)], (0, 1))
        one, other = (v.array for v in scale_uvi(sequence).volumes)
        assert one.shape == (32, 128, 128)
        if slices == 8:
            centre = array[:, 1:129, 11:139]
            np.testing.assert_allclose(one[12:20], centre / centre.max(), rtol=1e-6)
            assert not one[:12].any()
            assert not one[20:].any()
        else:
            centre = array[:32, 1:129, 11:139].astype(float)
            np.testing.assert_allclose(one, (centre - 50) / 49, rtol=1e-6)
        np.testing.assert_allclose(one, other, rtol=1e-6)

    def test_uvi_lung_stretches_every_frame_and_keeps_the_grid(self):
        sequence = make_sequence(2, shape=(3, 130, 131))
        for volume, scaled in zip(sequence.volumes, scale_uvi_lung(sequence).volumes, strict=True):
            array = volume.array.astype(float)
            np.testing.assert_allclose(scaled.array, (array - array.min()) / np.ptp(array), rtol=1e-6)
            assert scaled.geometry == volume.geometry

    def test_uvi_lung_means_pool_frames_as_uvi_does(self):
        (uvi,), (lung,) = presets_named("uvi"), presets_named("uvi_lung")
        assert (lung.pooled, lung.scorer) == (uvi.pooled, uvi.scorer) == (True, uvi.scorer)

    def test_uvi_refuses_a_frame_that_is_constant(self):
        volume = Volume(np.zeros((2, 9, 9), np.uint8), Geometry((2, 9, 9)))
        with pytest.raises(InvalidInputError, match="Frame 0 is constant"):
            scale_uvi(Sequence([volume], (0,)))

    def test_an_unknown_preset_is_refused_with_the_choices(self):
        with pytest.raises(InvalidInputError, match="native, uvi, both"):
            presets_named("best")
