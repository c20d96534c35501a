"""The geometry of grids: points against SimpleITK's, plain numbers, and which grids are the same."""

import numpy as np
import pytest

from oblique_volumes import oblique, volume_of
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import to_sitk
from temporal_interp.errors import InvalidInputError

SQUASHED = np.diag([1.0, 1.0, 0.5]).tolist()


@pytest.mark.parametrize("index", [(0, 0, 0), (3, 1, 2), (1.25, -0.5, 7.75)])
def test_physical_point_of_an_oblique_grid_is_simpleitks(index):
    image = to_sitk(volume_of((5, 6, 7)))
    expected = image.TransformContinuousIndexToPhysicalPoint(index[::-1])
    np.testing.assert_allclose(oblique((5, 6, 7)).physical_point(index), expected, atol=1e-10)


def test_spacing_kji_is_the_order_of_the_array():
    assert Geometry((1, 2, 3), (0.5, 0.75, 8.0)).spacing_kji == (8.0, 0.75, 0.5)


def test_geometry_becomes_plain_numbers():
    geometry = Geometry(np.array([2, 3, 4]), np.array([1, 2, 3]), np.zeros(3, np.float32), np.eye(3))
    assert geometry == Geometry((2, 3, 4), (1.0, 2.0, 3.0))
    assert hash(geometry) == hash(Geometry((2, 3, 4), (1.0, 2.0, 3.0)))


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"shape": (0, 4, 4)}, "shape"),
        ({"shape": (4, 4)}, "shape"),
        ({"spacing": (1, 0, 1)}, "spacing"),
        ({"spacing": (1, -1, 1)}, "spacing"),
        ({"spacing": (1, np.nan, 1)}, "spacing"),
        ({"spacing": (1, np.inf, 1)}, "spacing"),
        ({"spacing": (1, 1)}, "spacing"),
        ({"origin": (0, np.nan, 0)}, "origin"),
        ({"origin": (0, 0)}, "origin"),
        ({"direction": np.zeros((3, 3))}, "direction"),
        ({"direction": SQUASHED}, "direction"),
        ({"direction": np.full((3, 3), np.nan)}, "direction"),
        ({"direction": np.eye(2)}, "direction"),
        ({"direction": ((1, 0.05, 0), (0, 1, 0), (0, 0, 1))}, "direction"),
    ],
)
def test_impossible_geometry_is_refused_by_name(bad, word):
    with pytest.raises(InvalidInputError, match=word):
        Geometry(**{"shape": (2, 3, 4), **bad})


def test_left_handed_directions_exist():
    flipped = Geometry((2, 3, 4), direction=np.diag([1.0, 1.0, -1.0]))
    np.testing.assert_array_equal(flipped.physical_point((1, 0, 0)), (0, 0, -1))


@pytest.mark.parametrize(("shift", "close"), [(0.0009, True), (0.0011, False)])
def test_grids_are_the_same_within_a_thousandth_of_the_smallest_voxel_side(shift, close):
    grid = Geometry((4, 5, 6), (2.0, 2.0, 8.0))
    moved = Geometry((4, 5, 6), (2.0, 2.0, 8.0), (0.0, 0.0, 2.0 * shift))
    assert grid.is_close(moved) is close
    assert moved.is_close(grid) is close


def test_a_small_difference_in_spacing_adds_up_over_the_grid():
    near = Geometry((1, 1, 11)), Geometry((1, 1, 11), (1.00009, 1.0, 1.0))
    far = Geometry((1, 1, 1001)), Geometry((1, 1, 1001), (1.00009, 1.0, 1.0))
    assert near[0].is_close(near[1])
    assert not far[0].is_close(far[1])


def test_a_turned_or_resized_grid_is_another():
    grid = oblique((4, 5, 6))
    assert grid.is_close(oblique((4, 5, 6)))
    assert not grid.is_close(oblique((4, 5, 7)))
    assert not grid.is_close(Geometry((4, 5, 6), grid.spacing, grid.origin))
