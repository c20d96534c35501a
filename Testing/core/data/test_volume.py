"""Volumes: what is refused, SimpleITK's images and back, and resampling against physical points."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from oblique_volumes import linear_in_physical_space, oblique, volume_of
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume, from_sitk, require_same_geometry, resample, to_sitk
from temporal_interp.errors import InvalidInputError


def test_require_same_geometry_names_both_volumes():
    with pytest.raises(InvalidInputError, match=r"(?s)The atlas and the patient.*Resample"):
        require_same_geometry(volume_of((2, 3, 4)), volume_of((2, 3, 5)), "The atlas", "the patient")


@pytest.mark.parametrize("dtype", [bool, complex, object, "U1", "datetime64[s]"])
def test_voxels_that_are_not_real_numbers_are_refused(dtype):
    with pytest.raises(InvalidInputError, match="integers or real numbers"):
        Volume(np.zeros((1, 2, 2), dtype), Geometry((1, 2, 2)))


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 3), (2, 2, 2, 1)])
def test_an_array_of_another_shape_than_its_geometry_is_refused(shape):
    with pytest.raises(InvalidInputError, match="shape"):
        Volume(np.zeros(shape), Geometry((2, 2, 2)))


def test_with_array_keeps_the_place_and_checks_the_shape():
    volume = volume_of((2, 3, 4))
    assert volume.with_array(np.zeros((2, 3, 4))).geometry is volume.geometry
    with pytest.raises(InvalidInputError):
        volume.with_array(np.zeros((2, 3, 5)))


def test_require_finite_counts_the_bad_voxels_and_names_the_volume():
    array = np.zeros((1, 2, 3), np.float32)
    Volume(array, Geometry((1, 2, 3))).require_finite("A clean one")
    array[0, 0] = (np.nan, np.inf, -np.inf)
    with pytest.raises(InvalidInputError, match="Phase 4 has 3 voxels"):
        Volume(array, Geometry((1, 2, 3))).require_finite("Phase 4")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "float32", "float64", ">i2", ">f4"])
def test_to_simpleitk_and_back_changes_nothing(dtype):
    volume = volume_of((3, 4, 5), dtype)
    back = from_sitk(to_sitk(volume))
    assert back.array.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.geometry.is_close(volume.geometry)


def test_float16_reaches_simpleitk_as_float32():
    assert from_sitk(to_sitk(volume_of((1, 2, 3), "float16"))).array.dtype == np.float32


def test_a_2d_image_becomes_one_slice_where_it_was():
    image = sitk.GetImageFromArray(np.arange(6, dtype=np.int16).reshape(2, 3))
    image.SetSpacing((0.5, 0.25))
    image.SetOrigin((10.0, 20.0))
    image.SetDirection((0.0, -1.0, 1.0, 0.0))
    volume = from_sitk(image)
    assert volume.array.shape == (1, 2, 3)
    assert volume.geometry.spacing[:2] == (0.5, 0.25)
    point = volume.geometry.physical_point((0, 1, 2))[:2]
    np.testing.assert_allclose(point, image.TransformIndexToPhysicalPoint((2, 1)))


@pytest.mark.parametrize("image", [sitk.Image((2, 2), sitk.sitkVectorUInt8), sitk.Image((2, 2, 2, 2), sitk.sitkUInt8)])
def test_colour_and_4d_images_are_refused(image):
    with pytest.raises(InvalidInputError, match="scalar 2D or 3D"):
        from_sitk(image)


def test_resampling_reads_every_voxel_at_its_own_physical_point():
    source = linear_in_physical_space(oblique((12, 14, 16), spacing=(1.0, 1.2, 2.0), origin=(0.0, 0.0, 0.0)))
    centre = source.geometry.physical_point((5.5, 6.5, 7.5))
    target = Geometry((3, 4, 5), (0.7, 0.9, 1.1), centre - (1.4, 1.35, 1.1))
    expected = linear_in_physical_space(target)
    np.testing.assert_allclose(resample(source, target).array, expected.array, atol=1e-9)


def test_resampling_onto_its_own_grid_is_the_identity_and_outside_is_background():
    volume = volume_of((3, 4, 5), "uint16")
    np.testing.assert_array_equal(resample(volume, volume.geometry).array, volume.array)
    assert resample(volume, volume.geometry).array.dtype == np.uint16
    elsewhere = oblique((3, 4, 5), origin=(1000.0, 0.0, 0.0))
    ct = volume.with_array(np.where(volume.array % 2 == 0, 40, -1000).astype(np.int16))
    assert (resample(ct, elsewhere).array == -1000).all()
    assert not resample(ct, elsewhere, linear=False).array.any()


def test_nearest_resampling_invents_no_label():
    labels = Volume(np.array([[[1, 1, 7, 7]]], np.uint8), Geometry((1, 1, 4)))
    fine = Geometry((1, 1, 7), (0.5, 1.0, 1.0), (0.1, 0.0, 0.0))
    assert set(resample(labels, fine, linear=False).array.ravel()) == {1, 7}
    assert len(set(resample(labels, fine).array.ravel())) > 2
