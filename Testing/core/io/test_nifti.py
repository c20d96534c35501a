"""4D NIfTI: what the header says, what the sidecar says, and which of them is believed."""

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence, write_sequence


def write_header(path, dims, pixdim, units, offset=0.0, voxels=b"", datatype=(4, 16), descrip=b"", srow=None):
    """Write a NIfTI file byte by byte from the standard, without any library."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, len(dims), *dims, *[1] * (7 - len(dims)))
    struct.pack_into("<2h", header, 70, *datatype)
    struct.pack_into("<8f", header, 76, 1, *pixdim, *[0] * (7 - len(pixdim)))
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<2f", header, 112, 1, 0)
    header[123] = units
    struct.pack_into("<f", header, 136, offset)
    header[148 : 148 + len(descrip)] = descrip
    struct.pack_into("<2h", header, 252, 0, 1)
    rows = srow or [[pixdim[0], 0, 0, 0], [0, pixdim[1], 0, 0], [0, 0, pixdim[2], 0]]
    struct.pack_into("<12f", header, 280, *np.ravel(rows))
    header[344:348] = b"n+1\0"
    path.write_bytes(bytes(header) + voxels)


def test_affine_is_read_from_ras_to_lps(tmp_path):
    """Column-major RAS affine of the standard: voxel (i, j, k) lies at srow @ (i, j, k, 1) in RAS."""
    voxels = np.arange(2 * 3 * 4 * 5, dtype="<i2")
    c, s = np.cos(0.4), np.sin(0.4)
    affine = [[2 * c, -3 * s, 0, 10], [2 * s, 3 * c, 0, 20], [0, 0, 4, 30]]
    write_header(tmp_path / "a.nii", (5, 4, 3, 2), (2, 3, 4, 25), 18, voxels=voxels.tobytes(), srow=affine)
    sequence = read_sequence(tmp_path / "a.nii")
    geometry = sequence.volumes[0].geometry
    for kji in [(0, 0, 0), (2, 3, 4), (1, 0, 4)]:
        ras = np.array(affine) @ [*kji[::-1], 1]
        np.testing.assert_allclose(geometry.physical_point(kji), ras * [-1, -1, 1], atol=1e-5)
    np.testing.assert_array_equal(sequence.volumes[1].array, voxels[60:].reshape(3, 4, 5))
    assert sequence.volumes[1].array[2, 1, 3] == 60 + 2 * 20 + 1 * 5 + 3


@pytest.mark.parametrize(
    ("units", "step", "offset", "expected"),
    [
        (2 | 8, 0.0333, 0.0, [0, 33.3, 66.6, 99.9]),
        (2 | 16, 33.3, 10.0, [10, 43.3, 76.6, 109.9]),
        (2 | 24, 33300.0, 0.0, [0, 33.3, 66.6, 99.9]),
    ],
)
def test_time_is_read_in_ms_whatever_its_unit(units, step, offset, expected, tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 1, 4), (1, 1, 1, step), units, offset, bytes(48))
    sequence = read_sequence(tmp_path / "a.nii")
    assert list(sequence.times) == expected
    assert (sequence.index_name, sequence.unit) == ("time", "ms")


@pytest.mark.parametrize("units", [2, 0])
def test_time_step_without_a_unit_is_kept_and_noted(units, tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 1, 3), (1, 1, 1, 33.3), units, voxels=bytes(36))
    sequence = read_sequence(tmp_path / "a.nii")
    assert sequence.times == (0, 33.3, 66.6)
    assert (sequence.index_name, sequence.unit) == ("time", "")
    assert any("a time step of 33.3, but not its unit" in note for note in sequence.notes)
    assert any("no unit of length; mm was taken" in note for note in sequence.notes) == (units == 0)


def test_step_of_one_without_a_unit_is_that_of_programs_that_know_no_time(tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 1, 3), (1, 1, 1, 1), 2, voxels=bytes(36))
    sequence = read_sequence(tmp_path / "a.nii")
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 1, 2), "frame", "")
    assert any("frames are numbered" in note for note in sequence.notes)


def test_frequencies_are_no_times(tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 1, 3), (1, 1, 1, 33.3), 2 | 32, voxels=bytes(36))
    sequence = read_sequence(tmp_path / "a.nii")
    assert (sequence.times, sequence.index_name) == ((0, 1, 2), "frame")
    assert any("frequencies in Hz, not times" in note for note in sequence.notes)


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan")])
def test_unusable_time_step_is_noted(step, tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 1, 3), (1, 1, 1, step), 2 | 16, voxels=bytes(36))
    sequence = read_sequence(tmp_path / "a.nii")
    assert sequence.times == (0, 1, 2)
    assert any("no time step" in note for note in sequence.notes)


def test_3d_file_is_one_frame(tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 5), (1, 1, 4), 2 | 8, voxels=bytes(60))
    sequence = read_sequence(tmp_path / "a.nii")
    assert len(sequence) == 1
    assert sequence.volumes[0].array.shape == (5, 2, 3)
    assert sequence.index_name == "frame"


def test_5d_file_is_refused(tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 5, 2, 3), (1, 1, 4, 1, 1), 2, voxels=bytes(360))
    with pytest.raises(InvalidInputError, match=r"a\.nii: "):
        read_sequence(tmp_path / "a.nii")


def test_sheared_file_is_refused(tmp_path):
    affine = [[1, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    write_header(tmp_path / "a.nii", (3, 2, 5, 2), (1, 1, 1, 1), 2, voxels=bytes(120), srow=affine)
    with pytest.raises(InvalidInputError, match=r"a\.nii: its axes are sheared, 27 degrees from perpendicular"):
        read_sequence(tmp_path / "a.nii")


def test_written_header_follows_the_standard(tmp_path, make_sequence):
    sequence = make_sequence(values=(10.0, 43.3, 80.0), dtype="uint16")
    write_sequence(sequence, tmp_path / "a.nii.gz")
    content = gzip.decompress((tmp_path / "a.nii.gz").read_bytes())
    assert struct.unpack_from("<5h", content, 40) == (4, 4, 3, 2, 3)
    assert struct.unpack_from("<h", content, 70) == (512,)
    np.testing.assert_allclose(struct.unpack_from("<4f", content, 80), (1.4, 1.5, 8.1, 35.0), rtol=1e-7)
    assert content[123] == 2 | 16
    assert struct.unpack_from("<f", content, 136) == (10.0,)
    assert content[148:228].rstrip(b"\0") == b"TemporalInterp: 1 of 3 frames synthetic"
    affine = np.reshape(struct.unpack_from("<12f", content, 280), (3, 4))
    geometry = sequence.volumes[0].geometry
    np.testing.assert_allclose(affine[:, :3], np.diag([-1, -1, 1]) @ geometry.voxel_to_physical, atol=1e-6)
    np.testing.assert_allclose(affine[:, 3], np.array(geometry.origin) * [-1, -1, 1], atol=1e-6)
    voxels = np.frombuffer(content, "<u2", offset=352).reshape(3, 2, 3, 4)
    np.testing.assert_array_equal(voxels[2], sequence.volumes[2].array)


def test_unit_that_is_no_time_is_not_called_seconds(tmp_path, make_sequence):
    write_sequence(make_sequence(unit="%"), tmp_path / "a.nii")
    assert (tmp_path / "a.nii").read_bytes()[123] == 2


def test_regular_times_come_back_without_the_sidecar(tmp_path, make_sequence):
    sequence = make_sequence(values=(0.0, 33.3, 66.6), item_attributes=())
    write_sequence(sequence, tmp_path / "a.nii.gz")
    (tmp_path / "a.json").unlink()
    back = read_sequence(tmp_path / "a.nii.gz")
    assert back.times == sequence.times
    assert back.notes == ()


def test_damaged_compression_is_refused(tmp_path, make_sequence):
    write_sequence(make_sequence(shape=(4, 20, 30)), tmp_path / "a.nii.gz")
    content = bytearray((tmp_path / "a.nii.gz").read_bytes())
    content[-5] ^= 0xFF  # in the checksum
    (tmp_path / "a.nii.gz").write_bytes(content)
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_sequence(tmp_path / "a.nii.gz")


def test_real_echo(real_data):
    path = real_data / "echo-3dt" / "img4d_11f.nii.gz"
    sequence = read_sequence(path)
    image = sitk.ReadImage(str(path))
    assert len(sequence) == 11
    assert (sequence.index_name, sequence.times) == ("frame", tuple(range(11)))
    expected = sitk.Extract(image, [*image.GetSize()[:3], 0], [0, 0, 0, 7])
    np.testing.assert_array_equal(sequence.volumes[7].array, sitk.GetArrayFromImage(expected))
    geometry = sequence.volumes[7].geometry
    assert geometry.is_close(
        Geometry(
            expected.GetSize()[::-1],
            expected.GetSpacing(),
            expected.GetOrigin(),
            tuple(map(tuple, np.reshape(expected.GetDirection(), (3, 3)))),
        )
    )
    np.testing.assert_allclose(geometry.physical_point((37, 0, 0))[2], 2.0113132 + 37 * 4.8444533, rtol=1e-6)


def test_real_echo_comes_back(real_data, tmp_path, assert_same):
    sequence = read_sequence(real_data / "echo-3dt" / "img4d_11f.nii.gz")
    write_sequence(sequence, tmp_path / "echo.nii.gz")
    assert_same(read_sequence(tmp_path / "echo.nii.gz"), sequence)
