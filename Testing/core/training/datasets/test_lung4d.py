"""4D-Lung in the layout of the archive's downloader, and the preparation of the literature."""

import numpy as np
import pydicom
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets import lung4d


def test_a_scan_has_its_ten_phases_in_order_and_hu(lung_scan):
    (subject,) = lung4d.find(lung_scan(), prepared=False)
    assert (subject.name, subject.patient) == ("100_HM10395_0", "100_HM10395")
    case = subject.load()
    assert (case.name, case.first, case.last) == ("100_HM10395_0", 0, 5)
    sequence = case.sequence
    assert sequence.times == tuple(range(0, 100, 10))
    assert (sequence.index_name, sequence.unit, sequence.notes) == ("phase", "%", ())
    assert sequence.slice_thickness == 3
    assert sequence.volumes[0].geometry == Geometry((3, 16, 16), (1, 1, 3), (-8, -8, 0))
    assert [volume.array[1, 8, 8] for volume in sequence.volumes] == [-900 + p for p in range(0, 100, 10)]
    assert (sequence.volumes[0].array[0, 0, 0], sequence.volumes[0].array[0, 4, 4]) == (-1000, 50)


def test_headers_tell_the_phases_whatever_the_folders_are_called(lung_scan):
    (subject,) = lung4d.find(lung_scan(flat_names=True).parent.parent)
    assert list(subject.phases) == list(range(0, 100, 10))


def test_cone_beam_scans_are_left_alone(lung_scan):
    lung_scan(letter="", date="19970915", study="69351")
    (subject,) = lung4d.find(lung_scan())
    assert all("02-2003" in str(folder) for folder in subject.phases.values())


def test_scans_are_in_the_order_of_the_literature(lung_scan):
    """By patient, then by the date as the folders have it, month first."""
    for patient, date, study in (
        ("101_HM10395", "19990101", "11111"),
        ("100_HM10395", "20030702", "22222"),
        ("100_HM10395", "19971021", "33333"),
        ("100_HM10395", "20030702", "12222"),
    ):
        root = lung_scan(patient, date, study, percents=range(0, 60, 10))
    subjects = lung4d.find(root)
    assert [s.name for s in subjects] == ["100_HM10395_0", "100_HM10395_1", "100_HM10395_2", "101_HM10395_0"]
    homes = [s.phases[0.0].parent.name for s in subjects]
    assert homes == [
        "07-02-2003-NA-p4-12222",
        "07-02-2003-NA-p4-22222",
        "10-21-1997-NA-p4-33333",
        "01-01-1999-NA-p4-11111",
    ]


def test_two_scans_of_one_study_are_distinguished_by_their_frame_of_reference(lung_scan):
    lung_scan(frame_of_reference="1.5.2")
    one, other = lung4d.find(lung_scan(frame_of_reference="1.5.3"))
    assert (one.name, other.name) == ("100_HM10395_0", "100_HM10395_1")
    assert {len(one.phases), len(other.phases)} == {10}
    assert all(str(folder).endswith("-2") for folder in one.phases.values())


def test_scans_that_lack_a_scored_phase_are_reported_by_name(lung_scan):
    lung_scan(percents=(0, 10, 20, 30, 40, 60, 70, 80, 90))
    root = lung_scan("101_HM10395", study="22222", percents=(0, 50))
    lung_scan("102_HM10395", study="33333")
    with pytest.raises(InvalidInputError) as caught:
        lung4d.find(root)
    message = str(caught.value)
    assert "100_HM10395_0 in" in message
    assert "14571: 50 %\n" in message
    assert "101_HM10395_0" in message
    assert "10 %, 20 %, 30 %, 40 %" in message
    assert "102_HM10395" not in message


def test_phases_that_are_not_scored_may_lack_and_that_is_noted(lung_scan):
    (subject,) = lung4d.find(lung_scan(percents=(0, 10, 20, 30, 40, 50, 70)), prepared=False)
    sequence = subject.load().sequence
    assert sequence.times == (0, 10, 20, 30, 40, 50, 70)
    assert sequence.notes == ("Phases are missing: 60 %, 80 %, 90 %.",)


def test_phases_beyond_the_endpoints_need_not_be_read(lung_scan):
    (subject,) = lung4d.find(lung_scan(percents=(0, 10, 20, 30, 40, 50, 70)), prepared=False)
    short = subject.between_endpoints()
    assert short.load().sequence.times == (0, 10, 20, 30, 40, 50)
    assert len(short.files()) == 6 * len(list(subject.phases[0.0].iterdir()))
    assert len(subject.files()) == 7 * len(list(subject.phases[0.0].iterdir()))


def test_a_phase_that_is_there_twice_is_reported(lung_scan):
    root = lung_scan()
    series = next(folder for folder in root.rglob("*Gated 20.0A*"))
    series.rename(series.with_name("old"))
    lung_scan(percents=(20,))
    with pytest.raises(InvalidInputError, match="100_HM10395_0 has its phase 20 % twice"):
        lung4d.find(root)


def test_a_lost_slice_is_reported_with_scan_and_folder(lung_scan):
    root = lung_scan()
    next(root.rglob("*Gated 20.0A*/1-002.dcm")).unlink()
    (subject,) = lung4d.find(root, prepared=False)
    with pytest.raises(InvalidInputError, match=r"^100_HM10395_0: .*frame 2"):
        subject.load()


