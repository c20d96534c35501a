"""Fusion: motion is trusted where it explains the change, the blend elsewhere, both ends alike."""

import pytest
import torch

from temporal_interp.engines.pairs.fusion import Fusion, FusionMaps, Seen, disagreement, fuse, fusion_maps, seen_in_slab

SPACING = (1.5, 1.5)
FUSION = Fusion(radius_mm=3.0, noise=0.02)
TIMES = [0.1, 0.5, 0.8]


def square(start, value=0.8, size=48):
    """An image with a bright square of 12 voxels whose left side is at column `start`."""
    image = torch.full((1, 1, size, size), 0.1)
    image[..., 18:30, start : start + 12] = value
    return image


def maps(unmoved, moved, t, fusion=FUSION):
    still, after = (disagreement(*images, SPACING, fusion) for images in (unmoved, moved))
    return fusion_maps(still, after, t, fusion)


def noise(seed):
    return 0.05 * torch.randn(1, 1, 48, 48, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("t", TIMES)
def test_motion_is_trusted_where_it_explains_the_change(t):
    unmoved, moved = (square(12), square(24)), (square(18), square(18))
    trust = maps(unmoved, moved, t).trust
    assert float(trust[..., 22:26, 13:17].min()) > 0.9
    assert float(fuse(unmoved, moved, maps(unmoved, moved, t), t)[..., 24, 20]) == pytest.approx(0.8, abs=0.07)


@pytest.mark.parametrize("t", TIMES)
def test_motion_is_not_trusted_where_it_makes_things_worse(t):
    unmoved, moved = (square(18), square(18)), (square(12), square(24))
    assert float(maps(unmoved, moved, t).trust[..., 22:26, 13:17].max()) < 0.1
    frame = fuse(unmoved, moved, maps(unmoved, moved, t), t)
    assert float((frame - square(18)).abs().max()) < 0.05


@pytest.mark.parametrize("t", TIMES)
def test_where_nothing_differs_the_frame_is_the_mean_weighted_by_time(t):
    image = square(18)
    made = maps((image, image), (image, image), t)
    torch.testing.assert_close(made.last_weight, torch.full_like(image, t))
    torch.testing.assert_close(fuse((image, image), (image, image), made, t), image)


@pytest.mark.parametrize("t", TIMES)
def test_where_warped_volumes_disagree_the_nearer_in_time_counts_more(t):
    weight = maps((square(12), square(24)), (square(16), square(20)), t).last_weight[..., 22:26, 16:20].mean()
    assert (float(weight) - t) * (t - 0.5) >= 0
    if t != 0.5:
        assert abs(float(weight) - t) > 0.01


@pytest.mark.parametrize("t", TIMES)
def test_where_motion_explains_nothing_a_change_of_brightness_is_blended(t):
    ends = square(18), square(18, 0.4)
    fused = fuse(ends, ends, maps(ends, ends, t), t)
    torch.testing.assert_close(fused, torch.lerp(*ends, t))


@pytest.mark.parametrize("t", TIMES)
def test_exchanging_the_ends_and_the_time_gives_the_same_frame(t):
    unmoved = (square(12) + noise(0), square(24) + noise(1))
    moved = (square(17) + noise(2), square(19, 0.6) + noise(3))
    there, back = maps(unmoved, moved, t), maps(unmoved[::-1], moved[::-1], 1 - t)
    torch.testing.assert_close(there.trust, back.trust)
    torch.testing.assert_close(there.last_weight, 1 - back.last_weight)
    torch.testing.assert_close(fuse(unmoved, moved, there, t), fuse(unmoved[::-1], moved[::-1], back, 1 - t))


@pytest.mark.parametrize(("t", "weight"), [(0.0, 0.0), (1.0, 1.0), (1e-4, 0.0), (1 - 1e-4, 1.0)])
def test_weights_reach_their_ends_with_the_time(t, weight):
    made = maps((square(12), square(24)), (square(16), square(20)), t)
    torch.testing.assert_close(made.last_weight, torch.full_like(made.last_weight, weight), rtol=0, atol=2e-4)
    # at the ends the moved volume is the acquired one, so that the frame is, too
    if t in (0.0, 1.0):
        unmoved = square(12), square(24)
        assert torch.equal(fuse(unmoved, unmoved, made, t), unmoved[int(t)])


@pytest.mark.parametrize("t", TIMES)
def test_maps_lie_from_0_to_1(t):
    unmoved = (square(12) + noise(0), square(24) + noise(1))
    made = maps(unmoved, (square(30, 0.9) + noise(2), square(2)), t)
    for part in (made.trust, made.last_weight):
        assert 0 <= float(part.min()) <= float(part.max()) <= 1


def test_frame_lies_between_the_four_volumes():
    volumes = [torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(n)) for n in range(4)]
    made = FusionMaps(torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8))
    frame = fuse(tuple(volumes[:2]), tuple(volumes[2:]), made, 0.3)
    stacked = torch.stack(volumes)
    assert (frame >= stacked.amin(0) - 1e-6).all()
    assert (frame <= stacked.amax(0) + 1e-6).all()


