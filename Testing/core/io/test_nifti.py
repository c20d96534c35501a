"""4D NIfTI: what the header says, what the sidecar says, and which of them is believed."""

import gzip
import struct
import tempfile
import time
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import notes_on_writing, read_sequence, read_volume, write_sequence


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


TRUE_TIMES = (0, 40, 80, 120, 160, 200)
OBLIQUE = np.array([[0.95534, -0.29552, 0], [0.29552, 0.95534, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    "name",
    [
        "n4_nifti2.nii.gz",
        "n5b_5d_xyzt1.nii.gz",
        "n6_pair.hdr",
        "n6_pair.img",
        "n6b_pair.hdr",
        "n6b_pair.img",
        "n7b_usec.nii.gz",
        "n11f_i64.nii.gz",
        "n12_bigendian.nii",
        "n14_UPPER.NII.GZ",
        "n15_plain_named_gz.nii.gz",
        "n15b_gz_named_nii.nii",
        "n3b_sform_shear_q_ok.nii.gz",
        "n3c_sform_qform_mismatch.nii.gz",
        "n3d_sform_slightly_nonortho.nii.gz",
    ],
)
def test_files_that_people_have(name, cases):
    sequence = read_sequence(cases / name)
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], np.load(cases.parent / "truth.npy"))
    assert (sequence.times, sequence.index_name, sequence.unit) == (TRUE_TIMES, "time", "ms")
    geometry = sequence.volumes[0].geometry
    np.testing.assert_allclose(geometry.spacing, (1.25, 1.5, 8), atol=0.002)
    np.testing.assert_allclose(geometry.origin, (-10, -20, 30), atol=1e-4)
    mirrored = name.startswith(("n14", "n15"))
    np.testing.assert_allclose(geometry.direction, OBLIQUE * ([-1, 1, 1] if mirrored else 1), atol=0.002)
    assert bool(sequence.notes) == name.startswith("n3")


@pytest.mark.parametrize(
    ("name", "note"),
    [
        (
            "n3b_sform_shear_q_ok.nii.gz",
            "The sform was not used: its axes are sheared, 4.5 degrees from perpendicular.",
        ),
        ("n3c_sform_qform_mismatch.nii.gz", "The sform has the voxels in other places than the qform, which was used."),
        ("n3d_sform_slightly_nonortho.nii.gz", "The axes are 0.15 degrees from perpendicular"),
        ("n6c_analyze.img", "does not say where the voxels lie in the patient"),
        ("n17_no_forms.nii.gz", "does not say where the voxels lie in the patient"),
        ("n11b_complex.nii.gz", "complex numbers; their magnitude was taken"),
        ("n1_units_unknown.nii.gz", "a time step of 0.04, but not its unit"),
        ("n1b_units_mm_only.nii.gz", "a time step of 33.3, but not its unit"),
        ("n2_zero_pixdim4.nii.gz", "no time step (0); frames are numbered"),
        ("n2b_neg_pixdim4.nii.gz", "no time step (-40); frames are numbered"),
        ("n18_pet_bids.nii.gz", "Times are those of FrameTimesStart in n18_pet_bids.json."),
    ],
)
def test_what_is_assumed_of_them_is_noted(name, note, cases):
    sequence = read_sequence(cases / name)
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], np.load(cases.parent / "truth.npy"))
    assert any(note in one for one in sequence.notes)


@pytest.mark.parametrize(("name", "step"), [("n1_units_unknown.nii.gz", 0.04), ("n1b_units_mm_only.nii.gz", 33.3)])
def test_their_time_step_is_kept(name, step, cases):
    sequence = read_sequence(cases / name)
    np.testing.assert_allclose(sequence.times, step * np.arange(6))
    assert (sequence.index_name, sequence.unit) == ("time", "")


def test_their_shear_is_not_called_damage(cases):
    with pytest.raises(InvalidInputError, match=r"n3_sform_shear_no_q\.nii\.gz: its axes are sheared") as caught:
        read_sequence(cases / "n3_sform_shear_no_q.nii.gz")
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("name", ["n16_nan_border.nii.gz", "n16b_ct_nan_pad.nii.gz"])
def test_their_nan_stays(name, cases):
    content = gzip.decompress((cases / name).read_bytes())
    (offset,) = struct.unpack_from("<f", content, 108)
    sequence = read_sequence(cases / name)
    voxels = np.stack([volume.array for volume in sequence.volumes])
    assert np.isnan(voxels).any()
    assert voxels.tobytes() == content[int(offset) :]
    assert read_volume_of_first_frame(cases / name).tobytes() == voxels[0].tobytes()


def read_volume_of_first_frame(path):
    """Return the first frame as the file of a single volume, read as one."""
    image = nibabel.load(path)
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.nii"
        nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj)[..., 0], image.affine), one)
        return read_volume(one).array


