"""The losses against sums written out by hand: paper, Eqs. 1 to 3."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from random_syntheses import batch_of, made_of, mse
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.training.objective import Objective, distillation, motion_error
from temporal_interp.training.settings import TrainingSettings

SHAPES = [(5, 6), (3, 5, 6)]
SETTINGS = TrainingSettings(regularisation=0.3, distillation=0.7, alignment=0.5, motion=0.2)


def diffusion(field, spacing):
    """Mean over the voxels of every squared derivative, mm per mm, of one field (D, *shape)."""
    total = 0.0
    for component in range(len(field)):
        for axis in range(len(field)):
            strain = np.diff(field[component], axis=axis) * spacing[component] / spacing[axis]
            total += (strain**2).mean()
    return total


def alignment_by_hand(made, batch, shape, weights, regularisation):
    count, total = len(batch.t), 0.0
    for k in (0, 1):
        for weight, deformed, field in zip(weights, made.deformed, made.displacements, strict=True):
            for n in range(count):
                target = batch.target[n, 0].reshape(shape).double().numpy()
                similarity = ((deformed[k * count + n, 0].double().numpy() - target) ** 2).mean()
                spacing = batch.spacing[n].double().numpy()[-len(shape) :]
                smoothness = diffusion(field[k * count + n].double().numpy(), spacing)
                total += weight * (similarity + regularisation * smoothness) / count
    return total


@pytest.mark.parametrize("shape", SHAPES)
def test_the_alignment_is_equation_2(shape):
    made, batch = made_of(shape), batch_of(shape)
    expected = alignment_by_hand(made, batch, shape, (1 / 8, 1 / 4, 1 / 2, 1), 0.3)
    assert float(Objective(SETTINGS)(made, batch)["alignment"]) == pytest.approx(expected, rel=1e-5)


def test_the_finest_of_fewer_scales_still_weighs_one():
    made, batch = made_of((5, 6), scales=2), batch_of((5, 6))
    expected = alignment_by_hand(made, batch, (5, 6), (1 / 2, 1), 0.3)
    assert float(Objective(SETTINGS)(made, batch)["alignment"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_distillation_is_equation_3(shape):
    made, taught = made_of(shape), made_of(shape, seed=1)
    expected = mse(made.volume, taught.volume)
    for mine, theirs in zip(made.deformed, taught.deformed, strict=True):
        for end in (slice(0, 2), slice(2, 4)):
            expected += mse(mine[end], theirs[end])
    assert float(distillation(made, taught)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_is_the_weighted_sum_of_equation_1(shape):
    made, taught, batch = made_of(shape), made_of(shape, seed=1), batch_of(shape, truth=True)
    losses = {name: float(value) for name, value in Objective(SETTINGS)(made, batch, taught).items()}
    assert set(losses) == {"loss", "reconstruction", "alignment", "distillation", "motion"}
    assert losses["reconstruction"] == pytest.approx(mse(made.volume, batch.target.reshape(made.volume.shape)))
    expected = (
        losses["reconstruction"]
        + 0.5 * losses["alignment"]
        + 0.7 * losses["distillation"]
        + 0.2 * losses["motion"]
    )  # fmt: skip
    assert losses["loss"] == pytest.approx(expected, rel=1e-6)


def test_what_weighs_nothing_is_left_out():
    made, taught, batch = made_of((5, 6)), made_of((5, 6), seed=1), batch_of((5, 6), truth=True)
    losses = Objective(replace(SETTINGS, alignment=0, distillation=0, motion=0))(made, batch, taught)
    assert set(losses) == {"loss", "reconstruction", "motion"}  # the motion is still worth knowing
    assert float(losses["loss"]) == float(losses["reconstruction"])


def test_nothing_flows_back_into_the_teacher():
    made, taught = made_of((5, 6)), made_of((5, 6), seed=1)
    for tensor in (made.volume, *made.deformed, taught.volume, *taught.deformed):
        tensor.requires_grad_(True)
    Objective(SETTINGS)(made, batch_of((5, 6)), taught)["loss"].backward()
    assert all(tensor.grad is None for tensor in (taught.volume, *taught.deformed))
    assert all(tensor.grad.abs().max() > 0 for tensor in (made.volume, *made.deformed))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_motion_error_is_a_distance_in_voxels_at_every_scale(shape):
    batch = batch_of(shape, truth=True)
    truth = torch.cat([batch.displacements[:, 0], batch.displacements[:, 1]])
    truth = truth[:, 1:, 0] if len(shape) == 2 else truth
    off = [torch.zeros_like(truth) for _ in range(2)]
    off[0][:, -1], off[0][:, -2] = 3.0, 4.0  # 5 voxels
    off[1][:2, 0] = 2.0  # 2 voxels, at the first end alone: 1 on average
    made = replace(made_of(shape, scales=2), displacements=[truth + error for error in off])
    assert float(motion_error(made, batch.displacements)) == pytest.approx((0.5 * 5 + 1) / 1.5, abs=1e-3)


def test_a_perfect_motion_has_a_finite_slope():
    batch = batch_of((5, 6), truth=True)
    perfect = torch.cat([batch.displacements[:, 0], batch.displacements[:, 1]])[:, 1:, 0].requires_grad_(True)
    made = replace(made_of((5, 6), scales=1), displacements=[perfect])
    motion_error(made, batch.displacements).backward()
    assert torch.isfinite(perfect.grad).all()


def test_slices_infinitely_far_apart_give_a_finite_loss():
    made, batch = made_of((3, 5, 6)), batch_of((3, 5, 6), spacing=(math.inf, 1.5, 1.5))

    def only(*components):
        keep = torch.tensor(components).view(3, 1, 1, 1)
        fields = [keep * field for field in made.displacements]
        return float(Objective(SETTINGS)(replace(made, displacements=fields), batch)["alignment"])

    none, within, through = only(0, 0, 0), only(0, 1, 1), only(1, 0, 0)
    assert math.isfinite(through)
    assert through - none > 10 * (within - none) > 0  # moving from slice to slice is what costs


def test_a_network_learns_from_a_single_slice_and_from_a_stack():
    for shape in SHAPES:
        batch = batch_of(shape, truth=True)
        student = Student(NetworkSettings(widths=(4, 8)))
        Objective(SETTINGS)(student(batch.first, batch.last, batch.t), batch)["loss"].backward()
        learning = [weights.grad.abs().sum() > 0 for weights in student.parameters() if weights.grad is not None]
        assert any(learning)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_alignment_of_the_paper_smooths_in_voxels_by_a_mean(shape):
    made, batch = made_of(shape), batch_of(shape)
    axes, expected = range(2, 2 + len(shape)), 0.0
    for weight, deformed, field in zip((1 / 8, 1 / 4, 1 / 2, 1), made.deformed, made.displacements, strict=True):
        for end in (slice(0, 2), slice(2, 4)):
            similarity = mse(deformed[end], batch.target.reshape(deformed[end].shape))
            smooth = np.mean([(np.diff(field[end].double().numpy(), axis=axis) ** 2).mean() for axis in axes])
            expected += weight * (similarity + 0.1 * smooth)
    assert float(Objective(TrainingSettings.paper())(made, batch)["alignment"]) == pytest.approx(expected, rel=1e-5)
