"""The fit of a velocity to pairs of images: what it finds, when it ends, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from quick_registrations import FAST, FAST_NETWORK, HARDLY, image
from stand_ins import centred
from temporal_interp.errors import FitDivergedError, InvalidInputError
from temporal_interp.registration import fit_velocity as fitting
from temporal_interp.registration.fit_velocity import fit_velocity
from temporal_interp.registration.settings import GridField, NetworkField, VelocitySettings
from temporal_interp.tensors.spatial import integrate_velocity, resize_field, sample, warp

both_fields = pytest.mark.parametrize("fast", [FAST, FAST_NETWORK], ids=["grid", "network"])


def test_the_fit_takes_the_noise_of_the_pair_unless_given(monkeypatch):
    asked = []
    original = fitting.local_correlation_loss
    monkeypatch.setattr(
        fitting,
        "local_correlation_loss",
        lambda *a, **k: asked.append(k["noise_variance_floor"]) or original(*a, **k),
    )
    generator = torch.Generator().manual_seed(0)
    pair = [0.3 + 0.5 * image((40, 44)) + 0.05 * torch.randn(1, 1, 40, 44, generator=generator) for _ in range(2)]
    fit_velocity(*pair, (1.0, 1.0), replace(HARDLY, field=GridField(starts=1)))
    assert float(asked[0]) == pytest.approx(0.05**2, rel=0.3)
    assert all(torch.equal(flat, asked[0]) for flat in asked)
    asked.clear()
    fit_velocity(*pair, (1.0, 1.0), replace(HARDLY, noise_variance_floor=0.01))
    assert set(asked) == {0.01}


@both_fields
def test_a_shift_is_found_in_voxels_of_the_velocitys_grid(fast):
    shift = np.array([1.5, -2.5])
    velocity = fit_velocity(image((40, 44), shift), image((40, 44)), (1.0, 1.0), fast)
    assert velocity.shape == ((1, 2, 20, 22) if fast.field.kind == "grid" else (1, 2, 40, 44))
    displacement = resize_field(integrate_velocity(velocity), (40, 44))
    inside = np.linalg.norm(centred((40, 44)) - shift, axis=-1) < 7
    # fixed(p) = textured_disc(p - shift) = moving(p - shift)
    error = displacement[0].permute(1, 2, 0)[inside] + torch.from_numpy(shift).float()
    assert float(error.norm(dim=-1).mean()) < 0.15


@both_fields
def test_problems_in_one_fit_are_as_problems_alone(fast):
    settings = replace(fast, iterations=(10, 10))
    shifts = [np.array([1.0, 0.0]), np.array([0.0, -2.0])]
    pairs = [(image((32, 32), s), image((32, 32))) for s in shifts]
    together = fit_velocity(*(torch.cat(images) for images in zip(*pairs, strict=True)), (1.0, 1.0), settings)
    for number, pair in enumerate(pairs):
        alone = fit_velocity(*pair, (1.0, 1.0), settings)
        # the mean over problems scales gradients, which Adam takes out again, but for its epsilon while they are tiny
        torch.testing.assert_close(together[number], alone[0], rtol=0, atol=0.15)
        assert float(resize_field(alone, (32, 32)).abs().max()) > 0.8


def test_the_papers_settings_fit_a_small_volume():
    shape = (12, 16, 16)
    settings = replace(
        VelocitySettings.paper(), field=replace(NetworkField.paper(), width=32), iterations=(12,), learning_rate=2e-3
    )
    fixed, moving = image(shape, 1.0), image(shape)
    velocity = fit_velocity(fixed, moving, (2.0, 1.0, 1.0), settings)
    assert velocity.shape == (1, 3, *shape)
    after = warp(moving, integrate_velocity(velocity))
    assert float((after - fixed).square().mean()) < 0.7 * float((moving - fixed).square().mean())


@both_fields
@pytest.mark.parametrize(("symmetric", "smoothness"), [(True, 0.8), (False, 0.4)])
def test_the_literal_and_the_symmetric_comparison_find_the_same_motion(fast, symmetric, smoothness):
    settings = replace(fast, symmetric=symmetric, smoothness=smoothness)
    velocity = fit_velocity(image((32, 32), 1.5), image((32, 32)), (1.0, 1.0), settings)
    centre = resize_field(integrate_velocity(velocity), (32, 32))[0, :, 13:20, 13:20].mean(dim=(1, 2))
    torch.testing.assert_close(centre, torch.tensor([-1.5, -1.5]), rtol=0, atol=0.2)


def test_bending_spreads_a_change_of_motion_over_what_shows_nothing():
    """Texture on the left moves down by two voxels, that on the right rests, and there is nothing in between."""
    shape, by = (48, 96), 2.0
    lines = torch.arange(shape[0]).float().view(1, 1, -1, 1).expand(1, 1, *shape)
    columns = torch.arange(shape[1]).float()
    left, right = torch.sigmoid((28 - columns) / 2), torch.sigmoid((columns - 67) / 2)
    resting = 0.4 * torch.sin(lines / 2.5) * right
    moving, fixed = (0.5 + resting + 0.4 * torch.sin((lines - shift) / 2.5) * left for shift in (0.0, by))

    def sharpest(bending):
        # 40 steps on each level would not do for so much bending
        settings = replace(FAST, bending=bending, iterations=(80, 80))
        velocity = fit_velocity(fixed, moving, (1.0, 1.0), settings)
        down = -resize_field(integrate_velocity(velocity), shape)[0, 0, 12:-12].mean(dim=0)
        assert float(down[:20].mean()) == pytest.approx(by, abs=0.3)
        assert float(down[-20:].mean()) == pytest.approx(0.0, abs=0.3)
        return float(down.diff().diff().abs().max())

    assert sharpest(20.0) < 0.5 * sharpest(0.0)


def test_bending_is_in_voxels_so_that_images_of_coarse_voxels_give_the_same_motion_in_them():
    settings = replace(FAST, bending=4.0)
    pair = image((32, 32), 1.5), image((32, 32))
    fine, coarse = (fit_velocity(*pair, (side, 2 * side), settings) for side in (1.0, 7.0))
    torch.testing.assert_close(coarse, fine, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("side", "fitted"), [(64, {(16, 16), (32, 32), (64, 64)}), (14, {(8, 8), (14, 14)})])
def test_levels_hardly_coarser_than_the_next_are_left_out(monkeypatch, side, fitted):
    seen = set()
    original = fitting.local_correlation_loss
    monkeypatch.setattr(
        fitting, "local_correlation_loss", lambda one, *a, **k: seen.add(one.shape[2:]) or original(one, *a, **k)
    )
    reports = []
    settings = replace(HARDLY, levels=(4, 2, 1), iterations=(2, 2, 2))
    pair = [image((side, side))] * 2
    fit_velocity(*pair, (1.0, 1.0), settings, progress=lambda share, message: reports.append(share))
    assert seen == fitted
    assert reports == sorted(reports)
    assert reports[-1] == 1.0


def test_progress_counts_a_step_by_the_voxels_of_its_level():
    reports = []
    settings = replace(HARDLY, levels=(4, 1), iterations=(2, 2))
    fit_velocity(*[image((64, 64))] * 2, (1.0, 1.0), settings, progress=lambda share, message: reports.append(share))
    assert reports == pytest.approx([0, 0.5 / 17, 1 / 17, 9 / 17, 1])


def test_a_level_ends_on_a_plateau_and_progress_still_rises_to_1():
    reports = []
    settings = replace(FAST, iterations=(50, 50), patience=3, tolerance=0.05)
    fit_velocity(*[image((24, 24))] * 2, (1.0, 1.0), settings, progress=lambda f, message: reports.append(f))
    assert len(reports) < 20
    assert (reports[0], reports[-1]) == (0.0, 1.0)
    assert reports == sorted(reports)


def test_without_patience_every_iteration_runs():
    reports = []
    fit_velocity(*[image((24, 24))] * 2, (1.0, 1.0), HARDLY, progress=lambda f, message: reports.append(f))
    assert len(reports) == 4 + 1  # one before every step, one at the end


def test_of_several_starts_the_most_similar_of_each_pair_continues_alone():
    """Two problems, begun twice: the first start is right for one of them, the second for the other."""
    scene = image((32, 32))
    rightward = torch.tensor([0.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 32, 32)
    pair = torch.cat([warp(scene, rightward), warp(scene, -rightward), scene, scene])
    velocities = torch.cat([rightward, rightward, -rightward, -rightward])
    chosen = fitting._most_similar(fitting._repeated(pair, 2), velocities, 1e-4, FAST, 2, 1, None, None)
    assert chosen.tolist() == [0, 3]


def test_the_best_two_starts_go_on_from_the_coarsest_level_and_one_to_the_finest(monkeypatch):
    kept, most_similar = [], fitting._most_similar

    def noted(*arguments):
        kept.append(arguments[5])
        return most_similar(*arguments)

    monkeypatch.setattr(fitting, "_most_similar", noted)
    images = torch.rand(2, 1, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    settings = VelocitySettings(field=GridField(search=1), levels=(4, 2, 1), iterations=(1, 1, 1))
    fitting.fit_velocity(images[0], images[1], (1.0, 1.0), settings)
    assert kept == [2, 1]


@pytest.mark.parametrize("starts", [1, 2, 3])
def test_any_number_of_starts_finds_a_plain_motion_and_only_the_coarse_level_has_them(monkeypatch, starts):
    seen = []
    original = fitting.local_correlation_loss
    monkeypatch.setattr(
        fitting, "local_correlation_loss", lambda one, *a, **k: seen.append(len(one)) or original(one, *a, **k)
    )
    pair = torch.cat([image((32, 32), 1.5), image((32, 32))]), torch.cat([image((32, 32)), image((32, 32), 1.5)])
    velocity = fit_velocity(*pair, (1.0, 1.0), replace(FAST, field=GridField(starts=starts)))
    centre = resize_field(integrate_velocity(velocity), (32, 32))[:, :, 13:20, 13:20].mean(dim=(2, 3))
    torch.testing.assert_close(centre, torch.tensor([[-1.5, -1.5], [1.5, 1.5]]), rtol=0, atol=0.2)
    assert seen == [2 * starts] * FAST.iterations[0] + [2] * FAST.iterations[1]


def _leaflet(generator, shape=(96, 128), swing=0.0, shift=0.0):
    """Return a noisy image of a thin bright leaflet within a textured wall, and the leaflet's centre line, J by I.

    The leaflet is 2.5 pixels thick and 50 long, and hinged at its left end: its tip lies `swing` pixels lower than when
    it is level, all of it `shift` pixels.
    """
    j, i = torch.meshgrid(*(torch.arange(float(n)) for n in shape), indexing="ij")
    wall = torch.sigmoid(20 * (torch.maximum((j - 48).abs() / 30, (i - 64).abs() / 44) - 1))
    texture = torch.sin(j / 2.1 + torch.sin(i / 5)) * torch.sin(i / 2.7 + torch.sin(j / 7))
    line = 48 + shift + swing * ((i - 30) / 50).clamp(0, 1)
    along = torch.sigmoid(i - 30) * torch.sigmoid(80 - i)
    leaflet = along * torch.exp(-0.5 * ((j - line) / 1.06) ** 2)
    clean = 0.05 + wall * (0.4 + 0.2 * texture) + 0.8 * leaflet
    return (clean + 0.05 * torch.randn(shape, generator=generator))[None, None] / 1.1, line[0, 36:77]


@pytest.mark.parametrize("motion", [{"swing": 9.0}, {"shift": 6.0}], ids=["swings", "shifts"])
@pytest.mark.parametrize("search", [0, 6])
def test_a_search_finds_a_thin_leaflet_that_moves_much_further_than_it_is_thick(motion, search):
    """The tip swings by 18 pixels, or all of the leaflet shifts by 12."""
    generator = torch.Generator().manual_seed(0)
    before = {name: -by for name, by in motion.items()}
    (moving, here), (fixed, there) = (_leaflet(generator, **place) for place in (before, motion))
    velocity = fit_velocity(fixed, moving, (1.0, 1.0), VelocitySettings(field=GridField(search=search)))
    displacement = resize_field(integrate_velocity(velocity), (96, 128))
    points = torch.stack([there, torch.arange(36.0, 77.0)])[None, :, None]
    error = (there + sample(displacement, points)[0, 0, 0] - here).abs().mean()
    assert error < 1.0 if search else error > 3.0


def test_what_a_coarse_level_found_is_kept_by_the_finer_ones():
    shift = np.array([0.0, 7.0])
    pair = image((48, 48), shift), image((48, 48))
    fine_alone = fit_velocity(*pair, (1.0, 1.0), replace(FAST, levels=(1,), iterations=(3,)))
    after_coarse = fit_velocity(*pair, (1.0, 1.0), replace(FAST, levels=(4, 1), iterations=(40, 3)))
    left = [
        float((warp(pair[1], resize_field(integrate_velocity(v), (48, 48))) - pair[0]).square().mean())
        for v in (fine_alone, after_coarse)
    ]
    assert left[1] < 0.2 * left[0]


@pytest.mark.parametrize(
    ("fixed", "moving", "spacing"),
    [((9, 9), (9, 8), (1.0, 1.0)), ((9, 9), (9, 9), (1.0, 1.0, 1.0)), ((9, 9, 9), (9, 9, 9), (1.0, 1.0))],
)
def test_images_that_do_not_fit_are_refused(fixed, moving, spacing):
    with pytest.raises(InvalidInputError, match=r"fit_velocity\(\)"):
        fit_velocity(image(fixed), image(moving), spacing, HARDLY)


def test_a_fit_that_diverges_is_an_error():
    with pytest.raises(FitDivergedError, match=r"diverged at step 0 of level 2.*learning rate"):
        fit_velocity(image((16, 16)) * float("nan"), image((16, 16)), (1.0, 1.0), HARDLY)


def test_what_weighs_nothing_is_not_looked_at():
    shift, shape = np.array([0.0, 1.5]), (32, 48)
    fixed, moving = image(shape, shift), image(shape)
    weight = torch.ones(1, 1, *shape)
    weight[..., 32:] = 0.0
    generator = torch.Generator().manual_seed(0)
    spoilt = [
        torch.cat([part[..., :34], torch.rand(1, 1, 32, 14, generator=generator)], -1) for part in (fixed, moving)
    ]
    several = replace(FAST, field=replace(FAST.field, starts=2))
    for settings in (FAST, several):
        velocity = fit_velocity(*spoilt, (1.0, 1.0), settings, weight=weight)
        displacement = resize_field(integrate_velocity(velocity), shape)[0]
        assert displacement[1, 14:19, 21:26].mean() == pytest.approx(-1.5, abs=0.2)


def test_weights_of_one_problem_leave_the_others_alone():
    pairs = [(image((32, 32), np.array(s)), image((32, 32))) for s in ((1.0, 0.0), (0.0, -2.0))]
    fixed, moving = (torch.cat(images) for images in zip(*pairs, strict=True))
    weight = torch.ones(2, 1, 32, 32)
    weight[1, :, 8:] = 0.0
    settings = replace(FAST, iterations=(10, 10))
    weighted = fit_velocity(fixed, moving, (1.0, 1.0), settings, weight=weight)
    alike = fit_velocity(*pairs[0], (1.0, 1.0), settings)
    torch.testing.assert_close(weighted[0], alike[0], rtol=0, atol=0.15)


def test_a_mask_smaller_than_the_distance_of_the_windows_still_gives_a_field():
    weight = torch.zeros(1, 1, 32, 32)
    weight[..., 16, 16] = 1.0
    settings = replace(HARDLY, window_stride=3, field=GridField(starts=2))
    assert torch.isfinite(
        fit_velocity(image((32, 32), 1.0), image((32, 32)), (1.0, 1.0), settings, weight=weight)
    ).all()


@pytest.mark.parametrize("starts", [1, 2])
def test_what_the_images_do_not_show_is_not_looked_at(starts):
    """Where it is not seen, beyond what fills the edge, a strong pattern goes the other way."""
    shape, shift = (32, 48), np.array([0.0, 1.5])
    shown, hidden = (image(shape, shift), image(shape)), (image(shape, -4 * shift), image(shape))
    there, filled = torch.arange(48) < 23, torch.arange(48) < 26
    pair = [torch.where(filled, *parts) for parts in zip(shown, hidden, strict=True)]
    seen = torch.ones(2, 1, *shape)
    seen[..., ~there] = 0.0
    settings = replace(FAST, field=replace(FAST.field, starts=starts))
    velocity = fit_velocity(*pair, (1.0, 1.0), settings, seen=seen)
    displacement = resize_field(integrate_velocity(velocity), shape)[0]
    assert displacement[1, 14:19, 16:21].mean() == pytest.approx(-1.5, abs=0.2)


def test_problems_that_show_nothing_in_common_are_at_rest_and_leave_the_others_alone():
    fixed, moving = image((32, 32), 1.0).repeat(2, 1, 1, 1), image((32, 32)).repeat(2, 1, 1, 1)
    seen = torch.ones(4, 1, 32, 32)
    seen[1] = 0.0
    velocity = fit_velocity(fixed, moving, (1.0, 1.0), FAST, seen=seen)
    assert not velocity[1].any()
    torch.testing.assert_close(velocity[:1], fit_velocity(fixed[:1], moving[:1], (1.0, 1.0), FAST), rtol=0, atol=1e-3)
