"""MetaImage files: volumes, and sequences in 4D."""

import re
import zlib

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import metaimage, read_sequence, write_volume
from temporal_interp.io.images import read_image


def test_a_volume_is_one_frame_with_the_attributes_it_was_written_with(tmp_path, make_sequence):
    volume = make_sequence().volumes[0]
    marks = {"TemporalInterp.SyntheticSlices": "all but every 2nd", "Other": "of another program"}
    write_volume(volume, tmp_path / "a.mha", marks)
    sequence = read_sequence(tmp_path / "a.mha")
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0,), "frame", "")
    np.testing.assert_array_equal(sequence.volumes[0].array, volume.array)
    assert sequence.volumes[0].geometry.is_close(volume.geometry)
    assert sequence.item_attributes == ({"TemporalInterp.SyntheticSlices": "all but every 2nd"},)


@pytest.fixture
def frames(make_sequence):
    return np.stack([volume.array for volume in make_sequence().volumes])


@pytest.fixture
def write_4d(tmp_path, frames):
    """Function that writes the frames, 40 apart, and replaces a line of the header."""

    def write(name="a.mha", entry=None, line="", compressed=False):
        image = sitk.GetImageFromArray(frames, isVector=False)
        image.SetSpacing((1.25, 1.5, 8, 40))
        image.SetOrigin((10, 20, 30, 5))
        sitk.WriteImage(image, str(tmp_path / name), compressed)
        if entry is not None:
            content = (tmp_path / name).read_bytes()
            changed = re.sub(rb"^" + entry.encode() + rb" = .*\n", line.encode(), content, flags=re.MULTILINE)
            assert changed != content
            (tmp_path / name).write_bytes(changed)
        return tmp_path / name

    return write


def assert_read(sequence, frames):
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], frames)


@pytest.mark.parametrize("name", ["a.mha", "a.mhd"])
@pytest.mark.parametrize("compressed", [False, True])
def test_4d_is_a_sequence(name, compressed, write_4d, frames):
    sequence = read_sequence(write_4d(name, compressed=compressed))
    assert_read(sequence, frames)
    geometry = sequence.volumes[0].geometry
    assert (geometry.spacing, geometry.origin) == ((1.25, 1.5, 8), (10, 20, 30))
    assert (sequence.times, sequence.index_name, sequence.unit) == ((5, 45, 85), "time", "")
    assert sequence.notes == ("The header gives a time step of 40, but not its unit; times have no unit.",)


@pytest.mark.parametrize(("compressed", "read"), [(False, [0, 1, 2]), (True, [None])])
def test_frames_are_read_one_after_another_unless_compressed(compressed, read, write_4d, frames, monkeypatch):
    asked = []

    def read_and_note(path, kind, *, frame=None):
        asked.append(frame)
        return read_image(path, kind, frame=frame)

    monkeypatch.setattr(metaimage, "read_image", read_and_note)
    assert_read(read_sequence(write_4d(compressed=compressed)), frames)
    assert asked == read


def test_voxels_in_a_file_for_every_slice_are_read(write_4d, frames, tmp_path):
    listed = "".join(f"{number}.raw\n" for number in range(frames.shape[0]))
    for number, frame in enumerate(frames):
        (tmp_path / f"{number}.raw").write_bytes(frame.tobytes())
    path = write_4d("a.mhd", "ElementDataFile", f"ElementDataFile = LIST 3D\n{listed}")
    assert_read(read_sequence(path), frames)


@pytest.mark.parametrize("missing", [1, 100])
def test_a_file_that_is_cut_short_is_refused(missing, write_4d):
    path = write_4d()
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(UnreadableFileError, match=r"a\.mha: "):
        read_sequence(path)


def test_nan_stays(tmp_path):
    voxels = np.array([[[np.nan, np.inf], [-np.inf, 1]]], np.float32)
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(tmp_path / "a.mha"))
    np.testing.assert_array_equal(read_sequence(tmp_path / "a.mha").volumes[0].array, voxels)


