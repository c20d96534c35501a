"""Displacements from voxels to mm and back."""

import itertools

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.physical_displacement import from_physical, to_physical


@pytest.fixture
def oblique():
    direction = Rotation.from_euler("zyx", (25, -40, 15), degrees=True).as_matrix()
    return Geometry((4, 5, 6), (0.8, 1.3, 7.0), (10.0, -5.0, 3.0), direction)


def test_mm_displacement_is_the_difference_of_physical_points(oblique):
    displacement = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    mm = to_physical(displacement, oblique)
    assert mm.shape == (4, 5, 6, 3)
    assert mm.dtype == np.float32
    for index in itertools.product(range(4), range(5), range(6)):
        vector = displacement[(slice(None), *index)].numpy()
        expected = oblique.physical_point(np.array(index) + vector) - oblique.physical_point(index)
        np.testing.assert_allclose(mm[index], expected, atol=1e-5)


def test_voxels_to_mm_and_back(oblique):
    displacement = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    back = from_physical(to_physical(displacement, oblique), oblique)
    assert back.dtype == torch.float32
    torch.testing.assert_close(back, displacement, rtol=0, atol=1e-6)
