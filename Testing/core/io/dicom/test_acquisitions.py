"""Which images belong together: repeats, components and derived series are kept apart."""

import numpy as np
import pytest

from dicom_files import assert_is_the_stack
from temporal_interp.errors import AmbiguousInputError, InvalidInputError
from temporal_interp.io import candidates, read_sequence


@pytest.fixture
def two_stacks(dicom_folder, make_image, save_dicom):
    """Function that writes the stack, series 10 to 12, and another at the same place, whose pixels are 7 higher.

    `edit(dataset, slice_number, phase)` changes the images of the other.
    """

    def write(edit, slices=3, phases=4):
        folder = dicom_folder()
        for slice_number in range(slices):
            for phase in range(phases):
                dataset = make_image(slice_number, phase)
                dataset.PixelData = (np.frombuffer(dataset.PixelData, np.uint16) + 7).tobytes()
                edit(dataset, slice_number, phase)
                dataset.SOPInstanceUID += ".7"
                save_dicom(dataset, folder / "more" / f"{dataset.SOPInstanceUID}.dcm")
        return folder

    return write


def another_series(dataset, slice_number, **values):
    dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.2.5.{slice_number}", 20 + slice_number
    for name, value in values.items():
        setattr(dataset, name, value)


def test_a_stack_that_was_acquired_twice_is_two_candidates(two_stacks, pixels_of):
    folder = two_stacks(lambda dataset, k, p: another_series(dataset, k, TriggerTime=40.0 * p + 1))
    with pytest.raises(AmbiguousInputError, match=r"\n10-12 .*\n20-22 "):
        read_sequence(folder)
    for series in ("10-12", "10", "10,11,12", "1.2.3.1"):
        assert_is_the_stack(read_sequence(folder, series=series), pixels_of)


@pytest.mark.parametrize("slices", [2, 3])
def test_rest_and_stress_are_told_apart_by_their_names(slices, two_stacks, pixels_of):
    folder = two_stacks(lambda dataset, k, p: another_series(dataset, k, SeriesDescription="cine stress"), slices)
    assert_is_the_stack(read_sequence(folder, series="cine_sax"), pixels_of)
    assert read_sequence(folder, series="STRESS").geometry.shape[0] == slices


def test_a_slice_that_was_acquired_again_is_refused_until_its_series_is_named(two_stacks, pixels_of):
    folder = two_stacks(lambda dataset, k, p: another_series(dataset, k), slices=1)
    with pytest.raises(InvalidInputError, match=r"4 in most, but 8 in series 10 .*, series 20 "):
        read_sequence(folder)
    assert_is_the_stack(read_sequence(folder, series="10,11,12"), pixels_of)
    assert (
        read_sequence(folder, series="20,11,12").to_numpy()[:, 0]
        == 7 + read_sequence(folder, series="10,11,12").to_numpy()[:, 0]
    ).all()


@pytest.mark.parametrize(
    ("entries", "difference"),
    [
        ({"AcquisitionNumber": 2}, "acquisition 2"),
        ({"AcquisitionTime": "101100", "TriggerTime": None}, "acquired at 10:11:00"),
        ({"EchoTime": 4.5}, "echo 4.5 ms"),
        ({}, "in more"),
    ],
)
def test_repeats_in_one_series_are_told_apart(entries, difference, two_stacks, pixels_of, tmp_path):
    def edit(dataset, slice_number, phase):
        for name, value in entries.items():
            setattr(dataset, name, 40.0 * phase + 2 if name == "TriggerTime" else value)

    folder = two_stacks(edit)
    for place in folder.glob("Se*"):  # the original lies in one folder, too
        for file in place.iterdir():
            file.rename(folder / f"{place.name}{file.name}")
    listed = candidates(folder)
    assert len(listed) == 2 or not entries
    assert any(difference in one.description for one in listed)


def test_components_in_one_series_are_kept_apart(two_stacks, pixels_of):
    folder = two_stacks(lambda dataset, k, p: setattr(dataset, "ImageType", ["ORIGINAL", "PRIMARY", "R", "ND"]))
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of)
    assert "magnitude was taken" in sequence.notes[0]
    assert read_sequence(folder, component="real").to_numpy()[0, 0, 0, 0] == 7