def test_real_dynamic_series(cases):
    sequence = read_sequence(cases / "real_siemens_dyn.nii.gz")
    assert sequence.times == (0, 2987.5, 5975)
    image = sitk.ReadImage(str(cases / "real_siemens_dyn.nii.gz"))
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], sitk.GetArrayFromImage(image))
    geometry = sequence.volumes[0].geometry
    np.testing.assert_allclose(geometry.spacing, image.GetSpacing()[:3])
    np.testing.assert_allclose(geometry.direction, np.reshape(image.GetDirection(), (4, 4))[:3, :3], atol=1e-6)
    assert sequence.notes == ()


def write_forms(path, qform_code, sform_code, pixdim=(2, 3, 4), srow=None, qoffset=(5, 6, 7)):
    """Write a volume of which the two forms place the first voxel differently."""
    rows = [[2, 0, 0, 50], [0, 3, 0, 60], [0, 0, 4, 70]] if srow is None else srow
    write_header(path, (3, 2, 5), pixdim, 2 | 8, voxels=bytes(60), srow=rows)
    content = bytearray(path.read_bytes())
    struct.pack_into("<2h", content, 252, qform_code, sform_code)
    struct.pack_into("<6f", content, 256, 0, 0, 0, *qoffset)
    path.write_bytes(content)


@pytest.mark.parametrize("qform_code", range(5))
@pytest.mark.parametrize("sform_code", range(5))
def test_the_form_is_chosen_as_itk_does(qform_code, sform_code, tmp_path):
    write_forms(tmp_path / "a.nii", qform_code, sform_code)
    image = sitk.ReadImage(str(tmp_path / "a.nii"))
    geometry = read_sequence(tmp_path / "a.nii").volumes[0].geometry
    np.testing.assert_allclose(geometry.origin, image.GetOrigin())
    np.testing.assert_allclose(geometry.direction, np.reshape(image.GetDirection(), (3, 3)))


@pytest.mark.parametrize("bad", [0.0, float("nan"), float("inf"), -2.0])
@pytest.mark.parametrize("codes", [(1, 0), (0, 0)])
def test_a_voxel_size_that_cannot_be_is_noted(bad, codes, tmp_path):
    write_forms(tmp_path / "a.nii", *codes, pixdim=(bad, 3, 4))
    sequence = read_sequence(tmp_path / "a.nii")
    taken = 2.0 if bad == -2 else 1.0
    assert sequence.volumes[0].geometry.spacing == (taken, 3, 4)
    assert f"pixdim says that columns are {bad:g} mm apart; {taken:g} mm was taken." in sequence.notes


@pytest.mark.parametrize("bad", [0.0, float("nan"), float("inf"), -2.0, 7.0])
def test_a_voxel_size_that_the_sform_contradicts_is_noted(bad, tmp_path):
    write_forms(tmp_path / "a.nii", 0, 1, pixdim=(bad, 3, 4))
    sequence = read_sequence(tmp_path / "a.nii")
    assert sequence.volumes[0].geometry.spacing == (2, 3, 4)
    assert f"voxels of {bad:g} x 3 x 4 in pixdim, but places them 2 x 3 x 4 mm apart" in sequence.notes[0]


def test_a_form_that_is_not_finite_gives_way_to_the_other(tmp_path):
    nan = [[float("nan"), 0, 0, 50], [0, 3, 0, 60], [0, 0, 4, 70]]
    write_forms(tmp_path / "a.nii", 1, 1, srow=nan)
    sequence = read_sequence(tmp_path / "a.nii")
    assert sequence.volumes[0].geometry.origin == (-5, -6, 7)
    assert "The sform was not used: the header places voxels at coordinates that are NaN" in sequence.notes[0]
    write_forms(tmp_path / "a.nii", 0, 1, srow=nan)
    with pytest.raises(InvalidInputError, match="NaN or infinite; correct it"):
        read_sequence(tmp_path / "a.nii")


@pytest.mark.parametrize(("code", "factor"), [(1, 1000), (2, 1), (3, 0.001)])
def test_lengths_are_read_in_mm_whatever_their_unit(code, factor, tmp_path):
    write_forms(tmp_path / "a.nii", 0, 1)
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[123] = code
    (tmp_path / "a.nii").write_bytes(content)
    geometry = read_sequence(tmp_path / "a.nii").volumes[0].geometry
    np.testing.assert_allclose(geometry.spacing, np.array([2, 3, 4]) * factor)
    np.testing.assert_allclose(geometry.origin, np.array([-50, -60, 70]) * factor)


