"""DFGen: a deformation feature and velocities from the features of three volumes."""

import pytest
import torch

from random_networks import images, perturbed, waves, without_gradient
from temporal_interp.networks import NetworkSettings
from temporal_interp.networks.deformation_features import FIRST_VELOCITIES, DeformationFeatures

SETTINGS = NetworkSettings(widths=(4, 6))
T = torch.tensor([0.3, 0.8])


def generator(scale, *, modulated=False, **more):
    return DeformationFeatures(scale, NetworkSettings(widths=(4, 6), **more), modulated=modulated)


def three(*shape, channels=4):
    return images(2, channels, *shape)


@pytest.mark.parametrize("shape", [(9, 8), (3, 9, 8)])
@pytest.mark.parametrize(("symmetric", "components"), [(True, 3), (False, 6)])
def test_there_is_a_velocity_for_each_direction_or_for_both_at_once(shape, symmetric, components):
    feature, velocity = generator(1, swap_symmetric=symmetric)(three(*shape, channels=6), None, T)
    assert feature.shape == (2, 6, *shape)
    assert velocity.shape == (2, components, *shape)


@pytest.mark.parametrize("coarse", [(5, 4), (9, 8)])
def test_the_feature_of_the_coarser_scale_is_brought_to_this_one(coarse):
    make = perturbed(generator(0))
    one, other = images(2, 6, *coarse, count=2)
    made, changed = (make(three(9, 8), coarser, T)[0] for coarser in (one, other))
    assert made.shape == (2, 4, 9, 8)
    assert (made - changed).abs().max() > 1e-2


def test_a_fresh_generator_gives_next_to_no_motion():
    _, velocity = generator(1)(three(16, 16, channels=6), None, T)
    assert 0 < velocity.abs().max() < 100 * FIRST_VELOCITIES


def test_the_order_of_the_ends_tells_the_directions_apart():
    make = perturbed(generator(1))
    one, between, other = three(9, 8, channels=6)
    forth, back = (make(parts, None, T)[1] for parts in ((one, between, other), (other, between, one)))
    assert (forth - back).abs().max() > 1e-2


@pytest.mark.parametrize("modulated", [True, False])
def test_time_matters_to_the_student_alone(modulated):
    make = perturbed(generator(1, modulated=modulated), by=0.2)
    features = three(9, 8, channels=6)
    one, other = (make(features, None, t)[1] for t in (T, 1 - T))
    assert torch.equal(one, other) is not modulated


def test_pairs_of_a_batch_do_not_touch_one_another():
    make = perturbed(generator(0, modulated=True))
    features = three(9, 8)
    (coarser,) = images(2, 6, 5, 4, count=1)
    together = make(features, coarser, T)
    for n in range(2):
        alone = make([f[n : n + 1] for f in features], coarser[n : n + 1], T[n : n + 1])
        for one, both in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], both[n], rtol=0, atol=1e-5)


@pytest.mark.parametrize("modulated", [True, False])
def test_every_weight_and_every_input_learns(modulated):
    make = perturbed(generator(0, modulated=modulated))
    inputs = [x.requires_grad_() for x in (*three(3, 9, 8), *images(2, 6, 3, 5, 4, count=1))]
    make(inputs[:3], inputs[3], T)[1].square().mean().backward()
    assert list(without_gradient(make)) == []
    assert all(x.grad.any() for x in inputs)


def test_velocities_are_float32_in_mixed_precision():
    make = perturbed(generator(1, modulated=True), by=0.02)
    features = three(16, 16, channels=6)
    _, exact = make(features, None, T)
    with torch.autocast("cpu", torch.bfloat16):
        feature, velocity = make(features, None, T)
    assert (feature.dtype, velocity.dtype) == (torch.bfloat16, torch.float32)
    assert (velocity - exact).abs().max() < 0.05 * exact.abs().max()


def test_velocities_are_what_they_were():
    make = waves(generator(1, modulated=True), amplitude=1.0)
    rows = torch.arange(8.0).view(1, 1, 8, 1).expand(1, 6, 8, 8)
    _, velocity = make([rows.sin(), rows.cos(), (2 * rows).sin()], None, T[:1])
    assert velocity[0, :, 3, 4].tolist() == pytest.approx([-1.0018, 0.0258, 1.2111], abs=1e-4)


def test_features_of_another_width_are_refused():
    with pytest.raises(RuntimeError, match="channels"):
        generator(0)(three(9, 8, channels=5), None, T)
