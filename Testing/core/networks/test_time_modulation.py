"""Surrogate timestamps: the encoding of t, and what it does to a feature."""

import math

import pytest
import torch

from random_networks import images, perturbed, waves, without_gradient
from temporal_interp.networks import NetworkSettings
from temporal_interp.networks.time_modulation import DIMENSIONS, TimeModulation, encode_time

MODULATIONS = ("global", "literal")


def modulation(name="global", channels=4, **more):
    return TimeModulation(channels, NetworkSettings(widths=(channels,), modulation=name, **more))


def test_the_encoding_is_sines_then_cosines_of_falling_frequency():
    code = encode_time(torch.tensor([0.0, 0.3]), 10.0)
    assert code.shape == (2, DIMENSIONS)
    assert code[0].tolist() == [0.0] * 32 + [1.0] * 32
    for n in (0, 5, 31):
        angle = 10 * 0.3 / 10000 ** (n / 32)
        assert code[1, n].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert code[1, 32 + n].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_the_scale_is_the_position_of_t_one():
    torch.testing.assert_close(encode_time(torch.tensor([0.5]), 20.0), encode_time(torch.tensor([1.0]), 10.0))


@pytest.mark.parametrize("shape", [(9, 8), (3, 9, 8)])
def test_a_fresh_modulation_hardly_changes_a_feature(shape):
    (feature,) = images(2, 4, *shape, count=1)
    made = modulation()(feature, torch.tensor([0.1, 0.9]))
    assert made.shape == feature.shape
    assert (made - feature).abs().max() < 0.2
    assert not torch.equal(made, feature)


def test_every_channel_gets_a_scale_and_an_offset_of_its_own():
    modulate = perturbed(modulation(), by=0.3)
    (feature,) = images(1, 4, 5, 6, count=1)
    t = torch.tensor([0.4])
    offset = modulate(torch.zeros_like(feature), t)
    scale = modulate(torch.ones_like(feature), t) - offset
    for constant in (offset, scale):
        assert (constant - constant[..., :1, :1]).abs().max() < 1e-6  # the same everywhere
        assert constant[0, :, 0, 0].unique().numel() == 4
    torch.testing.assert_close(modulate(feature, t), scale * feature + offset)


@pytest.mark.parametrize("name", MODULATIONS)
def test_features_of_a_batch_have_times_of_their_own(name):
    modulate = perturbed(modulation(name), by=0.2)
    (feature,) = images(2, 4, 6, 6, count=1)
    together = modulate(feature, torch.tensor([0.2, 0.8]))
    for number, t in enumerate((0.2, 0.8)):
        alone = modulate(feature[number : number + 1], torch.tensor([t]))
        torch.testing.assert_close(together[number], alone[0], rtol=0, atol=1e-5)
    assert (together[0] - modulate(feature, torch.tensor([0.8, 0.8]))[0]).abs().max() > 1e-2


@pytest.mark.parametrize(("name", "alike"), [("global", True), ("literal", False)])
def test_only_global_modulation_does_not_depend_on_the_size_of_the_image(name, alike):
    modulate = perturbed(modulation(name))
    corner = [modulate(torch.ones(1, 4, 1, n, n), torch.tensor([0.3]))[..., :2, :2] for n in (8, 16)]
    assert torch.allclose(*corner, atol=1e-4) is alike


@pytest.mark.parametrize("name", MODULATIONS)
def test_every_weight_learns(name):
    modulate = perturbed(modulation(name))
    (feature,) = images(2, 4, 6, 6, count=1)
    modulate(feature, torch.tensor([0.2, 0.8])).cos().mean().backward()
    assert list(without_gradient(modulate)) == []


def test_the_feature_keeps_its_precision():
    (feature,) = images(1, 4, 6, 6, count=1)
    assert modulation()(feature.bfloat16(), torch.tensor([0.2])).dtype == torch.bfloat16


@pytest.mark.parametrize(("name", "pinned"), [("global", [1.1941, 1.4105]), ("literal", [2.3176, 1.9707])])
def test_the_modulation_is_what_it_was(name, pinned):
    modulate = waves(modulation(name, channels=2), amplitude=1.0)
    made = modulate(torch.ones(1, 2, 4, 4), torch.tensor([0.3]))
    assert made[0, :, 0, 1].tolist() == pytest.approx(pinned, abs=1e-4)


@pytest.mark.parametrize("name", MODULATIONS)
def test_alpha_is_what_the_branch_computes_or_one_more(name):
    usual, direct = (waves(modulation(name, alpha_from_one=given), amplitude=1.0) for given in (True, False))
    (feature,) = images(1, 4, 5, 6, count=1)
    t = torch.tensor([0.4])
    torch.testing.assert_close(usual(feature, t) - direct(feature, t), feature)
    assert direct(torch.zeros_like(feature), t).abs().max() > 0.01  # beta


def test_the_literal_branch_has_two_linear_and_two_convolution_blocks():
    kinds = [type(module).__name__ for module in modulation("literal").linear]
    assert kinds == ["Linear", "LeakyReLU", "Linear", "LeakyReLU"]
    assert [type(module).__name__ for module in modulation("literal").blocks] == ["ConvolutionBlock"] * 2
