"""Images of further kinds, which SimpleITK or nibabel open."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence, read_volume

VOXELS = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("name", ["a.vtk", "a.gipl", "a.mrc", "a.tif", "a.h5"])
def test_a_volume_that_simpleitk_opens_is_one_frame(name, tmp_path):
    image = sitk.GetImageFromArray(VOXELS[0])
    image.SetSpacing((1.5, 1.5, 8))
    sitk.WriteImage(image, str(tmp_path / name))
    sequence = read_sequence(tmp_path / name)
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], VOXELS[:1])
    assert sequence.volumes[0].geometry.is_close(read_volume(tmp_path / name).geometry)
    assert any("The file was read as ITK's" in note for note in sequence.notes)


def test_a_grey_picture_is_one_slice(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS[0, 0].astype(np.uint8)), str(tmp_path / "a.png"))
    sequence = read_sequence(tmp_path / "a.png")
    np.testing.assert_array_equal(sequence.volumes[0].array, VOXELS[0, :1])
    assert "The file was read as ITK's PNG, with voxels of 1 x 1 x 1 mm." in sequence.notes


def test_a_coloured_picture_is_refused_in_words(tmp_path):
    sitk.WriteImage(sitk.Image([5, 4], sitk.sitkVectorUInt8, 3), str(tmp_path / "a.png"))
    with pytest.raises(InvalidInputError, match=r"a\.png: .*2D with 3 values a voxel, such as a colour"):
        read_sequence(tmp_path / "a.png")


def test_4d_is_a_sequence(tmp_path):
    image = sitk.GetImageFromArray(VOXELS, isVector=False)
    image.SetSpacing((1.5, 1.5, 8, 40))
    sitk.WriteImage(image, str(tmp_path / "a.h5"))
    sequence = read_sequence(tmp_path / "a.h5")
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], VOXELS)
    assert sequence.times == (0, 40)


@pytest.mark.parametrize("name", ["a.mgz", "a.mgh"])
@pytest.mark.parametrize("frames", [1, 2])
def test_what_nibabel_opens_is_read(name, frames, tmp_path):
    affine = np.diag([1.5, 2, 8, 1])
    affine[:3, 3] = 10, 20, 30
    voxels = VOXELS[:frames].T if frames > 1 else VOXELS[0].T
    nibabel.save(nibabel.MGHImage(voxels.astype(np.int32), affine), tmp_path / name)
    sequence = read_sequence(tmp_path / name)
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], VOXELS[:frames])
    geometry = sequence.volumes[0].geometry
    np.testing.assert_allclose(geometry.spacing, (1.5, 2, 8))
    np.testing.assert_allclose(geometry.origin, (-10, -20, 30), atol=1e-4)
    np.testing.assert_allclose(geometry.direction, np.diag([-1, -1, 1]), atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"only words\n" * 100, bytes(1000)])
@pytest.mark.parametrize("name", ["a.mgz", "a.mgh", "a.PAR", "a.HEAD", "a.mnc", "a.vtk", "a.tif", "a.h5"])
def test_a_file_that_only_has_the_name_is_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((UnreadableFileError, InvalidInputError), match=name):
        read_sequence(tmp_path / name)


@pytest.mark.parametrize("name", ["a.vtk", "a.mgz", "a.mgh"])
def test_a_file_cut_short_is_refused(name, tmp_path):
    if name == "a.vtk":
        sitk.WriteImage(sitk.GetImageFromArray(VOXELS[0]), str(tmp_path / name))
    else:
        nibabel.save(nibabel.MGHImage(VOXELS[0].T.astype(np.int32), np.eye(4)), tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableFileError, match=name):
        read_sequence(tmp_path / name)


def test_a_picture_named_like_nifti_is_what_it_is(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS[0, 0].astype(np.uint8)), str(tmp_path / "a.png"))
    (tmp_path / "a.png").rename(tmp_path / "a.nii.gz")
    for array in (read_sequence(tmp_path / "a.nii.gz").volumes[0].array, read_volume(tmp_path / "a.nii.gz").array):
        np.testing.assert_array_equal(array, VOXELS[0, :1])
