"""The fit of pairs: motion is found, scales are composed as they should be, and a stop loses nothing."""

from dataclasses import replace

import pytest
import torch

from stand_ins import cancel_after
from temporal_interp.errors import CancelledError, FitDivergedError, InvalidInputError
from temporal_interp.fitting.resume import resume
from temporal_interp.tensors.spatial import identity_grid
from temporal_interp.tracking.optimise import PairFit, Pairs
from temporal_interp.tracking.settings import TrackingSettings

QUICK = replace(
    TrackingSettings(),
    scales=(2, 1),
    passes=(40, 40),
    widths=(4, 8),
    radius=3,
    blur=0.0,
    smoothness=1.0,
    least_steps=1,
    learning_rate=1e-2,
)


def picture(shape, shift=(0.0, 0.0)):
    """A smooth pattern without repetition, moved by a shift in voxels: picture(p) = pattern(p - shift)."""
    rows, columns = identity_grid(shape, torch.zeros(()))[0]
    rows, columns = rows - shift[0], columns - shift[1]
    waves = torch.sin(rows / 2.9) * torch.cos(columns / 3.7) + torch.sin((rows + 2 * columns) / 6.1)
    return (0.5 + waves / 4)[None, None]


def two_frames(shape=(32, 40), shift=(1.5, -1.0), weight=None):
    """Frame 1 shows what frame 0 shows, moved by the shift."""
    frames = torch.cat([picture(shape), picture(shape, shift)])
    return Pairs(frames, torch.tensor([0, 1]), torch.tensor([1, 0]), weight)


def fit_of(pairs, settings=QUICK, **choices):
    spacing = (1.0,) * (pairs.frames.ndim - 2)
    return PairFit(pairs, spacing, settings, scales=settings.scales, passes=settings.passes, **choices)


def inner(field):
    return field[..., 6:-6, 6:-6]


def test_translation_is_found_both_ways():
    # after 40 passes the mean is still up to 0.11 voxels off, as the first weights have it; after 120 it is within 0.06
    field = inner(fit_of(two_frames(), replace(QUICK, passes=(120, 120))).run())
    for number, shift in ((0, (-1.5, 1.0)), (1, (1.5, -1.0))):
        for axis in (0, 1):
            assert field[number, axis].mean() == pytest.approx(shift[axis], abs=0.1)


def test_translation_is_found_in_3d():
    shape = (4, 24, 24)
    frames = torch.cat([picture(shape[1:], s).unsqueeze(2).expand(-1, -1, 4, -1, -1) for s in ((0, 0), (1.0, 0.5))])
    pairs = Pairs(frames.contiguous(), torch.tensor([0]), torch.tensor([1]))
    field = inner(fit_of(pairs).run())[0]
    assert field[1].mean() == pytest.approx(-1.0, abs=0.2)
    assert field[2].mean() == pytest.approx(-0.5, abs=0.2)
    assert field[0].abs().mean() < 0.1


def test_scales_are_composed_about_the_place_the_later_field_points_to():
    """B(p) + A(p + B(p)) for A(p) = 0.1 p and B = 2: 2 + 0.1 (p + 2), and not 2 + 0.1 p as for a sum."""
    pairs = two_frames()
    along = identity_grid((32, 40), torch.zeros(()))
    fit = fit_of(pairs, replace(QUICK, scales=(1,), passes=(1,)), initial=(0.1 * along).repeat(2, 1, 1, 1))
    fit.network = lambda moving, fixed: torch.full((len(moving), 2, 32, 40), 2.0)
    fit._close()
    expected = 2 + 0.1 * (along + 2)
    torch.testing.assert_close(fit.field[0, :, :30, :38], expected[0, :, :30, :38])


def test_coarse_field_counts_in_voxels_of_the_frames():
    pairs = two_frames()
    fit = fit_of(pairs, replace(QUICK, inherit=False))
    fit.network = lambda moving, fixed: torch.ones(len(moving), 2, *moving.shape[2:])
    fit._close()
    torch.testing.assert_close(fit.field, torch.full((2, 2, 32, 40), 2.0))


def test_only_the_source_itself_is_warped():
    """What the next scale sees is the source at the composed place: sharp, not resampled twice."""
    pairs = two_frames()
    initial = torch.zeros(2, 2, 32, 40)
    initial[:, 1] = 1.0
    fit = fit_of(pairs, replace(QUICK, scales=(1,), passes=(1,)), initial=initial)
    torch.testing.assert_close(fit.moving[0, 0, :, :-1], pairs.frames[0, 0, :, 1:])


def test_voxels_without_weight_are_not_looked_at():
    weight = torch.zeros(1, 1, 32, 40)
    weight[..., :20] = 1
    pairs = two_frames(weight=weight)
    other = pairs.frames.clone()
    other[0, ..., 28:] = torch.rand(32, 12)  # further from the weighted part than the window reaches
    settings = replace(QUICK, scales=(1,), passes=(40,))
    pairs = Pairs(other, pairs.sources, pairs.targets, weight)
    field = fit_of(pairs, settings).run()
    assert field[0, 0, 6:-6, 6:16].mean() == pytest.approx(-1.5, abs=0.2)


