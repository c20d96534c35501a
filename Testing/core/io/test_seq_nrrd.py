""".seq.nrrd files; Testing/mrml/test_mrml_seq_nrrd.py has 3D Slicer judge them."""

import numpy as np
import pytest

from seq_nrrd_by_hand import FRAMES, LIST_FIRST, LIST_LAST, LPS, RAS, write_nrrd_by_hand
from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence, write_sequence, write_volume


@pytest.mark.parametrize("step", [0.0005, 0.001])
def test_times_that_slicer_would_merge_are_refused(step, tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match=r"Frames at 1 and .* ms lie no further apart"):
        write_sequence(make_sequence(values=(0.0, 1.0, 1.0 + step)), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_64_bit_integers_that_do_not_fit_are_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="32-bit"):
        write_sequence(make_sequence(dtype="int64"), tmp_path / "a.seq.nrrd")
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


def test_real_ct_is_one_frame(real_data):
    sequence = read_sequence(real_data / "ct-chest" / "chest_1mm.nrrd")
    assert [volume.array.shape for volume in sequence.volumes] == [(96, 320, 320)]
    assert sequence.volumes[0].array.dtype == np.int16
