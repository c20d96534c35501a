"""Grids from headers: what is taken, what is noted, what is refused."""

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.placement import placed, usable_spacing

SHAPE = (3, 20, 24)
STEPS = np.array([1.25, 1.5, 8.0])


def sheared(degrees: float) -> np.ndarray:
    """Return steps along the axes of which the first two are that far from perpendicular."""
    directions = np.eye(3)
    directions[:, 1] = [np.sin(np.radians(degrees)), np.cos(np.radians(degrees)), 0]
    return directions * STEPS


def test_perpendicular_steps_are_taken_as_they_are():
    geometry, notes = placed(SHAPE, np.diag(STEPS), (1.0, 2.0, 3.0))
    assert (geometry.spacing, geometry.origin, notes) == ((1.25, 1.5, 8.0), (1.0, 2.0, 3.0), [])


def test_spacing_of_its_own_is_taken_only_where_it_fits():
    assert placed(SHAPE, np.diag(STEPS * 1.00001), (0, 0, 0), STEPS)[0].spacing == (1.25, 1.5, 8.0)
    assert placed(SHAPE, np.diag(STEPS * 2), (0, 0, 0), STEPS)[0].spacing == (2.5, 3.0, 16.0)


def test_small_shear_gives_the_nearest_grid_and_says_how_far_off_it_is():
    geometry, notes = placed(SHAPE, sheared(0.5), (0, 0, 0))
    directions = np.array(geometry.direction)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-12)
    header_has, taken = sheared(0.5) @ [23, 19, 2], geometry.physical_point((2, 19, 23))
    off = np.linalg.norm(taken - header_has)
    assert 0.1 < off < 0.3
    assert "0.5 degrees from perpendicular; the nearest grid of perpendicular axes was taken" in notes[0]
    assert f"whose last voxel lies {off:.2g} mm from where the header has it" in notes[0]


def test_rounding_of_the_header_is_no_shear():
    assert placed(SHAPE, sheared(0.005), (0, 0, 0))[1] == []


@pytest.mark.parametrize("degrees", [1.1, 4.5, 45])
def test_shear_is_refused_in_words(degrees):
    with pytest.raises(InvalidInputError, match=rf"axes are sheared, {degrees:g} degrees.*Resample") as caught:
        placed(SHAPE, sheared(degrees), (0, 0, 0))
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "origin", "what"),
    [
        (np.diag([1.0, 0.0, 1.0]), (0, 0, 0), "0 mm apart"),
        (np.diag([1.0, np.nan, 1.0]), (0, 0, 0), "NaN or infinite"),
        (np.eye(3), (0, np.inf, 0), "NaN or infinite"),
    ],
)
def test_impossible_places_are_refused(columns, origin, what):
    with pytest.raises(InvalidInputError, match=what):
        placed(SHAPE, columns, origin)


@pytest.mark.parametrize(("given", "taken"), [(0.0, 1.0), (np.nan, 1.0), (np.inf, 1.0), (-np.inf, 1.0), (-2.5, 2.5)])
def test_a_spacing_that_cannot_be_is_noted_with_what_was_taken(given, taken):
    spacing, notes = usable_spacing([1.5, given, 8.0], "pixdim")
    assert spacing.tolist() == [1.5, taken, 8.0]
    assert notes == [f"pixdim says that rows are {given:g} mm apart; {taken:g} mm was taken."]
