"""The JSON file beside a NIfTI file: when it is used, and when it is an error."""

import json

import pytest

from temporal_interp.errors import InvalidInputError, UnreadableFileError, UnwritableFileError
from temporal_interp.io import read_sequence, write_sequence


def test_lost_sidecar_of_synthetic_frames_is_noted(tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    (tmp_path / "a.json").unlink()
    assert any("1 of 3 frames synthetic" in note for note in read_sequence(tmp_path / "a.nii.gz").notes)


@pytest.mark.parametrize("other", [{"values": (0.0, 35.0)}, {"values": (0.0, 35.0, 80.0)}, {"unit": "s"}])
def test_sidecar_of_another_sequence_is_not_used(other, tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    write_sequence(make_sequence(**other), tmp_path / "b.nii.gz")
    (tmp_path / "b.json").replace(tmp_path / "a.json")
    back = read_sequence(tmp_path / "a.nii.gz")
    assert back.times == (0, 35, 70)
    assert "a.json belongs to another sequence and was not used." in back.notes


def test_json_of_another_program_is_neither_read_nor_replaced(tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "b.nii.gz")
    (tmp_path / "b.json").write_text('{"RepetitionTime": 2}')
    assert read_sequence(tmp_path / "b.nii.gz").times == (0, 35, 70)
    for name in ("b.nii.gz", "b.nii"):
        with pytest.raises(UnwritableFileError, match=r"b\.json beside it"):
            write_sequence(make_sequence(), tmp_path / name, overwrite=True)
    assert json.loads((tmp_path / "b.json").read_text()) == {"RepetitionTime": 2}
    assert not (tmp_path / "b.nii").exists()


def test_damaged_sidecar_is_an_error(tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    (tmp_path / "a.json").write_text('{"TemporalInterp": {"index_values": ["soon"]}}')
    with pytest.raises(UnreadableFileError, match=r"a\.json"):
        read_sequence(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("name", ["period", "slice_thickness"])
@pytest.mark.parametrize(
    ("value", "kind"), [("long", UnreadableFileError), ([], UnreadableFileError), (-1, InvalidInputError)]
)
def test_a_period_or_thickness_that_makes_no_sense_is_an_error(value, kind, name, tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    content = json.loads((tmp_path / "a.json").read_text())
    content["TemporalInterp"][name] = value
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(kind, match=r"a\.nii\.gz"):
        read_sequence(tmp_path / "a.nii.gz")


def test_sidecar_of_an_earlier_version_has_no_period(tmp_path, make_sequence, assert_same):
    write_sequence(make_sequence(period=100), tmp_path / "a.nii.gz")
    content = json.loads((tmp_path / "a.json").read_text())
    del content["TemporalInterp"]["period"]
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert_same(read_sequence(tmp_path / "a.nii.gz"), make_sequence())


@pytest.mark.parametrize(("values", "what"), [([0, float("nan"), 70], "finite"), ([0, 0, 70], "must rise")])
def test_impossible_times_in_the_sidecar_are_an_error(values, what, tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    content = json.loads((tmp_path / "a.json").read_text())
    content["TemporalInterp"]["index_values"] = values
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InvalidInputError, match=what):
        read_sequence(tmp_path / "a.nii.gz")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index_values", [0, 10**400, 70]),
        ("item_attributes", [{}, {"a": 1}, {}]),
        ("item_attributes", [{}, {"a": {"b": "c"}}, {}]),
        ("item_attributes", [{}, {"a": "\ud800"}, {}]),
        ("index_name", "\ud800"),
        ("index_unit", 5),
    ],
)
def test_content_that_cannot_be_kept_is_an_error(name, value, tmp_path, make_sequence):
    write_sequence(make_sequence(), tmp_path / "a.nii.gz")
    content = json.loads((tmp_path / "a.json").read_text())
    content["TemporalInterp"][name] = value
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(UnreadableFileError, match=r"a\.json beside it cannot be read; mend or remove"):
        read_sequence(tmp_path / "a.nii.gz")
