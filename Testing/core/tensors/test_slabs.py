"""Working slab by slab gives what working on the whole would."""

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors import slabs as module
from temporal_interp.tensors.cubic import CubicImage
from temporal_interp.tensors.slabs import as_image, displacement_in_slab, resize_slab, slabs, warp_slab
from temporal_interp.tensors.spatial import identity_grid, resize, resize_field, warp

COARSE, FINE = (5, 6, 7), (11, 15, 17)
GRIDS = [(COARSE, FINE), (COARSE, COARSE), ((1, 6, 7), (1, 15, 17)), ((5, 6, 7), (5, 15, 17)), ((5, 6, 7), (3, 4, 7))]


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("voxels", "thickness"), [(1, [1] * 11), (15 * 17 * 4, [4, 4, 3]), (10**6, [11])])
def test_slabs_cover_every_slice_once_and_hold_no_more_than_allowed(monkeypatch, voxels, thickness):
    monkeypatch.setattr(module, "SLAB_VOXELS", voxels)
    cut = list(slabs(FINE))
    assert [s.stop - s.start for s in cut] == thickness
    assert [n for s in cut for n in range(s.start, s.stop)] == list(range(11))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", ">i2", "float64"])
def test_as_image_is_a_float32_copy(dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    image = as_image(array[:, ::-1], "cpu")
    assert image.shape == (1, 1, 2, 3, 4)
    assert image.dtype == torch.float32
    np.testing.assert_array_equal(image[0, 0], array[:, ::-1])
    image += 1
    assert array[0, 0, 0] == 0


@pytest.mark.parametrize(("coarse", "fine"), GRIDS)
def test_resize_slab_is_a_slab_of_resize(coarse, fine):
    image = random(1, 3, *coarse)
    whole = resize(image, fine)
    for start, stop in ((0, 1), (0, fine[0]), (fine[0] // 2, fine[0])):
        part = resize_slab(image, fine, slice(start, stop))
        torch.testing.assert_close(part, whole[:, :, start:stop], rtol=0, atol=2e-6)


@pytest.mark.parametrize(("coarse", "fine"), GRIDS)
def test_displacement_in_slab_is_a_slab_of_resize_field(coarse, fine):
    displacement = random(1, 3, *coarse)
    part = displacement_in_slab(displacement, fine, slice(0, fine[0]))
    torch.testing.assert_close(part, resize_field(displacement, fine), rtol=0, atol=5e-6)


@pytest.mark.parametrize("coarse", [COARSE, FINE, (11, 6, 7)])
def test_warp_slab_is_a_slab_of_the_warp_by_the_upsampled_field(coarse):
    image = random(1, 1, *FINE)
    displacement = random(1, 3, *coarse)
    whole = warp(image, resize_field(displacement, FINE))
    for start, stop in ((0, 4), (4, 5), (5, 11)):
        part = warp_slab(image, displacement, slice(start, stop))
        torch.testing.assert_close(part, whole[:, :, start:stop], rtol=0, atol=5e-5)


@pytest.mark.parametrize("voxels", [1, 15 * 17 * 3, 10**6])
def test_slices_do_not_depend_on_the_slab_they_are_in(monkeypatch, voxels):
    image, displacement = random(1, 1, *FINE), random(1, 3, *COARSE)
    whole = warp_slab(image, displacement, slice(0, 11))
    monkeypatch.setattr(module, "SLAB_VOXELS", voxels)
    parts = torch.cat([warp_slab(image, displacement, slab) for slab in slabs(FINE)], dim=2)
    assert torch.equal(parts, whole)


@pytest.mark.parametrize("tolerance", [None, 0.1])
@pytest.mark.parametrize("in_plane", [False, True])
def test_warp_slab_with_cubic_splines_is_a_slab_of_the_whole(in_plane, tolerance):
    prepared = CubicImage.of(random(1, 1, *FINE), in_plane=in_plane)
    displacement = random(1, 3, *COARSE)
    displacement[:, 0] *= not in_plane
    points = identity_grid(FINE, displacement) + resize_field(displacement, FINE)
    whole = prepared.sample(points, tolerance=tolerance)
    for start, stop in ((0, 4), (4, 5), (5, 11), (0, 11)):
        part = warp_slab(prepared, displacement, slice(start, stop), tolerance=tolerance)
        torch.testing.assert_close(part, whole[:, :, start:stop], rtol=0, atol=5e-5)


def test_warp_slab_refuses_motion_along_k_for_slices_sampled_in_plane():
    prepared = CubicImage.of(random(1, 1, *FINE), in_plane=True)
    with pytest.raises(InvalidInputError, match="motion along K"):
        warp_slab(prepared, random(1, 3, *COARSE), slice(0, 4))
