"""An affine start brings shifted and scaled volumes together."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume, resample
from temporal_interp.errors import InvalidInputError
from temporal_interp.registration.affine import affine_start


def two_balls(geometry):
    k, j, i = np.indices(geometry.shape)
    one = np.exp(-((k - 14) ** 2 / 60 + (j - 15) ** 2 / 90 + (i - 18) ** 2 / 130))
    other = np.exp(-((k - 20) ** 2 + (j - 22) ** 2 + (i - 10) ** 2) / 20)
    return Volume((1000 * one + 600 * other).astype(np.float32), geometry)


def test_a_shift_and_a_scale_are_found():
    grid = Geometry((32, 36, 36), (1.0, 1.0, 1.5), (10.0, 20.0, -5.0))
    fixed = two_balls(grid)
    true = sitk.AffineTransform(3)
    true.SetMatrix((1.08, 0.05, 0, -0.03, 0.95, 0, 0, 0, 1.0))
    true.SetTranslation((1.0, 3.0, 2.0))
    moving = resample(fixed, grid, transform=true)  # moving(x) = fixed(T x), so fixed(x) = moving(T^-1 x)
    found = affine_start(fixed, moving)
    inverse = true.GetInverse()
    for point in ((25.0, 35.0, 12.0), (30.0, 40.0, 20.0), (20.0, 42.0, 25.0)):
        assert np.allclose(found.TransformPoint(point), inverse.TransformPoint(point), atol=0.5)


def test_a_single_slice_is_refused():
    flat = Volume(np.zeros((1, 9, 9), np.float32), Geometry((1, 9, 9)))
    with pytest.raises(InvalidInputError, match="four voxels"):
        affine_start(flat, flat)


def test_an_empty_volume_is_refused_in_one_line():
    empty = Volume(np.zeros((16, 16, 16), np.float32), Geometry((16, 16, 16)))
    with pytest.raises(InvalidInputError, match="no affine transform") as refused:
        affine_start(empty, empty)
    assert "\n" not in str(refused.value)
