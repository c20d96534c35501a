"""Fields against analytic ones: warping, integrating, composing and measuring, in 2D and 3D."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.physical_displacement import from_physical, to_physical
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors import spatial
from temporal_interp.tensors.spatial import (
    compose,
    fold_rate,
    identity_grid,
    integrate_velocity,
    jacobian_determinant,
    resize,
    resize_field,
    sample,
    smooth,
    warp,
)

SHAPES = [(40, 44), (28, 32, 36)]
LINEAR = {
    "general 2D": [[0.20, -0.35], [0.25, -0.10]],
    "rotation 2D": [[0.0, -math.pi / 6], [math.pi / 6, 0.0]],
    "general 3D": [[0.10, -0.20, 0.05], [0.15, -0.12, 0.10], [-0.05, 0.20, 0.08]],
}


def grid(shape):
    return identity_grid(shape, torch.zeros(1))


def plane(points):
    """An image that is linear in its coordinates, so that linear interpolation of it is exact."""
    weights = torch.tensor([1.0, -2.0, 0.5])[: points.shape[1]].view(1, -1, *[1] * (points.ndim - 2))
    return (points * weights).sum(1, keepdim=True)


def waves(points):
    """A smooth image of period 40 voxels."""
    return torch.cos(points * (2 * math.pi / 40)).sum(1, keepdim=True)


def swirl(shape, size=1.3):
    """A smooth displacement of at most `size` voxels that dies towards the border."""
    points, centre = centred(shape)
    reach = torch.tensor(shape).view(centre.shape) / 5
    bell = torch.exp(-0.5 * (points / reach).square().sum(1, keepdim=True))
    direction = torch.linspace(-1, 1, len(shape) + 1)[1:].view(centre.shape)
    return size * bell * (direction + 0.3 * torch.sin(points.flip(1) / 6)).clamp(-1, 1)


def centred(shape):
    """Return the coordinates from the centre of the grid, and the centre."""
    centre = torch.tensor([(n - 1) / 2 for n in shape]).view(1, -1, *[1] * len(shape))
    return grid(shape) - centre, centre


def linear_field(matrix, shape):
    """Return the field A (p - centre), (1, D, *shape)."""
    return torch.einsum("ab,nb...->na...", torch.as_tensor(matrix, dtype=torch.float32), centred(shape)[0])


def inside(field, margin):
    return field[(..., *[slice(margin, -margin)] * (field.ndim - 2))]


def biggest(difference):
    return float(difference.abs().max())


# --- warping


@pytest.mark.parametrize("shape", SHAPES)
def test_a_zero_displacement_changes_nothing(shape):
    image = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(0))
    assert biggest(warp(image, torch.zeros(1, len(shape), *shape)) - image) < 2e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_a_constant_displacement_reads_the_image_there(shape):
    shift = torch.tensor([1.25, -2.5, 3.0])[: len(shape)].view(1, -1, *[1] * len(shape))
    warped = warp(plane(grid(shape)), shift.expand(1, -1, *shape).contiguous())
    assert biggest(inside(warped - plane(grid(shape) + shift), 3)) < 1e-4


@pytest.mark.parametrize("axis", range(3))
def test_channels_follow_the_axes_of_the_array(axis):
    image = torch.zeros(1, 1, 5, 6, 7)
    image[0, 0, 2, 3, 4] = 1
    displacement = torch.zeros(1, 3, 5, 6, 7)
    displacement[:, axis] = 1.0
    peak = (warp(image, displacement)[0, 0] == 1).nonzero().tolist()
    expected = [2, 3, 4]
    expected[axis] -= 1  # the result at p is the image at p + 1
    assert peak == [expected]


@pytest.mark.parametrize(("shape", "name"), [((40, 44), "general 2D"), ((28, 32, 36), "general 3D")])
def test_an_affine_displacement_is_exact_on_a_linear_image(shape, name):
    displacement = 0.3 * linear_field(LINEAR[name], shape)
    warped = warp(plane(grid(shape)), displacement)
    assert biggest(inside(warped - plane(grid(shape) + displacement), 6)) < 1e-4


@pytest.mark.parametrize("shape", [(9, 11), (5, 9, 11)])
def test_many_channels_are_warped_as_each_alone(shape):
    channels = spatial.CHANNELS_LAST_FROM + 1
    image = torch.rand(2, channels, *shape, generator=torch.Generator().manual_seed(1))
    displacement = swirl(shape).repeat(2, *[1] * (len(shape) + 1))
    displacement[1] *= -0.5
    together = warp(image, displacement)
    alone = torch.cat([warp(image[:, c : c + 1], displacement) for c in range(channels)], dim=1)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_one_displacement_serves_a_whole_batch():
    image = torch.rand(3, 1, 8, 9, generator=torch.Generator().manual_seed(1))
    displacement = swirl((8, 9))
    torch.testing.assert_close(warp(image, displacement), warp(image, displacement.expand(3, -1, -1, -1)))


def test_beyond_the_border_lies_the_edge_voxel_or_zero():
    image = torch.arange(1.0, 5.0).view(1, 1, 1, 4)
    displacement = torch.zeros(1, 2, 1, 4)
    displacement[:, 1] = 2.0
    torch.testing.assert_close(warp(image, displacement), torch.tensor([[[[3.0, 4.0, 4.0, 4.0]]]]))
    zeros = warp(image, displacement, padding="zeros")
    torch.testing.assert_close(zeros, torch.tensor([[[[3.0, 4.0, 0.0, 0.0]]]]))


def test_nearest_invents_no_value():
    labels = torch.tensor([0.0, 3.0, 3.0, 7.0]).view(1, 1, 1, 4)
    displacement = torch.zeros(1, 2, 1, 4)
    displacement[:, 1] = 0.7
    assert warp(labels, displacement, mode="nearest").flatten().tolist() == [3.0, 3.0, 7.0, 7.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_images_are_sampled_at_float32_coordinates(dtype):
    # bfloat16 coordinates would be wrong by up to a voxel here; the values themselves are exact in both types
    image = (torch.arange(256) % 2).to(dtype).view(1, 1, 1, 256).expand(1, 1, 2, 256)
    still = warp(image, torch.zeros(1, 2, 2, 256))
    assert still.dtype == dtype
    torch.testing.assert_close(still, image)
    quarter = torch.zeros(1, 2, 2, 256)
    quarter[:, 1] = 0.25
    expected = torch.where(image == 0, 0.25, 0.75).to(dtype)
    expected[..., -1] = image[..., -1]
    torch.testing.assert_close(warp(image, quarter.to(dtype)), expected)


def test_float64_images_keep_their_precision():
    image = torch.rand(1, 1, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1e6
    warped = warp(image, torch.zeros(1, 2, 6, 7))
    assert warped.dtype == torch.float64
    assert biggest(warped - image) < 1e-5


def test_sampling_at_scattered_points():
    points = torch.tensor([[0.5, 2.0], [1.0, 3.25]]).T.reshape(1, 2, 2, 1)
    image = plane(grid((4, 5)))
    torch.testing.assert_close(sample(image, points), plane(points))


def test_gradients_reach_the_displacement():
    displacement = torch.zeros(1, 2, 9, 9, requires_grad=True)
    warp(plane(grid((9, 9))), displacement).sum().backward()
    inner = inside(displacement.grad, 1)
    torch.testing.assert_close(inner[0, 0], torch.full((7, 7), 1.0))
    torch.testing.assert_close(inner[0, 1], torch.full((7, 7), -2.0))


@pytest.mark.parametrize("axis", range(3))
def test_one_voxel_axes_stay_where_they_are(axis):
    shape = tuple(1 if a == axis else 8 for a in range(3))
    velocity = torch.ones(1, 3, *shape)
    image = torch.rand(1, 1, *shape, generator=torch.Generator().manual_seed(0))
    displacement = integrate_velocity(velocity)
    torch.testing.assert_close(displacement, velocity)
    assert torch.isfinite(jacobian_determinant(displacement)).all()
    only_there = torch.zeros_like(velocity)
    only_there[:, axis] = 1.0  # along the axis of one voxel the border repeats
    torch.testing.assert_close(warp(image, only_there), image, rtol=0, atol=1e-5)


# --- integrating and composing


@pytest.mark.parametrize("name", LINEAR)
def test_scaling_and_squaring_of_a_linear_velocity_is_the_matrix_exponential(name):
    matrix = torch.tensor(LINEAR[name])
    shape = SHAPES[len(matrix) - 2]
    displacement = integrate_velocity(linear_field(matrix, shape))
    expected = linear_field(torch.linalg.matrix_exp(matrix) - torch.eye(len(matrix)), shape)
    # 7 steps leave an error of about |A|^2 / 2^8 of the distance to the centre; points near the border look beyond it
    centre = inside(expected, min(shape) // 3)
    limit = float(matrix.norm() ** 2) / 2**8 * biggest(inside(centred(shape)[0], min(shape) // 3)) * math.sqrt(2)
    assert biggest(inside(displacement, min(shape) // 3) - centre) < limit
    assert biggest(centre) > 20 * limit


def test_more_steps_come_nearer_to_the_exponential():
    matrix = torch.tensor(LINEAR["general 2D"])
    velocity = linear_field(matrix, (40, 44))
    expected = linear_field(torch.linalg.matrix_exp(matrix) - torch.eye(2), (40, 44))
    errors = [biggest(inside(integrate_velocity(velocity, steps=s) - expected, 13)) for s in (2, 4, 6)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_a_rotation_turns_by_its_angle():
    angle = math.pi / 6
    matrix = torch.tensor([[0.0, -angle], [angle, 0.0]])
    rotation = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    displacement = integrate_velocity(linear_field(matrix, (40, 40)), steps=10)
    expected = linear_field(rotation - torch.eye(2), (40, 40))
    assert biggest(inside(displacement - expected, 13)) < 0.01


def test_a_constant_velocity_is_a_shift():
    velocity = torch.full((1, 3, 5, 6, 7), 1.5)
    torch.testing.assert_close(integrate_velocity(velocity), velocity)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_integration_is_always_float32(dtype):
    assert integrate_velocity(torch.ones(1, 2, 4, 4, dtype=dtype)).dtype == torch.float32


@pytest.mark.parametrize("shape", SHAPES)
def test_the_negated_velocity_is_the_inverse(shape):
    velocity = swirl(shape)
    there, back = integrate_velocity(velocity), integrate_velocity(-velocity)
    assert biggest(there) > 1
    assert biggest(compose(there, back)) < 0.02
    assert biggest(compose(back, there)) < 0.02


@pytest.mark.parametrize("t", [0.0, 0.25, 0.6, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_shares_of_the_way_add_up_to_the_whole(shape, t):
    velocity = swirl(shape)
    parts = compose(integrate_velocity(t * velocity), integrate_velocity((1 - t) * velocity))
    assert biggest(parts - integrate_velocity(velocity)) < 0.02


@pytest.mark.parametrize(("shape", "name"), [((40, 44), "general 2D"), ((28, 32, 36), "general 3D")])
def test_composing_warps_once_as_warping_by_the_first_and_then_by_the_other(shape, name):
    first, then, image = linear_field(LINEAR[name], shape), swirl(shape, 3.0), waves(grid(shape))
    margin = min(shape) // 3
    # the final image at p is the first warped image at q = p + then(p), which is the image at q + first(q)
    reached = grid(shape) + then
    first_there = torch.einsum("ab,nb...->na...", torch.tensor(LINEAR[name]), reached - centred(shape)[1])
    truth = waves(reached + first_there)
    assert biggest(inside(warp(image, compose(first, then)) - truth, margin)) < 0.015
    assert biggest(inside(warp(warp(image, first), then) - truth, margin)) < 0.03
    assert biggest(inside(warp(image, compose(then, first)) - truth, margin)) > 0.1


# --- measuring


def test_jacobian_of_a_linear_displacement_is_the_determinant_of_its_matrix():
    for name in LINEAR:
        matrix = torch.tensor(LINEAR[name])
        shape = SHAPES[len(matrix) - 2]
        determinant = jacobian_determinant(linear_field(matrix, shape))
        expected = torch.linalg.det(torch.eye(len(matrix)) + matrix)
        assert determinant.shape == (1, *shape)
        torch.testing.assert_close(determinant, expected.expand(1, *shape), rtol=0, atol=2e-5)


def test_jacobian_in_2d_against_derivatives_written_by_hand():
    j, i = grid((40, 44))[0]
    field = torch.stack([2 * torch.sin(i / 9) + 0.01 * j**2 / 2, 1.5 * torch.cos(j / 7)])[None]
    expected = (1 + 0.01 * j) * 1 - (2 / 9 * torch.cos(i / 9)) * (-1.5 / 7 * torch.sin(j / 7))
    assert biggest(inside((jacobian_determinant(field) - expected)[None], 1)) < 1e-3


def test_jacobian_in_3d_against_derivatives_written_by_hand():
    k, j, i = grid((20, 24, 28))[0]
    field = torch.stack([2 * torch.sin(j / 8), 1.5 * torch.sin(i / 7), torch.cos(k / 6)])[None]
    # only the cyclic product of the three derivatives joins the identity
    cycle = (2 / 8 * torch.cos(j / 8)) * (1.5 / 7 * torch.cos(i / 7)) * (-1 / 6 * torch.sin(k / 6))
    assert biggest(inside((jacobian_determinant(field) - (1 + cycle))[None], 1)) < 1e-3


def test_a_slice_has_the_jacobian_of_its_plane():
    in_plane = swirl((40, 44))
    as_slice = torch.cat([torch.zeros(1, 1, 1, 40, 44), in_plane.unsqueeze(2)], dim=1)
    torch.testing.assert_close(jacobian_determinant(as_slice)[:, 0], jacobian_determinant(in_plane))


def test_fold_rate_is_the_share_of_folded_voxels():
    shape = (30, 40)
    assert fold_rate(torch.zeros(1, 2, *shape)) == 0.0
    field = torch.zeros(1, 2, *shape)
    # space runs backwards in columns 20 and on: derivative -2 there, -1 at the turn, where the determinant is 0
    field[:, 1, :, 20:] = -2 * torch.arange(20.0)
    assert fold_rate(field) == pytest.approx(20 / 40)


def test_smooth_is_the_gaussian_of_scipy():
    image = torch.rand(1, 2, 12, 14, 16, generator=torch.Generator().manual_seed(0))
    expected = gaussian_filter(image.numpy(), (0, 0, 1.5, 0, 0.8), mode="nearest", truncate=3.0)
    # SciPy rounds the kernel's reach, ours goes up: one more voxel of weight below exp(-4.5)
    assert biggest(smooth(image, (1.5, 0.1, 0.8)) - torch.from_numpy(expected)) < 5e-3


def test_smooth_keeps_a_constant_and_reaches_beyond_a_small_image():
    torch.testing.assert_close(smooth(torch.full((1, 1, 3, 4), 2.0), (5.0, 9.0)), torch.full((1, 1, 3, 4), 2.0))


# --- between grids


@pytest.mark.parametrize(("shape", "finer"), [((10, 11), (20, 33)), ((4, 10, 11), (8, 20, 33))])
def test_a_resized_field_is_the_same_motion_in_mm(shape, finer):
    field = torch.ones(1, len(shape), *shape)
    resized = resize_field(field, finer)
    for axis in range(len(shape)):  # one coarse voxel is as many fine ones as the ratio of the sizes
        torch.testing.assert_close(resized[0, axis], torch.full(finer, finer[axis] / shape[axis]))
    back = resize_field(resized, shape)
    torch.testing.assert_close(back, field)


def test_resizing_covers_the_same_extent():
    # the extent runs from half a voxel before the first centre to half a voxel after the last
    coarse = (torch.arange(6.0) + 0.5).view(1, 1, 1, 6) * 4
    fine = resize(coarse, (1, 12))
    torch.testing.assert_close(fine[0, 0, 0, 1:-1], ((torch.arange(12.0) + 0.5) * 2)[1:-1])


def test_warping_by_a_resized_field_moves_as_much():
    coarse = swirl((20, 22))
    blob = torch.exp(-0.5 * (centred((40, 44))[0] / 5).square().sum(1, keepdim=True))
    warped = warp(blob, resize_field(coarse, (40, 44)))
    half = warp(resize(blob, (20, 22)), coarse)
    assert biggest(resize(warped, (20, 22)) - half) < 0.03


# --- wrong shapes


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: warp(torch.zeros(1, 1, 4, 4), torch.zeros(1, 2, 4, 5)), "warp"),
        (lambda: warp(torch.zeros(1, 1, 4, 4), torch.zeros(1, 3, 4, 4)), "warp"),
        (lambda: warp(torch.zeros(1, 1, 4, 4, 4), torch.zeros(1, 2, 4, 4)), "warp"),
        (lambda: warp(torch.zeros(2, 1, 4, 4), torch.zeros(3, 2, 4, 4)), "warp"),
        (lambda: integrate_velocity(torch.zeros(1, 2, 4, 4, 4)), "integrate_velocity"),
        (lambda: integrate_velocity(torch.zeros(2, 4, 4)), "integrate_velocity"),
        (lambda: compose(torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 5)), "compose"),
        (lambda: compose(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)), "compose"),
        (lambda: resize_field(torch.zeros(1, 3, 4, 4), (8, 8)), "resize_field"),
        (lambda: resize_field(torch.zeros(1, 2, 4, 4), (8, 8, 8)), "resize_field"),
        (lambda: jacobian_determinant(torch.zeros(1, 1, 4, 4)), "jacobian_determinant"),
        (lambda: to_physical(torch.zeros(1, 3, 2, 2, 2), Geometry((2, 2, 2))), "to_physical"),
        (lambda: to_physical(torch.zeros(2, 2, 2, 2), Geometry((2, 2, 2))), "to_physical"),
        (lambda: from_physical(np.zeros((2, 2, 2)), Geometry((2, 2, 2))), "from_physical"),
        (lambda: from_physical(np.zeros((3, 2, 2, 2)), Geometry((2, 2, 2))), "from_physical"),
    ],
)
def test_wrong_shapes_are_refused_by_the_functions_name(call, name):
    with pytest.raises(InvalidInputError, match=rf"{name}\(\)"):
        call()


def test_smooth_is_never_wider_than_the_image():
    image = torch.rand(1, 1, 5, 9, generator=torch.Generator().manual_seed(2))
    wide = smooth(image, (1e9, 1e9))  # a kernel of that width would not fit into any memory
    torch.testing.assert_close(wide, smooth(image, (5.0, 9.0)))
    assert image.std() > 5 * wide.std()
