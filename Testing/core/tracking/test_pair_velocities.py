"""Velocities of pairs: each as if it were alone, resumed between them, and none where nothing changes."""

from dataclasses import replace

import pytest
import torch

from stand_ins import cancel_beyond
from temporal_interp.errors import CancelledError
from temporal_interp.fitting.resume import resume
from temporal_interp.tensors.spatial import identity_grid, integrate_velocity, resize_field
from temporal_interp.tracking import pair_velocities
from temporal_interp.tracking.optimise import Pairs
from temporal_interp.tracking.pair_velocities import PairVelocityFit, neighbour_settings, refinement_settings
from temporal_interp.tracking.settings import TrackingSettings

SETTINGS = neighbour_settings(replace(TrackingSettings(), scales=(2, 1), passes=(30, 30)), 2)
SHAPE = (32, 40)
SHIFTS = ((0.0, 0.0), (1.0, -0.5), (2.0, -1.0), (3.0, -1.5))


def frames(shifts=SHIFTS):
    """A smooth pattern, moved by shifts in voxels: picture(p) = pattern(p - shift)."""
    pictures = []
    for shift in shifts:
        rows, columns = identity_grid(SHAPE, torch.zeros(()))[0] - torch.tensor(shift).view(2, 1, 1)
        waves = torch.sin(rows / 2.9) * torch.cos(columns / 3.7) + torch.sin((rows + 2 * columns) / 6.1)
        pictures.append((0.5 + waves / 4)[None, None])
    return torch.cat(pictures)


def fit_of(images, settings=SETTINGS, weight=None):
    count = len(images)
    return PairVelocityFit(
        Pairs(images, torch.arange(1, count), torch.arange(count - 1), weight), (1.0, 1.0), settings
    )  # fmt: skip


def inner(velocity):
    """The mean displacement of every pair in the middle, (P, 2)."""
    return resize_field(integrate_velocity(velocity), SHAPE)[..., 8:-8, 8:-8].mean((2, 3))


def test_each_pair_has_the_velocity_that_brings_its_source_onto_its_target():
    found = inner(fit_of(frames()).run())
    torch.testing.assert_close(found, torch.tensor([[1.0, -0.5]] * 3), rtol=0, atol=0.1)


def test_pairs_fitted_together_are_as_pairs_alone(monkeypatch):
    together = fit_of(frames()).run()
    monkeypatch.setattr(pair_velocities, "CHUNK_VOXELS", 1)
    steps = []
    fit = fit_of(frames())
    alone = fit.run(on_step=lambda: steps.append(1))
    assert len(steps) == 3
    torch.testing.assert_close(alone, together, rtol=0, atol=0.05)


def test_a_stopped_fit_resumes_after_the_last_pair(monkeypatch, tmp_path):
    monkeypatch.setattr(pair_velocities, "CHUNK_VOXELS", 1)
    whole = fit_of(frames()).run()
    with pytest.raises(CancelledError):
        resume(fit_of(frames()), tmp_path / "state", progress=cancel_beyond(0.5))
    shares = []
    again = resume(fit_of(frames()), tmp_path / "state", progress=lambda share, message: shares.append(share))
    assert min(shares) >= 1 / 3
    torch.testing.assert_close(again, whole)


def test_equal_frames_have_no_velocity_and_others_keep_theirs():
    same = frames((*SHIFTS[:2], SHIFTS[1]))
    same[2] += 1e-7  # rounding
    velocity = fit_of(same).run()
    assert not velocity[1].any()
    assert inner(velocity)[0, 0] == pytest.approx(1.0, abs=0.1)


def test_each_pair_is_compared_where_its_target_weighs():
    images = frames(SHIFTS[:3])
    images[:, :, :, 28:] = torch.rand(3, 1, 32, 12, generator=torch.Generator().manual_seed(0))
    weight = torch.ones_like(images)
    weight[..., 24:] = 0.0
    fields = resize_field(integrate_velocity(fit_of(images, weight=weight).run()), SHAPE)
    torch.testing.assert_close(
        fields[..., 8:-8, 8:20].mean((2, 3)), torch.tensor([[1.0, -0.5]] * 2), rtol=0, atol=0.15
    )  # fmt: skip


def test_settings_of_the_tracking_reach_the_velocities():
    tracking = TrackingSettings(
        scales=(4, 1), passes=(7, 9), smoothness=3.0, refinement=(2,), refinement_passes=5, noise_variance_floor=1e-3
    )
    pairs, refinement = neighbour_settings(tracking, 3), refinement_settings(tracking, 3)
    assert (pairs.levels, pairs.iterations, pairs.smoothness) == ((4, 1), (7, 9), 3.0)
    assert (refinement.levels, refinement.iterations) == ((2,), (5,))
    assert refinement.smoothness > pairs.smoothness
    assert pairs.noise_variance_floor == 1e-3
    assert neighbour_settings(tracking, 2).noise_variance_floor == 0.0  # that of the pair


def test_what_a_frame_does_not_show_is_not_looked_at():
    images = frames(SHIFTS[:2])
    images[:, ..., 24:] = frames(((0.0, 0.0), (-3.0, 0.0)))[..., 24:]  # this goes the other way
    seen = torch.ones_like(images)
    seen[1, ..., 20:] = 0.0
    pairs = Pairs(images, torch.tensor([1]), torch.tensor([0]), None, seen)
    found, spoilt = (
        resize_field(integrate_velocity(PairVelocityFit(given, (1.0, 1.0), SETTINGS).run()), SHAPE)[0, 0, 8:-8, 8:16]
        for given in (pairs, replace(pairs, seen=None))
    )
    assert (found - 1.0).abs().mean() < 0.15
    assert (spoilt - 1.0).abs().mean() > 1.5 * (found - 1.0).abs().mean()
    assert PairVelocityFit(pairs, (1.0, 1.0), SETTINGS).fingerprint() != fit_of(images).fingerprint()
