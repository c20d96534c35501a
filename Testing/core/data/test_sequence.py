"""Sequences refuse what is not a sequence, and say which frame is wrong."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError


def frames(count, dtype="int16", shape=(2, 3, 4)):
    return [Volume(np.full(shape, n, dtype), Geometry(shape)) for n in range(count)]


def test_a_sequence_keeps_its_volumes_and_fills_in_empty_attributes():
    volumes = frames(3)
    sequence = Sequence(volumes, [0, 40, 95], notes=["a note"])
    assert len(sequence) == 3
    assert all(kept is given for kept, given in zip(sequence.volumes, volumes, strict=True))
    assert sequence.times == (0.0, 40.0, 95.0)
    assert sequence.item_attributes == ({}, {}, {})
    assert sequence.notes == ("a note",)


def test_attributes_do_not_share_the_callers_mapping():
    given = {"Key": "value"}
    sequence = Sequence(frames(1), [0], item_attributes=[given])
    given["Key"] = "changed"
    assert sequence.item_attributes[0]["Key"] == "value"


@pytest.mark.parametrize("shape", [(1, 6, 7), (1, 1, 1)])
def test_one_frame_and_one_slice_are_a_sequence(shape):
    assert len(Sequence(frames(1, shape=shape), [-12.5])) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 1, 1], "frame 1 has 1, frame 2 has 1"),
        ([0, 2, 1], "frame 1 has 2, frame 2 has 1"),
        ([0, np.nan, 2], "finite"),
        ([0, 1, np.inf], "finite"),
        ([0, 1], "2 index values"),
        ([0, 1, 2, 3], "4 index values"),
    ],
)
def test_index_values_must_be_finite_and_rise(values, words):
    with pytest.raises(InvalidInputError, match=words):
        Sequence(frames(3), values)


def test_a_sequence_of_nothing_is_refused():
    with pytest.raises(InvalidInputError, match="at least one volume"):
        Sequence([], [])


def test_attributes_must_be_one_for_every_volume():
    with pytest.raises(InvalidInputError, match="2 sets of attributes"):
        Sequence(frames(3), [0, 1, 2], item_attributes=[{}, {}])


def test_a_frame_of_another_grid_or_scalar_type_is_named():
    small = frames(1, shape=(2, 3, 3))[0]
    with pytest.raises(InvalidInputError, match="frame 2"):
        Sequence([*frames(2), small], [0, 1, 2])
    with pytest.raises(InvalidInputError, match=r"Frame 2 has scalar type uint8, frame 0 has int16"):
        Sequence([*frames(2), *frames(1, "uint8")], [0, 1, 2])


@pytest.mark.parametrize("thickness", [0, -1.0, np.nan, np.inf])
def test_slice_thickness_must_be_a_positive_number(thickness):
    with pytest.raises(InvalidInputError, match="slice thickness"):
        Sequence(frames(1), [0], slice_thickness=thickness)


@pytest.mark.parametrize("number", [-1, 3])
def test_require_item_names_the_choice(number):
    sequence = Sequence(frames(3), [0, 1, 2])
    sequence.require_item(0, "The first phase")
    sequence.require_item(2, "The last phase")
    with pytest.raises(InvalidInputError, match=f"The first phase is frame {number}, but .* 0 to 2"):
        sequence.require_item(number, "The first phase")
