"""What a place holds, for a user to choose from."""

import numpy as np
import pytest

from temporal_interp.errors import CancelledError, MissingFileError, UnreadableFileError, no_progress
from temporal_interp.io import read_sequence, survey, survey_of_dicom_files, write_sequence, write_volume


def test_a_stack_of_a_series_a_slice_is_one_candidate(dicom_folder, pixels_of):
    def windowed(dataset, slice_number, phase):
        dataset.WindowCenter, dataset.WindowWidth = [100 + slice_number, 1], [400, 2]

    folder = dicom_folder(windowed)
    found = survey(folder)
    (one,) = found.readable
    assert found.left_out == ()
    assert (one.frames, one.slices, one.size, one.times, one.unit) == (4, 3, (5, 4), (0, 40, 80, 120), "ms")
    assert one.spacing == pytest.approx((1.25, 1.5, 8.0))
    assert one.window == (101, 400)
    assert one.phases_told
    assert [len(files) for files in one.files_of_series] == [4, 4, 4]
    np.testing.assert_array_equal(one.picture(), pixels_of(1, 0))
    np.testing.assert_array_equal(one.read(no_progress).to_numpy(), read_sequence(folder).to_numpy())


def test_the_pixels_are_left_alone_until_they_are_wanted(dicom_folder, monkeypatch):
    folder = dicom_folder()
    monkeypatch.setattr("temporal_interp.io.dicom.voxels.decoded_frames", None)  # would fail
    assert len(survey(folder).readable) == 1


def test_a_window_that_not_every_image_has_is_none(dicom_folder):
    def windowed(dataset, slice_number, phase):
        if slice_number:
            dataset.WindowCenter, dataset.WindowWidth = 100, 400

    assert survey(dicom_folder(windowed)).readable[0].window is None


def with_a_gap(dataset, slice_number, phase):
    return (slice_number, phase) != (1, 2)


def without_order(dataset, slice_number, phase):
    del dataset.TriggerTime, dataset.InstanceNumber


@pytest.mark.parametrize(
    ("edit", "words"), [(with_a_gap, "same number of phases"), (without_order, "nothing in the headers tells")]
)
def test_what_speaks_against_a_sequence_is_said_before_it_is_read(edit, words, dicom_folder):
    (one,) = survey(dicom_folder(edit)).candidates
    assert words in one.problem
    assert survey(dicom_folder(edit)).readable == ()


def test_a_damaged_file_of_a_cine_is_said_before_it_is_read(dicom_folder):
    folder = dicom_folder()
    file = next(folder.rglob("*.dcm"))
    file.write_bytes(file.read_bytes()[:-10])
    found = survey(folder)
    assert all(file.name in one.problem for one in found.candidates)
    assert [(one.name, one.why) for one in found.left_out] == [
        (f"{file.parent.name}/{file.name}", "is cut short: 10 bytes of its pixels are missing")
    ]


def test_a_file_with_a_single_image_stands_for_its_folder(dicom_folder):
    folder = dicom_folder(slices=1)
    (one,) = survey(next(folder.rglob("*.dcm"))).readable
    assert one.frames == 4


def test_files_of_several_folders_are_put_together(dicom_folder):
    files = sorted(dicom_folder().rglob("*.dcm"))
    assert [(one.frames, one.slices) for one in survey_of_dicom_files(files).readable] == [(4, 3)]
    assert [(one.frames, one.slices) for one in survey_of_dicom_files(files[:4]).readable] == [(4, 1)]


