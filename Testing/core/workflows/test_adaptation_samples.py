"""Which frames a network is adapted with, and what of them it is shown."""

from itertools import pairwise

import numpy as np
import pytest

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.networks import NetworkSettings
from temporal_interp.workflows.adaptation_samples import (
    MIN_FRAMES,
    FrameRoles,
    held_out_samples,
    only,
    sample_shape,
)


def numbered(count):
    """Frames whose every voxel is the number of the frame."""
    frames = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None, None], (count, 1, 16, 16)).copy()
    return Sequence.from_numpy(frames, times=range(count), spacing=(1.4, 1.4, 8.0))


def held_out(count, kind="deciding", *, context=True):
    """The roles of frames, and the samples of those of one kind."""
    roles = FrameRoles.of(range(count), 4)
    around = roles.learnt if context else None
    return roles, held_out_samples(
        numbered(count), range(count), getattr(roles, kind), (1, 16, 16), around=around
    )  # fmt: skip


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


def test_some_frames_alone_know_nothing_of_the_others():
    sequence = numbered(9).as_loop(9.5)
    alone = only(sequence, (1, 2, 6))
    assert (alone.times, alone.period) == ((1, 2, 6), 9.5)
    assert (alone.intensity_range.low, alone.intensity_range.high) == pytest.approx((1, 6), abs=0.01)


@pytest.mark.parametrize(
    ("slices", "apart", "kernels", "shape"),
    [
        (1, 8.0, "volumes", (1, 9, 16)),
        (6, 20.0, "volumes", (1, 9, 16)),
        (6, 2.0, "volumes", (4, 9, 16)),
        (3, 2.0, "volumes", (3, 9, 16)),
        (6, 2.0, "slices", (1, 9, 16)),
    ],
    ids=["slice", "stack", "volume", "thin volume", "by slice"],
)
def test_samples_are_as_large_as_asked_for_and_there(slices, apart, kernels, shape):
    frames = Sequence.from_numpy(np.zeros((2, slices, 9, 32), np.float32), times=[0, 1], spacing=(1.4, 1.4, apart))
    assert sample_shape(frames, NetworkSettings(widths=(4, 8), kernels=kernels), (4, 16, 16)) == shape


@pytest.mark.parametrize("count", [5, 13])
@pytest.mark.parametrize("kind", ["deciding", "measured"])
def test_held_out_frames_lie_between_the_next_ones_with_none_of_them_around(count, kind):
    roles, source = held_out(count, kind)
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
    _, source = held_out(9, context=False)
    assert all(sample[3:] == (None, None) for sample in shown(source, 20))
