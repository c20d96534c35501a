""".seq.nrrd files; Testing/mrml/test_mrml_seq_nrrd.py has 3D Slicer judge them."""

import numpy as np
import pytest

from seq_nrrd_by_hand import FRAMES, LIST_FIRST, LIST_LAST, LPS, ODD_TEXT, RAS, write_nrrd_by_hand
from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence, write_sequence, write_volume


def test_odd_attributes_come_back(tmp_path, make_sequence, assert_same):
    sequence = make_sequence(item_attributes=[ODD_TEXT, {"empty": ""}, {"E": "1"}], index_name='a "b" \\ c', unit="")
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_same(read_sequence(tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize("step", [0.0005, 0.001])
def test_times_that_slicer_would_merge_are_refused(step, tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match=r"Frames at 1 and .* ms lie no further apart"):
        write_sequence(make_sequence(values=(0.0, 1.0, 1.0 + step)), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_64_bit_integers_that_do_not_fit_are_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="32-bit"):
        write_sequence(make_sequence(dtype="int64"), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_attribute_name_that_cannot_be_stored_is_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="'a:=b'"):
        write_sequence(make_sequence(item_attributes=[{"a:=b": "1"}, {}, {}]), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize(("axes", "number"), [(LIST_LAST, 3), (LIST_FIRST, 0)])
@pytest.mark.parametrize("space", [LPS, RAS])
def test_every_layout_is_read(raw, endian, axes, number, space, tmp_path):
    key = f"axis {number} index values:=0 40 81.5\naxis {number} item 0001 Who:=me\n"
    write_nrrd_by_hand(tmp_path / "a.seq.nrrd", axes, space, endian, raw, key, number=number)
    ours = read_sequence(tmp_path / "a.seq.nrrd")
    assert ours.item_attributes == ({}, {"Who": "me"}, {})
    assert ours.volumes[0].array.dtype.isnative
    np.testing.assert_array_equal(np.stack([volume.array for volume in ours.volumes]), FRAMES)


def test_3d_file_is_one_frame(tmp_path):
    axes = "sizes: 5 4 6\nspace directions: (2,0,0) (0,3,0) (0,0,8)\nkinds: domain domain domain\n"
    write_nrrd_by_hand(tmp_path / "a.nrrd", axes, dimension="3", keys="", frames=FRAMES.reshape(6, 4, 5))
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert len(sequence) == 1
    np.testing.assert_array_equal(sequence.volumes[0].array, FRAMES.reshape(6, 4, 5))
    assert sequence.volumes[0].geometry.spacing == (2, 3, 8)


def test_a_volume_keeps_the_attributes_it_was_written_with(tmp_path, make_sequence):
    marks = {"TemporalInterp.SyntheticSlices": "all but every 2nd", "Other": "of another program"}
    write_volume(make_sequence().volumes[0], tmp_path / "a.nrrd", marks)
    assert read_sequence(tmp_path / "a.nrrd").item_attributes == (
        {"TemporalInterp.SyntheticSlices": "all but every 2nd"},
    )


def test_frames_without_times_are_numbered(tmp_path):
    write_nrrd_by_hand(tmp_path / "a.nrrd", keys="")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 1, 2), "frame", "")
    assert "no times" in sequence.notes[0]


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
        ({"space": "scanner-xyz"}, "where the voxels lie"),
        ({"space origin": ""}, "where the voxels lie"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "(0,0,0)")}, "0 mm apart"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "none")}, "no direction"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "(8,8,0)")}, "orthonormal"),
        ({"axes": LIST_LAST.replace("list", "domain")}, "one of them of the kind list"),
        ({"axes": LIST_LAST.replace("list", "vector")}, "one of them of the kind list"),
        ({"axes": LIST_LAST.replace("5 4 2 3", "5 4 2 4")}, "cut short or damaged"),
        ({"type": "block"}, "cut short or damaged"),
    ],
)
def test_impossible_header_is_refused(changes, what, tmp_path):
    write_nrrd_by_hand(tmp_path / "a.seq.nrrd", **changes)
    with pytest.raises(InvalidInputError, match=rf"a\.seq\.nrrd: .*({what})"):
        read_sequence(tmp_path / "a.seq.nrrd")


def test_real_ct_is_one_frame(real_data):
    sequence = read_sequence(real_data / "ct-chest" / "chest_1mm.nrrd")
    assert [volume.array.shape for volume in sequence.volumes] == [(96, 320, 320)]
    assert sequence.volumes[0].array.dtype == np.int16
