"""Phantoms as subjects: all different, always the same, and with the motion they were drawn with."""

import pickle

import numpy as np
import pytest
import torch

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between
from temporal_interp.tensors import metrics, spatial
from temporal_interp.training.datasets.phantoms import phantom_subjects
from temporal_interp.training.datasets.subject_samples import SubjectSamples


def frames_of(case):
    return np.stack([volume.array for volume in case.sequence.volumes])


@pytest.mark.parametrize(("body", "frames"), [("heart", 25), ("lung", 10)])
def test_equal_subjects_are_equal_and_others_differ(body, frames):
    one, other = phantom_subjects(2, body=body, seed=3)
    again, elsewhere = phantom_subjects(1, body=body, seed=3)[0], phantom_subjects(1, body=body, seed=4)[0]
    assert one == again
    images = frames_of(one.load())
    assert len(images) == frames
    np.testing.assert_array_equal(images, frames_of(again.load()))
    for different in (other, elsewhere):
        assert different.name != one.name
        assert not np.array_equal(images, frames_of(different.load()))


@pytest.mark.parametrize(
    ("body", "mean", "spread", "moved"),
    [("heart", 295.337, 285.823, 0.954844), ("lung", -431.200, 472.346, 2.04694)],
)
def test_phantoms_are_those_of_the_published_figures(body, mean, spread, moved):
    case = phantom_subjects(1, body=body, seed=7, frames=6)[0].load()
    assert frames_of(case).mean() == pytest.approx(mean, rel=1e-3)
    assert frames_of(case).std() == pytest.approx(spread, rel=1e-3)
    assert np.abs(case.truth.displacement(0, case.last)).mean() == pytest.approx(moved, rel=1e-3)


def test_the_heart_is_smallest_at_the_last_endpoint():
    case = phantom_subjects(1, frames=20)[0].load()
    sizes = [case.truth.mask_of(frame).sum() for frame in range(20)]
    assert case.first == 0
    assert sizes[case.last] <= min(sizes) * 1.02


def test_the_lung_breathes_out_from_the_first_endpoint_to_the_last():
    case = phantom_subjects(1, body="lung")[0].load()
    assert (case.first, case.last) == (0, 5)
    assert case.sequence.times[5] == pytest.approx(case.sequence.times[1] * 5)


def test_truth_explains_the_frames():
    case = phantom_subjects(1, body="heart", seed=1)[0].load()
    scale = IntensityRange.of(case.sequence.volumes)
    target = case.last // 2
    first, frame = (scale.normalise(case.sequence.volumes[n].array) for n in (case.first, target))
    field = from_physical(case.truth.displacement(case.first, target), case.sequence.volumes[0].geometry)
    moved = spatial.warp(torch.from_numpy(first)[None, None], field[None])[0, 0].numpy()
    heart = case.truth.mask_of(target)
    assert metrics.psnr(moved, frame, heart) > metrics.psnr(first, frame, heart) + 3


def test_samples_have_the_true_displacements_cropped_and_flipped_as_the_images():
    subject = phantom_subjects(1, body="heart", seed=1)[0]
    samples = SubjectSamples([subject], policy="endpoints", shape=(1, 80, 96))
    better = []
    for seed in range(8):
        sample = samples.draw(0, np.random.default_rng(seed))
        assert sample.displacements.shape == (2, 3, 1, 80, 96)
        assert not sample.displacements[:, 0].any()
        for end, field in zip((sample.first, sample.last), sample.displacements, strict=True):
            moved = spatial.warp(end[None], field[None])[0]
            better.append(float((end - sample.target).square().mean() / (moved - sample.target).square().mean()))
    assert min(better) > 1
    assert np.median(better) > 2


def test_evaluation_measures_motion_against_the_truth():
    case = phantom_subjects(1, body="heart", frames=8)[0].load()
    result = evaluate(
        case.sequence, between(case.sequence, case.first, case.last), [LinearBlend()], truth=case.truth, patient="x"
    )
    assert len(result.rows) == 2 * (case.last - case.first - 1)


def test_a_loaded_case_can_be_sent_to_another_process():
    case = phantom_subjects(1, frames=5)[0].load()
    copy = pickle.loads(pickle.dumps(case))
    np.testing.assert_array_equal(copy.truth.displacement(0, 1), case.truth.displacement(0, 1))


@pytest.mark.parametrize(
    "arguments", [{"count": 0}, {"count": 1, "body": "liver"}, {"count": 1, "dimensions": 4}, {"count": 1, "seed": -1}]
)
def test_impossible_phantoms_are_refused(arguments):
    with pytest.raises(InvalidInputError):
        phantom_subjects(**arguments)


def test_too_few_frames_are_refused_with_the_name():
    with pytest.raises(InvalidInputError, match=r"^heart_phantom_0_000: "):
        phantom_subjects(1, frames=2)[0].load()