def test_smoothness_holds_the_field_back():
    rough, stiff = (
        fit_of(two_frames(), replace(QUICK, smoothness=weight, passes=(10, 10))).run() for weight in (0.01, 100.0)
    )
    assert stiff.diff(dim=-1).abs().mean() < 0.5 * rough.diff(dim=-1).abs().mean()


def test_same_seed_gives_the_same_field():
    one, other, third = (fit_of(two_frames(), replace(QUICK, seed=seed)).run() for seed in (1, 1, 2))
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_global_random_numbers_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit_of(two_frames(), replace(QUICK, passes=(1, 1))).run()
    assert torch.equal(torch.rand(3), expected)


def test_fresh_networks_at_every_scale_unless_weights_are_inherited():
    pairs = two_frames()
    seen = []

    def first_weights(settings):
        fit = fit_of(
            pairs,
            replace(settings, passes=(5, 1)),
            on_scale=lambda scale, field: seen.append(fit.weights["down.0.weight"].clone()),
        )
        seen.clear()
        fit.run()
        fresh = fit_of(pairs, settings).weights["down.0.weight"]
        return torch.equal(seen[0], fresh)

    # on_scale is told of a scale once the network of the next one is there
    assert not first_weights(QUICK)
    assert first_weights(replace(QUICK, inherit=False))


def test_weights_to_start_from_are_used_and_must_fit():
    trained = fit_of(two_frames())
    trained.run()
    assert torch.equal(
        fit_of(two_frames(), start_from=trained.weights).weights["last.weight"], trained.weights["last.weight"]
    )
    with pytest.raises(InvalidInputError, match="another network"):
        fit_of(two_frames(), replace(QUICK, widths=(4, 4)), start_from=trained.weights)


def test_scales_and_progress_are_reported():
    scales, shares = [], []
    fit_of(two_frames(), on_scale=lambda scale, field: scales.append(scale)).run(
        progress=lambda share, message: shares.append(share)
    )
    assert scales == [2, 1]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1


@pytest.mark.parametrize("step", [0, 3, 30, 55])
def test_stopped_fit_resumes_as_if_it_had_not_stopped(tmp_path, step):
    whole = fit_of(two_frames()).run()
    path = tmp_path / "state.safetensors"
    with pytest.raises(CancelledError):
        resume(fit_of(two_frames()), path, progress=cancel_after(step))
    steps = []
    field = resume(fit_of(two_frames()), path, progress=lambda share, message: steps.append(share))
    assert torch.equal(field, whole)
    assert len(steps) == 80 - step + 1


def test_ended_fit_is_not_run_again(tmp_path):
    path = tmp_path / "state.safetensors"
    field = resume(fit_of(two_frames()), path, progress=lambda *_: None)
    again = fit_of(two_frames())
    again._step = None
    assert torch.equal(resume(again, path, progress=lambda *_: None), field)


def test_state_of_other_frames_or_settings_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    resume(fit_of(two_frames(), replace(QUICK, passes=(1, 1))), path, progress=lambda *_: None)
    for other in (
        fit_of(two_frames(shift=(1.0, 0.0)), replace(QUICK, passes=(1, 1))),
        fit_of(two_frames(), replace(QUICK, passes=(1, 2))),
    ):
        with pytest.raises(InvalidInputError, match="other images, or with other settings"):
            resume(other, path, progress=lambda *_: None)


def test_diverged_fit_says_so():
    with pytest.raises(FitDivergedError, match="smaller learning rate"):
        fit_of(two_frames(), replace(QUICK, learning_rate=1e30)).run()


def test_what_a_frame_does_not_show_is_not_looked_at():
    pairs = two_frames()
    pairs.frames[1, ..., 24:] = picture((32, 40), (-5.0, 4.0))[0, ..., 24:]  # this goes the other way
    seen = torch.ones_like(pairs.frames)
    seen[1, ..., 20:] = 0.0
    target = torch.tensor([1.5, -1.0]).view(2, 1, 1)
    found, spoilt = (
        (fit_of(replace(pairs, seen=given)).run()[1, :, 6:-6, 6:16] - target).abs().mean() for given in (seen, None)
    )
    assert found < 0.5
    assert found < 0.7 * spoilt


def test_what_is_seen_moves_with_the_sources():
    pairs = replace(two_frames(), seen=torch.ones(2, 1, 32, 40))
    pairs.seen[0, ..., 20:] = 0.0
    moved = pairs.warped(torch.tensor([0.0, 3.0]).view(1, 2, 1, 1).expand(2, 2, 32, 40))
    assert moved.seen.shape == moved.frames.shape
    assert moved.seen[2, 0, 0].argmin() == 17
    assert moved.seen[3].all()
