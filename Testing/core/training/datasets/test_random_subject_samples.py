"""Synthetic subjects and the samples drawn from them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from random_subjects import SLICE, STACK, draw, equal
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.spatial import warp
from temporal_interp.training.datasets.batch import Batch
from temporal_interp.training.datasets.random_subject_samples import RandomSubjectSamples, _choose, _flipped


@pytest.fixture(scope="module")
def stacks():
    return RandomSubjectSamples(STACK)


def test_a_sample_of_a_slice(slices):
    for seed in range(20):
        sample = draw(slices, seed % 3, seed)
        for image in (sample.first, sample.last, sample.target):
            assert image.shape == (1, 1, 32, 40)
            assert image.dtype == torch.float32
            assert 0 <= float(image.min()) <= float(image.max()) <= 1
        assert 0 < sample.t < 1
        assert sample.displacements.shape == (2, 3, 1, 32, 40)
        assert torch.all(sample.displacements[:, 0] == 0)
        assert sample.displacements.abs().max() < 20
        assert sample.spacing[0] == math.inf


def test_a_sample_of_a_stack_moves_along_k_too(stacks):
    sample = draw(stacks)
    assert sample.first.shape == (1, 3, 32, 32)
    assert all(math.isfinite(along) for along in sample.spacing)
    assert max(draw(stacks, i % 2, i).displacements[:, 0].abs().max() for i in range(6)) > 0.01


def test_equal_states_give_equal_samples_whatever_was_drawn_before(slices):
    other = RandomSubjectSamples(SLICE)
    draw(other, 2, 9)
    assert equal(draw(slices, 1, 5), draw(other, 1, 5))
    assert not equal(draw(slices, 1, 5), draw(slices, 1, 6))


def test_vectors_follow_mirroring_and_transposition(stacks):
    """Warping the turned image by the turned field is turning the warped one."""
    sample = draw(stacks)
    warped = warp(sample.first[None], sample.displacements[:1])[0]
    assert not torch.allclose(warped, sample.first, atol=1e-3)
    for seed in range(8):
        turned, fields = _flipped(sample.first.clone(), sample.displacements.clone(), np.random.default_rng(seed))
        expected, _ = _flipped(warped.clone(), sample.displacements.clone(), np.random.default_rng(seed))
        assert torch.allclose(warp(turned[None], fields[:1])[0], expected, atol=1e-5)


def test_the_ends_come_in_both_orders_and_at_all_gaps():
    rng = np.random.default_rng(0)
    drawn = [_choose(15, rng) for _ in range(400)]
    gaps = [abs(last - first) for first, last, _ in drawn]
    assert {2, 4, 6, 10} <= set(gaps) <= {2, 4, 6, 7, 8, 9, 10}
    assert all(min(first, last) < target < max(first, last) for first, last, target in drawn)
    assert 0.4 < np.mean([first < last for first, last, _ in drawn]) < 0.6


def test_samples_make_batches(slices):
    batch = Batch.of([draw(slices, 0), draw(slices, 1)])
    assert batch.first.shape == (2, 1, 1, 32, 40)
    assert batch.displacements.shape == (2, 2, 3, 1, 32, 40)


WHOLE_CYCLE = replace(SLICE, instants=25)


@pytest.fixture(scope="module", params=["drawn", "kept"])
def with_context(request):
    return RandomSubjectSamples(WHOLE_CYCLE, beside=request.param)


def test_frames_around_are_images_like_the_endpoints_at_their_distances(with_context):
    drawn = [draw(with_context, seed % 3, seed) for seed in range(40)]
    around = [side for sample in drawn for side in (sample.before, sample.after) if side is not None]
    assert len(around) > 30
    for one in around:
        assert one.image.shape == (1, 1, 32, 40)
        assert one.image.dtype == torch.float32
        assert 0 < one.distance <= 2
    assert {1.0} < {one.distance for one in around}
    for sample in drawn:
        sides = [one for one in (sample.before, sample.after) if one is not None]
        assert all(round(one.distance * sample.gap) <= 4 for one in sides)
    assert all(torch.all(sample.displacements[:, 0] == 0) for sample in drawn)
    missing = sum(side is None for sample in drawn for side in (sample.before, sample.after))
    assert (missing > 0) == (with_context.beside == "drawn")


def test_a_frame_around_is_more_like_the_endpoint_on_its_side():
    """Without noise or flicker: the frames of one subject, in both orders of time."""
    samples = RandomSubjectSamples(replace(WHOLE_CYCLE, seed=4), beside="kept")
    own, other = [], []
    for seed in range(60):
        sample = draw(samples, seed % 3, seed)
        if sample.gap > 4 and sample.before.distance < 0.5:
            own.append(float((sample.before.image - sample.first).square().mean()))
            other.append(float((sample.before.image - sample.last).square().mean()))
    assert len(own) > 5
    assert np.mean(own) < np.mean(other)


def test_a_sample_for_context_tells_how_many_frames_its_endpoints_are_apart(slices, with_context):
    assert {draw(with_context, 0, seed).gap for seed in range(60)} == {2, 4, 6, 7, 8, 9, 10}
    assert draw(slices).gap is None


def test_frames_around_need_the_whole_cycle():
    with pytest.raises(InvalidInputError, match=r"subjects of 25 instants.*have 15"):
        RandomSubjectSamples(SLICE, beside="kept")


def test_a_subject_that_is_not_there_is_refused(slices):
    with pytest.raises(InvalidInputError, match="no number 3"):
        slices.subject(3)
