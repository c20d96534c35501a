"""A pair of frames under the student: what is made of the maps of the network, whatever these are."""

from dataclasses import replace

import numpy as np
import pytest

from disc_pairs import GRID, WAY, difference, disc, prepare_student
from pairs import prepare
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.student import StudentEngine
from temporal_interp.errors import CancelledError, InvalidInputError


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8"])
def test_the_acquired_voxels_follow_the_motion_of_the_network(known_student, dtype):
    first, last = disc(0.0, dtype=dtype), disc(1.0, dtype=dtype)
    prepared = prepare_student(known_student(WAY), first, last)
    for t in (0.25, 0.5, 0.8):
        frame, truth = prepared.at(t).volume, disc(t, dtype=dtype)
        assert frame.array.dtype == dtype
        assert frame.geometry == GRID
        blend = prepare(LinearBlend(), first, last).at(t).volume
        assert difference(frame, truth) < 0.25 * difference(blend, truth)


@pytest.mark.parametrize("dtype", ["float64", "int16"])
def test_the_ends_are_the_acquired_voxels(known_student, dtype):
    first, last = disc(0.0, dtype=dtype), disc(1.0, dtype=dtype)
    prepared = prepare_student(known_student(WAY, residual=0.5), first, last)
    assert np.array_equal(prepared.at(0).volume.array, first.array)
    assert np.array_equal(prepared.at(1).volume.array, last.array)


def test_fields_are_in_mm_and_point_from_the_frame_to_the_acquired_volumes(known_student):
    frame = prepare_student(known_student(WAY)).at(0.25, fields=True)
    way = GRID.voxel_to_physical @ np.array([WAY[1], WAY[0], 0.0])
    middle = (0, 32, 40)
    assert np.allclose(frame.displacement_first_to_t.array[middle], -0.25 * way, atol=1e-4)
    assert np.allclose(frame.displacement_last_to_t.array[middle], 0.75 * way, atol=1e-4)
    assert prepare_student(known_student(WAY)).at(0.25).displacement_first_to_t is None


def test_fields_fade_to_nothing_outside_of_what_moves(known_student):
    wide = replace(GRID, shape=(1, 160, 200))
    prepared = prepare_student(known_student(WAY), disc(0.0, wide), disc(1.0, wide))
    field = prepared.at(0.5, fields=True).displacement_first_to_t.array
    length = np.linalg.norm(field, axis=-1)[0]
    assert length[80, 100] > 2
    assert length[:20].max() == length[:, :20].max() == length[-20:].max() == 0
    assert np.abs(np.diff(length, axis=0)).max() < 0.5  # no step at the edge of the box


def test_outside_of_the_region_the_frame_is_the_blend(known_student):
    wide = replace(GRID, shape=(1, 160, 200))
    first, last = disc(0.0, wide), disc(1.0, wide, level=81.0)
    frame = prepare_student(known_student(WAY, residual=0.2), first, last).at(0.5).volume.array
    blend = prepare(LinearBlend(), first, last).at(0.5).volume.array
    assert np.allclose(frame[:, :15], blend[:, :15], atol=1e-4)
    assert np.abs(frame - blend).max() > 5