def test_a_folder_with_two_series_is_refused(lung_scan):
    root = lung_scan()
    one, other = (next(root.rglob(f"*Gated {percent}.0A*")) for percent in (20, 90))
    (other / "1-001.dcm").rename(one / "1-101.dcm")
    (subject,) = lung4d.find(root, prepared=False)
    with pytest.raises(InvalidInputError, match=r"^100_HM10395_0: .*Gated 20.0A.*one series of one phase"):
        subject.load()


def test_rescaling_of_the_headers_is_used(lung_scan):
    root = lung_scan()
    for path in root.rglob("*Gated*/*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.RescaleSlope, dataset.RescaleIntercept = 2, -1024
        dataset.save_as(path)
    (subject,) = lung4d.find(root, prepared=False)
    assert subject.load().sequence.volumes[0].array[0, 4, 4] == 2 * 1050 - 1024


def test_a_folder_without_scans_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_text("a,b\n")
    with pytest.raises(InvalidInputError, match="no 4D-Lung here"):
        lung4d.find(tmp_path)


def test_loading_prepares_every_phase(lung_scan, monkeypatch):
    monkeypatch.setattr(lung4d, "PREPARED_SIZES", (32, 16))
    (subject,) = lung4d.find(lung_scan())
    sequence = subject.load().sequence
    assert sequence.volumes[0].array.shape == (16, 16, 16)
    assert sequence.slice_thickness is None
    lungs = [float(volume.array[8, 8, 8]) for volume in sequence.volumes]
    np.testing.assert_allclose(lungs, [-900 + p for p in range(0, 100, 10)])
    assert {float(volume.array.max()) for volume in sequence.volumes} == {50}


def body_on_a_bed(shift=0):
    """64 x 96 x 96 of 2 mm: a trunk with two lungs and a bright spine, off centre, on a table 3 voxels thick."""
    k, j, i = np.mgrid[:64, :96, :96]
    hu = np.full(k.shape, -1000.0)
    hu[((j - 40) / 24) ** 2 + ((i - 42 - shift) / 36) ** 2 < 1] = 40
    for centre in (26, 58):
        hu[((j - 40) / 14) ** 2 + ((i - centre - shift) / 9) ** 2 + ((k - 30) / 40) ** 2 < 1] = -800
    hu[(np.abs(j - 55) < 3) & (np.abs(i - 42 - shift) < 3)] = 900
    hu[:, 70:73, 4:92] = 100
    return Volume(hu.astype(np.int16), Geometry(hu.shape, (2, 2, 3), (10, 20, 30)))


def test_preparation_removes_the_bed_centres_the_body_and_clips():
    prepared = lung4d.prepare(body_on_a_bed())
    array = prepared.array
    assert (array.shape, array.dtype) == ((128, 128, 128), np.float32)
    assert (array.min(), array.max()) == (-1000, 200)
    body = (array > -500).any(axis=0)
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    assert abs(rows[0] + rows[-1] - 127) <= 1
    assert abs(columns[0] + columns[-1] - 127) <= 1
    # the trunk's 48 x 72 voxels become 64 x 96; with the bed, 45 rows below its middle, it would be 90 high
    assert abs(len(rows) - 64) <= 2
    assert abs(len(columns) - 96) <= 2
    assert array[60, 64, 64 - 21] == -800


def test_preparation_keeps_the_extent():
    volume = body_on_a_bed()
    old, new = volume.geometry, lung4d.prepare(volume).geometry
    np.testing.assert_allclose(np.multiply(old.spacing_kji, old.shape), np.multiply(new.spacing_kji, new.shape))
    corners = [(-0.5, -0.5, -0.5), [n - 0.5 for n in old.shape], [n - 0.5 for n in new.shape]]
    np.testing.assert_allclose(old.physical_point(corners[0]), new.physical_point(corners[0]))
    np.testing.assert_allclose(old.physical_point(corners[1]), new.physical_point(corners[2]))


def test_every_frame_is_centred_on_its_own():
    one, other = (lung4d.prepare(body_on_a_bed(shift)).array for shift in (0, 3))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_volume_without_a_body_is_refused():
    with pytest.raises(InvalidInputError, match="no body"):
        lung4d.prepare(Volume(np.full((4, 8, 8), -1000, np.int16), Geometry((4, 8, 8))))


def scans(per_patient=4, patients=21):
    return [
        lung4d.Lung4DSubject(f"{p}_{n}", f"{p}", {}) for p in range(100, 100 + patients) for n in range(per_patient)
    ]


def test_split_of_the_literature():
    subjects = scans()[:82]
    split = lung4d.paper_split(subjects)
    assert split.train == tuple(subjects[:68])
    assert split.validation == ()
    assert split.test == tuple(subjects[68:])
    assert len(split.test) == 14


def test_validation_takes_whole_patients_out_of_the_training_set():
    split = lung4d.paper_split(scans()[:82], validation=0.2)
    assert len(split.train) + len(split.validation) == 68
    assert not {s.patient for s in split.train} & {s.patient for s in split.validation}


def test_split_of_the_literature_needs_all_scans():
    with pytest.raises(InvalidInputError, match=r"82 .* 81 are there"):
        lung4d.paper_split(scans()[:81])


def test_split_by_patient_never_divides_one():
    split = lung4d.patient_split(scans(), seed=1)
    sets = [{s.patient for s in part} for part in (split.train, split.validation, split.test)]
    assert [len(one) for one in sets] == [16, 2, 3]
    assert len(set.union(*sets)) == 21
