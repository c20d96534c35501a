"""The breathing lung: its map is exact, and its density follows the volume."""

import math

import numpy as np
import pytest
import torch

from phantom_regions import in_parenchyma
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import BreathingLung, coronal_slice, make_lung_cine
from temporal_interp.simulation.motion import slab_points
from temporal_interp.tensors import spatial

PHASES = (0.0, 0.15, 0.35, 0.5, 0.9, 1.0)


def random_points(seed=0):
    return np.random.default_rng(seed).uniform(-180, 180, (20_000, 3))


@pytest.mark.parametrize("reference_phase", [0.5, 0.0, 0.3])
@pytest.mark.parametrize("phase", PHASES)
def test_inverse_undoes_forward(phase, reference_phase):
    lung, points = BreathingLung(reference_phase=reference_phase, amplitude_z_mm=40, amplitude_y_mm=20), random_points()
    np.testing.assert_allclose(lung.inverse(lung.forward(points, phase), phase), points, atol=1e-9)
    np.testing.assert_allclose(lung.forward(lung.inverse(points, phase), phase), points, atol=1e-9)


def test_inverse_holds_near_the_largest_strain():
    lung, points = BreathingLung(amplitude_z_mm=117, amplitude_y_mm=117), random_points()
    assert lung.material_jacobian(points, 0.0).min() >= 1 - 0.8 - 1e-9
    np.testing.assert_allclose(lung.inverse(lung.forward(points, 0.0), 0.0), points, atol=1e-8)


@pytest.mark.parametrize("phase", [0.0, 0.15, 0.9])
def test_jacobian_formula_agrees_with_finite_differences(phase):
    lung, points, h = BreathingLung(reference_phase=0.4), random_points(), 1e-5
    columns = [
        (lung.forward(points + h * axis, phase) - lung.forward(points - h * axis, phase)) / (2 * h)
        for axis in np.eye(3)
    ]
    np.testing.assert_allclose(
        np.linalg.det(np.stack(columns, axis=-1)), lung.material_jacobian(points, phase), atol=1e-6
    )


def test_jacobian_of_the_displacement_is_that_of_the_field():
    lung = BreathingLung(amplitude_z_mm=30)
    geometry = Geometry((40, 30, 40), (3.0, 3.0, 3.0), (-60.0, -45.0, -70.0))
    field = from_physical(lung.displacement(geometry, 0.5, 0.1), geometry)
    numeric = spatial.jacobian_determinant(field[None])[0].numpy()
    exact = lung.jacobian_determinant(geometry, 0.5, 0.1)
    np.testing.assert_allclose(numeric[1:-1, 1:-1, 1:-1], exact[1:-1, 1:-1, 1:-1], atol=2e-3)
    assert np.abs(exact - 1).max() > 0.1


def test_diaphragm_goes_down_and_front_forward_on_inhalation_apex_and_back_stay():
    lung = BreathingLung()
    diaphragm, apex = np.array([0.0, 0.0, -120.0]), np.array([0.0, 0.0, 120.0])
    np.testing.assert_allclose(lung.forward(diaphragm, 0.0)[2] - diaphragm[2], -15.0)
    np.testing.assert_allclose(lung.forward(apex, 0.0), apex)
    front, back = np.array([0.0, -120.0, -150.0]), np.array([0.0, 110.0, -150.0])
    assert lung.forward(front, lung.lag)[1] - front[1] == pytest.approx(-5.0, abs=1e-3)
    assert lung.forward(back, lung.lag)[1] == pytest.approx(back[1])


def test_front_lags_behind_the_diaphragm():
    lung, front = BreathingLung(), np.array([[0.0, -110.0, -110.0]])
    phases = np.linspace(0, 0.5, 101)
    forward = [lung.forward(front, p)[0, 1] for p in phases]
    assert phases[int(np.argmin(forward))] == pytest.approx(lung.lag, abs=0.006)


def test_spine_and_ribs_do_not_slide():
    lung, angle = BreathingLung(), np.linspace(0, 2 * np.pi, 50)
    wall = np.stack([158 * np.cos(angle), 108 * np.sin(angle), np.full(50, -50.0)], axis=-1)
    np.testing.assert_allclose(lung.forward(wall, 0.0)[:, 2], -50.0)


def test_phases_compose():
    lung, geometry = BreathingLung(), coronal_slice()
    points = slab_points(geometry, slice(0, 1))
    at_middle = points + lung.displacement(geometry, 0.2, 0.8)
    through = lung.forward(lung.inverse(at_middle, 0.2), 0.0) - points
    np.testing.assert_allclose(lung.displacement(geometry, 0.0, 0.8), through, atol=1e-4)


def test_density_follows_the_determinant_in_lung_and_not_in_tissue():
    hu = np.array([-1000.0, -850.0, -500.0, -200.0, 40.0, 700.0])
    np.testing.assert_allclose(
        BreathingLung.diluted(hu, np.full(6, 1.25)), [-1000.0, -880.0, -600.0, -200.0, 40.0, 700.0]
    )


def test_brightness_is_not_kept_but_density_times_volume_is():
    lung = BreathingLung(amplitude_z_mm=30).in_plane()
    cine = make_lung_cine(lung, coronal_slice(), [0.0, 0.5])
    inhaled, exhaled = (torch.from_numpy(v.array.astype(np.float32)) for v in cine.sequence.volumes)
    field = cine.displacement_field(1, 0)
    assert np.abs(field.array[..., 1]).max() < 1e-5
    displacement = from_physical(field.array, cine.geometry)
    warped = spatial.warp(exhaled[None, None], displacement[None])[0, 0].numpy()
    material = lung.inverse(slab_points(cine.geometry, slice(0, 1)), 0.0)
    inside = in_parenchyma(material, lung) & (warped < -600)
    # J of the resampling map is that from inhaled to exhaled: the lung thins by it
    corrected = (warped + 1000) * field.jacobian - 1000
    error = np.abs(inhaled.numpy() - warped)[inside]
    assert np.median(error) > 10
    assert np.median(np.abs(inhaled.numpy() - corrected)[inside]) < 3


@pytest.mark.parametrize("phase", [math.nan, -0.1, 1.1])
def test_phase_out_of_range_is_refused(phase):
    lung, point = BreathingLung(), np.zeros((1, 3))
    for call in (lung.forward, lung.inverse, lung.material_jacobian):
        with pytest.raises(InvalidInputError, match="from 0 to 1"):
            call(point, phase)
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        make_lung_cine(lung, coronal_slice(), [phase])
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        BreathingLung(reference_phase=phase)


@pytest.mark.parametrize(
    "parameters",
    [
        {"amplitude_z_mm": 130.0},  # would fold over 220 mm
        {"amplitude_z_mm": -1.0},
        {"amplitude_y_mm": 130.0},
        {"diaphragm_z_mm": 130.0},
        {"front_y_mm": 120.0},
        {"exponent": 0},
        {"lag": 0.7},
        {"cycle_ms": 0.0},
        {"cycle_ms": math.nan},
        {"chest_semi_axes_mm": (0.0, 100.0)},
    ],
)
def test_parameter_out_of_range_is_refused(parameters):
    with pytest.raises(InvalidInputError, match="BreathingLung's"):
        BreathingLung(**parameters)


def test_ct_too_low_for_the_breath_is_refused():
    with pytest.raises(InvalidInputError, match="amplitude_z_mm"):
        BreathingLung.fitted_to(Geometry((5, 64, 64), (2.0, 2.0, 2.0)))
