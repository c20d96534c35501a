"""Random subjects: what they depend on, and that their displacements explain their frames."""

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.random_subject import make_random_subject
from temporal_interp.simulation.random_subject_settings import GENERATOR_VERSION, SyntheticSettings
from temporal_interp.tensors.spatial import warp

SLICE = SyntheticSettings(shape=(1, 32, 40), subjects=3, margin=8)


def test_another_seed_gives_another_subject():
    one, other = (
        make_random_subject(SLICE, 0),
        make_random_subject(SyntheticSettings(shape=(1, 32, 40), margin=8, seed=1), 0),
    )
    assert not torch.equal(one.frames, other.frames)


def test_subjects_are_those_that_the_shipped_networks_learned_from():
    """Whoever changes what is drawn raises GENERATOR_VERSION and trains the networks again."""
    subject = make_random_subject(SLICE, 2)
    assert GENERATOR_VERSION == 1
    assert float(subject.frames.float().mean()) == pytest.approx(0.555364, rel=1e-3)
    assert float(subject.frames.float().std()) == pytest.approx(0.265007, rel=1e-3)
    assert float(subject.displacement(0, 7).abs().mean()) == pytest.approx(0.682708, rel=1e-3)
    assert subject.noise == pytest.approx(0.00296300)


def test_both_fields_bring_the_ends_nearer_to_the_target():
    subjects = [make_random_subject(SLICE, index) for index in range(3)]
    better = []
    for seed in range(12):
        subject = subjects[seed % 3]
        source, frame = 0, len(subject.phases) // 2
        images = subject.frames[[source, frame]].float()
        warped = warp(images[:1], subject.displacement(source, frame)[None, 1:, 0])
        better.append(float((warped - images[1]).square().mean() / (images[0] - images[1]).square().mean()))
    assert np.median(better) < 0.5


def test_more_subjects_leave_the_first_ones_as_they_were():
    assert SLICE.key() == SyntheticSettings(shape=(1, 32, 40), subjects=100, margin=8).key()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"shape": (0, 32, 32)},
        {"shape": (1, 8, 32)},
        {"shape": (32, 32)},
        {"subjects": 0},
        {"seed": -1},
        {"instants": 5},
        {"heart_share": 2},
        {"margin": -1},
    ],
)
def test_nonsense_is_refused(nonsense):
    with pytest.raises(InvalidInputError):
        SyntheticSettings(**nonsense)
