"""Registration: settings that make sense, networks, grids, the fit, and two volumes brought together in mm."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from stand_ins import cancel, centred, textured_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError, OutOfMemoryError
from temporal_interp.registration import fit_velocity as fitting
from temporal_interp.registration import noise
from temporal_interp.registration import register as module
from temporal_interp.registration.fit_velocity import fit_velocity
from temporal_interp.registration.grids import coarsen, fitted_shape
from temporal_interp.registration.noise import MIN_VARIANCE, noise_variance
from temporal_interp.registration.register import default_settings, fit_volumes, register, slices_are_independent
from temporal_interp.registration.settings import GridField, NetworkField, VelocitySettings
from temporal_interp.registration.sinusoidal_network import SinusoidalNetworks
from temporal_interp.registration.velocity_grid import VelocityGrid
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import integrate_velocity, resize_field, warp

OBLIQUE = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()
FAST = VelocitySettings(max_voxels=20_000, levels=(2, 1), iterations=(40, 40), window=7, window_stride=2)
FAST_NETWORK = replace(
    VelocitySettings.neural(), field=NetworkField(width=32, layers=4, extent=1.0, stride=2.0), max_voxels=20_000,
    levels=(2, 1), iterations=(40, 40), learning_rate=2e-3, folding=10.0, squaring_steps=4, patience=0,
)  # fmt: skip
HARDLY = replace(FAST, iterations=(2, 2))

both_fields = pytest.mark.parametrize("fast", [FAST, FAST_NETWORK], ids=["grid", "network"])


def image(shape, shift=0.0):
    return torch.from_numpy(textured_disc(centred(shape) - shift)).float()[None, None]


# --- settings


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("field", "spline"),
        *[(name, 0) for name in ("width", "frequency", "extent", "reach", "max_voxels", "learning_rate")],
        *[(name, -1) for name in ("width", "frequency", "extent", "reach", "max_voxels", "learning_rate")],
        *[(name, -1) for name in ("spread", "noise_variance_floor", "smoothness", "bending", "folding")],
        *[(name, -1) for name in ("patience", "tolerance")],
        *[(name, float("nan")) for name in ("frequency", "reach", "learning_rate", "smoothness", "stride")],
        ("squaring_steps", 0),
        ("window_stride", 0),
        ("layers", 1),
        ("stride", 0.5),
        ("window", 8),
        ("window", 1),
        ("window", -3),
        ("starts", 0),
        ("levels", ()),
        ("levels", (2, 0)),
        ("iterations", ()),
        ("iterations", (10,)),
        ("iterations", (10, 10, 10)),
        ("iterations", (10, 0)),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(name, bad):
    owners = [
        settings for settings in (FAST, FAST.field, FAST_NETWORK.field) if name in {f.name for f in fields(settings)}
    ]
    assert owners
    for settings in owners:
        with pytest.raises(InvalidInputError, match=f"'{name}'"):
            replace(settings, **{name: bad})


def test_zero_turns_the_optional_parts_off():
    replace(FAST, smoothness=0.0, bending=0.0, folding=0.0, patience=0, tolerance=0.0)


def test_paper_settings_are_the_papers():
    paper = VelocitySettings.paper()
    assert paper.field == NetworkField(stride=3.0, width=256, layers=5, frequency=30.0, extent=1.0, reach=1.0)
    assert (paper.squaring_steps, paper.levels) == (7, (1,))
    assert (paper.window, paper.folding, paper.smoothness) == (9, 100.0, 0.1)
    assert (paper.learning_rate, paper.iterations) == (1e-4, (300,))
    assert not paper.symmetric
    assert paper.window_stride == 1
    assert fitted_shape((300, 400, 500), (1.0, 1.0, 1.0), 1, paper.max_voxels) == (300, 400, 500)


def test_one_line_tells_every_setting_that_differs_and_no_other():
    default = VelocitySettings()
    assert default.in_one_line() == ""
    assert replace(default, window=5, levels=(5, 3), iterations=(1, 2)).in_one_line() == (
        "levels=(5,3) iterations=(1,2) window=5"
    )
    assert replace(default, field=GridField(stride=3.0)).in_one_line() == "stride=3.0"
    assert VelocitySettings.neural().in_one_line().startswith("field=network iterations=")
    paper = VelocitySettings.paper()
    names = [part.split("=")[0] for part in paper.in_one_line().split()]
    assert names[:3] == ["field", "stride", "width"]
    assert set(names) <= {f.name for settings in (paper, paper.field) for f in fields(settings)}


# --- networks


def test_networks_start_at_the_identity_all_alike_and_by_their_seed():
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def answer(seed):
        return SinusoidalNetworks(3, 3, width=16, layers=4, frequency=30.0, seed=seed)(points)

    with torch.no_grad():
        velocity = answer(0)
    assert velocity.shape == (3, 50, 3)
    assert float(velocity.abs().max()) < 1e-3
    assert torch.equal(velocity[0], velocity[1])
    assert torch.equal(velocity, answer(0))
    assert not torch.equal(velocity, answer(1))


def test_a_network_computes_what_its_formula_says():
    networks = SinusoidalNetworks(1, 2, width=8, layers=3, frequency=7.0, seed=0)
    points = torch.tensor([[0.3, -0.8]])
    signal = points
    for weight, bias in zip(networks.weights[:-1], networks.biases[:-1], strict=True):
        signal = torch.sin(7.0 * (signal @ weight[0] + bias[0]))
    expected = signal @ networks.weights[-1][0] + networks.biases[-1][0]
    torch.testing.assert_close(networks(points)[0], expected)


def test_problems_do_not_share_weights():
    networks = SinusoidalNetworks(3, 2, width=8, layers=3, frequency=7.0, seed=0)
    networks(torch.rand(5, 2))[1].sum().backward()
    for parameter in networks.parameters():
        assert not parameter.grad[[0, 2]].any()


# --- grids


def test_a_small_image_is_fitted_as_it_is():
    assert fitted_shape((10, 20, 30), (5.0, 1.0, 1.0), 1, 6000) == (10, 20, 30)


@pytest.mark.parametrize("most", [600_000, 200_000, 40_000])
def test_a_large_image_is_coarsened_where_it_is_finest_and_thin_stacks_keep_their_slices(most):
    shape = fitted_shape((10, 256, 208), (8.0, 1.4, 1.4), 1, most)
    assert np.prod(shape) <= most
    assert shape[0] == 10
    assert shape[1] / shape[2] == pytest.approx(256 / 208)


def test_independent_problems_share_the_voxels():
    settings = replace(FAST, max_voxels=20_000)
    assert fitted_shape((100, 100), (1.0, 1.0), 1, settings.max_voxels) == (100, 100)
    shared = fitted_shape((100, 100), (1.0, 1.0), 8, settings.max_voxels)
    assert 8 * np.prod(shared) <= 20_000
    assert 40 <= shared[0] == shared[1] <= 50


def test_coarsening_stops_at_eight_voxels_an_axis():
    assert fitted_shape((4, 100, 9), (1.0, 1.0, 1.0), 1000, 1) == (4, 8, 8)


@pytest.mark.parametrize("coarse", [(16, 24), (8, 12), (8, 24)])
def test_coarsen_keeps_the_extent_and_drops_what_the_grid_cannot_hold(coarse):
    fine = torch.arange(48.0).expand(2, 1, 32, 48)
    ramp = coarsen(fine, coarse)
    ratio = 48 / coarse[1]
    expected = (torch.arange(float(coarse[1])) + 0.5) * ratio - 0.5  # where the centres lie on the fine grid
    torch.testing.assert_close(ramp[1, 0, 3, 3:-3], expected[3:-3], rtol=0, atol=1e-3)
    checkers = (torch.arange(48) % 2).float().expand(1, 1, 32, 48)
    torch.testing.assert_close(coarsen(checkers, coarse), torch.full((1, 1, *coarse), 0.5), rtol=0, atol=0.05)


def test_coarsen_onto_its_own_grid_changes_nothing():
    image_there = torch.rand(2, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(coarsen(image_there, (4, 6)), image_there)


@pytest.mark.parametrize(
    ("thickness", "expected"), [(4.0, VelocitySettings()), (8.0, VelocitySettings.volume())], ids=["slices", "volume"]
)
def test_slices_on_their_own_and_volumes_have_settings_of_their_own(thickness, expected):
    stack = Geometry((10, 128, 128), (1.5, 1.5, 8.0))
    assert default_settings(slices_are_independent(stack, thickness)) == expected
    assert VelocitySettings() != VelocitySettings.volume()


# --- noise


@pytest.mark.parametrize("shape", [(64, 64), (20, 24, 24)], ids=["2D", "3D"])
def test_the_noise_of_every_problem_is_found_beside_edges(shape):
    sigmas = torch.tensor([0.03, 0.06]).view(2, 1, *[1] * len(shape))
    generator = torch.Generator().manual_seed(0)
    scene = torch.cat([image(shape), image(shape, 1.5)]) + 0.2
    first, last = (scene + sigmas * torch.randn(scene.shape, generator=generator) for _ in range(2))
    found = noise_variance(first, last)
    assert found.shape == sigmas.shape
    torch.testing.assert_close(found, sigmas**2, rtol=0.2, atol=0)


@pytest.mark.parametrize("brightness", [0.0, 0.5], ids=["background", "even"])
def test_without_anything_to_see_the_noise_is_the_least(brightness):
    plain = torch.full((2, 1, 16, 16), brightness)
    torch.testing.assert_close(noise_variance(plain, plain), torch.full((2, 1, 1, 1), MIN_VARIANCE))


def test_background_without_noise_hides_no_noise():
    generator = torch.Generator().manual_seed(0)
    noisy = 0.5 + 0.05 * torch.randn((1, 1, 64, 64), generator=generator)
    masked = noisy.clone()
    masked[..., :24] = 0.0
    torch.testing.assert_close(noise_variance(masked, masked), noise_variance(noisy, noisy), rtol=0.2, atol=0)


def test_the_noise_of_a_huge_image_is_looked_for_in_its_middle(monkeypatch):
    monkeypatch.setattr(noise, "_SAMPLE_VOXELS", 32 * 32)
    generator = torch.Generator().manual_seed(0)
    quiet = 0.5 + 0.03 * torch.randn((1, 1, 64, 96), generator=generator)
    loud_around = 0.5 + 0.1 * torch.randn((1, 1, 64, 96), generator=generator)
    loud_around[..., 16:48, 24:72] = quiet[..., 16:48, 24:72]
    torch.testing.assert_close(noise_variance(loud_around, loud_around).item(), 0.03**2, rtol=0.2, atol=0)


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


# --- the fit


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
    assert reports == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_of_several_starts_the_most_similar_of_each_pair_continues_alone():
    """Two problems, begun twice: the first start is right for one of them, the second for the other."""
    scene = image((32, 32))
    rightward = torch.tensor([0.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 32, 32)
    pair = torch.cat([warp(scene, rightward), warp(scene, -rightward), scene, scene])
    velocities = torch.cat([rightward, rightward, -rightward, -rightward])
    chosen = fitting._most_similar(fitting._repeated(pair, 2), velocities, 1e-4, FAST, 2)
    assert chosen.tolist() == [0, 3]


def test_starts_lie_a_little_to_both_sides_of_no_motion_until_one_of_each_is_kept():
    grid = VelocityGrid(3, (32, 32), (1.0, 1.0), GridField(starts=2), 0.15, torch.device("cpu"))
    grid.begin((16, 16))
    begun = grid.velocity().detach()
    assert len(begun) == 2 * 3
    torch.testing.assert_close(begun[:3], -begun[3:])
    assert float(begun.abs().max()) < 0.2
    grid.keep(torch.tensor([0, 4, 2]))
    torch.testing.assert_close(grid.velocity()[1], begun[4])
    grid.begin((32, 32))
    assert len(grid.velocity()) == 3


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
    with pytest.raises(InvalidInputError, match=r"diverged at step 0 of level 2.*learning_rate"):
        fit_velocity(image((16, 16)) * float("nan"), image((16, 16)), (1.0, 1.0), HARDLY)


@pytest.mark.parametrize(
    ("shape", "spacing", "thickness", "independent"),
    [
        ((1, 9, 9), 1.0, None, True),
        ((1, 9, 9), 1.0, 1.0, True),
        ((6, 9, 9), 17.7, 6.0, True),
        ((6, 9, 9), 8.0, 8.0, False),
        ((6, 9, 9), 8.0, 6.0, False),
        ((6, 9, 9), 10.0, None, False),
        ((6, 9, 9), 17.7, None, True),
        ((40, 9, 9), 1.0, None, False),
    ],
)
def test_slices_with_gaps_are_independent(shape, spacing, thickness, independent):
    geometry = Geometry(shape, (1.4, 1.6, spacing))
    assert slices_are_independent(geometry, thickness) is independent


def test_the_velocity_of_independent_slices_has_their_number_and_no_way_through_the_plane():
    shape = (3, 20, 22)
    stacks = [
        np.stack([textured_disc(centred(shape[1:]) - s, 5.0) for s in shifts]) for shifts in ((0, 0, 0), (1, 0, -1))
    ]
    arrays = [array.astype(np.float32) for array in stacks]
    fitted = fit_volumes(
        *arrays, Geometry(shape, (1.0, 1.0, 20.0)), replace(FAST, iterations=(15, 15)), independent=True
    )
    velocity = fitted.velocity
    for image, array in zip(fitted.compared, arrays, strict=True):  # small enough to be compared as they are
        np.testing.assert_allclose(image[0], array, atol=1e-6)
    assert velocity.shape == (1, 3, 3, 10, 11)
    assert not velocity[:, 0].any()
    found = resize_field(velocity, shape)[0, 1:, :, 8:12, 9:13].mean(dim=(2, 3))
    assert (found[:, 0] > 0.3).all()
    assert (found[:, 2] < -0.3).all()


# --- two volumes, in mm

GEOMETRY = Geometry((14, 24, 26), (1.2, 1.5, 2.0), (10.0, -5.0, 3.0), OBLIQUE)


def points_mm(geometry):
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), -1)
    return indices[..., ::-1] @ geometry.voxel_to_physical.T + geometry.origin


def voxels_at(points, geometry):
    """Return voxel coordinates from the centre of the grid, (..., K J I), of LPS points."""
    inverse = np.linalg.inv(geometry.voxel_to_physical)
    return ((points - geometry.origin) @ inverse.T)[..., ::-1] - (np.array(geometry.shape) - 1) / 2


def ball_at(points):
    return textured_disc(voxels_at(points, GEOMETRY), 5.0)


def resampled(volume, field):
    """Return the volume at x + field(x), worked out in physical space."""
    centre = (np.array(volume.geometry.shape) - 1) / 2
    where = voxels_at(points_mm(volume.geometry) + field, volume.geometry) + centre
    return map_coordinates(volume.array, np.moveaxis(where, -1, 0), order=1, mode="nearest")


def turn_and_stretch(points):
    """A displacement in mm that is linear in the point: it turns and stretches about the middle of the grid."""
    middle = GEOMETRY.physical_point((np.array(GEOMETRY.shape) - 1) / 2)
    return (points - middle) @ np.array([[0.05, -0.12, 0.04], [0.1, -0.04, 0.02], [-0.03, 0.06, 0.05]]).T


SHIFT = np.array([1.5, -1.8, 1.0])
"""mm; the fixed ball lies this far from the moving one."""


@pytest.fixture(scope="module")
def ball():
    points = points_mm(GEOMETRY)
    return Volume(ball_at(points - SHIFT), GEOMETRY), Volume(ball_at(points), GEOMETRY)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (400.0, -300.0), (-0.8, 0.9)])
def test_a_volume_of_other_contrast_is_brought_onto_the_fixed_one(ball, gain, offset):
    fixed, moving = ball
    other = moving.with_array(gain * moving.array + offset)
    result = register(fixed, other, settings=replace(FAST, iterations=(60, 40)))
    inside = np.linalg.norm(voxels_at(points_mm(GEOMETRY) - SHIFT, GEOMETRY), axis=-1) < 4
    error = np.linalg.norm(result.displacement.array[inside] + SHIFT, axis=-1)
    assert error.mean() < 0.15 * np.linalg.norm(SHIFT)
    # warped in its own contrast, by the very field that comes with it
    np.testing.assert_allclose(result.warped.array, resampled(other, result.displacement.array), atol=2e-3 * abs(gain))
    truth = gain * fixed.array + offset
    assert np.abs(result.warped.array - truth).mean() < 0.3 * np.abs(other.array - truth).mean()
    assert result.displacement.fold_rate == 0.0


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float64"])
def test_the_warped_volume_has_the_scalar_type_of_the_moving_one(ball, dtype):
    fixed, moving = ball
    integers = moving.with_array((100 * moving.array).astype(dtype))
    result = register(fixed, integers, settings=HARDLY)
    assert result.warped.array.dtype == np.dtype(dtype)
    assert result.warped.geometry == GEOMETRY


@pytest.mark.parametrize("coarse", [GEOMETRY.shape, (14, 12, 13)])
def test_the_result_is_the_fitted_field_and_the_initial_one_where_it_leads(monkeypatch, ball, coarse):
    # in place of a fit: a known shift, u', in voxels of the grid
    step = torch.tensor([0.5, -1.0, 0.75]).view(1, 3, 1, 1, 1)
    velocity = resize_field(step.expand(1, 3, *GEOMETRY.shape), coarse)
    seen = []

    def fit(fixed, moving, *rest, **more):
        seen.append(moving)
        return module.FittedVelocity(velocity, torch.stack([as_image(v, "cpu")[0] for v in (fixed, moving)]))

    monkeypatch.setattr(module, "fit_volumes", fit)
    fixed, moving = ball
    points = points_mm(GEOMETRY)
    result = register(fixed, moving, initial=turn_and_stretch(points))
    rest = GEOMETRY.voxel_to_physical @ np.array([0.75, -1.0, 0.5])
    expected = rest + turn_and_stretch(points + rest)
    inner = (slice(2, -2),) * 3
    np.testing.assert_allclose(result.displacement.array[inner], expected[inner], atol=1e-3)
    wrong_order = turn_and_stretch(points) + rest
    assert np.abs(wrong_order - expected)[inner].max() > 0.2
    # what was fitted is the moving volume as the initial field brings it
    brought = resampled(moving, turn_and_stretch(points))
    low, high = np.percentile(moving.array, [0.1, 99.9])
    np.testing.assert_allclose(seen[0], np.clip((brought - low) / (high - low), 0, 1), atol=0.01)


def test_from_the_exact_field_there_is_about_nothing_left_to_do(ball):
    points = points_mm(GEOMETRY)
    fixed = Volume(ball_at(points + turn_and_stretch(points) - SHIFT), GEOMETRY)
    exact = turn_and_stretch(points) - SHIFT
    result = register(fixed, ball[1], initial=exact, settings=replace(FAST, iterations=(60, 40)))
    inside = np.linalg.norm(voxels_at(points + exact, GEOMETRY), axis=-1) < 5
    left = np.linalg.norm(result.displacement.array - exact, axis=-1)[inside]
    assert left.mean() < 0.15
    assert np.linalg.norm(exact[inside], axis=-1).mean() > 2


@pytest.mark.parametrize(
    "initial",
    [
        np.zeros(GEOMETRY.shape),
        np.zeros((3, *GEOMETRY.shape)),
        np.zeros((14, 24, 25, 3)),
        np.full((*GEOMETRY.shape, 3), np.nan),
    ],
)
def test_an_initial_field_that_does_not_fit_is_refused_before_any_work(ball, initial):
    reports = []
    with pytest.raises(InvalidInputError, match="initial displacement"):
        register(*ball, initial=initial, settings=HARDLY, progress=lambda *report: reports.append(report))
    assert reports == []


def test_volumes_that_cannot_be_registered_are_refused(ball):
    fixed, moving = ball
    with pytest.raises(InvalidInputError, match="voxel grid"):
        register(fixed, Volume(moving.array, replace(GEOMETRY, spacing=(1.0, 1.5, 2.0))), settings=HARDLY)
    with pytest.raises(InvalidInputError, match="constant"):
        register(fixed, moving.with_array(np.ones(GEOMETRY.shape)), settings=HARDLY)
    holed = moving.array.copy()
    holed[0, 0, 0] = np.inf
    with pytest.raises(InvalidInputError, match="The moving volume has 1 voxels"):
        register(fixed, moving.with_array(holed), settings=HARDLY)


@pytest.mark.parametrize(("thickness", "through_plane"), [(1.0, False), (2.0, True), (None, True)])
def test_slices_with_gaps_are_registered_in_their_plane(ball, thickness, through_plane):
    displacement = register(*ball, settings=HARDLY, slice_thickness=thickness).displacement.array
    along_normal = np.abs(displacement @ OBLIQUE[:, 2])
    assert bool(along_normal.max() > 1e-6 * np.abs(displacement).max()) is through_plane


def test_registering_can_be_cancelled(ball):
    with pytest.raises(CancelledError):
        register(*ball, settings=HARDLY, progress=cancel)


def test_a_device_without_enough_memory_is_told_of_in_words(monkeypatch, ball):
    def full(*arguments, **options):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr(module, "fit_velocity", full)
    with pytest.raises(OutOfMemoryError, match=r"volumes of 14 x 24 x 26 voxels needs more memory than cpu has"):
        register(*ball)
