"""Slices between the slices of volumes and sequences."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stand_ins import cancel
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.slices import add_slices as module
from temporal_interp.slices.add_slices import View, add_slices, add_slices_to_sequence
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.slice_grid import closer_slices


def a_volume(shape=(5, 12, 13), dtype=np.int16, seed=0):
    array = np.random.default_rng(seed).integers(-1000, 1000, shape).astype(dtype)
    tilt = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
    return Volume(array, Geometry(shape, (0.7, 0.8, 5.0), (3.0, -4.0, 5.0), tilt))


def trained(factor=2):
    """Networks whose answer is not linear interpolation."""
    model = new_model(factor)
    torch.manual_seed(1)
    for tail in (model.slice_network.tail, model.pixel_network.tail):
        torch.nn.init.normal_(tail.weight, std=0.05)
    return model.eval()


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_fresh_networks_interpolate_linearly(factor):
    volume = a_volume(dtype=np.float32)
    made = add_slices(volume, new_model(factor).eval())
    linear = interpolate_slices(volume, factor, Classical.LINEAR)
    np.testing.assert_allclose(made.array, linear.array, atol=1e-2)
    assert made.geometry.is_close(closer_slices(volume.geometry, factor))


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.float64])
def test_acquired_slices_stay_bit_for_bit_and_the_type_stays(dtype):
    volume = a_volume(dtype=dtype)
    made = add_slices(volume, trained())
    assert made.array.dtype == dtype
    np.testing.assert_array_equal(made.array[::2], volume.array)


def test_acquired_slices_can_be_synthesised_too():
    volume = a_volume(dtype=np.float32)
    made = add_slices(volume, trained(), keep_acquired=False)
    assert np.abs(made.array[::2] - volume.array).max() > 1


@pytest.mark.parametrize("factor", [2, 3])
def test_fusion_is_the_mean_of_the_views(factor):
    volume, model = a_volume(dtype=np.float32), trained(factor)
    axial, coronal, sagittal = (
        add_slices(volume, model, views=(view,), keep_acquired=False).array for view in View
    )  # fmt: skip
    expected = (axial + coronal + sagittal) / 3
    expected[::factor] = ((coronal + sagittal) / 2)[::factor]
    fused = add_slices(volume, model, keep_acquired=False).array
    np.testing.assert_allclose(fused, expected, atol=1e-2)
    np.testing.assert_allclose(axial[::factor], volume.array, atol=1e-3)


def test_the_result_does_not_depend_on_the_chunks(monkeypatch):
    volume, model = a_volume(dtype=np.float32), trained(3)
    whole = add_slices(volume, model).array
    monkeypatch.setattr(module, "CHUNK_VOXELS", 1)
    np.testing.assert_allclose(add_slices(volume, model).array, whole, atol=1e-2)


def test_intensities_beyond_the_scale_are_not_cut():
    volume = a_volume(dtype=np.float32)
    volume.array[2, 5, 5] = 20000.0
    made = add_slices(volume, new_model(2).eval(), keep_acquired=False)
    assert made.array[4, 5, 5] == pytest.approx(20000.0, rel=1e-4)


def test_constant_volumes_stay_constant():
    volume = a_volume().with_array(np.full((5, 12, 13), 7, np.int16))
    made = add_slices(volume, trained())
    assert made.array.shape == (9, 12, 13)
    assert np.all(made.array == 7)


def test_one_slice_and_a_volume_that_shows_nothing_are_refused():
    with pytest.raises(InvalidInputError, match="only one slice"):
        add_slices(a_volume((1, 12, 13)), trained())
    broken = a_volume(dtype=np.float32)
    broken.array[:] = np.nan
    with pytest.raises(InvalidInputError, match="The volume is NaN or infinite throughout"):
        add_slices(broken, trained())


@pytest.mark.parametrize("keep_acquired", [True, False])
@pytest.mark.filterwarnings("error")
def test_a_synthetic_voxel_is_nan_where_neither_slice_around_it_is_a_number(keep_acquired):
    whole, holed = a_volume(dtype=np.float32), a_volume(dtype=np.float32)
    holed.array[:, 0] = np.nan
    holed.array[1, 5, 5] = np.inf
    holed.array[3] = np.nan  # a whole slice
    made = add_slices(holed, trained(), keep_acquired=keep_acquired).array
    seen = np.isfinite(holed.array)
    expected = np.empty(made.shape, bool)
    expected[::2], expected[1::2] = seen, seen[:-1] | seen[1:]
    np.testing.assert_array_equal(np.isfinite(made), expected)
    if keep_acquired:
        np.testing.assert_array_equal(made[::2], holed.array)
    there = add_slices(whole, trained(), keep_acquired=keep_acquired).array[:5, 2:]
    far = np.ones(there.shape, bool)
    far[1:4, 1:6, 2:9] = False  # around the pixel
    assert np.abs(made[:5, 2:] - there)[far].mean() < 0.05 * np.ptp(whole.array)


def test_progress_rises_and_can_stop_the_work():
    seen = []
    add_slices(a_volume(), trained(), progress=lambda share, _: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    with pytest.raises(CancelledError):
        add_slices(a_volume(), trained(), progress=cancel)


def test_sequences_keep_their_times_and_say_what_is_synthetic():
    volumes = [a_volume(seed=seed) for seed in (1, 2)]
    sequence = Sequence(volumes, (0.0, 40.0), item_attributes=({"a": "b"}, {}), slice_thickness=4.0)
    made = add_slices_to_sequence(sequence, trained(), source={"SliceModel": "some model"})
    assert made.times == (0.0, 40.0)
    assert made.slice_thickness == 4.0
    for number, volume in enumerate(volumes):
        np.testing.assert_array_equal(made.volumes[number].array[::2], volume.array)
        marks = made.item_attributes[number]
        assert marks["TemporalInterp.SyntheticSlices"] == "all but every 2nd from the first on"
        assert marks["TemporalInterp.SliceModel"] == "some model"
    assert made.item_attributes[0]["a"] == "b"


def test_frames_share_one_scale():
    """A frame comes out the same whatever its own brightness: only the sequence's counts."""
    dark = a_volume(dtype=np.float32)
    bright = dark.with_array(dark.array * 10)
    sequence = Sequence([dark, bright], (0.0, 1.0))
    model = trained()
    together = add_slices_to_sequence(sequence, model).volumes[0].array
    alone = add_slices_to_sequence(replace(sequence, volumes=[dark], times=(0.0,), item_attributes=()), model)
    assert np.abs(together - alone.volumes[0].array).max() > 1


def test_a_frame_that_shows_nothing_is_named():
    broken = a_volume(dtype=np.float32)
    broken.array[:] = np.inf
    sequence = Sequence([a_volume(dtype=np.float32), broken], (0.0, 1.0))
    with pytest.raises(InvalidInputError, match="Frame 1"):
        add_slices_to_sequence(sequence, trained())
