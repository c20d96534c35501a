"""Refinement: weights of acquired and deformed volumes, or a residual, that keep what is promised at the ends."""

import pytest
import torch

from random_networks import images, perturbed, smooth_images, waves, without_gradient
from temporal_interp.networks import NetworkSettings
from temporal_interp.networks.refinement import Refinement, blend, weights_of_deformed

T = torch.tensor([0.3])
GATED, RESIDUAL = "gated", "residual"
SHAPES = [(17, 20), (3, 17, 20)]


def choices(kind=GATED, **more):
    return NetworkSettings(**{"widths": (4, 6), "refinement": kind, **more})


def inputs(shape, *, pairs=1, widths=(4, 6), seed=0):
    """Ends, deformed ends of two scales and deformed features, coarsest first."""
    coarse = tuple((n + 1) // 2 if n >= 16 else n for n in shape)
    ends, *deformed = images(2 * pairs, 1, *shape, seed=seed)
    (coarse_feature,) = images(2 * pairs, widths[1], *coarse, count=1, seed=seed + 1)
    (fine_feature,) = images(2 * pairs, widths[0], *shape, count=1, seed=seed + 2)
    return ends, deformed, [coarse_feature, fine_feature]


def swapped(tensor):
    return torch.cat(tensor.chunk(2)[::-1])


def test_a_blend_is_linear_and_every_pair_has_its_time():
    ends = torch.tensor([[0.0], [10.0], [1.0], [20.0]])  # the first ends of two pairs, then the last ones
    assert blend(ends, torch.tensor([0.25, 0.5])).tolist() == [[0.25], [15.0]]


def test_without_refinement_the_frame_is_the_blend_of_the_deformed_ends():
    weights = weights_of_deformed(torch.zeros(4, 1, 3, 2), torch.tensor([0.25, 1.0]))
    assert weights.shape == (2, 4, 3, 2)
    assert weights[:, :, 0, 0].tolist() == [[0, 0.75, 0, 0.25], [0, 0, 0, 1]]
    assert torch.equal(weights, weights[..., :1, :1].expand(-1, -1, 3, 2))


@pytest.mark.parametrize("kind", [GATED, RESIDUAL])
@pytest.mark.parametrize("shape", SHAPES)
def test_weights_sum_to_one_and_there_is_one_residual(kind, shape):
    weights, residual = perturbed(Refinement(choices(kind)))(*inputs(shape, pairs=2), torch.tensor([0.2, 0.9]))
    assert weights.shape == (2, 4, *shape)
    assert residual.shape == (2, 1, *shape)
    assert (weights.dtype, residual.dtype) == (torch.float32, torch.float32)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, *shape))


def test_gates_add_nothing_and_a_residual_changes_no_weight():
    assert not perturbed(Refinement(choices(GATED)))(*inputs((17, 20)), T)[1].any()
    weights, residual = perturbed(Refinement(choices(RESIDUAL)))(*inputs((17, 20)), T)
    assert torch.equal(weights, weights_of_deformed(torch.zeros(2, 1, 17, 20), T))
    assert residual.any()


def test_a_fresh_gate_is_the_mean_of_the_blends_of_acquired_and_deformed_ends():
    weights, _ = Refinement(choices(GATED))(*inputs((17, 20)), T)
    expected = torch.tensor([0.35, 0.35, 0.15, 0.15]).view(1, 4, 1, 1).expand(1, 4, 17, 20)
    torch.testing.assert_close(weights, expected, rtol=0, atol=0.01)


def test_a_fresh_residual_is_next_to_nothing():
    _, residual = Refinement(choices(RESIDUAL))(*inputs((17, 20)), T)
    assert residual.abs().max() < 0.05


@pytest.mark.parametrize(("t", "other"), [(0.0, slice(2, 4)), (1.0, slice(0, 2))])
def test_at_an_end_nothing_of_the_other_one_is_left(t, other):
    weights, _ = perturbed(Refinement(choices(GATED)), by=0.5)(*inputs((17, 20)), torch.tensor([t]))
    assert not weights[:, other].any()
    assert torch.isfinite(weights).all()


