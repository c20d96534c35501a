"""What tracking is scored against: exact positions and strain, and how near exact fields on a grid come to them."""

import math

import numpy as np
import pytest

from exact_motion import exact_motion, exact_positions, exact_strain_along, mid_wall_contour
from phantom_grids import heart_volume
from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import (
    Acquisition,
    BeatingHeart,
    even_phases,
    make_heart_cine,
    short_axis_slice,
)
from temporal_interp.tracking.fields import voxel_points
from temporal_interp.tracking.strain import strain_along
from temporal_interp.tracking.trajectories import displacement_from, drift_of, follow_points

TILTED = ((0.6, 0.0, 0.8), (0.0, 1.0, 0.0), (-0.8, 0.0, 0.6))
HEART = BeatingHeart(axes=TILTED, centre_mm=(12.0, -30.0, 7.0)).in_plane()
PIXEL_MM = 1.5


@pytest.fixture(scope="module")
def cine():
    return make_heart_cine(HEART, short_axis_slice(HEART), even_phases(25))


@pytest.fixture(scope="module")
def motion(cine):
    return exact_motion(cine, closed=True)


@pytest.fixture(scope="module")
def volume():
    """The middle of a heart that also shortens, over systole."""
    heart = BeatingHeart(axes=TILTED, centre_mm=(12.0, -30.0, 7.0))
    whole = heart_volume(heart)
    middle = Geometry((10, 96, 96), whole.spacing, tuple(whole.physical_point((10, 0, 0))), whole.direction)
    return make_heart_cine(heart, middle, [0.0, 0.1, 0.2, 0.3, 0.37])


def end_systole(cine):
    return int(np.argmin(np.abs(np.array(cine.phases) - cine.body.end_systole)))


def test_forward_and_backward_are_where_the_tissue_goes_and_was(cine, motion):
    points = voxel_points(cine.geometry)
    body, phases = cine.body, (*cine.phases, 1.0)
    for pair in (0, 5, 24):
        goes = body.forward(body.inverse(points, phases[pair]), phases[pair + 1])
        was = body.forward(body.inverse(points, phases[pair + 1]), phases[pair])
        np.testing.assert_allclose(points + motion.forward[pair], goes, atol=1e-4)
        np.testing.assert_allclose(points + motion.backward[pair], was, atol=1e-4)


def test_an_open_motion_lacks_the_last_pair(cine):
    assert len(exact_motion(cine).forward) == 24
    assert not exact_motion(cine).closed


@pytest.mark.parametrize("closing", [False, True])
def test_points_followed_over_the_beat_stay_within_hundredths_of_a_pixel(cine, motion, closing):
    mid_wall = mid_wall_contour(HEART).contour.points_mm
    points = np.concatenate([HEART.centre_mm + share * (mid_wall - HEART.centre_mm) for share in (0.4, 0.9, 1.0, 1.1)])
    error = np.linalg.norm(follow_points(motion, points, closing=closing) - exact_positions(cine, points), axis=-1)
    assert error.mean() < 0.003 * PIXEL_MM
    assert error.max() < 0.03 * PIXEL_MM


def test_exact_fields_do_not_drift(cine, motion):
    drift = drift_of(motion)
    assert max(drift.forward_backward_mean_mm) < 0.001 * PIXEL_MM
    assert drift.closing_mean_mm < 0.001 * PIXEL_MM


@pytest.mark.parametrize("with_thickness", [False, True])
@pytest.mark.parametrize("in_systole", [False, True])
def test_strain_along_the_mid_wall_from_exact_fields(cine, motion, with_thickness, in_systole):
    reference = end_systole(cine) if in_systole else 0
    contour, thickness = mid_wall_contour(HEART, cine.phases[reference])
    thickness = thickness if with_thickness else None
    displacements = displacement_from(motion, reference)
    curves = strain_along(displacements, cine.geometry, contour, "short-axis", thickness).curves()
    exact = exact_strain_along(cine, contour, "short-axis", thickness, reference).curves()
    assert set(curves) == set(exact) == {"radial", "circumferential"}
    for name, curve in curves.items():
        np.testing.assert_allclose(curve, exact[name], atol=0.003, err_msg=name)
        assert np.abs(exact[name]).max() > 0.15


