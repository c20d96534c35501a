"""Slice synthesis fitted to volumes: better than linear interpolation, on any volume that can be learnt from."""

import numpy as np
import pytest
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.add_slices import View, add_slices
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings
from temporal_interp.tensors.metrics import mse
from tiny_slice_fits import QUICK, TINY


@pytest.fixture(scope="module")
def fitted(thick):
    return fit_to_volumes(
        new_model(2, **TINY), [thick], SliceTrainingSettings(steps=60, slices=9, side=24, learning_rate=5e-3)
    )


def error(made, thin):
    return mse(made.array[1::2], thin.array[1::2])


def test_a_fit_puts_held_out_slices_back_better_than_linear_interpolation(thick, thin, fitted):
    linear = error(interpolate_slices(thick, 2, Classical.LINEAR), thin)
    assert error(add_slices(thick, fitted), thin) < 0.8 * linear
    for view in (View.CORONAL, View.SAGITTAL):
        assert error(add_slices(thick, fitted, views=(view,)), thin) < 0.8 * linear


def test_networks_without_memory_and_with_holistic_attention_train(thick):
    small = {
        "slice_network": SliceNetworkSettings(memory_items=0),
        "pixel_network": PixelNetworkSettings(holistic=True),
    }
    model = fit_to_volumes(new_model(3, **small), [thick], QUICK)
    assert add_slices(thick, model).array.shape == (61, 48, 48)


def test_two_slices_are_enough_where_the_plane_is_learnt_from(thick):
    pair = Volume(thick.array[:2], Geometry((2, 48, 48), (1.0, 1.0, 2.0)))
    assert add_slices(pair, fit_to_volumes(new_model(2, **TINY), [pair], QUICK)).array.shape == (3, 48, 48)


def test_voxels_that_are_no_numbers_do_not_spoil_a_training(thick):
    padded = thick.with_array(np.where(np.arange(48) < 3, np.nan, thick.array).astype(np.float32))
    model = fit_to_volumes(new_model(2, **TINY), [padded], QUICK)
    assert all(torch.isfinite(weights).all() for weights in model.state_dict().values())


def test_bad_input_is_refused(thick):
    constant = thick.with_array(np.zeros_like(thick.array))
    broken = thick.with_array(np.full_like(thick.array, np.nan))
    with pytest.raises(InvalidInputError, match="nothing to learn"):
        fit_to_volumes(new_model(2, **TINY), [constant], QUICK)
    with pytest.raises(InvalidInputError, match="Volume 1"):
        fit_to_volumes(new_model(2, **TINY), [thick, broken], QUICK)
    with pytest.raises(InvalidInputError, match="2, 3, 4 times closer, not 5"):
        new_model(5)