@pytest.mark.parametrize(
    ("slope", "intercept", "note"),
    [
        (0, 0, None),
        (float("nan"), 5, "adds 5 to voxels, but its slope of nan"),
        (0, -1024, "adds -1024 to voxels, but its slope of 0"),
        (float("inf"), 0, "scales voxels by inf"),
        (1, float("nan"), "adds nan; they were taken as they are"),
        (1, 0, None),
    ],
)
def test_scaling_that_cannot_be_is_none(slope, intercept, note, tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 2), (1, 1, 1), 10, voxels=np.arange(12, dtype="<i2").tobytes())
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<2f", content, 112, slope, intercept)
    (tmp_path / "a.nii").write_bytes(content)
    sequence = read_sequence(tmp_path / "a.nii")
    assert sequence.volumes[0].array.dtype == np.int16
    np.testing.assert_array_equal(sequence.volumes[0].array.ravel(), np.arange(12))
    assert any(note in one for one in sequence.notes) if note else sequence.notes == ()


def test_scaled_integers_are_float32(tmp_path):
    write_header(tmp_path / "a.nii", (3, 2, 2), (1, 1, 1), 10, voxels=np.arange(12, dtype="<i2").tobytes())
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<2f", content, 112, 0.5, -1024)
    (tmp_path / "a.nii").write_bytes(content)
    array = read_sequence(tmp_path / "a.nii").volumes[0].array
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array.ravel(), np.arange(12) * 0.5 - 1024)


def test_frames_along_the_fifth_axis_are_read_but_vectors_are_refused(tmp_path):
    voxels = np.arange(36, dtype="<i2").tobytes()
    write_header(tmp_path / "a.nii", (3, 2, 1, 1, 6), (1, 1, 1, 40), 18, voxels=voxels * 2)
    sequence = read_sequence(tmp_path / "a.nii")
    assert len(sequence) == 6
    assert "The header gives frames along axis 5, not along axis 4, time." in sequence.notes
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<h", content, 68, 1007)
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(InvalidInputError, match="every voxel has 6 values"):
        read_sequence(tmp_path / "a.nii")


@pytest.mark.parametrize(
    ("code", "bits", "what"),
    [(128, 24, "colours"), (1536, 128, "datatype 1536"), (1, 1, "datatype 1"), (77, 8, "known")],
)
def test_voxels_that_cannot_be_used_are_refused_in_words(code, bits, what, tmp_path):
    write_header(tmp_path / "a.nii", (2, 2, 2), (1, 1, 1), 10, voxels=bytes(400), datatype=(code, bits))
    with pytest.raises(InvalidInputError, match=rf"a\.nii: .*{what}") as caught:
        read_sequence(tmp_path / "a.nii")
    assert "damaged" not in str(caught.value)


def test_a_half_of_a_pair_says_which_file_is_missing(tmp_path, cases):
    for ending, missing in ((".hdr", "img"), (".img", "hdr")):
        lone = tmp_path / f"lone{ending}"
        lone.write_bytes((cases / f"n6_pair{ending}").read_bytes())
        with pytest.raises(UnreadableFileError, match=rf"lone\.{missing} beside it; that file is not there"):
            read_sequence(lone)
        lone.unlink()


def test_a_header_that_needs_any_memory_is_refused_at_once(tmp_path):
    write_header(tmp_path / "a.nii", (32767, 32767, 32767, 32767), (1, 1, 1, 1), 10, voxels=bytes(400))
    with pytest.raises(UnreadableFileError, match="the file has 752 bytes"):
        read_sequence(tmp_path / "a.nii")


def test_uneven_times_are_said_to_be_beside_the_file(make_sequence):
    notes = notes_on_writing(make_sequence(values=(0, 10, 80)), "pet.nii.gz")
    assert notes == [
        "The header of NIfTI holds regular times only; the times of the frames, which are not, are in pet.json. "
        "Keep the two files together."
    ]
    assert notes_on_writing(make_sequence(values=(0, 10, 20)), "pet.nii.gz") == []
    assert notes_on_writing(make_sequence(values=(0, 10, 80)), "pet.seq.nrrd") == []


@pytest.mark.parametrize("behind", [1, 300_000_000])
def test_what_follows_the_voxels_is_not_inflated_and_noted(behind, tmp_path):
    image = nibabel.Nifti1Image(np.arange(48, dtype=np.int16).reshape(4, 3, 2, 2), np.eye(4))
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = bytes(min(behind, 10_000_000))
    packed = [packer.compress(image.to_bytes()), *(packer.compress(zeros) for _ in range(behind // len(zeros)))]
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"".join(packed) + packer.flush())
    started = time.monotonic()
    sequence = read_sequence(path)
    assert time.monotonic() - started < 5
    np.testing.assert_array_equal([v.array for v in sequence.volumes], np.asarray(image.dataobj).T)
    assert any("The file goes on behind the voxels" in note for note in sequence.notes)


def test_an_absurd_place_of_the_voxels_is_refused(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((4, 3, 2, 2), np.int16), np.eye(4))
    content = bytearray(image.to_bytes())
    content[108:112] = struct.pack("<f", 1e12)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(UnreadableFileError, match=r"a\.nii\.gz: the header says.* 1000\.0 GB behind it"):
        read_sequence(path)
