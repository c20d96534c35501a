"""A pair of frames under the refined engine: a good student is left alone, and another one helped."""

import numpy as np
import pytest

from disc_pairs import GRID, QUICK, WAY, difference, disc, prepare_student
from pairs import prepare
from temporal_interp.engines.refined import RefinedEngine
from temporal_interp.engines.student import StudentEngine
from temporal_interp.errors import CancelledError


def refine(student, first=None, last=None, *, registration=QUICK, **options):
    engine = RefinedEngine(StudentEngine(student, "toy 1.0", "abc", precision="float32"), registration)
    return prepare(engine, first or disc(0.0), last or disc(1.0), **options)


@pytest.mark.parametrize("t", [0.3, 0.5, 0.8])
def test_the_refined_engine_finds_what_the_student_missed(known_student, t):
    half = tuple(w / 2 for w in WAY)
    missed, refined = prepare_student(known_student(half)).at(t).volume, refine(known_student(half)).at(t).volume
    assert difference(refined, disc(t)) < 0.35 * difference(missed, disc(t))


def test_the_refined_engine_leaves_a_good_student_alone(known_student):
    frame = refine(known_student(WAY)).at(0.5, fields=True)
    way = GRID.voxel_to_physical @ np.array([WAY[1], WAY[0], 0.0])
    assert np.allclose(frame.displacement_first_to_t.array[0, 28:36, 36:44], -0.5 * way, atol=0.3)
    assert difference(frame.volume, disc(0.5)) < 0.5


def test_refined_fields_point_from_the_frame_to_the_acquired_volumes(known_student):
    """With a student that sees no motion, all of it is the velocity's."""
    frame = refine(known_student((0.0, 0.0))).at(0.25, fields=True)
    way = GRID.voxel_to_physical @ np.array([WAY[1], WAY[0], 0.0])
    edge = (0, 32, 40 - 8)  # where the disc has structure to follow
    assert np.allclose(frame.displacement_first_to_t.array[edge], -0.25 * way, atol=0.6)
    assert np.allclose(frame.displacement_last_to_t.array[edge], 0.75 * way, atol=0.9)


def test_the_ends_of_the_refined_engine_are_the_acquired_voxels(known_student):
    first, last = disc(0.0, dtype="int16"), disc(1.0, dtype="int16")
    prepared = refine(known_student((1.0, 2.0)), first, last)
    assert np.array_equal(prepared.at(0).volume.array, first.array)
    assert np.array_equal(prepared.at(1).volume.array, last.array)


def test_nothing_is_refined_where_nothing_differs(known_student):
    frame = refine(known_student(WAY), disc(0.0), disc(0.0)).at(0.5)
    assert np.array_equal(frame.volume.array, disc(0.0).array)


def test_refining_can_be_cancelled_and_tells_how_far_it_is(known_student):
    told = []
    refine(known_student(WAY), progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)

    def stop(fraction, message):
        if fraction > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        refine(known_student(WAY), progress=stop)
