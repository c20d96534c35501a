"""Cubic B-splines against those of scipy, in planes and in volumes."""

import itertools

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates, spline_filter

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors import cubic as module
from temporal_interp.tensors.cubic import CubicImage, spline_coefficients
from temporal_interp.tensors.spatial import identity_grid, sample

PLANES = [(24, 31), (1, 9), (9, 1), (1, 1), (2, 3), (3, 2), (400, 5)]
VOLUMES = [(12, 17, 14), (1, 9, 8), (5, 1, 2), (2, 3, 1), (1, 1, 1), (3, 2, 3)]
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"))]


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def random_points(shape, *, batch=1, beyond=0.0, count=11):
    """Return points in and, by so many voxels, around an image."""
    size = torch.tensor(shape).view(1, -1, *[1] * len(shape))
    return random(batch, len(shape), *[count] * len(shape), seed=1) * (size - 1 + 2 * beyond) - beyond


def reference(image, points):
    """Return what scipy gives in float64 at clamped points."""
    shape = image.shape[2:]
    values = torch.empty(*image.shape[:2], *points.shape[2:], dtype=torch.float64)
    for n, c in itertools.product(range(image.shape[0]), range(image.shape[1])):
        at = points[n if points.shape[0] > 1 else 0].double().numpy()
        clamped = [np.clip(x, 0, size - 1) for x, size in zip(at, shape, strict=True)]
        values[n, c] = torch.from_numpy(map_coordinates(image[n, c].double().numpy(), clamped, order=3, mode="mirror"))
    return values


def furthest(values, expected):
    return float((values.double() - expected.double()).abs().max())


# --- coefficients


@pytest.mark.parametrize("shape", [(40, 50), (2, 3), (3, 2), (5, 4, 6), (16, 17, 2)])
def test_coefficients_are_those_of_scipy(shape):
    image = random(1, 1, *shape)
    expected = spline_filter(image[0, 0].double().numpy(), order=3, mode="mirror", output=np.float64)
    assert furthest(spline_coefficients(image)[0, 0], torch.from_numpy(expected)) < 3e-6


def test_coefficients_along_some_axes_leave_the_others_alone():
    image = random(1, 1, 4, 6, 7)
    together = spline_coefficients(image, axes=(3, 4))
    alone = torch.stack([spline_coefficients(slices) for slices in image.unbind(2)], dim=2)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
    assert torch.equal(image, random(1, 1, 4, 6, 7))


def test_an_axis_of_one_voxel_stays_as_it_is():
    image = random(1, 1, 1, 6, 1)
    assert torch.equal(spline_coefficients(image, axes=(2, 4)), image)


# --- values


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", PLANES + VOLUMES)
def test_values_are_those_of_scipy_and_the_edge_voxel_is_repeated_beyond_the_border(shape, device):
    image, points = random(1, 1, *shape), random_points(shape, beyond=2.5)
    values = CubicImage.of(image.to(device)).sample(points.to(device))
    assert values.device.type == device
    # coordinates in a plane are, as in linear interpolation, rounded to 6e-8 of the size
    assert furthest(values.cpu(), reference(image, points)) < 1e-5 * max(1, max(shape) / 50)


@pytest.mark.parametrize("shape", PLANES + VOLUMES)
def test_float64_images_keep_their_precision(shape):
    image, points = random(1, 1, *shape).double(), random_points(shape, beyond=2.5).double()
    values = CubicImage.of(image).sample(points)
    assert values.dtype == torch.float64
    assert furthest(values, reference(image, points)) < 2e-8


@pytest.mark.parametrize("shape", PLANES + VOLUMES)
@pytest.mark.parametrize("tolerance", [None, 0.0])
def test_voxels_are_returned_at_their_centres(shape, tolerance):
    image = random(1, 1, *shape)
    values = CubicImage.of(image).sample(identity_grid(shape, image), tolerance=tolerance)
    assert furthest(values, image) < 1e-5 * max(1, max(shape) / 50)


@pytest.mark.parametrize("shape", [(24, 31), (12, 17, 14)])
def test_a_constant_is_reproduced_to_the_last_digits(shape):
    values = CubicImage.of(torch.full((1, 1, *shape), 30000.0)).sample(random_points(shape, beyond=2.0))
    assert furthest(values, torch.full_like(values, 30000.0)) < 0.01