def test_disagreement_is_judged_in_a_neighbourhood_measured_in_mm():
    first, last = torch.zeros(1, 1, 41, 41), torch.zeros(1, 1, 41, 41)
    last[..., 20, 20] = 1.0
    spread = disagreement(first, last, (3.0, 1.0), Fusion(radius_mm=3.0, noise=1e-6))[0, 0]
    assert float(spread.sum()) == pytest.approx(1.0, abs=1e-4)
    offsets = torch.arange(41.0) - 20
    rows, columns = (float((spread.sum(axis) * offsets**2).sum().sqrt()) for axis in (1, 0))
    assert rows == pytest.approx(1.0, rel=0.05)  # 3 mm are 1 voxel along rows, 3 along columns
    assert columns == pytest.approx(3.0, rel=0.05)


def test_noise_that_sampling_smoothed_is_not_taken_for_motion_that_explains():
    ends = square(18) + noise(0), square(18) + noise(1)
    moved = square(18) + 0.5 * noise(0), square(18) + 0.5 * noise(1)  # between voxels noise is less
    unaware, aware = (maps(ends, moved, 0.2, Fusion(noise=sigma)) for sigma in (1e-3, 0.05))
    assert float(unaware.trust.mean()) > 0.65
    assert float(aware.trust.mean()) < 0.57
    assert float((unaware.last_weight - 0.2).abs().mean()) > 0.1
    assert float((aware.last_weight - 0.2).abs().mean()) < 0.03


@pytest.mark.parametrize("shape", [(6, 1, 40, 40), (1, 1, 24, 24, 24)])
def test_a_fusion_takes_the_noise_of_its_pair_unless_one_is_given(shape):
    generator = torch.Generator().manual_seed(0)
    pair = [0.5 + 0.05 * torch.randn(shape, generator=generator) for _ in range(2)]
    found = Fusion(radius_mm=7.0).for_pair(*pair)
    assert found.radius_mm == 7.0
    assert found.noise == pytest.approx(0.05, rel=0.03)
    assert FUSION.for_pair(*pair) is FUSION


def test_disagreement_is_never_less_than_noise_explains():
    image = square(18)
    torch.testing.assert_close(disagreement(image, image, SPACING, FUSION), torch.full_like(image, 2 * 0.02**2))


# --- what the volumes show


def constant(value):
    return torch.full((1, 1, 1, 4, 4), float(value))


@pytest.mark.parametrize(
    ("in_place", "moved", "expected"),
    [
        pytest.param((1, 1), (1, 1), 0.5 * (0.75 * 10 + 0.25 * 20) + 0.5 * (0.5 * 30 + 0.5 * 40), id="both"),
        pytest.param((1, 1), (0, 1), 0.5 * 12.5 + 0.5 * 40, id="motion brings in one alone"),
        pytest.param((0, 1), (1, 1), 0.5 * 20 + 0.5 * 35, id="one alone is there"),
        pytest.param((1, 1), (0, 0), 12.5, id="motion brings in neither"),
        pytest.param((1, 0), (1, 0), 0.5 * 10 + 0.5 * 30, id="the first alone"),
        pytest.param((0, 0), (0, 1), 0.5 * 12.5 + 0.5 * 40, id="nothing is there"),
    ],
)
def test_a_volume_counts_by_what_it_shows(in_place, moved, expected):
    unwarped, warped = (constant(10), constant(20)), (constant(30), constant(40))
    maps = FusionMaps(trust=constant(0.5), last_weight=constant(0.5))
    seen = Seen(tuple(map(constant, in_place)), tuple(map(constant, moved)))
    torch.testing.assert_close(fuse(unwarped, warped, maps, 0.25, seen), constant(expected))


def test_what_is_seen_moves_with_the_volumes():
    view = torch.ones(1, 1, 2, 4, 8)
    view[..., 4:] = 0.0
    shift = torch.zeros(2, 3, 2, 4, 8)
    shift[0, 2] = 2.0
    assert seen_in_slab((None, None), shift, slice(0, 2)) is None
    seen = seen_in_slab((view, None), shift, slice(1, 2))
    assert seen.unwarped[0].shape == (1, 1, 1, 4, 8)
    assert seen.warped[0][0, 0, 0, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert seen.warped[1].all()
