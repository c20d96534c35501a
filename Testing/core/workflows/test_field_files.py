"""Fields of frames in a folder: written at the end, in order, and read back."""

import numpy as np
import pytest

from stand_in_engines import StandIn, blended_along_x
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_field_sequence
from temporal_interp.io.field_sequence import DIRECTION_KEY
from temporal_interp.workflows.field_files import collecting, displacement_path, read_fields


@pytest.fixture
def cine():
    return Sequence.from_numpy(np.arange(2 * 12, dtype="float32").reshape(2, 2, 2, 3), times=[0, 40])


def test_fields_come_back_in_the_order_of_their_times(cine, tmp_path):
    prepared = StandIn(blended_along_x).prepare(cine)
    with collecting("stand_in", tmp_path / "fields") as files:
        for time in (30.0, 10.0, 0.0):
            files.add(prepared.at(time, fields=True))
        files.write(tmp_path, index_name="time", unit="ms")
    read = list(read_fields(tmp_path))
    assert [time for time, _, _ in read] == [0.0, 10.0, 30.0]
    for time, first, last in read:
        for field in (first, last):
            np.testing.assert_allclose(field.array[..., 0], 2 * time / 40)
            np.testing.assert_allclose(field.jacobian, 1 + time / 40)
            assert field.geometry.is_close(cine.geometry)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{kind}_{end}_to_t.seq.nrrd" for kind in ("displacement", "jacobian") for end in ("first", "last")
    ]


def test_the_files_say_which_way_the_fields_point_and_what_is_synthetic(cine, tmp_path):
    prepared = StandIn(blended_along_x).prepare(cine)
    with collecting("stand_in", tmp_path / "fields") as files:
        for time in (0.0, 10.0):
            files.add(prepared.at(time, fields=True))
        files.write(tmp_path, index_name="time", unit="ms")
    first, last = (read_field_sequence(displacement_path(tmp_path, end)) for end in ("first", "last"))
    assert "was at x + v in the acquired frame before" in first.attributes[DIRECTION_KEY]
    assert "is at x + v in the acquired frame after" in last.attributes[DIRECTION_KEY]
    acquired, synthetic = first.item_attributes
    assert "TemporalInterp.Synthetic" not in acquired
    assert (synthetic["TemporalInterp.Synthetic"], synthetic["TemporalInterp.T"]) == ("true", "0.25")


def test_an_engine_without_fields_is_named_and_nothing_is_left(cine, tmp_path):
    frame = LinearBlend().prepare(cine).at(10.0, fields=True)
    with (
        pytest.raises(InvalidInputError, match="The engine linear_blend has no displacement fields"),
        collecting("linear_blend", tmp_path / "new" / "fields") as files,
    ):
        files.add(frame)
    assert list(tmp_path.iterdir()) == []