@pytest.mark.parametrize("shape", [(60, 70), (40, 41, 42)])
def test_a_ramp_is_reproduced_far_from_the_border(shape):
    weights = torch.tensor([1.0, -2.0, 0.5])[: len(shape)].view(1, -1, *[1] * len(shape))
    ramp = (identity_grid(shape, weights) * weights).sum(1, keepdim=True)
    points = random_points(shape, beyond=-15.0)
    assert furthest(CubicImage.of(ramp).sample(points), (points * weights).sum(1, keepdim=True)) < 1e-4


@pytest.mark.parametrize("shape", [(24, 31), (12, 17, 14)])
def test_small_contrast_on_a_great_offset_stays_precise(shape):
    contrast, points = (random(1, 1, *shape) * 64).round(), random_points(shape)
    values = CubicImage.of(contrast + 30000).sample(points)
    assert furthest(values, reference(contrast, points) + 30000) < 0.01  # float32 has steps of 0.002 here


def test_a_wave_is_followed_better_than_by_lines():
    wave = torch.sin(torch.arange(200.0) * 1.2).view(1, 1, 1, 200)
    points = random_points((1, 200), beyond=-20.0, count=50)
    expected = torch.sin(points[:, 1:] * 1.2)
    assert furthest(CubicImage.of(wave).sample(points), expected) < 0.2 * furthest(sample(wave, points), expected)


@pytest.mark.parametrize("shape", [(990, 1000), (3, 990, 5)])
def test_coordinates_near_1000_are_precise(shape):
    image, points = random(1, 1, *shape), random_points(shape)
    precise = CubicImage.of(image).sample(points)
    assert furthest(precise, reference(image, points)) < 3e-4  # float32 has steps of 6e-5 here


# --- batches, channels and types


@pytest.mark.parametrize("shape", [(24, 31), (6, 9, 8)])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("tolerance", [None, 0.01])
def test_batches_and_channels_are_sampled_as_each_alone(shape, batch, tolerance):
    image, points = random(2, 3, *shape), random_points(shape, batch=batch, beyond=1.0)
    together = CubicImage.of(image).sample(points, tolerance=tolerance)
    for n, c in itertools.product(range(2), range(3)):
        own = points[min(n, batch - 1)][None]
        alone = CubicImage.of(image[n : n + 1, c : c + 1]).sample(own, tolerance=tolerance)
        torch.testing.assert_close(together[n : n + 1, c : c + 1], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(24, 31), (12, 17, 14)])
@pytest.mark.parametrize("in_plane", [True, False])
@pytest.mark.parametrize("at_once", [1, 50, 20_000])
def test_values_do_not_depend_on_how_many_points_are_worked_on_at_once(monkeypatch, shape, in_plane, at_once):
    image = random(2, 1, *shape)
    points = identity_grid(shape, image) + 0.3
    whole = CubicImage.of(image, in_plane=in_plane).sample(points, tolerance=0.1)
    monkeypatch.setattr(module, "CPU_AT_ONCE", at_once)
    torch.testing.assert_close(
        CubicImage.of(image, in_plane=in_plane).sample(points, tolerance=0.1), whole, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("shape", [(24, 31), (12, 17, 14)])
def test_values_do_not_depend_on_the_number_of_threads(monkeypatch, shape, inference):
    monkeypatch.setattr(module, "CPU_AT_ONCE", 50)
    image, before, values = random(2, 1, *shape), torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            with torch.inference_mode(inference):
                points = identity_grid(shape, image) + 0.3
                values.append(CubicImage.of(image).sample(points, tolerance=0.1))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(*values, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int16, torch.uint8])
@pytest.mark.parametrize("shape", [(24, 31), (6, 9, 8)])
def test_other_types_become_float32(dtype, shape):
    image, points = (random(1, 1, *shape) * 100).to(dtype), random_points(shape)
    values = CubicImage.of(image).sample(points)
    assert values.dtype == torch.float32
    assert torch.equal(values, CubicImage.of(image.float()).sample(points))


@pytest.mark.parametrize("shape", [(24, 31), (6, 9, 8)])
def test_voxels_in_any_order_of_memory_are_sampled_alike_and_left_alone(shape):
    image, points = random(1, 1, *shape), random_points(shape)
    before = image.clone()
    transposed = image.transpose(-1, -2).contiguous().transpose(-1, -2)
    values = CubicImage.of(transposed).sample(points, tolerance=0.1)
    assert torch.equal(values, CubicImage.of(image).sample(points, tolerance=0.1))
    assert torch.equal(image, before)


