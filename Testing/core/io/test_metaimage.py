"""MetaImage files as sequences of one frame."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence, write_volume


def test_a_volume_is_one_frame_with_the_attributes_it_was_written_with(tmp_path, make_sequence):
    volume = make_sequence().volumes[0]
    marks = {"TemporalInterp.SyntheticSlices": "all but every 2nd", "Other": "of another program"}
    write_volume(volume, tmp_path / "a.mha", marks)
    sequence = read_sequence(tmp_path / "a.mha")
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0,), "frame", "")
    np.testing.assert_array_equal(sequence.volumes[0].array, volume.array)
    assert sequence.volumes[0].geometry.is_close(volume.geometry)
    assert sequence.item_attributes == ({"TemporalInterp.SyntheticSlices": "all but every 2nd"},)


