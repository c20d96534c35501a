"""A folder with one volume for every phase."""

import re
from dataclasses import replace

import numpy as np
import pytest

from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence, write_sequence, write_volume

PHASES = [f"T{percent:02d}" for percent in range(0, 60, 10)]


@pytest.fixture
def save(tmp_path, make_sequence):
    """Function that writes a volume of noise for every name; a pair of Analyze's kind where the name ends in .img."""
    frames = make_sequence(values=range(6), item_attributes=()).volumes

    def write(*names, first=0):
        for number, name in enumerate(names, first):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            write_volume(frames[number % 6], tmp_path / name)
        return frames

    return write


def assert_frames(sequence, frames):
    assert len(sequence) == len(frames)
    for volume, frame in zip(sequence.volumes, frames, strict=True):
        np.testing.assert_array_equal(volume.array, frame.array)
        assert volume.geometry.is_close(frame.geometry)


@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_phases_are_in_natural_order_with_the_percentages_of_their_names(ending, save, tmp_path):
    frames = save(*(f"T{percent}{ending}" for percent in (0, 5, 10, 50, 90)))
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:5])
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 5, 10, 50, 90), "phase", "%")
    assert sequence.period is None
    assert f"5 files were taken as phases in the order of their names, T0{ending} to T90{ending}." in sequence.notes


def test_names_without_times_are_numbered(save, tmp_path):
    frames = save("1.nii", "2.nii", "10.nii")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:3])
    assert (sequence.times, sequence.index_name) == ((0, 1, 2), "frame")


def test_evenly_spaced_percentages_that_make_up_a_cycle_are_a_loop(save, tmp_path):
    save(*(f"T{percent}.nrrd" for percent in (0, 20, 40, 60, 80)))
    assert read_sequence(tmp_path).period == 100


def test_formats_may_be_mixed(save, tmp_path):
    frames = save("T00.nii", "T10.nrrd", "T20.mha", "T30.nii.gz")
    assert_frames(read_sequence(tmp_path), frames[:4])


def test_other_files_and_subfolders_are_passed_over(save, tmp_path):
    frames = save(*(f"{phase}.nii" for phase in PHASES))
    save("old/T60.nii", ".hidden.nii")
    for name in ("README.txt", ".DS_Store", "._T00.nii"):
        (tmp_path / name).write_bytes(b"something else")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames)
    assert not any("left out" in note for note in sequence.notes)


@pytest.mark.parametrize("other", ["AVG.nii", "case1_MIP.nii", "T00_mask.nii", "lung.nii"])
def test_volumes_that_are_no_phases_are_left_out_and_named(other, save, tmp_path):
    frames = save(*(f"{phase}.nii" for phase in PHASES))
    save(other, first=3)
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames)
    assert f"{other} was left out: no phases, by their names." in sequence.notes


def test_words_beside_the_percentage_do_not_matter(save, tmp_path):
    frames = save("T00_inhale.nii", "T10.nii", "T20.nii", "T50_exhale.nii")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:4])
    assert sequence.times == (0, 10, 20, 50)


def test_a_file_of_several_frames_is_left_out_and_named(save, tmp_path, make_sequence):
    frames = save(*(f"T{percent}.nii" for percent in range(0, 60, 10)))
    write_sequence(make_sequence(), tmp_path / "T99.nii")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames)
    assert "T99.nii was left out, with several frames each." in sequence.notes


def test_two_sets_of_files_are_refused(save, tmp_path):
    save(*(f"a{number}.nii" for number in range(3)), *(f"b{number}.nii" for number in range(3)))
    with pytest.raises(
        InvalidInputError, match=r"several sets .* such as a0\.nii to a2\.nii and b0\.nii to b2\.nii; move"
    ):
        read_sequence(tmp_path)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ("patient{set}_T{phase}0.nii", "patient1_T00.nii to patient1_T20.nii and patient2_T00.nii to patient2_T20.nii"),
        ("T{phase}0_B{set}0.nii", "T00_B10.nii to T20_B10.nii and T00_B20.nii to T20_B20.nii"),
        ("scan{set}_{phase}.nii", "scan1_0.nii to scan1_2.nii and scan2_0.nii to scan2_2.nii"),
    ],
)
def test_two_sets_that_differ_in_a_number_are_refused(names, shown, save, tmp_path):
    save(*(names.format(set=number, phase=phase) for number in (1, 2) for phase in range(3)))
    with pytest.raises(InvalidInputError, match=f"several sets of files here, such as {re.escape(shown)}; move"):
        read_sequence(tmp_path)


def test_a_volume_of_another_scan_is_refused(save, tmp_path):
    save("scan1_T0.nii", *(f"scan2_T{percent}.nii" for percent in (0, 10, 20)))
    with pytest.raises(InvalidInputError, match=r"such as scan1_T0\.nii and scan2_T0\.nii to scan2_T20\.nii; move"):
        read_sequence(tmp_path)