@pytest.mark.parametrize("shape", [(24, 31), (6, 9, 8)])
def test_points_that_are_no_numbers_do_no_harm_to_others(shape):
    image, points = random(1, 1, *shape), random_points(shape)
    expected = CubicImage.of(image).sample(points).flatten()
    points.flatten(2)[..., 0] = torch.nan
    points.flatten(2)[..., 1] = torch.inf
    assert torch.equal(CubicImage.of(image).sample(points, tolerance=10.0).flatten()[2:], expected[2:])


# --- within the range of the neighbours


@pytest.mark.parametrize("shape", [(24, 31), (2, 3), (1, 9), (12, 17, 14), (2, 3, 1), (1, 1, 1)])
@pytest.mark.parametrize("tolerance", [0.0, 0.05, 10.0])
def test_values_are_kept_within_the_voxels_around_them(shape, tolerance):
    image, points = random(1, 1, *shape), random_points(shape, beyond=1.0)
    free = CubicImage.of(image).sample(points)
    kept = CubicImage.of(image).sample(points, tolerance=tolerance)
    size = torch.tensor(shape).view(1, -1, *[1] * len(shape))
    below = torch.minimum(points.clamp(min=0).floor().long(), (size - 2).clamp(min=0))
    corners = []
    for step in itertools.product((0, 1), repeat=len(shape)):
        corner = torch.minimum(below + torch.tensor(step).view(size.shape), size - 1)
        corners.append(image[0, 0][tuple(corner[0])])
    around = torch.stack(corners)
    expected = torch.clamp(free[0, 0], around.amin(0) - tolerance, around.amax(0) + tolerance)
    torch.testing.assert_close(kept[0, 0], expected, rtol=0, atol=1e-6)


# --- slices of their own


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("tolerance", [None, 0.01])
def test_in_plane_every_slice_is_an_image_of_its_own(batch, tolerance):
    image = random(2, 2, 4, 13, 12)
    points = identity_grid((4, 13, 12), image).repeat(batch, 1, 1, 1, 1) + random(batch, 3, 4, 13, 12, seed=2)
    together = CubicImage.of(image, in_plane=True).sample(points, tolerance=tolerance)
    for k in range(4):
        alone = CubicImage.of(image[:, :, k]).sample(points[:, 1:, k], tolerance=tolerance)
        torch.testing.assert_close(together[:, :, k], alone, rtol=0, atol=1e-6)


def test_in_plane_and_in_a_volume_motion_in_plane_gives_the_same():
    image = random(1, 1, 5, 13, 12)
    points = identity_grid((5, 13, 12), image)
    points[:, 1:] += 1.3
    in_plane = CubicImage.of(image, in_plane=True).sample(points)
    torch.testing.assert_close(in_plane, CubicImage.of(image).sample(points), rtol=0, atol=1e-5)


def test_slices_stand_alone_in_plane_only():
    image = random(1, 1, 5, 13, 12)
    prepared = CubicImage.of(image, in_plane=True)
    assert prepared.slices(slice(0, 5)) is prepared
    assert torch.equal(prepared.slices(slice(1, 3)).image, image[:, :, 1:3])
    with pytest.raises(InvalidInputError, match="sampled in plane"):
        CubicImage.of(image).slices(slice(1, 3))
    with pytest.raises(InvalidInputError, match="sampled in plane"):
        CubicImage.of(image[:, :, 0]).slices(slice(1, 3))


# --- refusals


@pytest.mark.parametrize("shape", [(5, 5), (1, 5, 5), (1, 1, 0, 5), (1, 1, 1, 2, 3, 4)])
def test_other_shapes_of_images_are_refused(shape):
    with pytest.raises(InvalidInputError, match="needs an image"):
        CubicImage.of(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (1, 2, 4), (3, 2, 4, 4), (1, 3, 4, 4, 4)])
def test_points_that_do_not_fit_are_refused(shape):
    with pytest.raises(InvalidInputError, match="needs points"):
        CubicImage.of(torch.zeros(2, 1, 5, 5)).sample(torch.zeros(shape))


def test_points_for_other_slices_are_refused():
    with pytest.raises(InvalidInputError, match="4 slices"):
        CubicImage.of(torch.zeros(1, 1, 4, 5, 5), in_plane=True).sample(torch.zeros(1, 3, 2, 5, 5))


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_a_tolerance_that_is_no_width_is_refused(tolerance):
    with pytest.raises(InvalidInputError, match="tolerance"):
        CubicImage.of(torch.zeros(1, 1, 5, 5)).sample(torch.zeros(1, 2, 4, 4), tolerance=tolerance)
