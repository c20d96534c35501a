"""Cines of phantoms: their times and exact fields, of a drawn body or of a real CT."""

import math

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from phantom_regions import mass_and_volume
from temporal_interp.data.crop_pad import CropPad
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.volume import Volume, from_sitk
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import (
    PHANTOM_KEY,
    Acquisition,
    BeatingHeart,
    BreathingLung,
    coronal_slice,
    even_phases,
    make_heart_cine,
    make_lung_cine,
    short_axis_slice,
)

HEART = BeatingHeart().in_plane()
SLICE = short_axis_slice(HEART)


def test_cine_is_a_sequence_in_ms_that_says_it_is_a_phantom():
    cine = make_heart_cine(HEART, SLICE, even_phases(4))
    assert cine.sequence.times == (0.0, 225.0, 450.0, 675.0)
    assert (cine.sequence.index_name, cine.sequence.unit) == ("time", "ms")
    assert all(volume.array.dtype == np.uint16 for volume in cine.sequence.volumes)
    assert all(volume.geometry == SLICE for volume in cine.sequence.volumes)
    assert "phantom" in cine.name
    assert [a[PHANTOM_KEY] for a in cine.sequence.item_attributes] == [cine.name] * 4
    assert not any(is_synthetic(a) for a in cine.sequence.item_attributes)  # they stand for acquired frames
    assert "not a patient" in cine.sequence.notes[0]
    assert cine.sequence.slice_thickness is None


@pytest.mark.parametrize(
    ("phases", "whole"),
    [
        (even_phases(4), True),
        ([0.1 + phase for phase in even_phases(3)], True),
        (even_phases(4)[:-1], False),
        ([n / 4 for n in range(5)], False),  # the end is the beginning again
        ([0.0, 0.2, 0.37], False),
        ([0.0, 0.5], False),  # a pair
        ([0.0], False),
    ],
)
def test_cine_is_a_loop_where_its_frames_cover_the_cycle_evenly(phases, whole):
    assert make_heart_cine(HEART, SLICE, phases).sequence.period == (HEART.cycle_ms if whole else None)
    lung = BreathingLung().in_plane()
    assert make_lung_cine(lung, coronal_slice(), phases).sequence.period == (lung.cycle_ms if whole else None)


def test_bodies_return_exactly_to_where_they_were():
    for cine in (
        make_heart_cine(HEART, SLICE, [0.0, 1.0], acquisition=Acquisition(inflow=0.08)),
        make_lung_cine(BreathingLung(lag=0.1).in_plane(), coronal_slice(), [0.0, 1.0]),
    ):
        first, last = (volume.array for volume in cine.sequence.volumes)
        np.testing.assert_array_equal(first, last)
        assert np.abs(cine.displacement_field(0, 1).array).max() < 1e-5


def test_cine_of_one_frame():
    assert len(make_heart_cine(HEART, SLICE, [0.5])) == 1


def test_cine_gives_the_exact_field_between_frames_by_number():
    cine = make_heart_cine(HEART, SLICE, [0.0, 0.2, 0.37])
    field = cine.displacement_field(2, 1)
    np.testing.assert_array_equal(field.array, HEART.displacement(SLICE, 0.37, 0.2))
    np.testing.assert_array_equal(field.jacobian, HEART.jacobian_determinant(SLICE, 0.37, 0.2))
    assert field.fold_rate == 0
    with pytest.raises(InvalidInputError, match="frames 0 to 2"):
        cine.displacement_field(0, 3)
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        cine.displacement_between(0.0, math.nan)


@pytest.mark.parametrize("phases", [[], [0.2, 0.2], [0.3, 0.1], [0.0, 1.2], [math.nan]])
def test_phases_that_make_no_cine_are_refused(phases):
    with pytest.raises(InvalidInputError):
        make_heart_cine(HEART, SLICE, phases)


def test_no_phases_and_negative_seed_are_refused():
    with pytest.raises(InvalidInputError, match="at least 1"):
        even_phases(0)
    with pytest.raises(InvalidInputError, match="seed"):
        make_heart_cine(HEART, SLICE, [0.0], seed=-1)


@pytest.fixture(scope="module")
def chest_ct(real_data):
    """A real CT of the right lung, thinned to 1.6 x 1.6 x 2 mm."""
    image = sitk.ReadImage(str(real_data / "ct-chest" / "chest_1mm.nrrd"))
    volume = from_sitk(image[0:160:2, 70:310:2, ::2])
    assert volume.array.dtype == np.int16
    return volume


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
