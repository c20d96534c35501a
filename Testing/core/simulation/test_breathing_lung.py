"""The breathing lung: its map is exact, its air keeps its mass, drawn or on a real CT."""

import math

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import torch

from phantom_regions import in_parenchyma
from temporal_interp.data.crop_pad import CropPad
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.volume import Volume, from_sitk
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import PHANTOM_KEY, BreathingLung, chest_volume, coronal_slice, make_lung_cine
from temporal_interp.simulation.motion import slab_points
from temporal_interp.simulation.thorax import draw_thorax
from temporal_interp.tensors import spatial

PHASES = (0.0, 0.15, 0.35, 0.5, 0.9, 1.0)


@pytest.fixture(scope="module")
def chest_ct(real_data):
    """A real CT of the right lung, thinned to 1.6 x 1.6 x 2 mm."""
    image = sitk.ReadImage(str(real_data / "ct-chest" / "chest_1mm.nrrd"))
    volume = from_sitk(image[0:160:2, 70:310:2, ::2])
    assert volume.array.dtype == np.int16
    return volume


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


def test_drawn_chest_has_lung_tissue_bone_and_air():
    lung, geometry = BreathingLung(), chest_volume()
    cine = make_lung_cine(lung, geometry, [0.5])
    hu = cine.sequence.volumes[0].array
    assert hu.dtype == np.int16
    inside = in_parenchyma(slab_points(geometry, slice(0, geometry.shape[0])), lung)
    assert -860 < np.median(hu[inside]) < -800
    assert hu.min() == -1000
    assert (hu > 400).mean() > 0.003
    assert (np.abs(hu - 60) < 60).mean() > 0.2
    assert 2.5 < inside.sum() * np.prod(geometry.spacing) / 1e6 < 7  # litres


def mass_and_volume(lung, volume, phase, share_of_region):
    """Return the sums of HU + 1000 and of 1 over a region given by its material points, 0 to 1 each."""
    geometry = volume.geometry
    share = share_of_region(lung.inverse(slab_points(geometry, slice(0, geometry.shape[0])), phase))
    return float(((volume.array + 1000.0) * share).sum()), float(share.sum())


def test_drawn_lungs_keep_their_mass():
    lung = BreathingLung(amplitude_z_mm=30, amplitude_y_mm=10)
    geometry = Geometry((40, 42, 60), (5.5, 5.5, 6.0), (-162.0, -113.0, -120.0))
    cine = make_lung_cine(lung, geometry, [0.0, 0.2, 0.5])

    def is_lung(material):
        return in_parenchyma(material, lung) & (draw_thorax(material, lung) < -500)

    masses, volumes = zip(
        *(
            mass_and_volume(lung, volume, phase, is_lung)
            for phase, volume in zip(cine.phases, cine.sequence.volumes, strict=True)
        ),
        strict=True,
    )
    np.testing.assert_allclose(masses, masses[-1], rtol=0.02)
    assert volumes[0] > 1.1 * volumes[-1]  # though they have grown


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


def test_ct_at_the_reference_phase_is_the_ct(chest_ct):
    cine = make_lung_cine(BreathingLung.fitted_to(chest_ct.geometry), chest_ct, [0.0, 0.5])
    assert cine.sequence.volumes[0].array.dtype == np.int16
    np.testing.assert_array_equal(cine.sequence.volumes[1].array, chest_ct.array)
    assert np.abs(cine.sequence.volumes[0].array.astype(int) - chest_ct.array).mean() > 20
    assert "phantom" in cine.sequence.item_attributes[0][PHANTOM_KEY]
    assert cine.sequence.times == (0.0, 2000.0)


def test_real_lung_keeps_its_mass(chest_ct):
    # solid tissue keeps its density instead, so all that is denser is made lung
    ct = chest_ct.with_array(np.minimum(chest_ct.array, -500))
    lung = BreathingLung.fitted_to(ct.geometry, amplitude_z_mm=20.0)
    cine = make_lung_cine(lung, ct, [0.0, 0.2, 0.5])
    middle = ct.geometry.physical_point([n / 2 for n in ct.geometry.shape])

    def soft_region(material):
        """A bell inside the volume, followed as it moves; its soft edge does not depend on where voxels lie."""
        return np.exp(-np.square((material - middle) / (18.0, 24.0, 9.0)).sum(axis=-1))

    masses, volumes = zip(
        *(
            mass_and_volume(lung, volume, phase, soft_region)
            for phase, volume in zip(cine.phases, cine.sequence.volumes, strict=True)
        ),
        strict=True,
    )
    np.testing.assert_allclose(masses, masses[-1], rtol=0.01)
    assert volumes[0] > 1.2 * volumes[-1]


