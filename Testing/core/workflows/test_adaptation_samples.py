"""Which frames a network is adapted with, and what of them it is shown."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.networks import NetworkSettings
from temporal_interp.workflows.adaptation_samples import MIN_FRAMES, AdaptationSamples, FrameRoles


def numbered(count):
    """Frames whose every voxel is the number of the frame."""
    frames = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None, None], (count, 1, 16, 16)).copy()
    return Sequence.from_numpy(frames, times=range(count), spacing=(1.4, 1.4, 8.0))


def samples_of(count, *, context=True):
    usable = list(range(count))
    roles = FrameRoles.of(usable, 4)
    network = NetworkSettings(widths=(4, 8), context=context)
    return roles, AdaptationSamples.of(numbered(count), usable, roles, network, samples=4, shape=(1, 16, 16))


def shown(source, draws=60):
    """The frames of many samples as their numbers: ends, target, before, after; None where there is none."""
    rng, found = np.random.default_rng(0), []
    for n in range(draws):
        sample = source.draw(n % len(source), rng)
        beside = [None if side is None else float(side.image.mean()) for side in (sample.before, sample.after)]
        found.append((*(float(image.mean()) for image in (sample.first, sample.last, sample.target)), *beside))
    return found


@pytest.mark.parametrize("count", range(MIN_FRAMES, 41))
def test_every_frame_has_one_role_and_each_role_its_frames(count):
    usable = [3 * n for n in range(count)]
    roles = FrameRoles.of(usable, 4)
    assert sorted([*roles.learnt, *roles.deciding, *roles.measured]) == usable
    held_out = sorted([*roles.deciding, *roles.measured])
    assert min(len(roles.deciding), len(roles.measured)) >= 1
    assert {usable[0], usable[-1]} <= set(roles.learnt)
    assert all(last - first >= 6 for first, last in pairwise(held_out))
    assert len(held_out) <= max(2, -(-count // 3))


def test_fewer_frames_are_refused_with_what_they_are_for():
    with pytest.raises(InvalidInputError, match=r"at least 5 frames, to learn from.*there are 4"):
        FrameRoles.of(range(4), 4)


def test_what_it_learns_from_does_not_depend_on_frames_that_are_held_out():
    sequence, usable = numbered(9), range(9)
    roles, network = FrameRoles.of(usable, 4), NetworkSettings(widths=(4, 8), context=True)
    others = {*roles.deciding, *roles.measured}
    garbled = [v.with_array(99 - v.array) if n in others else v for n, v in enumerate(sequence.volumes)]
    one, other = (
        AdaptationSamples.of(given, usable, roles, network, samples=4, shape=(1, 16, 16)).learning
        for given in (sequence, replace(sequence, volumes=garbled))
    )
    assert shown(one) == shown(other)


@pytest.mark.parametrize("count", [5, 13])
@pytest.mark.parametrize("kind", ["deciding", "measured"])
def test_held_out_frames_lie_between_the_next_ones_with_none_of_them_around(count, kind):
    roles, made = samples_of(count)
    source = made.deciding if kind == "deciding" else made.measuring
    frames = getattr(roles, kind)
    assert len(source) == 8 * len(frames)
    for n, frame in enumerate(frames):
        sample = source.draw(n, np.random.default_rng(0))
        assert sample.t == 0.5
        for side, step in ((sample.before, -1), (sample.after, 1)):
            beside = {frame + step * (1 + far) for far in range(1, count)} & set(roles.learnt)
            assert (side is None) == (not beside)
            if side is not None:
                place = frame + step * (1 + 2 * side.distance)
                assert round(place) in roles.learnt


def test_a_network_without_context_is_shown_nothing_around():
    _, made = samples_of(9, context=False)
    for source in (made.learning, made.deciding, made.measuring):
        assert all(sample[3:] == (None, None) for sample in shown(source, 20))