@pytest.mark.parametrize(
    "entries",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "PCA"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "VELOCITY MAP"]},
        {"ComplexImageComponent": "PHASE"},
    ],
)
def test_phase_images_are_known(entries, two_stacks, pixels_of):
    folder = two_stacks(lambda dataset, k, p: another_series(dataset, k, **entries))
    assert_is_the_stack(read_sequence(folder), pixels_of)
    assert read_sequence(folder, component="phase").to_numpy()[0, 0, 0, 0] == 7


def test_phase_images_alone_are_read(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P", "ND"]

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.notes == ()


@pytest.mark.parametrize("entries", [{"SeriesDescription": "cine MIP"}, {"ImageType": ["DERIVED", "SECONDARY", "MIP"]}])
def test_a_derived_series_that_moves_is_left_out_and_named(entries, two_stacks, pixels_of):
    folder = two_stacks(lambda dataset, k, p: another_series(dataset, k, **entries))
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of)
    assert "(MIP)" in sequence.notes[-1]


def test_two_patients_are_not_mixed(two_stacks):
    folder = two_stacks(lambda dataset, k, p: setattr(dataset, "PatientID", "other"))
    with pytest.raises(AmbiguousInputError, match="of patient other"):
        read_sequence(folder)


def phases_as_series(kernels=("B30f",), names=None, **values):
    def edit(dataset, slice_number, phase, kernel="B30f"):
        number = 100 * kernels.index(kernel) + phase
        dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.2.4.{number}", 200 + number
        dataset.SeriesDescription = names[phase] if names else f"Thorax {kernel} {25 * phase}%"
        dataset.InstanceNumber = slice_number
        del dataset.TriggerTime
        for name, value in values.items():
            setattr(dataset, name, value(phase))

    return edit


def test_two_kernels_of_one_scan_are_two_candidates(dicom_folder, make_image, save_dicom, pixels_of):
    edit = phases_as_series(("B30f", "B70f"))
    folder = dicom_folder(edit)
    for slice_number in range(3):
        for phase in range(4):
            sharp = make_image(slice_number, phase)
            edit(sharp, slice_number, phase, "B70f")
            save_dicom(sharp, folder / "sharp" / f"{slice_number}-{phase}.dcm")
    with pytest.raises(AmbiguousInputError, match=r"B30f 0% \.\.\. Thorax B30f 75%.*\n.*B70f"):
        read_sequence(folder)
    assert_is_the_stack(read_sequence(folder, series="B30f"), pixels_of)


def test_a_phase_with_a_missing_slice_is_not_left_out(dicom_folder):
    edit = phases_as_series()

    def incomplete(dataset, slice_number, phase):
        edit(dataset, slice_number, phase)
        return (slice_number, phase) != (1, 2)

    with pytest.raises(InvalidInputError, match=r"4 in most, but 3 at .* mm, without series 202 'Thorax B30f 50%'"):
        read_sequence(dicom_folder(incomplete))


def test_volumes_before_and_after_contrast_are_no_cine(dicom_folder):
    names = ("t1 pre", "t1 arterial", "t1 venous", "t1 late")
    folder = dicom_folder(phases_as_series(names=names, AcquisitionTime=lambda phase: f"10{10 + phase}00"))
    with pytest.raises(AmbiguousInputError, match="several volumes and no cine"):
        read_sequence(folder)
    assert len(read_sequence(folder, series="late")) == 1


def test_series_with_sure_times_are_phases_whatever_their_names(dicom_folder, pixels_of):
    edit = phases_as_series(
        names=("ED", "mid", "ES", "end"), NominalPercentageOfCardiacPhase=lambda phase: 20.0 * phase
    )
    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.times == (0, 20, 40, 60)


@pytest.mark.parametrize("first_slice", [0, 4])
def test_a_volume_on_the_grid_of_the_cine_is_left_out(first_slice, two_stacks, pixels_of, make_image):
    def edit(dataset, slice_number, phase):
        another_series(dataset, 0, SeriesDescription="localiser")
        dataset.ImagePositionPatient = make_image(first_slice + slice_number, 0).ImagePositionPatient

    folder = two_stacks(edit, slices=2, phases=1)
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of)
    assert "Left out: series 20 'localiser'" in sequence.notes[0]


