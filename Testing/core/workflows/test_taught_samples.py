"""What the velocity field teaches: where, when, and with what motion."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from stand_ins import cancel_beyond
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.pairs import course
from temporal_interp.engines.registry import create_engine
from temporal_interp.errors import CancelledError, FitDivergedError, InvalidInputError
from temporal_interp.tensors.spatial import warp
from temporal_interp.workflows.taught_samples import INSTANTS, TaughtSamples


def shifting(times=range(4), slices=1, spacing=(1.5, 1.5, 8.0), by=1.5):
    """A blob that moves along I by as many voxels from frame to frame, less in further slices."""
    j, i = np.meshgrid(np.arange(28.0), np.arange(32.0), indexing="ij")
    frames = [
        [100 + 900 * np.exp(-((j - 14) ** 2 + (i - 10 - by * n / (1 + k)) ** 2) / 18) for k in range(slices)]
        for n in range(len(times))
    ]
    return Sequence.from_numpy(np.float32(frames), times=times, spacing=spacing)


def taught(sequence, shape=(1, 24, 24), **options):
    return TaughtSamples.of(sequence, shape, **({"count": 1, "context": True} | options))


def test_every_gap_has_instants_and_its_own_ends_with_the_frames_around():
    sequence = shifting()
    samples = taught(sequence, (1, 28, 32)).samples
    assert [sample.t for sample in samples] == pytest.approx([(n + 0.5) / INSTANTS for n in range(INSTANTS)] * 3)
    frames = [torch.from_numpy(sequence.scaled.normalised(volume).copy())[None] for volume in sequence.volumes]
    for n, sample in enumerate(samples):
        gap = n // INSTANTS
        assert torch.equal(sample.first, frames[gap])
        assert torch.equal(sample.last, frames[gap + 1])
        for side, place in ((sample.before, gap - 1), (sample.after, gap + 2)):
            there = 0 <= place < len(frames)
            assert (side is not None) == there
            assert not there or (torch.equal(side.image, frames[place]) and side.distance == 1)


def test_a_long_gap_has_more_instants_and_a_short_one_at_least_one():
    samples = taught(shifting([0, 10, 11, 50]), (1, 28, 32)).samples
    first = [round(float(sample.first.mean()), 5) for sample in samples]
    assert [first.count(mean) for mean in dict.fromkeys(first)] == [2, 1, 7]


def test_the_motion_brings_both_ends_to_the_frame():
    for sample in taught(shifting(), (1, 28, 32)).samples:
        moved = warp(torch.stack([sample.first, sample.last]), sample.displacements)
        assert (moved - sample.target).abs().mean() < 0.4 * (sample.first - sample.last).abs().mean()


@pytest.mark.parametrize("slices", [1, 3])
def test_slices_have_no_motion_along_k_and_infinite_spacing(slices):
    samples = taught(shifting(slices=slices, spacing=(1.5, 1.5, 20.0))).samples
    assert len(samples) == 3 * INSTANTS * slices
    assert all(sample.spacing[0] == math.inf and not sample.displacements[:, 0].any() for sample in samples)


def test_volumes_keep_their_spacing():
    samples = taught(shifting(slices=6, spacing=(1.5, 1.5, 1.5)), (6, 24, 24)).samples
    assert {sample.spacing for sample in samples} == {(1.5, 1.5, 1.5)}
    assert {tuple(sample.target.shape) for sample in samples} == {(1, 6, 24, 24)}


def test_a_loop_is_taught_across_its_seam():
    samples = taught(shifting().as_loop()).samples
    assert len(samples) == 4 * INSTANTS
    assert all(sample.before is not None and sample.after is not None for sample in samples)


def test_as_many_as_asked_for_and_the_same_again():
    one, other = (taught(shifting(), count=50) for _ in range(2))
    assert 50 <= len(one) < 50 + 3 * INSTANTS
    assert all(
        torch.equal(one.draw(n, None).target, other.draw(n, None).target)
        and torch.equal(one.draw(n, None).displacements, other.draw(n, None).displacements)
        for n in range(len(one))
    )


def test_without_context_nothing_lies_around():
    assert all(sample.before is sample.after is None for sample in taught(shifting(), context=False).samples)


def test_a_gap_that_cannot_be_fitted_is_left_out(monkeypatch):
    fit = course.Fits.fit

    def failing(self, pair, *, progress):
        if pair.gap.number in bad:
            raise FitDivergedError("it diverged")
        return fit(self, pair, progress=progress)

    monkeypatch.setattr(course.Fits, "fit", failing)
    bad = {1}
    assert len(taught(shifting())) == 2 * INSTANTS
    bad = {0, 1, 2}
    with pytest.raises(InvalidInputError, match="cannot be fitted"):
        taught(shifting())


def test_it_teaches_what_the_engine_says():
    sequence = shifting()
    sample = taught(sequence, (1, 28, 32)).samples[4]
    frame = create_engine("velocity_field").prepare(sequence).at(sequence.gaps[1].time_of(0.5))
    assert np.allclose(sample.target[0], sequence.scaled.normalised(frame.volume), atol=1e-5)


def test_cancelling_stops_it():
    with pytest.raises(CancelledError):
        taught(shifting(), progress=cancel_beyond(0.5))


def test_frames_that_are_the_same_do_not_move():
    sequence = shifting()
    still = replace(sequence, volumes=[sequence[0]] * 4)
    assert all(not sample.displacements.any() for sample in taught(still).samples)
