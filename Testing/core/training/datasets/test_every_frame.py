"""Every frame of the subjects once."""

import numpy as np
import pytest

from temporal_interp.training.datasets.every_frame import EveryFrame
from temporal_interp.training.datasets.subject_samples import SubjectSamples


def drawn(source, seed=0):
    return [source.draw(index, np.random.default_rng([seed, index])) for index in range(len(source))]


def test_all_frames_between_the_endpoints_are_targets_once(make_sequence, subject_of):
    subjects = [subject_of(make_sequence(9), first=2, last=6), subject_of(make_sequence(5))]
    source = EveryFrame(SubjectSamples(subjects, policy="endpoints", flip=False))
    assert source.frames == ((0, 3), (0, 4), (0, 5), (1, 1), (1, 2), (1, 3))
    assert [sample.t for sample in drawn(source)] == pytest.approx([0.25, 0.5, 0.75, 0.25, 0.5, 0.75])


def test_triplets_have_every_frame_that_lies_between_others_once(make_sequence, subject_of):
    source = EveryFrame(SubjectSamples([subject_of(make_sequence(7))], policy="triplets", max_gap=3, flip=False))
    samples = drawn(source)
    # frames are around 1000 times their number, scaled by the 99.9th percentile of all
    assert [round(float(sample.target.mean()) * 6.45) for sample in samples] == [1, 2, 3, 4, 5]
    assert all(sample.first.mean() < sample.target.mean() < sample.last.mean() for sample in samples)
    others = [sample.t for seed in range(10) for sample in drawn(source, seed)]
    assert len({round(t, 3) for t in others}) == 3  # a half, a third and two thirds


def test_only_allowed_frames_are_targets(make_sequence, subject_of):
    samples = SubjectSamples([subject_of(make_sequence(9))], policy="endpoints", frames=(0, 3, 4, 8))
    assert EveryFrame(samples).frames == ((0, 3), (0, 4))
