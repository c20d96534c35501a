"""What a network makes of the frames around a pair."""

import pytest
import torch

from random_networks import images
from temporal_interp.engines.cubic_blend import cubic_weights
from temporal_interp.networks.context import NEAREST, Context, Surroundings


def surroundings(distances, *, shape=(1, 4, 5)):
    """Of one pair of noise: its ends, the frames around, and what surrounds it."""
    first, last, before, after = images(1, *shape, count=4)
    ends, outer = torch.cat([first, last]), torch.cat([before, after])
    return ends, outer, Surroundings.of(ends, Context(outer, torch.tensor(distances)))


def test_the_difference_is_to_the_neighbour_and_the_rate_is_per_length_of_the_gap():
    ends, outer, made = surroundings([2.0, 0.5])
    assert torch.equal(made.differences, ends - outer)
    assert torch.allclose(made.rates[0], (ends - outer)[0] / 2)
    assert torch.allclose(made.rates[1], (ends - outer)[1] * 2)


def test_a_neighbour_that_is_not_there_is_nothing_whatever_its_voxels():
    ends, outer, made = surroundings([0.0, 1.0])
    assert not made.differences[0].any()
    assert not made.rates[0].any()
    assert not made.bends(ends)[0].any()
    assert made.per_end.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    none = Surroundings.of(ends, None)
    nowhere = Surroundings.of(ends, Context(outer, torch.zeros(2)))
    for part in ("differences", "distances", "rates", "per_end"):
        assert torch.equal(getattr(none, part), getattr(nowhere, part))


def test_distances_are_told_by_their_logarithm():
    _, _, made = surroundings([4.0, 0.25])
    assert made.per_end.tolist() == [[1.0, 2.0], [1.0, -2.0]]


def test_a_neighbour_next_to_its_end_does_not_make_noise_of_the_rate():
    ends, outer, made = surroundings([NEAREST / 100, 1.0])
    assert torch.allclose(made.rates[0], (ends - outer)[0] / NEAREST)


@pytest.mark.parametrize("distances", [(1.0, 1.0), (0.5, 2.0), (0.0, 3.0), (0.2, 0.0), (0.0, 0.0)])
def test_with_its_bends_the_straight_line_is_the_cubic_blend(distances):
    ends, outer, made = surroundings(distances)
    first, last = ends
    for t in (0.2, 0.5, 0.9):
        share = torch.tensor([t, 1 - t]).view(2, 1, 1, 1)
        bent = (1 - t) * first + t * last + (share * (1 - share) ** 2 * made.bends(ends)).sum(dim=0)
        weights = cubic_weights(t, *(1 / d if d else 0.0 for d in distances))
        frames = (outer[0], first, last, outer[1])
        assert torch.allclose(bent, sum(w * f for w, f in zip(weights, frames, strict=True)), atol=1e-5)


def test_repeated_ones_stay_next_to_each_other():
    _, _, made = surroundings([1.0, 2.0])
    assert made.repeated(2).distances.tolist() == [1.0, 1.0, 2.0, 2.0]
    assert torch.equal(made.repeated(2).differences[1], made.differences[0])
