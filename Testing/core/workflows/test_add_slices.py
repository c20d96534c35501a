"""The short way to closer slices."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import has_synthetic_slices
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.workflows.add_slices import add_slices

GRID = Geometry((4, 24, 24), (1.0, 1.0, 4.0))


@pytest.fixture
def stack():
    return Volume(np.random.default_rng(0).integers(0, 99, GRID.shape).astype("int16"), GRID)


def test_a_volume_becomes_a_sequence_of_one_that_says_which_slices_are_synthetic(stack):
    finer = add_slices(stack, factor=2)
    assert isinstance(finer, Sequence)
    assert (finer.geometry.shape, finer.geometry.spacing) == ((7, 24, 24), (1.0, 1.0, 2.0))
    np.testing.assert_array_equal(finer[0].array[::2], stack.array)  # acquired slices, bit for bit
    assert has_synthetic_slices(finer.item_attributes[0])


def test_every_frame_of_a_sequence_gets_them(stack):
    cine = Sequence([stack, stack.with_array(stack.array[::-1].copy())], [0, 40])
    finer = add_slices(cine, factor=3)
    assert (finer.times, finer.geometry.shape) == ((0.0, 40.0), (10, 24, 24))
    np.testing.assert_array_equal(finer[1].array[::3], cine[1].array)


def test_what_has_synthetic_slices_is_refused(stack):
    with pytest.raises(InvalidInputError, match="synthetic slices already"):
        add_slices(add_slices(stack))
    with pytest.raises(InvalidInputError):
        add_slices(stack, factor=5)