@pytest.mark.parametrize(
    ("entry", "line", "note"),
    [
        ("ElementSpacing", "", "does not say how far apart voxels are; 1 mm was taken"),
        ("ElementSpacing", "ElementSpacing = -1.25 1.5 8 40\n", "columns are -1.25 mm apart; 1.25 mm was taken"),
        ("ElementSpacing", "ElementSpacing = 1.25 1.5 8 -40\n", "no time step (-40); frames are numbered"),
        ("TransformMatrix", "TransformMatrix = 1 0.005 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n", "degrees from perpendicular"),
    ],
)
def test_what_is_assumed_is_noted(entry, line, note, write_4d, frames):
    sequence = read_sequence(write_4d(entry=entry, line=line))
    assert_read(sequence, frames)
    assert any(note in one for one in sequence.notes)


@pytest.mark.parametrize(
    ("entry", "line", "what"),
    [
        ("ElementSpacing", "ElementSpacing = 0 1.5 8 40\n", "steps of 0 1.5 8 40 .* none can be 0, NaN or infinite"),
        ("ElementSpacing", "ElementSpacing = nan 1.5 8 40\n", "none can be 0, NaN or infinite"),
        ("ElementSpacing", "ElementSpacing = wide 1.5 8 40\n", "no numbers"),
        ("NDims", "NDims = 40000000\n", "40000000 axes"),
        ("DimSize", "DimSize = 4 3 2\n", "4 axes of the sizes 4 3 2"),
        ("DimSize", "", "cut short or damaged"),
        ("DimSize", "DimSize = 4 3 2 99999999999\n", "sizes 4 3 2 99999999999"),
        ("ElementType", "ElementType = MET_WORD\n", "type 'MET_WORD', which cannot be read"),
        ("ElementDataFile", "ElementDataFile = gone.raw\n", "in gone.raw beside it; that file is not there"),
        ("TransformMatrix", "TransformMatrix = 1 0.2 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n", "axes are sheared, 11 degrees"),
    ],
)
def test_impossible_header_is_refused(entry, line, what, write_4d):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=rf"a\.mha: .*{what}"):
        read_sequence(write_4d(entry=entry, line=line))


def test_several_values_a_voxel_are_refused(tmp_path):
    sitk.WriteImage(sitk.Image([4, 3, 2], sitk.sitkVectorFloat32, 3), str(tmp_path / "a.mha"))
    with pytest.raises(InvalidInputError, match=r"a\.mha: expected scalar volumes.*3D with 3 components"):
        read_sequence(tmp_path / "a.mha")


@pytest.mark.parametrize("name", ["m1_4d.mha", "m1b_4d.mhd"])
def test_files_that_people_have(name, cases):
    sequence = read_sequence(cases / name)
    assert_read(sequence, np.load(cases.parent / "truth.npy"))
    assert sequence.times == (0, 40, 80, 120, 160, 200)
    np.testing.assert_allclose(sequence.volumes[0].geometry.origin, (-10, -20, 30))


@pytest.mark.parametrize("line", ["", "CompressedDataSize = 17\n"])
@pytest.mark.parametrize("behind", [0, 5_000_000])
def test_compressed_voxels_are_right_whatever_size_the_header_gives(line, behind, write_4d, frames):
    """ITK returns whatever was in memory where that size is missing or wrong."""
    path = write_4d(compressed=True, entry="CompressedDataSize", line=line)
    head, local, _ = path.read_bytes().partition(b"LOCAL\n")
    path.write_bytes(head + local + zlib.compress(frames.tobytes() + bytes(behind)))
    assert_read(read_sequence(path), frames)


def test_compressed_voxels_that_are_damaged_are_refused(write_4d):
    path = write_4d(compressed=True)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFileError, match=r"a\.mha: .*cut short"):
        read_sequence(path)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("entry", ["DimSize", "ElementNumberOfChannels"])
def test_a_header_that_promises_more_than_the_file_holds_is_refused(entry, compressed, write_4d):
    line = "DimSize = 2000 2000 2000 2\n" if entry == "DimSize" else "ElementNumberOfChannels = 100000000\n"
    path = write_4d(compressed=compressed, entry="DimSize" if entry == "DimSize" else "ElementSpacing", line=line)
    with pytest.raises(UnreadableFileError, match=r"a\.mha: the file is cut short"):
        read_sequence(path)


def test_a_compressed_field_of_vectors_is_read(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)
    sitk.WriteImage(sitk.GetImageFromArray(vectors, isVector=True), str(tmp_path / "a.mha"), True)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(tmp_path / "a.mha")), vectors)