@pytest.mark.parametrize(("exact", "vanishes"), [(True, True), (False, False)])
def test_a_residual_vanishes_at_both_ends_where_they_are_exact(exact, vanishes):
    refine = perturbed(Refinement(choices(RESIDUAL, exact_ends=exact)))
    for t in (0.0, 1.0):
        _, residual = refine(*inputs((17, 20)), torch.tensor([t]))
        assert bool(residual.any()) is not vanishes


@pytest.mark.parametrize("kind", [GATED, RESIDUAL])
def test_exchanging_the_ends_and_the_time_exchanges_the_weights(kind):
    refine = perturbed(Refinement(choices(kind)))
    ends, deformed, features = inputs((17, 20))
    weights, residual = refine(ends, deformed, features, T)
    back = [swapped(ends), [swapped(d) for d in deformed], [swapped(f) for f in features]]
    exchanged, same = refine(*back, 1 - T)
    torch.testing.assert_close(weights[:, [2, 3, 0, 1]], exchanged, rtol=0, atol=1e-5)
    torch.testing.assert_close(residual, same, rtol=0, atol=1e-5)


def test_without_the_option_the_ends_are_distinguished():
    refine = perturbed(Refinement(choices(RESIDUAL, swap_symmetric=False)))
    ends, deformed, features = inputs((17, 20))
    _, residual = refine(ends, deformed, features, T)
    _, other = refine(swapped(ends), [swapped(d) for d in deformed], [swapped(f) for f in features], 1 - T)
    assert (residual - other).abs().max() > 1e-2


@pytest.mark.parametrize("kind", [GATED, RESIDUAL])
def test_pairs_of_a_batch_do_not_touch_one_another(kind):
    refine = perturbed(Refinement(choices(kind)))
    ends, deformed, features = inputs((17, 20), pairs=2)
    times = torch.tensor([0.2, 0.9])
    together = refine(ends, deformed, features, times)
    for n in range(2):
        own = [n, 2 + n]
        alone = refine(ends[own], [d[own] for d in deformed], [f[own] for f in features], times[n : n + 1])
        for one, both in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], both[n], rtol=0, atol=1e-5)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("kind", [GATED, RESIDUAL])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_weight_and_every_input_learns(kind, shape, symmetric):
    refine = perturbed(Refinement(choices(kind, swap_symmetric=symmetric)))
    ends, deformed, features = inputs(shape)
    given = [ends, *deformed, *features] if kind == GATED else [*deformed, *features]
    for x in given:
        x.requires_grad_()
    weights, residual = refine(ends, deformed, features, T)
    (weights.square().mean() + residual.square().mean()).backward()
    assert list(without_gradient(refine)) == []
    assert all(x.grad.any() for x in given)


@pytest.mark.parametrize("kind", [GATED, RESIDUAL])
def test_mixed_precision_stays_close(kind):
    refine = perturbed(Refinement(choices(kind)), by=0.02)
    given = inputs((17, 20))
    exact = refine(*given, T)
    ends, deformed, features = given
    with torch.autocast("cpu", torch.bfloat16):
        mixed = refine(ends, deformed, [f.bfloat16() for f in features], T)
    for one, other in zip(exact, mixed, strict=True):
        assert other.dtype == torch.float32
        assert (one - other).abs().max() < 0.05


@pytest.mark.parametrize(("kind", "pinned"), [(GATED, [0.2716, 0.4284, 0.1164, 0.1836]), (RESIDUAL, [0.2481])])
def test_the_result_is_what_it_was(kind, pinned):
    refine = waves(Refinement(choices(kind)))
    ends, *deformed = (torch.cat([v, v + 0.1]).squeeze(2) for v in smooth_images(1, 1, 1, 16, 18, count=3))
    coarse, fine = (torch.cat(smooth_images(1, c, 1, *s)).squeeze(2) for c, s in ((6, (8, 9)), (4, (16, 18))))
    weights, residual = refine(ends, deformed, [coarse, fine], T)
    made = weights if kind == GATED else residual
    assert made[0, :, 5, 7].tolist() == pytest.approx(pinned, abs=1e-4)
