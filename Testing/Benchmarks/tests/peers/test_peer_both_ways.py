"""A registration of one direction, or of two, is asked for both: which image is which, slices, axes, cancelling."""

import numpy as np
import pytest

from peers.both_ways import both_at_once, one_way_each
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, no_progress

OBLIQUE = ((0.0, -0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, 0.6))
GEOMETRY = Geometry((3, 8, 9), (1.5, 2.0, 8.0), (5.0, -7.0, 11.0), OBLIQUE)


def pictures():
    rng = np.random.default_rng(0)
    return [Volume(rng.random(GEOMETRY.shape, dtype=np.float32), GEOMETRY) for _ in range(2)]


class Recorded:
    """A made-up registration: 1 mm along I and 2 along J towards the moving image (and 3 along K), what it saw kept.

    Where the fixed image is the second of the pair, the field is twice as long.
    """

    def __init__(self, second, fields=1):
        self.second = second.array
        self.fields = fields
        self.calls = []

    def __call__(self, fixed, moving, spacing, mask):
        self.calls.append((fixed, moving, spacing, mask))
        scale = 2.0 if any(np.shares_memory(fixed, part) for part in self.second) else 1.0
        field = np.broadcast_to(scale * np.arange(1, len(spacing) + 1), (*fixed.shape, len(spacing)))
        return field if self.fields == 1 else (field, -field)


AXES = np.asarray(OBLIQUE)


def test_a_volume_is_registered_once_in_each_direction():
    first, last = pictures()
    register = Recorded(last)
    found = one_way_each("made_up", "a=1", register)(first, last, independent=False, progress=no_progress)
    (onto_last, onto_first) = register.calls
    assert onto_last[0] is not None
    np.testing.assert_array_equal(onto_last[0], last.array)
    np.testing.assert_array_equal(onto_last[1], first.array)
    np.testing.assert_array_equal(onto_first[0], first.array)
    np.testing.assert_array_equal(onto_first[1], last.array)
    assert {call[2] for call in register.calls} == {(1.5, 2.0, 8.0)}
    assert {call[3] for call in register.calls} == {None}
    expected = AXES[:, 0] + 2 * AXES[:, 1] + 3 * AXES[:, 2]
    np.testing.assert_allclose(found.first_to_last, np.broadcast_to(2 * expected, (3, 8, 9, 3)), atol=1e-6)
    np.testing.assert_allclose(found.last_to_first, np.broadcast_to(expected, (3, 8, 9, 3)), atol=1e-6)
    assert found.first_to_last.dtype == found.last_to_first.dtype == np.float32


def test_independent_slices_are_registered_one_by_one_without_motion_along_k():
    first, last = pictures()
    register = Recorded(last)
    found = one_way_each("made_up", "", register)(first, last, independent=True, progress=no_progress)
    assert len(register.calls) == 6
    for k in range(3):
        np.testing.assert_array_equal(register.calls[k][0], last.array[k])
        np.testing.assert_array_equal(register.calls[k][1], first.array[k])
        np.testing.assert_array_equal(register.calls[3 + k][0], first.array[k])
    assert {call[2] for call in register.calls} == {(1.5, 2.0)}
    expected = AXES[:, 0] + 2 * AXES[:, 1]
    np.testing.assert_allclose(found.last_to_first, np.broadcast_to(expected, (3, 8, 9, 3)), atol=1e-6)


def test_both_at_once_runs_once_with_the_last_as_fixed():
    first, last = pictures()
    register = Recorded(last, fields=2)
    found = both_at_once("made_up", "a=1", register)(first, last, independent=False, progress=no_progress)
    ((fixed, moving, _, _),) = register.calls
    np.testing.assert_array_equal(fixed, last.array)
    np.testing.assert_array_equal(moving, first.array)
    expected = 2 * (AXES[:, 0] + 2 * AXES[:, 1] + 3 * AXES[:, 2])
    np.testing.assert_allclose(found.first_to_last, np.broadcast_to(expected, (3, 8, 9, 3)), atol=1e-6)
    np.testing.assert_allclose(found.last_to_first, -found.first_to_last, atol=1e-6)


def test_slices_without_structure_have_no_motion():
    first, last = pictures()
    array = first.array.copy()
    array[1] = 0.5
    first = first.with_array(array)
    register = Recorded(last)
    found = one_way_each("made_up", "", register)(first, last, independent=True, progress=no_progress)
    assert len(register.calls) == 4
    assert not found.first_to_last[1].any()
    assert not found.last_to_first[1].any()
    assert found.first_to_last[0].all(axis=-1).any()


@pytest.mark.parametrize("independent", [False, True])
def test_progress_rises_from_run_to_run_and_can_cancel(independent):
    first, last = pictures()
    seen = []
    one_way_each("made_up", "", Recorded(last))(
        first, last, independent=independent, progress=lambda fraction, message: seen.append(fraction)
    )
    assert seen == pytest.approx(np.arange(6) / 6 if independent else [0, 0.5])

    def cancel_after_the_first(fraction, message):
        if fraction > 0:
            raise CancelledError

    register = Recorded(last)
    with pytest.raises(CancelledError):
        one_way_each("made_up", "", register)(first, last, independent=independent, progress=cancel_after_the_first)
    assert len(register.calls) == 1


@pytest.mark.parametrize("make", [one_way_each, both_at_once])
def test_name_and_settings_are_kept(make):
    made = make("made_up", "a=1", None)
    assert (made.name, made.settings) == ("made_up", "a=1")