def test_a_file_of_any_format_is_a_candidate(make_sequence, tmp_path):
    path = tmp_path / "cine.seq.nrrd"
    write_sequence(made := make_sequence(), path)
    (one,) = survey(path).readable
    assert (one.description, one.frames, one.times) == ("cine.seq.nrrd", len(made), made.times)
    np.testing.assert_array_equal(one.picture(), made.volumes[0].array[made.geometry.shape[0] // 2])
    path.unlink()  # it was read already
    np.testing.assert_array_equal(one.read(no_progress).to_numpy(), made.to_numpy())


def test_the_files_of_a_folder_that_is_no_sequence_are_listed(make_sequence, tmp_path):
    made = make_sequence()
    write_sequence(made, tmp_path / "stress.nii.gz")
    write_sequence(made, tmp_path / "rest.nii.gz")
    write_volume(made.volumes[0], tmp_path / "scout.nrrd")
    (tmp_path / "damaged.nii.gz").write_bytes((tmp_path / "rest.nii.gz").read_bytes()[:200])
    (tmp_path / "notes.txt").write_text("none")
    found = survey(tmp_path)
    assert [(one.description, one.frames > 1) for one in found.candidates] == [
        ("rest.nii.gz", True),
        ("scout.nrrd", False),
        ("stress.nii.gz", True),
    ]
    assert [one.name for one in found.left_out] == ["damaged.nii.gz"]
    assert len(found.readable) == 2
    np.testing.assert_array_equal(found.readable[1].read(no_progress).to_numpy(), made.to_numpy())


def test_other_files_beside_dicom_files_are_listed_if_they_move(dicom_folder, make_sequence, tmp_path):
    folder = dicom_folder()
    write_sequence(make_sequence(), folder / "echo.seq.nrrd")
    write_volume(make_sequence().volumes[0], folder / "scout.nrrd")
    (folder / "notes.txt").write_text("none")
    found = survey(folder)
    assert [one.description for one in found.readable] == ["cine_sax", "echo.seq.nrrd"]
    assert len(found.candidates) == 2


def test_a_folder_of_phases_is_one_sequence(make_sequence, tmp_path):
    for number, volume in enumerate(make_sequence().volumes):
        write_volume(volume, tmp_path / f"T{10 * number:02d}.nrrd")
    (one,) = survey(tmp_path).readable
    assert (one.unit, one.description) == ("%", tmp_path.name)


def test_what_is_not_there_or_of_no_format_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        survey(tmp_path / "none")
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(UnreadableFileError, match="What can be"):
        survey(tmp_path / "notes.txt")
    with pytest.raises(UnreadableFileError, match="there is nothing here that can be read"):
        survey(tmp_path)


def test_it_can_be_cancelled(make_sequence, tmp_path):
    for name in ("rest", "stress"):
        write_sequence(make_sequence(), tmp_path / f"{name}.nii.gz")

    def cancel(fraction, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        survey(tmp_path, progress=cancel)


@pytest.mark.parametrize(
    ("case", "told"),
    [("d1_ge_pct_one", True), ("d3_philips_random_instance", True), ("d2b_T00", True), ("d30 Über cine (SAX)", True),
     ("real_siemens_dyn", False), ("d7_series_per_time", False), ("d6_dup_trigger", False), ("u5_ftv.dcm", False)],
)  # fmt: skip
def test_phases_are_told_by_entries_made_for_that(case, told, cases):
    (one,) = survey(cases / case).readable
    assert one.phases_told is told


def test_the_window_of_an_enhanced_file_is_that_of_its_frames(cases, tmp_path):
    import pydicom

    dataset = pydicom.dcmread(cases / "e1_plain.dcm")
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        window = pydicom.Dataset()
        window.WindowCenter, window.WindowWidth = 100 + number, 50
        frame.FrameVOILUTSequence = [window]
    dataset.save_as(tmp_path / "enhanced.dcm")
    (one,) = survey(tmp_path / "enhanced.dcm").readable
    assert one.window == (105.5, 50)


def test_the_real_stack_is_found_with_its_window(real_data):
    (one,) = survey(real_data / "cine-sax-dicom").readable
    assert (one.frames, one.slices, one.size, one.window) == (25, 6, (256, 208), (349, 789.5))
    assert one.picture().shape == (208, 256)
