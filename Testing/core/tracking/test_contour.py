"""Contours: even points, and directions along and across, whatever the plane."""

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.contour import Contour

UPRIGHT = np.eye(3)
X, Y, Z = UPRIGHT
TILTED = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
TILTED *= np.linalg.det(TILTED)  # a rotation


def circle(count=24, radius=10.0, axes=UPRIGHT, way=1):
    angle = way * np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(count)], axis=-1) @ axes.T + (5, -7, 9)


@pytest.mark.parametrize("axes", [UPRIGHT, TILTED])
@pytest.mark.parametrize("way", [1, -1])
def test_on_a_circle_tangents_run_along_and_normals_point_outwards(axes, way):
    contour = Contour(circle(axes=axes, way=way), closed=True)
    outwards = (contour.points_mm - (5, -7, 9)) / 10
    np.testing.assert_allclose(contour.tangents(), way * np.cross(axes[:, 2], outwards), atol=1e-12)
    for plane_normal in (axes[:, 2], -3.0 * axes[:, 2]):
        np.testing.assert_allclose(contour.normals(plane_normal), outwards, atol=1e-12)


def test_an_open_contour_has_its_normals_on_the_left():
    contour = Contour([(0, 0, 0), (1, 0, 0), (3, 0, 0)], closed=False)
    np.testing.assert_allclose(contour.tangents(), [X, X, X])
    np.testing.assert_allclose(contour.normals(Z), [Y, Y, Y])
    np.testing.assert_allclose(contour.normals(-Z), [-Y, -Y, -Y])


def test_tangents_are_central_inside_and_one_sided_at_open_ends():
    contour = Contour([(0, 0, 0), (1, 0, 0), (1, 1, 0)], closed=False)
    np.testing.assert_allclose(contour.tangents(), [X, (X + Y) / np.sqrt(2), Y])


def test_resampling_is_even_along_the_length():
    corner = Contour([(0, 0, 0), (4, 0, 0), (4, 8, 0)], closed=False)
    even = corner.resampled(4)
    np.testing.assert_allclose(even.points_mm, [(0, 0, 0), (4, 0, 0), (4, 4, 0), (4, 8, 0)])
    assert not even.closed


def test_resampling_a_closed_contour_goes_round_without_its_start_twice():
    square = Contour([(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0)], closed=True)
    even = square.resampled(8)
    assert len(even) == 8
    assert even.closed
    np.testing.assert_allclose(even.points_mm[0], (0, 0, 0))
    np.testing.assert_allclose(even.points_mm[-1], (0, 1, 0))


def test_points_drawn_twice_are_kept_once():
    square = [(0, 0, 0), (2, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0), (0, 0, 0)]
    assert len(Contour(square, closed=True)) == 4
    assert len(Contour(square, closed=False)) == 5


@pytest.mark.parametrize(
    ("points", "closed"),
    [
        (np.empty((0, 3)), False),
        ([(1, 2, 3)], False),
        ([(1, 2, 3), (1, 2, 3)], False),
        ([(1, 2, 3), (4, 5, 6)], True),
        ([(1, 2, 3), (4, 5, 6), (1, 2, 3), (4, 5, 6)], True),
        ([(1, 2, 3), (4, 5, np.nan)], False),
        ([(1, 2), (4, 5)], False),
    ],
)
def test_too_few_points_and_no_points_are_refused(points, closed):
    with pytest.raises(InvalidInputError, match="contour"):
        Contour(points, closed)


def test_a_contour_without_direction_is_refused():
    with pytest.raises(InvalidInputError, match="point 1: it turns back"):
        Contour([(0, 0, 0), (1, 0, 0), (0, 0, 0)], closed=False).tangents()
    with pytest.raises(InvalidInputError, match="runs across the plane"):
        Contour([(0, 0, 0), (0.1, 0.2, 0.3)], closed=False).normals(np.array([0.2, 0.4, 0.6]))


@pytest.mark.parametrize(("closed", "count"), [(False, 1), (True, 2), (True, 0)])
def test_resampling_to_too_few_points_is_refused(closed, count):
    with pytest.raises(InvalidInputError, match=f"got {count}"):
        Contour(circle(), closed).resampled(count)
