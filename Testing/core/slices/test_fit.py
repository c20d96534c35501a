"""Training of slice synthesis on a volume alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.slices.add_slices import View, add_slices
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings
from temporal_interp.tensors.metrics import mse

TINY = {
    "slice_network": SliceNetworkSettings(features=2, blocks=1),
    "pixel_network": PixelNetworkSettings(width=12, groups=1, blocks=2),
}
LEARNING = SliceTrainingSettings(slices=9, side=24, batch=8, learning_rate=5e-3)
QUICK = SliceTrainingSettings(steps=3, slices=5, side=12, batch=2)


def balls(shape, spacing, seed=0):
    """Balls of even brightness with soft edges, of which every view shows the same."""
    generator = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(*(np.arange(n) * s for n, s in zip(shape, spacing, strict=True)), indexing="ij"), -1)
    image = np.zeros(shape, np.float32)
    extent = np.array(shape) * spacing
    for _ in range(40):
        distance = np.linalg.norm(places - generator.uniform(0, extent), axis=-1)
        image += generator.uniform(-1, 1) / (1 + np.exp((distance - generator.uniform(2, 6)) / 0.35))
    return image


@pytest.fixture(scope="module")
def thin():
    return Volume(balls((41, 48, 48), (1.0, 1.0, 1.0)), Geometry((41, 48, 48)))


@pytest.fixture(scope="module")
def thick(thin):
    return Volume(thin.array[::2].copy(), Geometry((21, 48, 48), (1.0, 1.0, 2.0)))


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


def test_distillation_brings_the_views_together(thick):
    def apart(weight):
        settings = replace(LEARNING, steps=20, mutual=True, coronal_distillation=weight, sagittal_distillation=weight)
        model = fit_to_volumes(new_model(2, **TINY), [thick], settings)
        axial, coronal = (add_slices(thick, model, views=(view,)).array for view in (View.AXIAL, View.CORONAL))
        return mse(axial, coronal)

    assert apart(20.0) < 0.7 * apart(0.0)


def test_a_fit_that_was_stopped_resumes_exactly(thick, tmp_path):
    path = tmp_path / "state.safetensors"
    whole = fit_to_volumes(new_model(2, **TINY), [thick], QUICK)

    with pytest.raises(CancelledError):
        fit_to_volumes(new_model(2, **TINY), [thick], QUICK, checkpoint=path, progress=cancel_beyond(0.5))
    resumed = fit_to_volumes(new_model(2, **TINY, seed=5), [thick], QUICK, checkpoint=path)
    for name, weights in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], weights), name


def test_the_state_of_another_fit_is_refused(thick, tmp_path):
    path = tmp_path / "state.safetensors"
    fit_to_volumes(new_model(2, **TINY), [thick], replace(QUICK, steps=1), checkpoint=path)
    for model, settings in ((new_model(3, **TINY), replace(QUICK, steps=1)), (new_model(2, **TINY), QUICK)):
        with pytest.raises(InvalidInputError, match="other images, or with other settings"):
            fit_to_volumes(model, [thick], settings, checkpoint=path)


@pytest.mark.parametrize(
    "off",
    [
        {"wavelets": 1.0},
        {"memory": 0.0},
        {"coronal_distillation": 0.0},
        {"sagittal_distillation": 0.0},
        {"coronal_distillation": 0.0, "sagittal_distillation": 0.0},
        {"in_plane": 0.0},
        {"repeats": 2},
        {"distillation_ratio": 0.4, "mutual": True},
        {"mutual": True},
        {"degradation": "blurred"},
    ],
)
def test_every_part_of_the_loss_can_be_switched_off(thick, off):
    def weights(settings):
        model = fit_to_volumes(new_model(2, **TINY), [thick], settings)
        return torch.cat([w.flatten() for w in model.parameters()])

    changed = weights(replace(QUICK, **off))
    assert torch.isfinite(changed).all()
    assert not torch.equal(changed, weights(QUICK))


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


def test_bad_input_is_refused(thick):
    constant = thick.with_array(np.zeros_like(thick.array))
    broken = thick.with_array(np.where(np.arange(48) == 3, np.nan, thick.array))
    with pytest.raises(InvalidInputError, match="nothing to learn"):
        fit_to_volumes(new_model(2, **TINY), [constant], QUICK)
    with pytest.raises(InvalidInputError, match="Volume 1"):
        fit_to_volumes(new_model(2, **TINY), [thick, broken], QUICK)
    with pytest.raises(InvalidInputError, match="2, 3, 4 times closer, not 5"):
        new_model(5)


def test_a_training_that_diverges_says_so(thick):
    model = new_model(2, **TINY)
    torch.nn.init.constant_(model.pixel_network.tail.bias, 1e30)  # as after a step that was far too long
    with pytest.raises(InvalidInputError, match=r"step 0; use a smaller learning_rate than 0\.001"):
        fit_to_volumes(model, [thick], QUICK)