def test_oblique_ct_moves_like_the_straight_one(chest_ct):
    small = CropPad.to_shape(chest_ct.array.shape, (24, 60, 60)).apply(chest_ct)
    lung = BreathingLung.fitted_to(small.geometry, amplitude_z_mm=12)
    turned = Volume(
        np.ascontiguousarray(np.moveaxis(small.array, 0, 2)[:, :, ::-1]),
        Geometry(
            (60, 60, 24),
            (small.geometry.spacing[2], *small.geometry.spacing[:2]),
            tuple(small.geometry.physical_point((23, 0, 0))),
            ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (-1.0, 0.0, 0.0)),
        ),
    )
    straight_frame = make_lung_cine(lung, small, [0.1]).sequence.volumes[0].array
    turned_frame = make_lung_cine(lung, turned, [0.1]).sequence.volumes[0].array
    difference = np.abs(straight_frame.astype(int) - np.moveaxis(turned_frame[:, :, ::-1], 2, 0))
    assert difference.max() <= 1


def test_noise_has_its_level_and_is_repeatable():
    clean, noisy, again, other = (
        make_lung_cine(BreathingLung(), coronal_slice(), [0.0], noise_hu=level, seed=seed).sequence.volumes[0].array
        for level, seed in ((0.0, 0), (25.0, 4), (25.0, 4), (25.0, 5))
    )
    assert (noisy.astype(float) - clean).std() == pytest.approx(25.0, rel=0.02)
    np.testing.assert_array_equal(noisy, again)
    assert (noisy != other).mean() > 0.9


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


def test_unsuitable_ct_is_refused():
    geometry = Geometry((40, 16, 16), (8.0, 8.0, 2.0))
    lung = BreathingLung.fitted_to(geometry)
    with pytest.raises(InvalidInputError, match="signed"):
        make_lung_cine(lung, Volume(np.zeros(geometry.shape, np.uint16), geometry), [0.0])
    with pytest.raises(InvalidInputError, match="NaN"):
        make_lung_cine(lung, Volume(np.full(geometry.shape, np.nan, np.float32), geometry), [0.0])
    with pytest.raises(InvalidInputError, match="noise"):
        make_lung_cine(lung, geometry, [0.0], noise_hu=math.nan)


def test_float_ct_keeps_its_scalar_type():
    geometry = Geometry((40, 16, 16), (8.0, 8.0, 2.0))
    ct = Volume(np.full(geometry.shape, -800, np.float64), geometry)
    cine = make_lung_cine(BreathingLung.fitted_to(geometry), ct, [0.0, 0.5])
    assert all(v.array.dtype == np.float64 for v in cine.sequence.volumes)
    assert cine.sequence.volumes[0].array.min() < -830


def test_one_coronal_slice_of_a_real_ct_moves(chest_ct):
    depth, (height, _, width) = 60, chest_ct.array.shape
    directions = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
    spacing = chest_ct.geometry.spacing
    origin = tuple(chest_ct.geometry.physical_point((0, depth, 0)))
    geometry = Geometry((1, height, width), (spacing[0], spacing[2], spacing[1]), origin, directions)
    lung = BreathingLung.fitted_to(chest_ct.geometry, amplitude_y_mm=0.0)
    cine = make_lung_cine(lung, Volume(chest_ct.array[None, :, depth], geometry), [0.0, 0.5])
    whole = make_lung_cine(lung, chest_ct, [0.0])
    np.testing.assert_array_equal(cine.sequence.volumes[1].array[0], chest_ct.array[:, depth])
    # splines are held within the range of their CT, and that of a slice is narrower
    reference = chest_ct.array[:, depth]
    expected = np.clip(whole.sequence.volumes[0].array[:, depth], reference.min(), reference.max())
    np.testing.assert_allclose(cine.sequence.volumes[0].array[0], expected, atol=1)
