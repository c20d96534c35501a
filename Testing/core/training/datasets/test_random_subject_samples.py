"""Synthetic subjects and the samples drawn from them."""

import math

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.random_anatomy import Block, random_anatomy
from temporal_interp.simulation.random_motion import RandomMotion, displaced, random_motion
from temporal_interp.simulation.random_subject import make_random_subject, voxel_positions
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.simulation.time_curves import breathing_curve, contraction_curve, drifting_curve
from temporal_interp.tensors.spatial import warp
from temporal_interp.training.datasets.batch import Batch
from temporal_interp.training.datasets.random_subject_samples import RandomSubjectSamples, _choose, _turned

SLICE = SyntheticSettings(shape=(1, 32, 40), subjects=3, margin=8)
STACK = SyntheticSettings(shape=(3, 32, 32), subjects=2, margin=8)


@pytest.fixture(scope="module")
def slices():
    return RandomSubjectSamples(SLICE)


@pytest.fixture(scope="module")
def stacks():
    return RandomSubjectSamples(STACK)


def draw(source, index=0, seed=0):
    return source.draw(index, np.random.default_rng(seed))


def equal(one, other):
    tensors = ("first", "last", "target", "displacements")
    return all(torch.equal(getattr(one, n), getattr(other, n)) for n in tensors) and one.t == other.t


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


def test_another_seed_gives_another_subject():
    one, other = (
        make_random_subject(SLICE, 0),
        make_random_subject(SyntheticSettings(shape=(1, 32, 40), margin=8, seed=1), 0),
    )
    assert not torch.equal(one.frames, other.frames)


def test_subjects_are_read_back_as_they_were_written(slices, tmp_path):
    made = draw(RandomSubjectSamples(SLICE, tmp_path))
    read = draw(RandomSubjectSamples(SLICE, tmp_path))
    assert equal(made, read)
    assert equal(made, draw(slices))
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_cache_file_is_made_again(slices, tmp_path):
    RandomSubjectSamples(SLICE, tmp_path).subject(0)
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    assert equal(draw(RandomSubjectSamples(SLICE, tmp_path)), draw(slices))
    assert path.stat().st_size > 1000


def test_other_settings_do_not_read_what_these_wrote(tmp_path):
    folders = {RandomSubjectSamples(s, tmp_path).folder for s in (SLICE, STACK, SyntheticSettings(seed=1))}
    assert len(folders) == 3


def test_more_subjects_leave_the_first_ones_as_they_were():
    assert SLICE.key() == SyntheticSettings(shape=(1, 32, 40), subjects=100, margin=8).key()


@pytest.mark.parametrize("seed", range(4))
def test_both_directions_of_a_motion_undo_each_other(seed):
    rng = np.random.default_rng(seed)
    block = Block((15, 128, 128), 1.4, 3.0)
    motion = random_motion(rng, block, random_anatomy(rng, block, with_heart=True).heart)
    points = voxel_positions((1, 80, 80), (7.0, 24.0, 24.0), 1.0)
    rest = displaced(points, motion.to_rest(9))
    error = (displaced(rest, motion.from_rest(9)) - points).norm(dim=1)
    gone = (rest - points).norm(dim=1)
    assert gone.max() > 2  # voxels
    assert error.mean() < 0.1 * gone.mean()


def test_both_fields_bring_the_ends_nearer_to_the_target(slices):
    better = []
    for seed in range(12):
        subject = slices.subject(seed % 3)
        source, frame = 0, len(subject.phases) // 2
        images = subject.frames[[source, frame]].float()
        warped = warp(images[:1], subject.displacement(source, frame)[None, 1:, 0])
        better.append(float((warped - images[1]).square().mean() / (images[0] - images[1]).square().mean()))
    assert np.median(better) < 0.5


def test_vectors_follow_mirroring_and_transposition(stacks):
    """Warping the turned image by the turned field is turning the warped one."""
    sample = draw(stacks)
    warped = warp(sample.first[None], sample.displacements[:1])[0]
    assert not torch.allclose(warped, sample.first, atol=1e-3)
    for seed in range(8):
        turned, fields = _turned(sample.first.clone(), sample.displacements.clone(), np.random.default_rng(seed))
        expected, _ = _turned(warped.clone(), sample.displacements.clone(), np.random.default_rng(seed))
        assert torch.allclose(warp(turned[None], fields[:1])[0], expected, atol=1e-5)


def test_the_ends_come_in_both_orders_and_at_all_gaps():
    rng = np.random.default_rng(0)
    drawn = [_choose(15, rng) for _ in range(400)]
    gaps = [abs(last - first) for first, last, _ in drawn]
    assert {2, 4, 6, 10} <= set(gaps) <= {2, 4, 6, 7, 8, 9, 10}
    assert all(min(first, last) < target < max(first, last) for first, last, target in drawn)
    assert 0.4 < np.mean([first < last for first, last, _ in drawn]) < 0.6


def test_curves_start_at_rest_and_stay_in_range():
    rng = np.random.default_rng(0)
    for _ in range(50):
        beat = contraction_curve(rng, rng.uniform(0, 0.1))
        assert beat[0] == 0
        assert beat.max() > 0.95
        assert 6 <= beat.argmax() <= 14  # end systole
        assert beat.min() >= 0
        assert np.all((breathing_curve(rng) >= 0) & (breathing_curve(rng) <= 1))
        assert drifting_curve(rng)[0] == 0


def test_a_motion_without_parts_is_stillness():
    block = Block((3, 16, 16), 1.0, 3.0)
    assert RandomMotion(block, ()).to_rest(5).abs().max() == 0


def test_samples_make_batches(slices):
    batch = Batch.of([draw(slices, 0), draw(slices, 1)])
    assert batch.first.shape == (2, 1, 1, 32, 40)
    assert batch.displacements.shape == (2, 2, 3, 1, 32, 40)


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


def test_a_subject_that_is_not_there_is_refused(slices):
    with pytest.raises(InvalidInputError, match="no number 3"):
        slices.subject(3)
