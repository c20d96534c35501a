"""The training of slice synthesis: its losses, and that it is resumed exactly."""

from dataclasses import replace

import pytest
import torch

from stand_ins import cancel_beyond
from temporal_interp.errors import CancelledError, FitDivergedError, InvalidInputError
from temporal_interp.slices.add_slices import View, add_slices
from temporal_interp.slices.fit_volume import fit_to_volumes, new_model
from temporal_interp.tensors.metrics import mse
from tiny_slice_fits import LEARNING, QUICK, TINY


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


def test_a_training_that_diverges_says_so(thick):
    model = new_model(2, **TINY)
    torch.nn.init.constant_(model.pixel_network.tail.bias, 1e30)  # as after a step that was far too long
    with pytest.raises(FitDivergedError, match=r"step 0; use a smaller learning rate than 0\.001"):
        fit_to_volumes(model, [thick], QUICK)
