"""Strain: none for rigid motion, by hand for stretch and shear, and along a contour."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.contour import Contour
from temporal_interp.tracking.fields import voxel_points
from temporal_interp.tracking.strain import (
    ContourStrain,
    ContourView,
    contour_segments,
    green_lagrange,
    segment_strain,
    strain_along,
)

OBLIQUE = ((-0.6, 0.0, 0.8), (0.8, 0.0, 0.6), (0.0, 1.0, 0.0))
VOLUME = Geometry((5, 18, 30), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)
SLICE = Geometry((1, 18, 30), (1.5, 2.5, 4.0), (10.0, -20.0, 30.0), OBLIQUE)
TURN = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
STRETCH = np.diag([1.2, 0.9, 1.1])
SHEAR = np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def centre(geometry):
    return geometry.physical_point([(n - 1) / 2 for n in geometry.shape])


def linear(geometry, gradient):
    """The displacement of a deformation gradient given in the image's axes I, J, K."""
    axes = np.asarray(geometry.direction)
    in_lps = axes @ (np.asarray(gradient) - np.eye(3)) @ axes.T
    return ((voxel_points(geometry) - centre(geometry)) @ in_lps.T).astype(np.float32)


def circle(geometry, radius=10.0, count=36, k=None):
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)[:, None]
    along_i, along_j, across = np.asarray(geometry.direction).T
    height = 0.0 if k is None else (k - (geometry.shape[0] - 1) / 2) * geometry.spacing[2]
    points = centre(geometry) + radius * (np.cos(angle) * along_i + np.sin(angle) * along_j) + height * across
    return Contour(points, closed=True), angle[:, 0]


@pytest.mark.parametrize("degrees", [10, 90, 170])
@pytest.mark.parametrize("geometry", [VOLUME, SLICE])
def test_turning_is_no_strain_however_large(degrees, geometry):
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    np.testing.assert_allclose(green_lagrange(linear(geometry, turn), geometry), 0, atol=2e-5)


def test_turning_about_any_axis_is_no_strain_in_a_volume():
    np.testing.assert_allclose(green_lagrange(linear(VOLUME, TURN), VOLUME), 0, atol=2e-5)


@pytest.mark.parametrize("turn", [np.eye(3), TURN])
def test_uniform_stretch(turn):
    strain = green_lagrange(linear(VOLUME, turn @ STRETCH), VOLUME)
    assert strain.shape == (*VOLUME.shape, 3, 3)
    assert strain.dtype == np.float32
    np.testing.assert_allclose(strain, np.broadcast_to(np.diag([0.22, -0.095, 0.105]), strain.shape), atol=2e-5)