@pytest.mark.parametrize("missing", ["SeriesNumber", "SeriesInstanceUID", "StudyInstanceUID", "SeriesDescription"])
def test_names_of_series_are_not_needed(missing, dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        delattr(dataset, missing)

    assert_is_the_stack(read_sequence(dicom_folder(edit)), pixels_of)


def test_phase_images_of_other_slices_do_not_complete_a_stack(two_stacks, pixels_of, make_image):
    def edit(dataset, slice_number, phase):
        another_series(dataset, slice_number, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])
        dataset.ImagePositionPatient = make_image(slice_number + 3, phase).ImagePositionPatient

    folder = two_stacks(edit)
    assert_is_the_stack(read_sequence(folder), pixels_of)
    assert read_sequence(folder, component="phase").geometry.shape[0] == 3


def test_series_that_overlap_in_part_are_not_put_together(make_image, save_dicom, tmp_path):
    """First slices 0 and 1, then 0 to 2, then 2 and 3: nothing says that the first and the last are one stack."""
    for number, slices in enumerate(([0, 1], [0, 1, 2], [2, 3])):
        for slice_number in slices:
            for phase in range(2):
                dataset = make_image(slice_number, phase)
                dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.5.{number}", number + 1
                save_dicom(dataset, tmp_path / f"{number}-{slice_number}-{phase}.dcm")
    assert [(one.number, one.slices) for one in candidates(tmp_path)] == [("1", 2), ("2", 3), ("3", 2)]


def test_localisers_that_were_acquired_twice_are_no_cine(two_stacks, pixels_of, make_image, save_dicom):
    def edit(dataset, slice_number, phase):
        another_series(dataset, phase, SeriesDescription="localizer", AcquisitionTime=f"10{10 + phase}00")
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [0, 0, 5 * slice_number]

    sequence = read_sequence(two_stacks(edit, phases=2))
    assert_is_the_stack(sequence, pixels_of)
    assert "(localiser)" in sequence.notes[0]


def test_a_series_without_a_phase_in_its_name_is_none_of_the_phases(dicom_folder, make_image, save_dicom, pixels_of):
    names = [f"Gated, {25 * phase}%" for phase in range(4)]
    folder = dicom_folder(phases_as_series(names=names))
    edit = phases_as_series(names=["Gated"] * 10)
    for slice_number in range(3):
        other = make_image(slice_number, 9)
        edit(other, slice_number, 9)
        save_dicom(other, folder / "other" / f"{slice_number}.dcm")
    sequence = read_sequence(folder)
    assert_is_the_stack(sequence, pixels_of)
    assert "Left out: series 209 'Gated'" in sequence.notes[-1]


@pytest.mark.parametrize("in_rounds", [True, False])
def test_repeats_that_only_image_numbers_tell_apart(in_rounds, dicom_folder, make_image, save_dicom, pixels_of):
    """The phases begin again where a slice was acquired again; where they alternate, nothing tells which is which."""

    def number(slice_number, phase, repeat):
        return 8 * slice_number + (4 * repeat + phase if in_rounds else 2 * phase + repeat)

    def edit(dataset, slice_number, phase):
        dataset.InstanceNumber = number(slice_number, phase, 0)

    folder = dicom_folder(edit)
    for slice_number in range(3):
        for phase in range(4):
            again = make_image(slice_number, phase)
            again.InstanceNumber = number(slice_number, phase, 1)
            again.PixelData = bytes(40)
            save_dicom(again, folder / f"Se{slice_number}" / f"again{phase}.dcm")
    if in_rounds:
        assert_is_the_stack(read_sequence(folder, series="10-12.1"), pixels_of)
        assert not read_sequence(folder, series="10-12.2").to_numpy().any()
    else:
        with pytest.raises(InvalidInputError, match="TriggerTime is 0 on both"):
            read_sequence(folder)


def test_times_of_the_clock_to_the_second_are_no_repeats(dicom_folder, pixels_of):
    def edit(dataset, slice_number, phase):
        del dataset.TriggerTime
        dataset.AcquisitionTime = f"10101{phase // 2}"

    sequence = read_sequence(dicom_folder(edit))
    assert_is_the_stack(sequence, pixels_of)
    assert sequence.index_name == "frame"


def test_one_series_of_a_stack_with_a_slice_acquired_again_is_told_to_be_a_part(two_stacks):
    folder = two_stacks(lambda dataset, k, p: another_series(dataset, k), slices=1)
    with pytest.raises(InvalidInputError, match=r"Series 11 belongs to a stack with series 10, 12, 20; name all"):
        read_sequence(folder, series="11")
