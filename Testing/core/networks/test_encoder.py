"""The encoder: one feature per scale, for slices and stacks of any size."""

import pytest
import torch

from random_networks import images, perturbed, smooth_images, waves, without_gradient
from temporal_interp.networks import NetworkSettings
from temporal_interp.networks.encoder import Encoder


@pytest.mark.parametrize(
    ("shape", "scales"),
    [
        ((32, 32), [(32, 32), (16, 16), (8, 8)]),
        ((17, 21), [(17, 21), (9, 11), (9, 11)]),
        ((9, 7), [(9, 7), (9, 7), (9, 7)]),
        ((10, 32, 32), [(10, 32, 32), (10, 16, 16), (10, 8, 8)]),
        ((16, 16, 40), [(16, 16, 40), (8, 8, 20), (8, 8, 10)]),
    ],
)
def test_every_scale_halves_the_axes_that_are_long_enough(shape, scales):
    features = Encoder(NetworkSettings(widths=(2, 3, 4)))(torch.rand(2, 1, *shape))
    assert [tuple(f.shape) for f in features] == [(2, w, *s) for w, s in zip((2, 3, 4), scales, strict=True)]


def test_the_literal_reading_halves_every_axis():
    features = Encoder(NetworkSettings(widths=(2, 3, 4), shortest_halved=2))(torch.rand(1, 1, 10, 32, 32))
    assert [tuple(f.shape[2:]) for f in features] == [(10, 32, 32), (5, 16, 16), (3, 8, 8)]


def test_volumes_of_a_batch_do_not_touch_one_another():
    encoder = perturbed(Encoder(NetworkSettings(widths=(4, 6))))
    (volumes,) = images(3, 1, 4, 16, 18, count=1)
    together = encoder(volumes)
    for number in range(3):
        for one, all_of_them in zip(encoder(volumes[number : number + 1]), together, strict=True):
            torch.testing.assert_close(one[0], all_of_them[number], rtol=0, atol=1e-5)


def test_brightness_and_contrast_of_a_volume_change_no_feature_away_from_its_border():
    encoder = perturbed(Encoder(NetworkSettings(widths=(4,))))
    (volume,) = images(1, 1, 64, 64, count=1)
    plain, other = encoder(volume)[0], encoder(0.2 + 3 * volume)[0]
    # zeros pad the border, which the mean of a channel sees a little of
    assert (plain - other)[..., 3:-3, 3:-3].abs().max() < 0.1 * plain.abs().max()


def test_every_weight_learns_from_the_coarsest_feature():
    encoder = perturbed(Encoder(NetworkSettings(widths=(4, 6, 8))))
    (volumes,) = images(1, 1, 3, 32, 32, count=1)
    encoder(volumes)[-1].cos().mean().backward()
    assert list(without_gradient(encoder)) == []


def test_bfloat16_stays_close():
    encoder = perturbed(Encoder(NetworkSettings(widths=(4, 6))))
    (volumes,) = images(1, 1, 24, 24, count=1)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = encoder(volumes)
    for exact, rounded in zip(encoder(volumes), mixed, strict=True):
        assert (exact - rounded.float()).abs().max() < 0.1


def test_features_are_what_they_were():
    encoder = waves(Encoder(NetworkSettings(widths=(2, 3))))
    fine, coarse = encoder(smooth_images(1, 1, 1, 16, 18, count=1)[0].squeeze(2))
    assert fine[0, :, 5, 7].tolist() == pytest.approx([0.2329, 0.0976], abs=1e-4)
    assert coarse[0, :, 2, 3].tolist() == pytest.approx([0.2175, -0.0502, -0.0272], abs=1e-4)
