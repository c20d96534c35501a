"""The text of NRRD headers: attributes, index values, and what cannot be."""

import pytest

from seq_nrrd_by_hand import LIST_LAST, ODD_TEXT, write_nrrd_by_hand
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence, write_sequence

TIMES = "axis 3 index values:=0 40 80\n"


def test_odd_attributes_come_back(tmp_path, make_sequence, assert_same):
    sequence = make_sequence(item_attributes=[ODD_TEXT, {"empty": ""}, {"E": "1"}], index_name='a "b" \\ c', unit="")
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_same(read_sequence(tmp_path / "a.seq.nrrd"), sequence)


def test_attribute_name_that_cannot_be_stored_is_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="'a:=b'"):
        write_sequence(make_sequence(item_attributes=[{"a:=b": "1"}, {}, {}]), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_frames_without_times_are_numbered(tmp_path):
    write_nrrd_by_hand(tmp_path / "a.nrrd", keys="")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 1, 2), "frame", "")
    assert "no times" in sequence.notes[0]


def test_the_period_of_frames_without_times_is_not_used(tmp_path):
    for keys, period in ((TIMES, 120.0), ("", None)):
        write_nrrd_by_hand(tmp_path / "a.nrrd", keys=f"{keys}TemporalInterp.Period:=120\n")
        assert read_sequence(tmp_path / "a.nrrd").period == period


def test_frames_with_names_are_numbered_and_the_names_noted(tmp_path):
    write_nrrd_by_hand(tmp_path / "a.nrrd", keys="axis 3 index type:=text\naxis 3 index values:=ED mid ES\n")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert sequence.times == (0, 1, 2)
    assert "ED, mid, ES" in sequence.notes[0]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"keys": "axis 3 index values:=0 40 nan\n"}, "finite"),
        ({"keys": "axis 3 index values:=0 40 40\n"}, "must rise"),
        ({"keys": "axis 3 index values:=40 0 80\n"}, "must rise"),
        ({"keys": "axis 3 index values:=0 40\n"}, "3 frames, but 2 index values"),
        ({"keys": "axis 3 index values:=0 40 x\n"}, "index value 'x' is not a number"),
        ({"keys": "TemporalInterp.SliceThickness:=thin\n"}, "slice thickness 'thin'"),
        ({"keys": "TemporalInterp.SliceThickness:=-1\n"}, "slice thickness must be positive|positive number of mm"),
        ({"keys": f"{TIMES}TemporalInterp.Period:=one beat\n"}, "period 'one beat' is not a number"),
        ({"keys": f"{TIMES}TemporalInterp.Period:=80\n"}, "period of a loop must be longer than its frames span, 80"),
        ({"keys": f"{TIMES}TemporalInterp.Period:=nan\n"}, "period of a loop"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "(0,0,0)")}, "0 mm apart"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "none")}, "no direction"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "(8,8,0)")}, "sheared, 45 degrees"),
        ({"axes": LIST_LAST.replace("list", "vector")}, "not a colour or a vector; axis 4 .* kind vector"),
        ({"axes": LIST_LAST.replace("5 4 2 3", "5 4 2 4")}, "cut short"),
        ({"axes": LIST_LAST.replace("5 4 2 3", "5 4 2 2"), "keys": ""}, "more voxels than its header says"),
        ({"axes": LIST_LAST.replace("5 4 2 3", "5 4 2 3.5")}, "sizes 5 4 2 3.5, which cannot be"),
        ({"space origin": "(10,20)"}, "'space origin' of 2 coordinates and 'space directions' of 3"),
        ({"type": "block"}, "type 'block', which cannot be read"),
        ({"space ": "RAS"}, "damaged"),
        ({"content": "one\ncontent: other"}, "'content' twice, with different values"),
    ],
)
def test_impossible_header_is_refused(changes, what, tmp_path):
    write_nrrd_by_hand(tmp_path / "a.seq.nrrd", **changes)
    with pytest.raises((InvalidInputError, UnreadableFileError), match=rf"a\.seq\.nrrd: .*({what})"):
        read_sequence(tmp_path / "a.seq.nrrd")