def test_shear_by_hand():
    strain = green_lagrange(linear(VOLUME, SHEAR), VOLUME)
    by_hand = [[0.0, 0.2, 0.0], [0.2, 0.08, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(strain, np.broadcast_to(by_hand, strain.shape), atol=2e-5)


def test_a_single_slice_knows_nothing_along_k():
    strain = green_lagrange(linear(SLICE, STRETCH), SLICE)
    np.testing.assert_allclose(strain, np.broadcast_to(np.diag([0.22, -0.095, 0.0]), strain.shape), atol=2e-5)


def test_a_displacement_of_another_grid_is_refused():
    with pytest.raises(InvalidInputError, match=r"\(1, 18, 30, 3\)"):
        green_lagrange(linear(VOLUME, SHEAR), SLICE)
    with pytest.raises(InvalidInputError, match="'displacements' 1"):
        strain_along([linear(SLICE, SHEAR), linear(VOLUME, SHEAR)], SLICE, circle(SLICE)[0], "short-axis")


@pytest.mark.parametrize("wall_thickness_mm", [None, 2.0, 8.0, 15.0])
@pytest.mark.parametrize("geometry", [VOLUME, SLICE])
def test_along_a_circle_stretch_is_that_of_each_direction(wall_thickness_mm, geometry):
    contour, angle = circle(geometry)
    displacements = [linear(geometry, np.eye(3)), linear(geometry, STRETCH)]
    strain = strain_along(displacements, geometry, contour, "short-axis", wall_thickness_mm)
    cosine2, sine2 = np.cos(angle) ** 2, np.sin(angle) ** 2
    np.testing.assert_allclose(strain.radial, [0 * angle, 0.22 * cosine2 - 0.095 * sine2], atol=1e-5)
    np.testing.assert_allclose(strain.tangential, [0 * angle, 0.22 * sine2 - 0.095 * cosine2], atol=1e-5)
    curves = strain.curves()
    np.testing.assert_allclose(curves["radial"], [0, 0.0625], atol=1e-5)
    np.testing.assert_allclose(curves["circumferential"], [0, 0.0625], atol=1e-5)
    if geometry is VOLUME:
        np.testing.assert_allclose(curves["longitudinal"], [0, 0.105], atol=1e-5)
    else:
        assert "longitudinal" not in curves


def test_turning_the_heart_is_no_strain_along_its_contour():
    contour, _ = circle(VOLUME)
    for curve in strain_along([linear(VOLUME, TURN)], VOLUME, contour, "short-axis").curves().values():
        np.testing.assert_allclose(curve, 0, atol=1e-5)


@pytest.mark.parametrize("k", [0.0, 4.0, -0.4, 4.4])
def test_in_the_outermost_slices_strain_across_them_is_one_sided(k):
    contour, _ = circle(VOLUME, k=k)
    strain = strain_along([linear(VOLUME, STRETCH)], VOLUME, contour, "short-axis")
    np.testing.assert_allclose(strain.through_plane, 0.105, atol=1e-5)


def test_slices_tracked_one_by_one_have_no_strain_across_them():
    strain = strain_along([linear(VOLUME, np.diag([1.2, 0.9, 1.0]))], VOLUME, circle(VOLUME)[0], "short-axis")
    assert strain.through_plane is None
    assert set(strain.curves()) == {"radial", "circumferential"}


def test_in_a_long_axis_view_the_strain_along_is_longitudinal():
    along_i = np.asarray(VOLUME.direction)[:, 0]
    contour = Contour(centre(VOLUME) + np.linspace(-9, 9, 7)[:, None] * along_i, closed=False)
    strain = strain_along([linear(VOLUME, STRETCH)], VOLUME, contour, ContourView.LONG_AXIS)
    assert strain.through_plane is None
    curves = strain.curves()
    assert list(curves) == ["radial", "longitudinal"]
    np.testing.assert_allclose(curves["longitudinal"], 0.22, atol=1e-5)
    np.testing.assert_allclose(curves["radial"], -0.095, atol=1e-5)


def test_segments_reach_a_voxel_or_within_a_voxel_of_the_surfaces():
    contour, _ = circle(VOLUME)

    def lengths(wall_thickness_mm):
        segments = contour_segments(VOLUME, contour, wall_thickness_mm)
        return [np.linalg.norm(np.diff(ends, axis=1)[:, 0], axis=-1) for ends in segments]

    for wall_thickness_mm, radial in ((None, 5.0), (12.0, 7.0), (6.0, 3.0), (2.0, 1.0)):
        for length, expected in zip(lengths(wall_thickness_mm), (radial, 5.0, 8.0), strict=True):
            np.testing.assert_allclose(length, expected)


def test_segments_lie_across_along_and_through_with_the_point_in_the_middle():
    contour, _ = circle(VOLUME)
    segments = contour_segments(VOLUME, contour, 12.0)
    across = np.asarray(VOLUME.direction)[:, 2]
    outwards = (contour.points_mm - centre(VOLUME)) / 10
    for ends, direction in zip(segments, (outwards, np.cross(across, outwards), across), strict=True):
        np.testing.assert_allclose(ends.mean(axis=1), contour.points_mm, atol=1e-9)
        step = np.diff(ends, axis=1)[:, 0]
        np.testing.assert_allclose(step, np.linalg.norm(step, axis=-1, keepdims=True) * direction, atol=1e-9)


def test_at_the_border_segments_end_at_voxel_centres():
    low, high = SLICE.physical_point((0, 4, 0)), SLICE.physical_point((0, 12, 0))  # along J, at the first column
    radial = contour_segments(SLICE, Contour([low, high], closed=False)).radial
    outermost = np.stack([low, high])
    np.testing.assert_allclose(np.linalg.norm(radial - outermost[:, None], axis=-1).min(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(np.diff(radial, axis=1)[:, 0], axis=-1), 2.5)


def test_strain_of_a_segment_by_hand():
    before = np.array([[[0, 0, 0], [2, 0, 0]], [[1, 1, 1], [1, 1, 1]]], float)
    after = np.array([[[[5, 5, 5], [5, 8, 5]], [[0, 0, 0], [1, 0, 0]]]], float)
    np.testing.assert_allclose(segment_strain(before, after), [[0.5 * (9 / 4 - 1), np.nan]])


def test_curves_leave_out_points_without_strain():
    values = np.array([[0.1, np.nan, 0.3]])
    assert ContourStrain(ContourView.SHORT_AXIS, values, values, None).curves()["radial"] == pytest.approx([0.2])


def test_a_contour_outside_the_image_is_refused():
    inside, _ = circle(SLICE)
    across = np.asarray(SLICE.direction)[:, 2]
    strain_along([linear(SLICE, SHEAR)], SLICE, Contour(inside.points_mm + 1.9 * across, True), "short-axis")
    for shift in (2.1 * across, 40.0 * np.asarray(SLICE.direction)[:, 0]):
        with pytest.raises(InvalidInputError, match="outside the image"):
            strain_along([linear(SLICE, SHEAR)], SLICE, Contour(inside.points_mm + shift, True), "short-axis")


@pytest.mark.parametrize("thickness", [0.0, -1.0, np.nan, np.inf])
def test_a_thickness_that_is_none_is_refused(thickness):
    with pytest.raises(InvalidInputError, match="thickness"):
        strain_along([linear(SLICE, SHEAR)], SLICE, circle(SLICE)[0], "short-axis", thickness)


def test_a_view_that_is_none_is_refused():
    with pytest.raises(InvalidInputError, match="short-axis, long-axis"):
        strain_along([linear(SLICE, SHEAR)], SLICE, circle(SLICE)[0], "four-chamber")
