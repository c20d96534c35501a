"""Registration: two volumes brought together in mm, and slices that are independent."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from quick_registrations import FAST, HARDLY
from stand_ins import cancel, centred, textured_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError, OutOfMemoryError
from temporal_interp.registration import register as module
from temporal_interp.registration.register import default_settings, fit_volumes, register, slices_are_independent
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import resize_field

OBLIQUE = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()


# --- independent slices


@pytest.mark.parametrize(
    ("thickness", "expected"), [(4.0, VelocitySettings()), (8.0, VelocitySettings.volume())], ids=["slices", "volume"]
)
def test_slices_on_their_own_and_volumes_have_settings_of_their_own(thickness, expected):
    stack = Geometry((10, 128, 128), (1.5, 1.5, 8.0))
    assert default_settings(slices_are_independent(stack, thickness)) == expected
    assert VelocitySettings() != VelocitySettings.volume()


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
    np.testing.assert_allclose(
        result.warped.array[result.covered],
        resampled(other, result.displacement.array)[result.covered],
        atol=2e-3 * abs(gain),
    )
    assert result.covered.mean() > 0.8
    truth = gain * fixed.array + offset
    seen = result.covered
    assert np.abs(result.warped.array - truth)[seen].mean() < 0.3 * np.abs(other.array - truth)[seen].mean()
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
    np.testing.assert_allclose(seen[0][inner], np.clip((brought - low) / (high - low), 0, 1)[inner], atol=0.01)


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


def nothing(volume):
    return volume.with_array(np.full(volume.array.shape, np.nan))


def test_volumes_that_cannot_be_registered_are_refused(ball):
    fixed, moving = ball
    far_away = replace(GEOMETRY, origin=tuple(np.array(GEOMETRY.origin) + 500.0))
    with pytest.raises(InvalidInputError, match=r"they share 0 of its 8736 voxels\. Check the origins"):
        register(fixed, Volume(moving.array, far_away), settings=HARDLY)
    with pytest.raises(InvalidInputError, match="constant"):
        register(fixed, moving.with_array(np.ones(GEOMETRY.shape)), settings=HARDLY)
    for name, pair in {"fixed": (nothing(fixed), moving), "moving": (fixed, nothing(moving))}.items():
        with pytest.raises(InvalidInputError, match=f"The {name} volume is NaN or infinite throughout"):
            register(*pair, settings=HARDLY)


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


# --- what either volume does not show


def textured_body(generator):
    """Return an image (24, 40, 40) of a textured body in air, as of a CT in HU."""
    texture = gaussian_filter(generator.normal(size=(24, 40, 40)), 1.5)
    body = np.hypot(*(np.mgrid[:40, :40] - 20)) < 16
    return np.where(body, 60 + 400 * texture / texture.std(), -1000.0) + generator.normal(0, 5, (24, 40, 40))


@pytest.fixture(scope="module")
def ct():
    """Return a fixed and a moving CT, 3 mm apart along y, and the way."""
    whole = textured_body(np.random.default_rng(5)).astype(np.int16)
    grid = Geometry((24, 38, 40), (2.0, 1.5, 2.0))
    return Volume(whole[:, 2:], grid), Volume(whole[:, :-2], grid), np.array([0.0, 3.0, 0.0])


def part_of_volume(volume, *box):
    array = volume.array[box]
    corner = tuple(float(x) for x in volume.geometry.physical_point([part.start or 0 for part in box]))
    return Volume(array, replace(volume.geometry, shape=array.shape, origin=corner))


def error_of(result, way, where):
    return np.linalg.norm(result.displacement.array - way, axis=-1)[where].mean()


BOX = (slice(6, None), slice(10, None), slice(0, 30))


@pytest.fixture(scope="module")
def inside(ct):
    """Voxels of the body in the part that a smaller moving volume covers, and not at its border."""
    covered = np.zeros(ct[0].array.shape, bool)
    covered[8:, 14:, :26] = True
    return covered & (ct[0].array > -500)


@pytest.fixture(scope="module")
def known(ct, inside):
    return error_of(register(*ct[:2]), ct[2], inside)


def test_a_moving_volume_that_covers_a_part_is_found_as_well_there(ct, inside, known):
    fixed, moving, way = ct
    result = register(fixed, part_of_volume(moving, *BOX))
    assert known < 0.5
    assert error_of(result, way, inside) < known + 0.1
    assert not result.covered[:5].any()
    assert (np.abs(result.warped.array[~result.covered] + 1000) < 10).all()  # air
    assert result.covered[8:, 14:34, :26].all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_nan_in_either_volume_is_not_compared_and_stays(ct, inside, known, dtype, which):
    fixed, moving, way = ct
    seen = np.zeros(fixed.array.shape, bool)
    seen[BOX] = True
    pair = [fixed, moving]
    pair[which] = pair[which].with_array(np.where(seen, pair[which].array, np.nan).astype(dtype))
    result = register(*pair)
    assert error_of(result, way, inside) < known + 0.1
    if which == 1:
        assert result.warped.array.dtype == dtype
        np.testing.assert_array_equal(np.isfinite(result.warped.array), result.covered)
        assert not result.covered[:5].any()


def test_a_moving_volume_that_reaches_further_is_read_beyond_the_fixed_grid(ct):
    fixed, moving, way = ct
    result = register(part_of_volume(fixed, slice(4, 20), slice(4, 30), slice(5, 35)), moving)
    assert result.covered.all()
    middle = (slice(4, 12), slice(6, 20), slice(6, 24))
    assert error_of(result, way, middle) < 0.6
