"""Headers without what tells whose they are."""

import sys

import pytest

import temporal_interp as ti
from patient_files import clip_file, enhanced_file, item, patient_stack

SECRETS = ("Doe", "Jane", "4711", "1950", "House", "General Hospital", "2020", "ACC-77", "cine_sax", "SECRETS")


def texts(dataset):
    """Everything in a header as one text, but pixels and UIDs, whose digits are random."""
    told = (element for element in dataset.iterall() if element.keyword != "PixelData" and element.VR != "UI")
    return "\n".join(map(str, told))


@pytest.fixture
def sources(tmp_path):
    def nested(dataset, slice_number, phase):
        dataset.ReferencedImageSequence = [
            item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.4", ReferencedSOPInstanceUID="1.2.3.0.0")
        ]
        dataset.RequestAttributesSequence = [item(RequestedProcedureDescription="of Jane Doe")]

    patient_stack(tmp_path / "stack", nested)
    enhanced_file(tmp_path / "enhanced" / "file.dcm")
    clip_file(tmp_path / "clip" / "file.dcm")
    return tmp_path


@pytest.mark.parametrize("kind", ["stack", "enhanced", "clip"])
def test_nothing_is_left_of_the_patient(sources, written, kind):
    headers = written(sources / kind, anonymise=True)
    for header in headers:
        found = texts(header).replace(header.SeriesDate, "").replace(header.SeriesTime, "")
        assert [secret for secret in SECRETS if secret in found] == []
        assert header.PatientName == "ANONYMISED"
        assert (header.PatientIdentityRemoved, header.LongitudinalTemporalInformationModified) == ("YES", "REMOVED")
        assert [code.CodeValue for code in header.DeidentificationMethodCodeSequence] == ["113100", "113111"]
        assert header.SeriesDescription == "SYNTHETIC frames"
        assert "1.2.3" not in {str(header.StudyInstanceUID)[:5], str(header.get("FrameOfReferenceUID", ""))[:5]}
    assert len({(one.PatientID, one.StudyInstanceUID, one.get("FrameOfReferenceUID")) for one in headers}) == 1
    read = ti.read(sources / "out")
    made = ti.interpolate(ti.read(sources / kind), factor=2, engine="linear_blend")
    assert (read.times, read.item_attributes, read.geometry) == (made.times, made.item_attributes, made.geometry)


def test_the_same_uid_becomes_the_same_one_everywhere(sources, written):
    headers = written(sources / "stack", anonymise=True)
    references = {one.ReferencedImageSequence[0].ReferencedSOPInstanceUID for one in headers}
    assert references == {headers[0].SourceImageSequence[0].ReferencedSOPInstanceUID}
    assert {one.ReferencedImageSequence[0].ReferencedSOPClassUID for one in headers} == {"1.2.840.10008.5.1.4.1.1.4"}


def test_dates_that_stay_are_valid(sources, written):
    for one in written(sources / "stack", anonymise=True):
        assert one.StudyDate == "19000101"
        assert one.PatientBirthDate == "19000101"
        assert one.AcquisitionDate in ("", "19000101")


def test_pixels_that_may_show_names_are_told_of(sources, tmp_path):
    for kind, count in (("stack", 0), ("clip", 1)):
        made = ti.interpolate(ti.read(sources / kind), factor=2, engine="linear_blend")
        notes = ti.write_dicom(made, tmp_path / f"out-{kind}", source=sources / kind, anonymise=True)
        assert len([note for note in notes if "free of names" in note]) == count


def test_without_the_package_its_name_is_told(sources, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dicomanonymizer", None)
    made = ti.interpolate(ti.read(sources / "clip"), factor=2, engine="linear_blend")
    with pytest.raises(ti.MissingPackageError, match=r"pip install 'temporal-interp\[anonymise\]'"):
        ti.write_dicom(made, tmp_path / "out", source=sources / "clip", anonymise=True)
    assert not (tmp_path / "out").exists()
