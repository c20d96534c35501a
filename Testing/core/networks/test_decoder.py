"""MSDF: motion from coarse to fine, in voxels of every scale, along the time that is asked for."""

from itertools import pairwise

import pytest
import torch

from random_networks import images, perturbed, smooth_images, waves, without_gradient
from temporal_interp.networks import NetworkSettings
from temporal_interp.networks.decoder import MultiScaleDecoder, swap_ends
from temporal_interp.networks.encoder import Encoder

T = torch.tensor([0.3])
SHAPES = [(24, 24), (3, 24, 24)]


def settings(**more):
    return NetworkSettings(**{"widths": (4, 6), **more})


def features_of(shape, choices, *, count=2, seed=0):
    """Features of `count` volumes by an encoder of the settings, finest first."""
    (volumes,) = images(count, 1, *shape, count=1, seed=seed)
    with torch.no_grad():
        return perturbed(Encoder(choices))(volumes)


def decoder_of(choices, *, modulated=True, by=0.05):
    return perturbed(MultiScaleDecoder(choices, modulated=modulated), by=by)


def with_velocity(decoder, scale_from_coarsest, *components):
    """Silence every head, but let that of one scale give a constant velocity."""
    with torch.no_grad():
        for number, generator in enumerate(decoder.generators):
            generator.head.weight.zero_()
            generator.head.bias.zero_()
            if number == scale_from_coarsest:
                generator.head.bias.copy_(torch.tensor(components))
    return decoder


def test_swapping_turns_the_order_of_the_ends_round():
    stacked = torch.arange(6.0).view(6, 1)
    assert swap_ends(stacked).flatten().tolist() == [3, 4, 5, 0, 1, 2]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fusion", ["all", "finest", "none"])
def test_there_is_a_field_and_a_deformed_feature_for_every_scale(shape, fusion):
    choices = settings(widths=(4, 6, 8), fusion=fusion)
    ends = features_of(shape, choices, count=4)
    motion = decoder_of(choices)(ends, None, torch.tensor([0.2, 0.9]), at=torch.tensor([0.2, 0.9]))
    scales = [tuple(f.shape[2:]) for f in reversed(ends)]
    assert [tuple(d.shape) for d in motion.displacements] == [(4, len(shape), *s) for s in scales]
    assert [f.shape for f in motion.features] == [f.shape for f in reversed(ends)]
    assert all(d.dtype == torch.float32 for d in motion.displacements)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_velocity_nothing_moves(shape):
    choices = settings()
    ends = features_of(shape, choices)
    motion = with_velocity(decoder_of(choices), None)(ends, None, T, at=T)
    assert not any(d.any() for d in motion.displacements)
    for deformed, feature in zip(motion.features, reversed(ends), strict=True):
        torch.testing.assert_close(deformed, feature, rtol=0, atol=1e-5)


@pytest.mark.parametrize("halved", [True, False])
def test_an_end_moves_by_the_velocity_times_the_fraction_of_the_path(halved):
    """The fields resample: the first end by 0.3 of its velocity, the last one by 0.7 of its own."""
    choices = settings(widths=(4,), halved_integration=halved)
    decoder = with_velocity(decoder_of(choices), 0, 9.0, 2.0, -1.0)  # a slice has no velocity along K
    motion = decoder(features_of((24, 24), choices), None, T, at=T)
    expected = torch.tensor([[0.6, -0.3], [1.4, -0.7]]).view(2, 2, 1, 1).expand(2, 2, 24, 24)
    torch.testing.assert_close(motion.displacements[0], expected, rtol=0, atol=1e-5)


def test_without_exact_ends_an_end_moves_by_the_velocity_itself():
    choices = settings(widths=(4,), exact_ends=False)
    motion = with_velocity(decoder_of(choices), 0, 0.0, 2.0, -1.0)(features_of((24, 24), choices), None, T, at=T)
    assert motion.displacements[0][:, :, 12, 12].tolist() == [[2, -1], [2, -1]]


