"""What holds for every engine that is declared, whatever it does: one suite, run over each of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from stand_ins import cancel
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairwise import PairwiseEngine
from temporal_interp.engines.registry import create_engine, engine_specs
from temporal_interp.errors import CancelledError, InvalidInputError

OBLIQUE = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()
NAMES = [
    name
    for spec in engine_specs().values()
    for name in (spec.name, *(f"{spec.name}:{variant}" for variant, v in spec.variants.items() if v.listed))
]
TIMES = (0.0, 30.0, 100.0)
"""Uneven, as those of a triggered cine may be."""


def disc(time, geometry, dtype="float32"):
    """A soft disc that moves along I by 4 % of its width a unit of time."""
    _, j, i = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in geometry.shape], indexing="ij")
    plane = (
        1 / (1 + np.exp((np.hypot(j, i - 0.04 * (time - 50)) - 7) / 1.5)) * (1 + 0.3 * np.cos(j / 2) * np.cos(i / 2))
    )
    return Volume((20 + 100 * plane).astype(dtype), geometry)


def cine(shape=(1, 32, 40), times=TIMES, dtype="float32", spacing=(1.5, 1.25, 8.0), **more):
    geometry = Geometry(shape, spacing, (10.0, -5.0, 3.0), tuple(map(tuple, OBLIQUE)))
    return Sequence([disc(time, geometry, dtype) for time in times], times, **more)


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def engine(name):
    return create_engine(name)


@pytest.fixture(scope="module")
def prepared(engine):
    """A cine of three frames, both gaps prepared."""
    ready = engine.prepare(cine(dtype="int16"))
    for gap in ready.sequence.gaps:
        ready.prepare_gap(gap.number)
    return ready


def test_at_the_time_of_an_acquired_frame_it_is_that_very_frame(prepared):
    for number, time in enumerate(TIMES):
        frame = prepared.at(time)
        assert frame.volume is prepared.sequence[number]
        assert frame.provenance is None
    # both gaps around it agree
    assert prepared.at(30.0, gap=0).volume is prepared.at(30.0, gap=1).volume
    assert (prepared.at(30.0, gap=0).t, prepared.at(30.0, gap=1).t) == (1.0, 0.0)


@pytest.mark.slow
def test_several_threads_make_the_frame_of_one_also_where_images_are_large_enough_to_share(engine):
    large, before, frames = cine((6, 160, 176)), torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            frames.append(engine.prepare(large).at(65.0).volume.array)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(*frames, rtol=0, atol=0.5)  # of a range of 130


def test_a_synthetic_frame_has_grid_and_scalar_type_of_the_sequence_and_says_what_it_is(prepared, engine):
    frame = prepared.at(65.0)
    assert frame.volume.geometry == prepared.sequence.geometry
    assert frame.volume.array.dtype == np.int16
    assert (frame.time, frame.t) == (65.0, 0.5)
    marks = frame.provenance.as_attributes()
    assert marks["TemporalInterp.Synthetic"] == "true"
    assert marks["TemporalInterp.Engine"] == engine.name
    assert (marks["TemporalInterp.FirstIndexValue"], marks["TemporalInterp.LastIndexValue"]) == ("30", "100")
    assert marks.get("TemporalInterp.ModelSHA256", "") == engine.model_sha256


def test_a_synthetic_frame_names_the_frames_it_was_made_from(prepared, engine, name):
    looks_around = engine_specs()[name.partition(":")[0]].uses_context and getattr(engine, "context", True)
    context = " 0" if looks_around else ""
    assert prepared.at(60.0).attributes["TemporalInterp.IndexValues"] == "30 100" + context
    assert prepared.at(70.0).attributes["TemporalInterp.IndexValues"] == "100 30" + context


def test_many_times_at_once_are_the_same_frames_in_the_order_they_were_asked_for(prepared):
    times = [65.0, 10.0, 30.0, 20.0]
    together = prepared.at(times)
    assert [frame.time for frame in together] == times
    for time, frame in zip(times, together, strict=True):
        np.testing.assert_array_equal(frame.volume.array, prepared.at(time).volume.array)
    assert prepared.at([]) == []


def test_it_is_no_further_from_the_truth_than_the_blend(prepared, name):
    truth = disc(65.0, prepared.sequence.geometry).array
    blend = (prepared.sequence[1].array.astype(float) + prepared.sequence[2].array) / 2

    def distance(array):
        return float(np.sqrt(np.mean((array - truth) ** 2)))

    share = 0.9 if engine_specs()[name.partition(":")[0]].has_motion else 1.05  # frames are whole numbers, unlike this
    assert distance(prepared.at(65.0).volume.array) < share * distance(blend)


def test_fields_come_only_when_asked_for_and_if_it_knows_motion(prepared, name):
    plain, full = prepared.at(65.0), prepared.at(65.0, fields=True)
    np.testing.assert_array_equal(plain.volume.array, full.volume.array)
    assert plain.displacement_first_to_t is plain.displacement_last_to_t is None
    fields = full.displacement_first_to_t, full.displacement_last_to_t
    if not engine_specs()[name.partition(":")[0]].has_motion:
        assert fields == (None, None)
        return
    for field in fields:
        assert field.array.shape == (*prepared.sequence.geometry.shape, 3)
        assert field.array.dtype == field.jacobian.dtype == np.float32
        assert field.geometry == prepared.sequence.geometry
        assert np.isfinite(field.array).all()
    ends = prepared.at(30.0, fields=True, gap=1), prepared.at(100.0, fields=True, gap=1)
    np.testing.assert_allclose(ends[0].displacement_first_to_t.array, 0, atol=1e-4)
    np.testing.assert_allclose(ends[1].displacement_last_to_t.array, 0, atol=1e-4)


def test_exchanging_both_frames_gives_nearly_the_same_frame(engine):
    there, back = cine(times=(0.0, 100.0)), cine(times=(0.0, 100.0))
    back = replace(back, volumes=there.volumes[::-1])
    forth = engine.prepare(there).at(30.0).volume.array
    again = engine.prepare(back).at(70.0).volume.array
    apart = np.sqrt(np.mean((there[0].array - there[1].array) ** 2))
    assert np.sqrt(np.mean((forth - again) ** 2)) < 0.15 * apart


@pytest.mark.parametrize("shape", [(4, 24, 32), (1, 24, 1), (1, 1, 1)], ids=["volume", "a line", "a voxel"])
def test_every_shape_has_frames(engine, shape):
    sequence = cine(shape, times=(0.0, 100.0), spacing=(1.5, 1.5, 2.0)).with_intensity_range(cine().intensity_range)
    frame = engine.prepare(sequence).at(50.0)
    assert frame.volume.array.shape == shape
    assert np.isfinite(frame.volume.array).all()


def test_a_loop_has_frames_between_its_last_and_its_first(prepared, engine):
    frame = engine.prepare(prepared.sequence.as_loop(140.0)).at(120.0)
    assert frame.t == 0.5
    marks = frame.provenance.as_attributes()
    assert (marks["TemporalInterp.FirstIndexValue"], marks["TemporalInterp.LastIndexValue"]) == ("100", "0")


def test_two_equal_frames_in_the_midst_of_motion_stay_what_they_are(engine):
    moving = cine(shape=(2, 32, 40), times=(0.0, 30.0, 70.0, 100.0), dtype="float32")
    volumes = list(moving.volumes)
    volumes[2] = volumes[1]
    frame = engine.prepare(Sequence(volumes, moving.times)).at(45.0, fields=True)
    np.testing.assert_array_equal(frame.volume.array, volumes[1].array)
    for field in (frame.displacement_first_to_t, frame.displacement_last_to_t):
        assert field is None or not field.array.any()


def test_equal_frames_stay_what_they_are(engine):
    still = cine(times=(0.0, 1.0))
    still = replace(still, volumes=[still[0], still[0]])
    np.testing.assert_array_equal(engine.prepare(still).at(0.4).volume.array, still[0].array)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64"]
)
def test_equal_frames_of_every_scalar_type_and_in_a_loop_stay_what_they_are_bit_for_bit(engine, dtype):
    rng, geometry = np.random.default_rng(0), Geometry((2, 12, 14), (1.5, 1.5, 8.0))
    if np.issubdtype(dtype, np.integer):
        whole = np.iinfo(dtype)
        array = rng.integers(whole.min, whole.max, geometry.shape, dtype, endpoint=True)
    else:
        array = (1e30 * rng.normal(size=geometry.shape)).astype(dtype)
    still = Sequence([Volume(array.copy(), geometry) for _ in TIMES], TIMES)
    prepared = engine.prepare(still.as_loop(140.0))
    for time in (10.0, 65.0, 120.0):
        made = prepared.at(time).volume.array
        assert made.dtype == array.dtype
        np.testing.assert_array_equal(made, array)


@pytest.mark.parametrize("scale", [1e-32, 1e28], ids=["from 1e-30", "to 1e30"])
def test_the_unit_of_the_intensities_does_not_matter(engine, scale):
    usual = cine((1, 16, 20), times=(0.0, 100.0), dtype="float64")
    scaled = replace(usual, volumes=[volume.with_array(volume.array * scale) for volume in usual])
    expected, made = (engine.prepare(sequence).at(40.0).volume.array for sequence in (usual, scaled))
    np.testing.assert_allclose(made / scale, expected, rtol=0, atol=1e-3 * np.ptp(expected))


def test_bad_input_is_refused_with_the_frame(engine):
    black = cine()
    black[1].array[:] = np.nan
    with pytest.raises(InvalidInputError, match="The frame at 30 ms is NaN or infinite throughout"):
        engine.prepare(black).at(10.0)
    black[1].array[0, 3, 3] = 1.0
    with pytest.raises(InvalidInputError, match="The frame at 30 ms shows next to nothing"):
        engine.prepare(black).at(10.0)
    hidden = engine.prepare(black.hiding([1])).at(50.0)
    assert np.isfinite(hidden.volume.array).all()
    with pytest.raises(InvalidInputError, match="one frame"):
        engine.prepare(cine()[:1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.filterwarnings("error")
def test_a_frame_is_nan_where_neither_around_it_shows_the_place(engine, value):
    holed = cine()
    padded = np.zeros(holed[0].array.shape, bool)
    padded[:, :, :4] = True
    for frame in holed:
        frame.array[padded] = value
    holed[1].array[0, 12, 12] = holed[2].array[0, 20, 9] = value  # pixels that one frame lacks
    before = [frame.array.copy() for frame in holed]
    made = engine.prepare(holed).at(45.0, fields=True)
    np.testing.assert_array_equal(np.isnan(made.volume.array), padded)
    assert not np.isinf(made.volume.array).any()
    if made.displacement_first_to_t is not None:
        assert np.isfinite(made.displacement_first_to_t.array).all()
    for frame, array in zip(holed, before, strict=True):
        np.testing.assert_array_equal(frame.array, array)
        np.testing.assert_array_equal(engine.prepare(holed).at(30.0).volume.array, before[1])


def test_pixels_that_one_frame_lacks_change_the_others_little(engine):
    whole, holed = cine(), cine()
    holed[1].array[0, 12, 12] = holed[2].array[0, 20, 9] = np.nan
    whole, holed = (engine.prepare(sequence).at(45.0).volume.array for sequence in (whole, holed))
    scale = np.ptp(whole)
    assert np.abs(whole - holed).max() < 0.3 * scale
    assert np.sqrt(np.mean((whole - holed) ** 2)) < 0.01 * scale


@pytest.mark.parametrize("time", [-0.1, 100.1, np.nan, np.inf])
def test_times_outside_are_refused(prepared, time):
    with pytest.raises(InvalidInputError, match="outside of the sequence"):
        prepared.at(time)
    with pytest.raises(InvalidInputError, match="outside of the sequence"):
        prepared.at([10.0, time])


def test_a_time_of_another_gap_is_refused(prepared):
    with pytest.raises(InvalidInputError, match=r"^65 ms does not lie in the gap from 0 to 30 ms\.$"):
        prepared.at(65.0, gap=0)


def test_it_can_be_cancelled_and_prepared_again(engine):
    fresh = engine.prepare(cine())
    with pytest.raises(CancelledError):
        fresh.at(10.0, progress=cancel)
    assert fresh.at(10.0).provenance is not None


def test_progress_rises_to_the_end(engine):
    reports = []
    engine.prepare(cine()).at([10.0, 65.0], progress=lambda fraction, message: reports.append(fraction))
    assert reports == sorted(reports)
    assert reports[-1] == pytest.approx(1.0)


def test_frames_that_are_hidden_make_no_difference_to_an_engine_that_sees_a_gap_alone(engine, name):
    if not isinstance(engine, PairwiseEngine) or engine_specs()[name.partition(":")[0]].uses_context:
        pytest.skip("it looks at the frames around")
    whole = cine()
    alone, among = whole.hiding([0]), whole
    np.testing.assert_array_equal(
        engine.prepare(alone).at(65.0).volume.array, engine.prepare(among).at(65.0).volume.array
    )