def test_strain_in_a_volume_has_the_shortening_too(volume):
    contour, thickness = mid_wall_contour(volume.body)
    displacements = displacement_from(exact_motion(volume))
    curves = strain_along(displacements, volume.geometry, contour, "short-axis", thickness).curves()
    exact = exact_strain_along(volume, contour, "short-axis", thickness).curves()
    assert set(curves) == set(exact) == {"radial", "circumferential", "longitudinal"}
    for name, curve in curves.items():
        np.testing.assert_allclose(curve, exact[name], atol=0.01, err_msg=name)
    assert exact["longitudinal"][-1] < -0.1


def test_exact_circumferential_strain_by_hand():
    """In the wall r² = R² - EF R_en² without shortening, and the twist is one for all of the slice."""
    cine = make_heart_cine(HEART, short_axis_slice(HEART), [0.0, HEART.end_systole])
    contour, _ = mid_wall_contour(HEART)
    inner2 = 25.0**2 * (1 - (47.5 / 86.0) ** 3)
    middle = (math.sqrt(inner2) + 35.0 * math.sqrt(1 - 0.5**3)) / 2
    end2 = middle**2 + PIXEL_MM**2  # of a segment's ends
    exact = exact_strain_along(cine, contour, "short-axis")
    np.testing.assert_allclose(exact.tangential[1], 0.5 * ((end2 - 0.6 * inner2) / end2 - 1), atol=1e-9)
    np.testing.assert_allclose(exact.tangential[0], 0, atol=1e-9)


@pytest.mark.parametrize("phase", [0.0, 0.2, 0.37, 0.6])
@pytest.mark.parametrize("heart", [HEART, BeatingHeart(axes=TILTED, centre_mm=(12.0, -30.0, 7.0))])
def test_half_the_thickness_from_the_mid_wall_are_its_surfaces(heart, phase):
    contour, thickness = mid_wall_contour(heart, phase)
    axes = np.asarray(heart.axes)
    np.testing.assert_allclose((contour.points_mm - heart.centre_mm) @ axes[:, 2], 0, atol=1e-9)
    outwards = contour.normals(axes[:, 2])
    for side, surface in ((-0.5, "endocardium"), (0.5, "epicardium")):
        material = heart.inverse(contour.points_mm + side * thickness * outwards, phase)
        x, y, z = ((material - heart.centre_mm) @ axes).T
        radii2 = getattr(heart.shape.squared_radii(x, y, z + heart.shape.length_mm / 2), surface)
        np.testing.assert_allclose(x * x + y * y, radii2, rtol=1e-9)


def test_exact_positions_go_from_any_frame(cine):
    points = HEART.centre_mm + np.random.default_rng(0).uniform(-40, 40, (30, 3))
    later = exact_positions(cine, points)
    np.testing.assert_allclose(later[0], points, atol=1e-9)
    np.testing.assert_allclose(exact_positions(cine, later[9], 9), later, atol=1e-9)


def test_bad_input_is_refused(cine):
    with pytest.raises(InvalidInputError, match="points to follow"):
        exact_positions(cine, [[np.nan, 0, 0]])
    with pytest.raises(InvalidInputError, match="reference is frame 25"):
        exact_positions(cine, [[0, 0, 0]], 25)
    with pytest.raises(InvalidInputError, match="two frames"):
        exact_motion(make_heart_cine(HEART, cine.geometry, [0.0]), closed=True)
    shifted = make_heart_cine(HEART, cine.geometry, [0.0, 0.2], acquisition=Acquisition(slice_shift_mm=2.0))
    with pytest.raises(InvalidInputError, match="not shifted"):
        exact_positions(shifted, [[0, 0, 0]])