@pytest.mark.parametrize("lacking", [0, 1])
def test_where_one_frame_shows_nothing_the_other_is_moved_alone(known_student, lacking):
    """The network knows that it moves as a whole: 8 voxels along I."""
    way = (0.0, 8.0)
    ends = [disc(0.0, way=way), disc(1.0, way=way)]
    upper = np.zeros(GRID.shape, bool)
    upper[:, : GRID.shape[1] // 2] = True
    whole = prepare_student(known_student(way), *ends).at(0.5).volume.array
    ends[lacking] = ends[lacking].with_array(np.where(upper, np.nan, ends[lacking].array))
    frame = prepare_student(known_student(way), *ends).at(0.5).volume.array
    there = disc(0.5, way=way).array > 130
    assert np.abs(frame - whole)[there].mean() < 3.0
    assert np.isfinite(frame).all()


def test_where_nothing_differs_no_network_runs(known_student):
    student = known_student(WAY)
    prepared = prepare_student(student, disc(0.0), disc(0.0))
    frame = prepared.at(0.5, fields=True)
    assert np.array_equal(frame.volume.array, disc(0.0).array)
    assert not frame.displacement_first_to_t.array.any()
    assert student.encoded == student.decoded == []


def test_an_offset_does_not_cost_precision(known_student):
    offset = 1e7
    frame = prepare_student(
        known_student(WAY), disc(0.0, dtype="float64", level=offset), disc(1.0, dtype="float64", level=offset)
    ).at(0.5)
    reference = prepare_student(known_student(WAY), disc(0.0, level=0.0), disc(1.0, level=0.0)).at(0.5)
    assert np.allclose(frame.volume.array - offset, reference.volume.array, atol=0.01)


def test_the_residual_is_in_the_units_of_the_image(known_student):
    intensities = IntensityRange(80.0, 280.0)
    plain, more = (
        prepare_student(known_student(WAY, residual=r), intensity_range=intensities).at(0.5).volume.array[0, 32, 40]
        for r in (0.0, 0.1)
    )
    assert more - plain == pytest.approx(0.1 * 200, rel=1e-4)


def test_fine_pixels_go_to_the_network_at_the_size_it_knows_and_come_back_fine(known_student):
    fine = replace(GRID, shape=(1, 192, 240), spacing=(0.5, 0.5, 8.0))
    student = known_student((2.0, 3.0))  # voxels of the network's grid
    way = tuple(w * 1.4 / 0.5 for w in (2.0, 3.0))
    frame = prepare_student(student, disc(0.0, fine, way=way), disc(1.0, fine, way=way)).at(0.5).volume
    assert max(student.encoded[0]) < 120
    assert frame.geometry == fine
    assert difference(frame, disc(0.5, fine, way=way)) < 1.0


def test_many_times_are_one_question_and_the_same_answer(known_student, torch_threads):
    torch_threads(1)
    student = known_student(WAY)
    prepared = prepare_student(student)
    times = [0.0, 0.2, 0.7, 1.0]
    together = prepared.at(times)
    assert student.decoded == [pytest.approx([0.2, 0.7])]
    assert len(student.encoded) == 1
    for t, frame in zip(times, together, strict=True):
        assert frame.t == t
        assert np.array_equal(frame.volume.array, prepared.at(t).volume.array)


@pytest.mark.parametrize("sees_neighbours", [False, True])
@pytest.mark.parametrize(("thickness", "apart"), [(8.0, 8.0), (4.0, 8.0)])
def test_a_stack_is_shown_as_slices_unless_neighbours_mean_something(
    known_student, torch_threads, sees_neighbours, thickness, apart
):
    torch_threads(1)
    stack = replace(GRID, shape=(5, 64, 80), spacing=(1.5, 1.25, apart))
    student = known_student(WAY, sees_neighbours=sees_neighbours)
    frame = prepare_student(student, disc(0.0, stack), disc(1.0, stack), slice_thickness=thickness).at(0.5).volume
    together = sees_neighbours and apart == thickness
    assert student.encoded[0][:3] == ((1, 1, 5) if together else (5, 1, 1))
    assert difference(frame, disc(0.5, stack)) < 1.0


def test_a_student_of_whole_stacks_is_shown_them_however_far_apart_their_slices_lie(known_student, torch_threads):
    torch_threads(1)
    stack = replace(GRID, shape=(5, 64, 80), spacing=(1.5, 1.25, 8.0))
    student = known_student(WAY, sees_neighbours=True)
    engine = StudentEngine(student, precision="float32", whole_stacks=True)
    prepare(engine, disc(0.0, stack), disc(1.0, stack), slice_thickness=4.0).at(0.5)
    assert student.encoded[0][:3] == (1, 1, 5)


@pytest.mark.parametrize("t", [-0.1, 1.1, float("nan")])
def test_times_outside_of_the_pair_are_refused(known_student, t):
    with pytest.raises(InvalidInputError, match="outside of the sequence"):
        prepare_student(known_student()).at(t)


def test_bad_pairs_are_refused(known_student):
    nothing = disc(0.0)
    nothing.array[:] = np.nan
    with pytest.raises(InvalidInputError, match="The frame at 0 is NaN"):
        prepare_student(known_student(), nothing)
    with pytest.raises(InvalidInputError, match="scalar type"):
        prepare_student(known_student(), disc(0.0, dtype="int16"))
    with pytest.raises(InvalidInputError):
        prepare_student(known_student(), disc(0.0, replace(GRID, shape=(1, 32, 80))))


def test_preparing_can_be_cancelled(known_student):
    def stop(fraction, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        prepare_student(known_student(), progress=stop)


def moving(times, **more):
    """Discs that move steadily, at these times."""
    return Sequence([disc(time) for time in times], times, **more)


class TestFramesAround:
    def provenance(self, student, sequence, time):
        return StudentEngine(student, precision="float32").prepare(sequence).at(time).attributes

    def test_a_student_with_context_is_shown_them(self, known_student):
        student = known_student(WAY, context=True)
        marks = self.provenance(student, moving([-0.5, 0.0, 1.0, 3.0]), 0.25)
        (context,) = student.contexts
        assert context.outer.shape[:3] == (2, 1, 1)
        assert context.distances.tolist() == [0.5, 2.0]
        assert marks["TemporalInterp.IndexValues"] == "0 1 -0.5 3"

    def test_the_nearer_one_is_named_first(self, known_student):
        sequence = moving([-0.5, 0.0, 1.0, 3.0])
        marks = self.provenance(known_student(WAY, context=True), sequence, 0.75)
        assert marks["TemporalInterp.IndexValues"] == "1 0 3 -0.5"

    def test_two_frames_alone_have_none(self, known_student):
        student = known_student(WAY, context=True)
        marks = self.provenance(student, moving([0.0, 1.0]), 0.25)
        assert student.contexts[0].distances.tolist() == [0.0, 0.0]
        assert marks["TemporalInterp.IndexValues"] == "0 1"

    def test_a_student_without_context_is_not_shown_them(self, known_student):
        student = known_student(WAY)
        marks = self.provenance(student, moving([-0.5, 0.0, 1.0, 3.0]), 0.25)
        assert student.contexts == [None]
        assert marks["TemporalInterp.IndexValues"] == "0 1"

    def test_a_hidden_frame_is_never_shown(self, known_student):
        student = known_student(WAY, context=True)
        sequence = moving([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
        marks = self.provenance(student, sequence.hiding([1, 3]), 0.25)
        assert student.contexts[0].distances.tolist() == [1.0, 1.0]
        assert marks["TemporalInterp.IndexValues"] == "0 1 -1 2"


def test_moved_voxels_keep_their_detail(known_student):
    """A cubic spline keeps more of fine texture, half a voxel away, than a straight line between voxels does."""

    def texture(shift):
        j, i = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in GRID.shape[1:]], indexing="ij")
        wave = 1 + np.cos(2 * np.pi * (i - shift) / 5)
        return (100 + 60 * wave * np.exp(-((j**2 + (i - shift) ** 2) / 60)))[None].astype(np.float32)

    first, last = (disc(0.0).with_array(texture(shift)) for shift in (-0.5, 0.5))
    frame = prepare_student(known_student((0.0, 1.0)), first, last).at(0.5).volume.array
    # linear interpolation half a voxel away is the mean of the two voxels, which is the blend of the two frames
    linear = (first.array + last.array) / 2
    assert np.abs(frame - texture(0.0)).max() < 0.8 * np.abs(linear - texture(0.0)).max()
