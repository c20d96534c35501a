"""DFM: the velocities of several scales become one, as a mean whose weights are convolved."""

import math

import pytest
import torch

from random_networks import images, perturbed, waves, without_gradient
from temporal_interp.networks.deformation_fusion import OWN_SCALE, DeformationFusion


def constant(value, *shape):
    """A velocity (1, D, *shape) that is the same everywhere."""
    return torch.full((1, len(shape), *shape), float(value))


def test_a_fresh_module_has_weights_that_are_known():
    """exp(2) for the scale's own velocity, 1 for each of the others; coarse voxels are as long as two or four."""
    velocities = [constant(0.5, 4, 4), constant(1.5, 8, 8), constant(-1.0, 16, 16)]
    own = math.exp(OWN_SCALE)
    expected = (4 * 0.5 + 2 * 1.5 - own) / (2 + own)
    fused = DeformationFusion(3)(velocities)
    assert fused.shape == (1, 2, 16, 16)
    torch.testing.assert_close(fused, constant(expected, 16, 16))


@pytest.mark.parametrize("shape", [(12, 12), (4, 12, 12)])
def test_velocities_that_agree_stay_whatever_the_weights(shape):
    coarse = tuple(n // 2 if n == 12 else n for n in shape)
    scaled = torch.tensor([n / c for n, c in zip(shape, coarse, strict=True)]).view(1, -1, *[1] * len(shape))
    fusion = perturbed(DeformationFusion(2), by=1.0)
    fine = constant(3.0, *shape)
    torch.testing.assert_close(fusion([constant(3.0, *coarse) / scaled, fine]), fine)


def test_the_weights_are_voxel_by_voxel_and_the_same_for_every_component():
    fusion = perturbed(DeformationFusion(2), by=1.0)
    one, other = (v - 0.5 for v in images(1, 2, 12, 12, count=2))
    share = (fusion([one, other]) - one) / (other - one)
    torch.testing.assert_close(share[:, 0], share[:, 1], rtol=0, atol=1e-3)
    assert ((share > -1e-4) & (share < 1 + 1e-4)).all()
    assert share[:, 0].std() > 0.05


def test_a_slice_is_as_a_stack_of_one_that_does_not_move_through_its_plane():
    fusion = perturbed(DeformationFusion(3), by=0.5)
    velocities = [v - 0.5 for v in images(2, 2, 9, 8)]
    in_a_stack = [torch.cat([torch.zeros(2, 1, 9, 8), v], dim=1).unsqueeze(2) for v in velocities]
    made = fusion(in_a_stack)[:, :, 0]
    torch.testing.assert_close(fusion(velocities), made[:, 1:])
    assert not made[:, 0].any()


def test_pairs_of_a_batch_do_not_touch_one_another():
    fusion = perturbed(DeformationFusion(2), by=0.5)
    coarse, fine = images(3, 2, 4, 4, count=1) + images(3, 2, 8, 8, count=1)
    together = fusion([coarse, fine])
    for n in range(3):
        torch.testing.assert_close(fusion([coarse[n : n + 1], fine[n : n + 1]])[0], together[n])


def test_every_weight_and_every_velocity_learns():
    fusion = perturbed(DeformationFusion(2))
    velocities = [v.requires_grad_() for v in images(1, 3, 3, 4, 4, count=1) + images(1, 3, 3, 8, 8, count=1)]
    fusion(velocities).square().mean().backward()
    assert list(without_gradient(fusion)) == []
    assert all(v.grad.any() for v in velocities)


def test_the_fused_velocity_is_float32_in_mixed_precision():
    fusion = perturbed(DeformationFusion(2), by=0.1)
    velocities = images(1, 2, 8, 8, count=2)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = fusion(velocities)
    assert mixed.dtype == torch.float32
    assert (mixed - fusion(velocities)).abs().max() < 0.02


def test_the_fused_velocity_is_what_it_was():
    rows = torch.arange(8.0).view(1, 1, 8, 1).expand(1, 1, 8, 8)
    velocities = [torch.cat([rows.sin(), rows.cos()], dim=1), torch.cat([(2 * rows).cos(), (2 * rows).sin()], dim=1)]
    made = waves(DeformationFusion(2), amplitude=2.0)(velocities)
    assert made[0, :, 3, 4].tolist() == pytest.approx([0.4161, -0.7514], abs=1e-4)
