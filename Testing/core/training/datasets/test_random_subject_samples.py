"""Synthetic subjects and the samples drawn from them."""

import math

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


def test_a_subject_that_is_not_there_is_refused(slices):
    with pytest.raises(InvalidInputError, match="no number 3"):
        slices.subject(3)
