"""The networks of a velocity: where they start, and what they compute."""

import torch

from temporal_interp.registration.sinusoidal_network import SinusoidalNetworks


def test_networks_start_at_the_identity_all_alike_and_by_their_seed():
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def answer(seed):
        return SinusoidalNetworks(3, 3, width=16, layers=4, frequency=30.0, seed=seed)(points)

    with torch.no_grad():
        velocity = answer(0)
    assert velocity.shape == (3, 50, 3)
    assert float(velocity.abs().max()) < 1e-3
    assert torch.equal(velocity[0], velocity[1])
    assert torch.equal(velocity, answer(0))
    assert not torch.equal(velocity, answer(1))


def test_a_network_computes_what_its_formula_says():
    networks = SinusoidalNetworks(1, 2, width=8, layers=3, frequency=7.0, seed=0)
    points = torch.tensor([[0.3, -0.8]])
    signal = points
    for weight, bias in zip(networks.weights[:-1], networks.biases[:-1], strict=True):
        signal = torch.sin(7.0 * (signal @ weight[0] + bias[0]))
    expected = signal @ networks.weights[-1][0] + networks.biases[-1][0]
    torch.testing.assert_close(networks(points)[0], expected)


def test_problems_do_not_share_weights():
    networks = SinusoidalNetworks(3, 2, width=8, layers=3, frequency=7.0, seed=0)
    networks(torch.rand(5, 2))[1].sum().backward()
    for parameter in networks.parameters():
        assert not parameter.grad[[0, 2]].any()
