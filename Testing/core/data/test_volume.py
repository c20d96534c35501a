"""Volumes: geometry against SimpleITK's, resampling against physical points, crops undone, intensities scaled."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from scipy.spatial.transform import Rotation

from temporal_interp.data.crop_pad import CropPad
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume, from_sitk, require_same_geometry, resample, to_sitk
from temporal_interp.errors import InvalidInputError

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
SQUASHED = np.diag([1.0, 1.0, 0.5]).tolist()


def oblique(shape, spacing=(1.5, 2.0, 5.0), origin=(-20.0, 31.0, 7.5)):
    return Geometry(shape, spacing, origin, Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix())


def volume_of(shape, dtype="int16", geometry=None):
    values = np.random.default_rng(3).integers(0, 100, shape)
    return Volume(values.astype(dtype), geometry or oblique(shape))


def linear_in_physical_space(geometry):
    """A volume whose voxel at the LPS point (x, y, z) is 2 x - 3 y + 0.5 z + 10."""
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), -1)
    points = indices[..., ::-1] @ geometry.voxel_to_physical.T + geometry.origin
    return Volume(points @ np.array([2.0, -3.0, 0.5]) + 10, geometry)


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


def test_resampling_onto_its_own_grid_is_the_identity_and_outside_is_zero():
    volume = volume_of((3, 4, 5), "uint16")
    np.testing.assert_array_equal(resample(volume, volume.geometry).array, volume.array)
    assert resample(volume, volume.geometry).array.dtype == np.uint16
    elsewhere = oblique((3, 4, 5), origin=(1000.0, 0.0, 0.0))
    assert not resample(volume, elsewhere).array.any()


def test_nearest_resampling_invents_no_label():
    labels = Volume(np.array([[[1, 1, 7, 7]]], np.uint8), Geometry((1, 1, 4)))
    fine = Geometry((1, 1, 7), (0.5, 1.0, 1.0), (0.1, 0.0, 0.0))
    assert set(resample(labels, fine, linear=False).array.ravel()) == {1, 7}
    assert len(set(resample(labels, fine).array.ravel())) > 2


TARGETS = [
    (5, 6, 7),  # nothing to do
    (3, 6, 7),  # crop by an even number
    (5, 3, 7),  # crop by an odd number
    (8, 6, 7),  # pad by an odd number
    (2, 9, 7),  # crop and pad together
    (9, 1, 12),
]


@pytest.mark.parametrize("target", TARGETS)
def test_crop_and_pad_leaves_every_voxel_in_its_place_in_the_patient(target):
    volume = linear_in_physical_space(oblique((5, 6, 7)))
    change = CropPad.to_shape((5, 6, 7), target)
    changed = change.apply(volume, value=np.nan)
    assert changed.array.shape == target
    expected = linear_in_physical_space(changed.geometry)
    kept = np.isfinite(changed.array)
    assert kept.sum() == np.prod(np.minimum(target, (5, 6, 7)))
    np.testing.assert_allclose(changed.array[kept], expected.array[kept], atol=1e-9)


@pytest.mark.parametrize("target", TARGETS)
def test_undoing_a_crop_or_pad_is_exact(target):
    volume = volume_of((5, 6, 7))
    change = CropPad.to_shape((5, 6, 7), target)
    back = change.undo(change.apply(volume, value=-1), volume)
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.geometry is volume.geometry


def test_undo_takes_what_was_cut_off_from_the_original_and_the_rest_from_the_volume():
    volume = Volume(np.zeros((1, 4, 4), np.int16), Geometry((1, 4, 4)))
    change = CropPad.to_shape((1, 4, 4), (3, 2, 6))
    changed = change.apply(volume)
    back = change.undo(changed.with_array(np.full(changed.array.shape, 2.5)), volume)
    expected = np.zeros((1, 4, 4))
    expected[:, 1:3] = 2.5
    np.testing.assert_array_equal(back.array, expected)
    assert back.array.dtype == np.float64
    assert not volume.array.any()


def test_an_odd_voxel_goes_after():
    assert CropPad.to_shape((5, 5, 5), (8, 2, 5)) == CropPad((1, -1, 0), (2, -2, 0))


def test_crop_to_a_box():
    volume = volume_of((5, 6, 7))
    box = (slice(1, 3), slice(0, 6), slice(4, 7))
    cropped = CropPad.to_box((5, 6, 7), box).apply(volume)
    np.testing.assert_array_equal(cropped.array, volume.array[box])
    np.testing.assert_allclose(cropped.geometry.origin, volume.geometry.physical_point((1, 0, 4)))


def test_a_crop_of_everything_is_refused():
    with pytest.raises(InvalidInputError, match="at least one voxel"):
        CropPad.to_shape((4, 4, 4), (0, 4, 4)).apply(volume_of((4, 4, 4)))


def image(*values, dtype="float32"):
    array = np.array(values, dtype).reshape(1, 1, -1)
    return Volume(array, Geometry(array.shape))


def test_range_of_a_sequence_covers_all_its_volumes():
    span = IntensityRange.of([image(0, 50), image(10, 200)], upper_percentile=100)
    assert (span.low, span.high) == (0.0, 200.0)


def test_images_that_stay_above_zero_start_at_zero_and_negative_ones_at_their_lowest():
    assert IntensityRange.of([image(100, 200)]).low == 0.0
    assert IntensityRange.of([image(-1000, 200)]).low == -1000.0
    below = IntensityRange.of([image(-30, -10)], upper_percentile=100)
    assert (below.low, below.high) == (-30.0, -10.0)


def test_a_few_hot_voxels_do_not_set_the_range():
    values = np.linspace(0, 100, 10_000)
    values[:3] = 1e6
    assert IntensityRange.of([image(*values)]).high < 101


def test_a_sparse_image_whose_percentile_is_background_uses_its_highest_voxel():
    values = np.zeros(10_000)
    values[5] = 80
    assert IntensityRange.of([image(*values)]).high == 80.0


@pytest.mark.parametrize("value", [0, 7, -7])
def test_a_constant_image_has_no_range(value):
    with pytest.raises(InvalidInputError, match="constant"):
        IntensityRange.of([image(value, value, value)])


def test_no_volumes_have_no_range():
    with pytest.raises(InvalidInputError):
        IntensityRange.of([])


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf)])
def test_an_empty_or_endless_range_is_refused(ends):
    with pytest.raises(InvalidInputError, match="range"):
        IntensityRange(*ends)


def test_voxels_that_are_nan_or_infinite_do_not_count_for_the_range():
    assert IntensityRange.of([image(0, np.nan, 1, np.inf)]) == IntensityRange.of([image(0, 1)])
    with pytest.raises(InvalidInputError, match="neither NaN nor infinite"):
        IntensityRange.of([image(np.nan, np.inf)])


@pytest.mark.parametrize("dtype", [*INTEGERS, "float16", "float64"])
def test_normalise_gives_float32_from_0_to_1(dtype):
    scaled = IntensityRange(20, 100).normalise(np.array([0, 20, 60, 100, 120], dtype))
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, np.array([0, 0, 0.5, 1, 1], np.float32))


@pytest.mark.parametrize("real", ["float32", "float64"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_rounded_and_clipped_never_wrapped(dtype, real):
    limits = np.iinfo(dtype)
    made = to_scalar_type(np.array([-1e30, 1.49, 1.51, 2.5, 3.5, 100.2, 1e30], real), np.dtype(dtype))
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(made[1:-1], np.array([1, 2, 2, 4, 100], dtype))
    assert made[0] == limits.min
    # the highest real number that is not above the highest integer: they differ for wide integers
    assert limits.max - int(made[-1]) <= np.spacing(np.asarray(limits.max, real))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_real_scalar_types_are_not_rounded(dtype):
    made = to_scalar_type(np.array([-0.25, 1.5]), np.dtype(dtype))
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(made, [-0.25, 1.5])
