"""ACDC in the layout in which it is distributed."""

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.training.datasets import acdc as dataset

FRAMES = np.random.default_rng(0).integers(0, 900, (8, 3, 10, 12)).astype(np.int16)


def test_a_patient_is_read_whole_with_end_diastole_and_end_systole_as_endpoints(acdc):
    (subject,) = dataset.find(acdc([7], ed=2, es=6, group="MINF", array=FRAMES))
    assert (subject.name, subject.number, subject.group) == ("patient007", 7, "MINF")
    case = subject.load()
    assert (case.name, case.first, case.last, case.truth) == ("patient007", 1, 5, None)
    np.testing.assert_array_equal([volume.array for volume in case.sequence.volumes], FRAMES)
    assert case.sequence.volumes[0].geometry.spacing == (1.5, 1.5, 10.0)
    np.testing.assert_allclose(np.diff(case.sequence.times), case.sequence.times[1])


def test_end_systole_before_end_diastole_is_the_endpoint_at_t_0(acdc):
    (subject,) = dataset.find(acdc([90], ed=7, es=3, array=FRAMES))
    assert (subject.end_diastole, subject.end_systole) == (6, 2)
    case = subject.load()
    assert (case.first, case.last) == (2, 6)


@pytest.mark.parametrize(("ed", "es"), [(1, 9), (3, 4), (5, 5), (0, 4)])
def test_frames_that_cannot_be_endpoints_are_refused_with_the_patient(ed, es, acdc):
    root = acdc([7], array=FRAMES)
    info = root / "training" / "patient007" / "Info.cfg"
    info.write_text(f"ED: {ed}\nES: {es}\nGroup: NOR\n")
    (subject,) = dataset.find(root)
    with pytest.raises(InvalidInputError, match=r"^patient007: "):
        subject.load()


def test_a_damaged_cine_is_refused_with_the_patient(acdc):
    (subject,) = dataset.find(acdc([7]))
    with pytest.raises(InvalidInputError, match=r"^patient007: .*patient007_4d.nii.gz"):
        subject.load()


def test_root_and_training_folder_are_both_taken(acdc):
    root = acdc([101, 2, 1])
    assert [s.name for s in dataset.find(root)] == ["patient001", "patient002", "patient101"]
    assert [s.name for s in dataset.find(root / "training")] == ["patient001", "patient002"]
    assert [s.name for s in dataset.find(root / "testing")] == ["patient101"]


def test_an_uncompressed_cine_is_taken(acdc, save_nifti):
    root = acdc([1])
    folder = root / "training" / "patient001"
    (folder / "patient001_4d.nii.gz").unlink()
    save_nifti(FRAMES, folder / "patient001_4d.nii")
    assert len(dataset.find(root)[0].load().sequence) == 8


@pytest.mark.parametrize("text", ["", "ED: 1\nGroup: NOR\n", "ED: 1\nES: x\nGroup: NOR\n", "ED: 1\nES: 5\n"])
def test_an_info_that_cannot_be_understood_is_refused(text, acdc):
    root = acdc([1, 2])
    (root / "training" / "patient002" / "Info.cfg").write_text(text)
    with pytest.raises(InvalidInputError, match=r"database: patient002/Info\.cfg does not give"):
        dataset.find(root)


@pytest.mark.parametrize("lost", ["Info.cfg", "patient002_4d.nii.gz"])
def test_a_lost_file_is_reported_with_the_patient(lost, acdc):
    root = acdc([1, 2])
    (root / "training" / "patient002" / lost).unlink()
    with pytest.raises((MissingFileError, UnreadableFileError), match="patient002"):
        dataset.find(root)


@pytest.mark.parametrize("name", ["", "nothing"])
def test_a_folder_without_patients_is_refused(name, tmp_path):
    with pytest.raises(InvalidInputError, match="no ACDC here"):
        dataset.find(tmp_path / name)


def numbers(subjects):
    return [subject.number for subject in subjects]


def test_split_of_the_literature(acdc):
    split = dataset.paper_split(dataset.find(acdc(range(1, 111))))
    assert numbers(split.train) == list(range(1, 91))
    assert split.validation == ()
    assert numbers(split.test) == list(range(91, 101))


def test_validation_patients_come_out_of_the_training_set(acdc):
    split = dataset.paper_split(dataset.find(acdc(range(1, 101))), validation=0.1, seed=2)
    assert (len(split.train), len(split.validation)) == (81, 9)
    assert sorted(numbers(split.train + split.validation)) == list(range(1, 91))
    assert numbers(split.test) == list(range(91, 101))


def test_split_of_the_literature_needs_its_patients(acdc):
    with pytest.raises(InvalidInputError, match="2 are missing, such as patient005"):
        dataset.paper_split(dataset.find(acdc(n for n in range(1, 101) if n not in (5, 95))))


def test_stratified_split_gives_every_set_its_share_of_every_pathology(acdc):
    groups = ("NOR", "MINF", "DCM", "HCM", "RV")
    for start, group in enumerate(groups):
        root = acdc(range(1 + 10 * start, 11 + 10 * start), group=group)
    split = dataset.stratified_split(dataset.find(root), validation=0.2, test=0.1, seed=1)
    for part, each in ((split.train, 7), (split.validation, 2), (split.test, 1)):
        assert sorted(subject.group for subject in part) == sorted(groups * each)