@pytest.mark.parametrize(("matching", "fine"), [("warped", 2.0), ("plain", 0.0)])
def test_warped_matching_adds_to_the_motion_of_the_coarser_scale(matching, fine):
    """A velocity of 1 coarse voxel is one of 2 fine voxels, which the finer scale corrects or starts over from."""
    choices = settings(matching=matching, fusion="none", exact_ends=False)
    ends = features_of((24, 24), choices)
    motion = with_velocity(decoder_of(choices), 0, 0.0, 1.0, 0.0)(ends, None, T, at=T)
    assert [d[0, 0, d.shape[2] // 2, 12 if d.shape[2] == 24 else 6].item() for d in motion.displacements] == (
        pytest.approx([1.0, fine], abs=1e-4)
    )


def test_features_are_compared_where_the_coarser_scale_has_brought_them(monkeypatch):
    choices = settings()
    decoder = with_velocity(decoder_of(choices), 0, 0.0, 3.0, 0.0)
    seen = []
    finest = decoder.generators[1]
    monkeypatch.setattr(
        finest, "forward", lambda given, *rest, f=finest.forward: seen.append(given[0]) or f(given, *rest)
    )
    ends = features_of((24, 24), choices)
    decoder(ends, None, torch.tensor([1 / 3]), at=torch.tensor([1 / 3]))
    # 3 coarse voxels times 1/3 of the way are 2 fine voxels along J
    torch.testing.assert_close(seen[0][0, :, 4:18, 4:20], ends[0][0, :, 6:20, 4:20], rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_exchanging_the_ends_and_the_time_exchanges_the_fields(shape):
    choices = settings()
    decoder, ends = decoder_of(choices), features_of(shape, choices)
    forth = decoder(ends, None, T, at=T)
    back = decoder([swap_ends(f) for f in ends], None, 1 - T, at=1 - T)
    assert forth.displacements[-1].abs().max() > 0.01
    for one, other in zip(forth.displacements, back.displacements, strict=True):
        torch.testing.assert_close(one, swap_ends(other), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("t", "resting"), [(0.0, 0), (1.0, 1)])
def test_at_an_end_that_end_rests(t, resting):
    choices = settings()
    at = torch.tensor([t])
    motion = decoder_of(choices)(features_of((24, 24), choices), None, at, at=at)
    for displacement in motion.displacements:
        assert not displacement[resting].any()
        assert displacement[1 - resting].any()


def test_the_features_between_are_the_blend_of_the_ends_unless_given():
    choices = settings(widths=(4,))
    decoder, ends = decoder_of(choices), features_of((24, 24), choices)
    first, last = ends[0].chunk(2)
    alone, told = (
        decoder(ends, between, T, at=T).displacements[0] for between in (None, [torch.lerp(first, last, 0.3)])
    )
    torch.testing.assert_close(alone, told, rtol=0, atol=1e-5)
    literal = MultiScaleDecoder(settings(widths=(4,), blend="literal"), modulated=True).eval()
    literal.load_state_dict(decoder.state_dict())
    as_printed = decoder(ends, [torch.lerp(first, last, 0.7)], T, at=T).displacements[0]
    torch.testing.assert_close(literal(ends, None, T, at=T).displacements[0], as_printed, rtol=0, atol=1e-5)


def test_linear_scaling_asks_one_velocity_for_any_time():
    choices = settings(widths=(4,), halved_integration=False)
    decoder = with_velocity(decoder_of(choices), 0, 0.0, 1.0, 0.0)
    ends = features_of((24, 24), choices)
    middle = torch.tensor([0.5])
    for t in (0.2, 0.9):
        motion = decoder(ends, None, middle, at=torch.tensor([t]))
        assert motion.displacements[0][:, 0, 12, 12].tolist() == pytest.approx([t, 1 - t], abs=1e-5)


def test_halved_integration_costs_hardly_any_accuracy_where_velocities_are_smooth():
    ends = features_of((24, 24), settings(widths=(4,)))
    rows = torch.arange(24.0).view(1, 1, 24, 1).expand(2, 3, 24, 24)
    velocity = 2 * torch.sin(rows / 6 + torch.arange(3.0).view(1, 3, 1, 1))

    def field(halved):
        decoder = MultiScaleDecoder(settings(widths=(4,), halved_integration=halved), modulated=True)
        decoder.generators[0].forward = lambda given, *rest: (given[0], velocity)
        return decoder(ends, None, T, at=T).displacements[0][..., 2:-2, :]

    assert field(True).abs().max() > 1
    assert (field(True) - field(False)).abs().mean() < 0.02
    assert not torch.equal(field(True), field(False))


def test_pairs_of_a_batch_do_not_touch_one_another():
    choices = settings()
    decoder, ends = decoder_of(choices), features_of((24, 24), choices, count=6)
    times = torch.tensor([0.1, 0.5, 0.8])
    together = decoder(ends, None, times, at=times).displacements
    for n in range(3):
        alone = decoder([f[[n, 3 + n]] for f in ends], None, times[n : n + 1], at=times[n : n + 1]).displacements
        for one, all_of_them in zip(alone, together, strict=True):
            torch.testing.assert_close(one, all_of_them[[n, 3 + n]], rtol=0, atol=1e-4)


@pytest.mark.parametrize("modulated", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_every_weight_learns_from_the_finest_field(modulated, symmetric):
    choices = settings(widths=(4, 6, 8), swap_symmetric=symmetric)
    decoder = decoder_of(choices, modulated=modulated)
    ends = features_of((3, 24, 24), choices)
    decoder(ends, None, T, at=T).displacements[-1].square().mean().backward()
    assert list(without_gradient(decoder)) == []


def test_fields_are_float32_in_mixed_precision():
    choices = settings()
    decoder, ends = decoder_of(choices, by=0.02), features_of((24, 24), choices)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = decoder(ends, None, T, at=T).displacements
    assert all(d.dtype == torch.float32 for d in mixed)
    for one, other in zip(decoder(ends, None, T, at=T).displacements, mixed, strict=True):
        assert (one - other).abs().max() < 0.05


@pytest.mark.parametrize(("fusion", "modules"), [("all", ["2", "3", "4"]), ("finest", ["4"]), ("none", [])])
def test_fusion_modules_are_where_the_settings_want_them(fusion, modules):
    decoder = MultiScaleDecoder(settings(widths=(2, 2, 2, 2), fusion=fusion), modulated=True)
    assert list(decoder.fusions) == modules
    assert all(len(decoder.fusions[name].weights.bias) == int(name) for name in modules)


def test_the_finer_a_scale_the_longer_its_voxels_count():
    """The same motion in mm: displacements of a constant velocity double in voxels from scale to scale."""
    choices = settings(widths=(2, 2, 2), exact_ends=False)
    decoder = with_velocity(decoder_of(choices), 0, 0.0, 0.5, 0.0)
    with torch.no_grad():
        for fusion in decoder.fusions.values():
            fusion.weights.weight.zero_()  # all scales agree, so the weights do not matter
    motion = decoder(features_of((64, 64), choices), None, T, at=T)
    middles = [d[0, 0, d.shape[2] // 2, d.shape[3] // 2].item() for d in motion.displacements]
    assert all(fine == pytest.approx(2 * coarse, rel=1e-3) for coarse, fine in pairwise(middles))


def test_fields_are_what_they_were():
    choices = settings(widths=(2, 3))
    encoder, decoder = waves(Encoder(choices)), waves(MultiScaleDecoder(choices, modulated=True), amplitude=1.0)
    ends = encoder(torch.cat(smooth_images(1, 1, 1, 16, 18)).squeeze(2))
    coarse, fine = decoder(ends, None, T, at=T).displacements
    assert coarse[:, 1, 2, 3].tolist() == pytest.approx([0.2016, 0.4670], abs=1e-4)
    assert fine[:, 0, 7, 8].tolist() == pytest.approx([-0.3573, -0.8655], abs=1e-4)