def test_two_numbers_that_rise_together_are_one_set(save, tmp_path):
    frames = save("img_01_T00.nii", "img_02_T10.nii", "img_03_T20.nii")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:3])
    assert sequence.times == (0, 10, 20)


def test_files_of_several_frames_are_refused(tmp_path, make_sequence):
    for name in ("a.nii", "b.nii"):
        write_sequence(make_sequence(), tmp_path / name)
    with pytest.raises(InvalidInputError, match=r"the files a\.nii, b\.nii hold several frames each; give one of them"):
        read_sequence(tmp_path)


def test_a_folder_of_one_file_is_what_the_file_holds(tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    sequence = read_sequence(tmp_path)
    assert sequence.times == (0, 33.3, 70)
    assert "The folder has one file of images, a.nii.gz." in sequence.notes


def test_another_grid_is_refused_by_name(save, tmp_path):
    frames = save("T00.nii", "T10.nii")
    write_volume(Volume(frames[2].array, replace(frames[2].geometry, spacing=(2, 2, 2))), tmp_path / "T20.nii")
    with pytest.raises(
        InvalidInputError, match=r"T20\.nii lies on another voxel grid than T00\.nii: .* of 2 x 2 x 2 mm"
    ):
        read_sequence(tmp_path)


def test_types_that_differ_become_one_that_holds_all(save, tmp_path):
    frames = save("T00.nii", "T10.nii")
    write_volume(frames[2].with_array(frames[2].array + np.float32(0.5)), tmp_path / "T20.nii")
    sequence = read_sequence(tmp_path)
    assert {str(volume.array.dtype) for volume in sequence.volumes} == {"float32"}
    np.testing.assert_array_equal(sequence.volumes[0].array, frames[0].array)
    assert any("float32, int16; float32" in note for note in sequence.notes)


def test_damaged_file_is_named(save, tmp_path):
    save("T00.nii", "T10.nii")
    (tmp_path / "T10.nii").write_bytes((tmp_path / "T10.nii").read_bytes()[:380])
    with pytest.raises(UnreadableFileError, match=r"T10\.nii: the file is cut short"):
        read_sequence(tmp_path)


def test_a_folder_for_every_phase_is_read(save, tmp_path):
    frames = save("T00/ct.nii", "T10/ct.nii", "T20/ct.nii")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:3])
    assert sequence.times == (0, 10, 20)


@pytest.mark.parametrize(
    "names",
    [
        "{}0/ct.nii",
        "phase{}/vol.nii.gz",
        "frame_{}/x.mha",
        "t{}/img.nii",
        "P{}/x.nrrd",
        "Scan{}/img.nrrd",
        "0{}/a.nii",
        "T0{}/T0{}.nii",
        "case1_phase{}/ct.nii",
    ],
)
def test_numbered_folders_of_phases_are_read_in_natural_order(names, save, tmp_path):
    numbers = (0, 1, 2, 9, 10)
    frames = save(*(names.replace("{}", str(number)) for number in numbers))
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:5])
    assert (sequence.times, sequence.index_name) == ((0, 1, 2, 3, 4), "frame")


def test_folders_and_files_of_averages_and_masks_are_left_out(save, tmp_path):
    frames = save("1/ct.nii", "2/ct.nii", "3/ct.nii", "average/ct.nii", "1/lung_mask.nii")
    sequence = read_sequence(tmp_path)
    assert_frames(sequence, frames[:3])
    assert "1/lung_mask.nii, average/ct.nii were left out: no phases, by their names." in sequence.notes


def test_several_volumes_in_each_folder_of_a_phase_are_refused(save, tmp_path):
    save(*(f"{phase}/{name}.nii" for phase in (1, 2) for name in ("ct", "pet")))
    with pytest.raises(InvalidInputError, match=r"several sets .* 1/ct\.nii to 2/ct\.nii and 1/pet\.nii to 2/pet\.nii"):
        read_sequence(tmp_path)


@pytest.mark.parametrize(
    "names", [("patient1/ct.nii", "patient2/ct.nii"), ("sub-01_t1/ct.nii", "sub-02_t1/ct.nii"), ("case/T00.nii",)]
)
def test_folders_that_are_no_phases_are_not_read(names, save, tmp_path):
    save(*names)
    with pytest.raises(UnreadableFileError, match=rf"Its subfolders have volumes, {names[0].split('/')[0]}.* give one"):
        read_sequence(tmp_path)


def test_dicom_in_the_folder_comes_first(save, dicom_folder):
    folder = dicom_folder()
    save(f"{folder.name}/T00.nii", f"{folder.name}/T10.nii")
    assert read_sequence(folder).unit == "ms"


@pytest.mark.parametrize("name", ["f1_folder_nii", "f2_folder_mha"])
def test_folders_of_4d_ct(name, cases):
    sequence = read_sequence(cases / name)
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], np.load(cases.parent / "truth.npy"))
    assert (sequence.times, sequence.unit) == ((0, 10, 20, 30, 40, 50), "%")
