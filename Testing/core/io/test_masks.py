"""Masks from label volumes; Testing/mrml/test_mrml_segmentation_mask.py has those from segmentations."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.io import read_mask, write_sequence, write_volume
from temporal_interp.io.format_registry import volume_extensions

SHAPE = (3, 8, 10)
FIRST, SECOND = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
FIRST[1, 2:5, 3:6] = 1
SECOND[1:3, 4:7, 5:8] = 1


@pytest.fixture
def geometry(make_sequence) -> Geometry:
    return make_sequence(shape=SHAPE).volumes[0].geometry


@pytest.mark.parametrize("ending", volume_extensions())
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_every_label_counts(ending, dtype, geometry, tmp_path):
    labels = (2 * FIRST + 5 * SECOND).astype(dtype)
    write_volume(Volume(labels, geometry), tmp_path / f"mask{ending}")
    mask = read_mask(tmp_path / f"mask{ending}", geometry)
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, labels > 0)


def test_mask_is_brought_to_the_grid_by_its_place(tmp_path):
    """A grid of a quarter of the spacing, over the same extent and beyond, has four voxels for each along J and I."""
    coarse = Geometry((1, 4, 5), (2.0, 2.0, 8.0), (10.0, 20.0, 30.0))
    fine = Geometry((1, 16, 28), (0.5, 0.5, 8.0), (9.25, 19.25, 30.0))
    labels = np.random.default_rng(0).integers(0, 2, coarse.shape, dtype=np.uint8)
    write_volume(Volume(labels, coarse), tmp_path / "a.nrrd")
    expected = np.pad(labels.repeat(4, 1).repeat(4, 2), ((0, 0), (0, 0), (0, 8))) > 0
    np.testing.assert_array_equal(read_mask(tmp_path / "a.nrrd", fine), expected)


def test_picture_is_a_mask_for_a_video(tmp_path):
    """Both have pixels of 1 mm at the same place."""
    colours = np.zeros((6, 7, 3), np.uint8)
    colours[2, 3:5] = (0, 0, 200)
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), str(tmp_path / "a.png"))
    mask = read_mask(tmp_path / "a.png", Geometry((1, 6, 7)))
    np.testing.assert_array_equal(mask[0], colours.any(-1))


def test_mask_of_nothing_is_refused(geometry, tmp_path):
    write_volume(Volume(np.zeros(SHAPE, np.uint8), geometry), tmp_path / "a.nrrd")
    with pytest.raises(InvalidInputError, match=r"a\.nrrd: the mask is empty"):
        read_mask(tmp_path / "a.nrrd", geometry)


def test_mask_elsewhere_is_refused(geometry, tmp_path):
    write_volume(Volume(FIRST, geometry), tmp_path / "a.nrrd")
    with pytest.raises(InvalidInputError, match=r"a\.nrrd: the mask lies outside"):
        read_mask(tmp_path / "a.nrrd", replace(geometry, origin=(900.0, 0.0, 0.0)))


def test_mask_with_nan_is_refused(geometry, tmp_path):
    labels = FIRST.astype(np.float32)
    labels[0, 0, 0] = np.nan
    write_volume(Volume(labels, geometry), tmp_path / "a.nrrd")
    with pytest.raises(InvalidInputError, match=r"a\.nrrd: The mask has 1 voxels that are NaN"):
        read_mask(tmp_path / "a.nrrd", geometry)


def test_masks_over_frames_are_refused(geometry, tmp_path):
    image = sitk.GetImageFromArray(np.ones((2, *SHAPE), np.uint8), isVector=False)
    sitk.WriteImage(image, str(tmp_path / "a.nii.gz"))
    with pytest.raises(InvalidInputError, match=r"a\.nii\.gz: a mask is one volume, this file has 2 frames"):
        read_mask(tmp_path / "a.nii.gz", geometry)


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_missing_and_damaged_files_are_named(content, geometry, tmp_path):
    if content is not None:
        (tmp_path / "a.nrrd").write_bytes(content)
    with pytest.raises((MissingFileError, UnreadableFileError), match=r"a\.nrrd: "):
        read_mask(tmp_path / "a.nrrd", geometry)


def test_layers_and_colours_in_nrrd_count_together(geometry, tmp_path):
    """Slicer keeps segments that overlap as layers, the fastest axis; ITK keeps components there."""
    layers = sitk.GetImageFromArray(np.stack([FIRST, SECOND], -1), isVector=True)
    layers.SetSpacing(geometry.spacing)
    layers.SetOrigin(geometry.origin)
    layers.SetDirection(np.ravel(geometry.direction).tolist())
    sitk.WriteImage(layers, str(tmp_path / "a.nrrd"))
    np.testing.assert_array_equal(read_mask(tmp_path / "a.nrrd", geometry), (FIRST + SECOND) > 0)


def test_frames_in_nrrd_are_no_mask(geometry, tmp_path):
    write_sequence(Sequence([Volume(FIRST, geometry), Volume(SECOND, geometry)], [0, 1]), tmp_path / "a.seq.nrrd")
    with pytest.raises(InvalidInputError, match="this file has 4 dimensions"):
        read_mask(tmp_path / "a.seq.nrrd", geometry)


@pytest.mark.parametrize("written", ["a.nii.gz", "a.mha", "a.nrrd"])
def test_a_mask_is_read_by_its_content(written, geometry, tmp_path):
    write_volume(Volume(FIRST, geometry), tmp_path / written)
    (tmp_path / written).rename(tmp_path / "mask")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask", geometry), FIRST > 0)
