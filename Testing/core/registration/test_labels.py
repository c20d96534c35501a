"""Labels are carried along by fields and transforms, and their overlap is scored."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.registration.labels import dice, mean_dice, warp_labels

OBLIQUE = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))


def a_block(geometry, dtype=np.int16):
    array = np.zeros(geometry.shape, dtype)
    array[2:4, 3:6, 3:7] = 300
    return Volume(array, geometry)


def along(geometry, axis, voxels):
    """A field that moves by a number of voxels along an axis of the grid, in LPS mm."""
    step = np.asarray(geometry.direction)[:, axis] * geometry.spacing[axis] * voxels
    return np.broadcast_to(step, (*geometry.shape, 3)).astype(np.float32)


@pytest.mark.parametrize("linear", [False, True])
def test_a_field_moves_labels_on_an_oblique_grid(linear):
    grid = Geometry((6, 9, 10), (1.5, 1.5, 8.0), (4.0, -7.0, 2.0), OBLIQUE)
    warped = warp_labels(a_block(grid), grid, along(grid, 0, 2), linear=linear)
    assert np.array_equal(warped.array[:, :, 1:5], a_block(grid).array[:, :, 3:7])
    assert warped.array.dtype == np.int16
    assert set(np.unique(warped.array)) == {0, 300}


def test_one_slice_is_enough():
    grid = Geometry((1, 6, 6), (2.0, 2.0, 8.0))
    labels = Volume(np.zeros(grid.shape, np.uint8), grid)
    labels.array[0, 2:4, 2:4] = 5
    assert np.array_equal(warp_labels(labels, grid, along(grid, 1, 1)).array[0, 1:3], labels.array[0, 2:4])


def test_the_field_comes_first_then_the_transform():
    """The field lies on the fixed grid; the transform turns, so the other order would end elsewhere."""
    grid = Geometry((1, 9, 9))
    labels = Volume(np.zeros(grid.shape, np.uint8), grid)
    labels.array[0, 6, 4] = 1  # (x, y) = (4, 6)
    turned = sitk.AffineTransform(3)
    turned.SetMatrix((0, -1, 0, 1, 0, 0, 0, 0, 1))  # (x, y) -> (-y, x)
    turned.SetTranslation((8, 0, 0))
    warped = warp_labels(labels, grid, along(grid, 0, 2), before=turned)
    # x + (2, 0) = (6, 4) goes to (8 - 4, 6)
    assert np.argwhere(warped.array).tolist() == [[0, 4, 4]]


def test_labels_on_another_grid_are_background_where_they_do_not_reach():
    grid = Geometry((6, 9, 10))
    moved = warp_labels(a_block(grid), Geometry((6, 9, 10), origin=(5.0, 0.0, 0.0)))
    assert np.array_equal(moved.array[:, :, :5], a_block(grid).array[:, :, 5:])
    assert not moved.array[:, :, 5:].any()


def test_a_field_of_another_grid_is_refused():
    grid = Geometry((6, 9, 10))
    with pytest.raises(InvalidInputError, match="field of shape"):
        warp_labels(a_block(grid), grid, np.zeros((6, 9, 9, 3), np.float32))


def test_dice_is_that_of_every_label_of_the_reference():
    reference = np.array([[0, 1, 1, 2, 3, 3]])
    found = dice(reference, np.array([[1, 1, 0, 2, 0, 9]]))
    assert found == {1: 0.5, 2: 1.0, 3: 0.0}
    assert mean_dice(found) == 0.5


@pytest.mark.parametrize(
    ("reference", "other", "words"),
    [(np.zeros(4, int), np.ones(4, int), "empty"), (np.ones(4, int), np.ones(5, int), "cannot be compared")],
    ids=["no label", "other shape"],
)
def test_what_cannot_be_scored_is_refused(reference, other, words):
    with pytest.raises(InvalidInputError, match=words):
        dice(reference, other)
