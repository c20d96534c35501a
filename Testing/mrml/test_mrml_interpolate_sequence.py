"""A sequence of the scene is interpolated; the source stays as it was."""

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import (
    OBLIQUE,
    in_this_process,
    interpolate_between_items,
    item_arrays,
    item_values,
    known_motion,
    multiply_item_rate,
    put_in_scene,
    sequence_of,
    snapshot,
    synthetic_marks,
)

from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.registry import create_engine
from temporal_interp.errors import InvalidInputError, no_progress
from temporal_interp.workflows.request import FramesInAll
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.interpolate_sequence import interpolation_steps
from TemporalInterpLib.synthesis import InChildProcess

MOTION = known_motion(lambda points: np.broadcast_to([1.0, 0.0, 0.0], points.shape))


def test_endpoints_are_the_acquired_items_bit_for_bit(cine):
    added = interpolate_between_items(cine.sequence, 1, 4, 2, LinearBlend())
    arrays, source = item_arrays(added.sequence), item_arrays(cine.sequence)
    assert arrays[0].tobytes() == source[1].tobytes()
    assert arrays[-1].tobytes() == source[4].tobytes()
    for number, source_number in ((0, 1), (3, 4)):
        item, acquired = added.sequence.GetNthDataNode(number), cine.sequence.GetNthDataNode(source_number)
        assert item.GetName() == acquired.GetName()
        assert item.GetAttribute("DICOM.instanceUIDs") == f"1.2.{source_number}"
        assert added.sequence.GetNthIndexValue(number) == cine.sequence.GetNthIndexValue(source_number)
    assert synthetic_marks(added.sequence) == [False, True, True, False]


def test_items_of_the_result_are_independent_of_the_source(cine):
    added = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    before = item_arrays(cine.sequence)
    for number in range(3):
        slicer.util.arrayFromVolume(added.sequence.GetNthDataNode(number))[:] = 99
    for now, then in zip(item_arrays(cine.sequence), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_frames_come_evenly_spaced_and_in_order(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, 4, LinearBlend())
    assert item_values(added.sequence) == [0, 5, 10, 15, 20, 25]
    source, made = item_arrays(cine.sequence), item_arrays(added.sequence)
    for value, array in zip(item_values(added.sequence), made, strict=True):
        blend = (1 - value / 25) * source[0].astype(float) + value / 25 * source[2]
        np.testing.assert_array_equal(array, np.rint(blend))


def test_frames_come_at_the_index_values_requested_in_any_order(cine):
    added = interpolate_between_items(cine.sequence, 0, 1, [9.5, 3.25], LinearBlend())
    assert item_values(added.sequence) == [0, 3.25, 9.5, 12.5]


def test_synthetic_frame_does_not_become_the_acquired_one_of_the_same_time(cine):
    added = interpolate_between_items(cine.sequence, 0, 4, 3, LinearBlend())
    assert item_values(added.sequence) == item_values(cine.sequence)
    assert synthetic_marks(added.sequence) == [False, True, True, True, False]
    assert not np.array_equal(item_arrays(added.sequence)[2], item_arrays(cine.sequence)[2])


def test_synthetic_frames_say_so_in_name_and_attributes(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, [6.25], MOTION)
    item = added.sequence.GetNthDataNode(1)
    assert item.GetName() == "SYNTHETIC 6.25 ms of cine"
    expected = {
        "Synthetic": "true",
        "Engine": "known_motion",
        "EngineSettings": "for tests",
        "FirstIndexValue": "0",
        "LastIndexValue": "25",
        "IndexValues": "0 25",
        "T": "0.25",
    }
    for key, value in expected.items():
        assert item.GetAttribute(f"TemporalInterp.{key}") == value
    assert item.GetAttribute("DICOM.instanceUIDs") is None


def test_proxy_is_marked_only_while_it_shows_a_synthetic_frame(cine):
    added = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    marks = []
    for number in range(3):
        added.browser.SetSelectedItemNumber(number)
        marks.append(added.proxy.GetAttribute("TemporalInterp.Synthetic"))
    assert marks == [None, "true", None]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "float32", "float64"])
def test_geometry_and_scalar_type_are_those_of_the_source(scene, blob_frames, dtype):
    cine = put_in_scene(blob_frames(2, dtype=dtype), OBLIQUE, [0, 10])
    added = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    source, made = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    cine.sequence.GetNthDataNode(0).GetIJKToRASMatrix(source)
    added.sequence.GetNthDataNode(1).GetIJKToRASMatrix(made)
    np.testing.assert_array_equal(slicer.util.arrayFromVTKMatrix(made), slicer.util.arrayFromVTKMatrix(source))
    images = [s.GetNthDataNode(1).GetImageData() for s in (cine.sequence, added.sequence)]
    assert images[0].GetScalarType() == images[1].GetScalarType()


def test_2d_cine_works(scene, blob_frames):
    cine = put_in_scene(blob_frames(3, shape=(1, 20, 24), dtype="uint8"), Geometry((1, 20, 24)), [0, 10, 20])
    added = interpolate_between_items(cine.sequence, 0, 2, 1, MOTION, companions=list(Companion))
    assert item_arrays(added.sequence)[1].shape == (1, 20, 24)


def test_index_is_described_as_in_the_source(cine):
    added = interpolate_between_items(cine.sequence, 0, 1, 1, MOTION, companions=list(Companion))
    for sequence in (added.sequence, *added.companions.values()):
        assert (sequence.GetIndexName(), sequence.GetIndexUnit()) == ("trigger time", "ms")
        assert sequence.GetIndexTypeAsString() == "numeric"


def test_result_has_its_own_browser_played_as_a_loop_at_the_speed_of_the_heart(cine):
    added = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    assert added.browser is not cine.browser
    assert added.browser.GetMasterSequenceNode() is added.sequence
    assert added.browser.GetSelectedItemNumber() == 0
    assert added.browser.GetPlaybackRateFps() == pytest.approx(160)  # a frame every 6.25 ms
    assert added.browser.GetPlaybackLooped()
    assert added.browser.GetName() == "Player 0-12.5 ms of cine"
    added.browser.SetSelectedItemNumber(1)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(added.proxy), item_arrays(added.sequence)[1])


def test_proxy_is_shown_and_placed_like_the_source_and_named_like_its_sequence(cine):
    added = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    assert added.proxy.GetName() == added.sequence.GetName() == "Interpolated 0-12.5 ms of cine"
    display = added.proxy.GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (80.0, 45.0, 0)
    assert added.proxy.GetParentTransformNode() is cine.parent


def test_proxy_name_tells_the_time_where_the_source_does(cine):
    cine.browser.SetOverwriteProxyName(cine.sequence, True)
    added = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    added.browser.SetSelectedItemNumber(1)
    assert added.proxy.GetName() == "Interpolated 0-12.5 ms of cine [trigger time=6.25ms]"


def test_parent_transform_stays_while_the_browser_steps(cine):
    added = interpolate_between_items(
        cine.sequence, 0, 1, 1, MOTION, companions=[Companion.DISPLACEMENT_FIRST_TO_T, Companion.JACOBIAN_FIRST_TO_T]
    )
    added.browser.SetSelectedItemNumber(1)
    for sequence in (added.sequence, *added.companions.values()):
        assert added.browser.GetProxyNode(sequence).GetParentTransformNode() is cine.parent


def test_sequence_without_browser_works(scene, blob_frames):
    sequence = scene.AddNode(sequence_of(blob_frames(2), OBLIQUE, [0, 10]))
    added = interpolate_between_items(sequence, 0, 1, 1, LinearBlend())
    assert added.proxy.GetName() == "Interpolated 0-10 ms of cine"
    assert added.proxy.GetParentTransformNode() is None


def test_no_node_is_added_beyond_those_returned(cine, scene):
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)  # which Slicer always has
    before = scene.GetNumberOfNodes()
    interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    assert scene.GetNumberOfNodes() - before == 4  # sequence, browser, proxy, display
    interpolate_between_items(cine.sequence, 0, 1, 1, MOTION, companions=list(Companion))
    assert scene.GetNumberOfNodes() - before == 4 + 4 + 4 * 3


def test_second_run_gets_names_of_its_own(cine):
    first = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    second = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    assert first.sequence.GetName() != second.sequence.GetName()


def test_source_is_only_read(cine, scene):
    before = snapshot(scene)
    added = interpolate_between_items(cine.sequence, 0, 4, 2, MOTION, companions=list(Companion))
    added.browser.SetSelectedItemNumber(2)
    after = snapshot(scene)
    for node_id, time in before["times"].items():
        assert after["times"][node_id] == time, node_id
    assert after["voxels"][cine.sequence.GetID()] == before["voxels"][cine.sequence.GetID()]
    assert cine.browser.GetSelectedItemNumber() == 2
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(cine.proxy), item_arrays(cine.sequence)[2])


def test_playback_of_the_source_continues(cine):
    cine.browser.SetPlaybackActive(True)
    added = interpolate_between_items(cine.sequence, 0, 4, 2, LinearBlend())
    assert cine.browser.GetPlaybackActive()
    assert not added.browser.GetPlaybackActive()


def test_companions_are_synchronised_in_the_same_browser(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, 3, MOTION, companions=list(Companion))
    assert set(added.companions) == set(Companion)
    for sequence in added.companions.values():
        assert added.browser.IsSynchronizedSequenceNode(sequence, False)
        assert item_values(sequence) == item_values(added.sequence)
        assert synthetic_marks(sequence) == [False, True, True, True, False]
    proxy = added.browser.GetProxyNode(added.companions[Companion.DISPLACEMENT_FIRST_TO_T])
    added.browser.SetSelectedItemNumber(2)
    centre = OBLIQUE.physical_point([1, 5, 7]) * [-1, -1, 1]
    moved = np.array(proxy.GetTransformFromParent().TransformPoint(centre)) - centre
    np.testing.assert_allclose(moved, [-0.5, 0, 0], atol=1e-4)


def test_only_the_companions_requested_are_made(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, 3, MOTION, companions=[Companion.JACOBIAN_LAST_TO_T])
    assert list(added.companions) == [Companion.JACOBIAN_LAST_TO_T]


def test_fields_grow_from_zero_at_the_first_phase_to_the_whole_way_at_the_last_on_one_grid(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, 1, MOTION, companions=[Companion.DISPLACEMENT_FIRST_TO_T])
    sequence = added.companions[Companion.DISPLACEMENT_FIRST_TO_T]
    grids = [sequence.GetNthDataNode(n).GetTransformFromParent().GetDisplacementGrid() for n in range(3)]
    inside = [slicer.util.arrayFromGridTransform(sequence.GetNthDataNode(n))[1:-1, 1:-1, 1:-1] for n in range(3)]
    assert not inside[0].any()
    assert inside[2].any()
    np.testing.assert_allclose(inside[1], 0.5 * inside[2], rtol=1e-5)
    for grid in grids:
        assert (grid.GetDimensions(), grid.GetOrigin(), grid.GetSpacing()) == (
            grids[1].GetDimensions(),
            grids[1].GetOrigin(),
            grids[1].GetSpacing(),
        )


def test_jacobian_determinants_lie_on_the_voxels_of_the_frames(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, [5], MOTION, companions=[Companion.JACOBIAN_FIRST_TO_T])
    sequence = added.companions[Companion.JACOBIAN_FIRST_TO_T]
    for array, expected in zip(item_arrays(sequence), (1.0, 1.2, 2.0), strict=True):
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, expected, atol=1e-6)
    source, made = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    cine.sequence.GetNthDataNode(0).GetIJKToRASMatrix(source)
    sequence.GetNthDataNode(1).GetIJKToRASMatrix(made)
    np.testing.assert_array_equal(slicer.util.arrayFromVTKMatrix(made), slicer.util.arrayFromVTKMatrix(source))


def test_fields_are_drawn_finely_enough_for_a_heart(cine):
    added = interpolate_between_items(cine.sequence, 0, 2, 1, MOTION, companions=[Companion.DISPLACEMENT_FIRST_TO_T])
    proxy = added.browser.GetProxyNode(added.companions[Companion.DISPLACEMENT_FIRST_TO_T])
    assert proxy.GetDisplayNode().GetGlyphSpacingMm() == pytest.approx(5.0)
    assert proxy.GetDisplayNode().GetGridSpacingMm() == pytest.approx(5.0)


def test_multiplied_rate_keeps_every_acquired_item(cine):
    added = multiply_item_rate(cine.sequence, 3, LinearBlend())
    marks = synthetic_marks(added.sequence)
    assert marks == [False, True, True] * 4 + [False]
    kept = [array for array, mark in zip(item_arrays(added.sequence), marks, strict=True) if not mark]
    for array, acquired in zip(kept, item_arrays(cine.sequence), strict=True):
        assert array.tobytes() == acquired.tobytes()


def test_multiplied_rate_can_close_the_cycle(cine):
    added = multiply_item_rate(cine.sequence, 2, MOTION, cyclic=True, companions=[Companion.DISPLACEMENT_FIRST_TO_T])
    assert item_values(added.sequence) == [6.25 * n for n in range(10)]
    assert synthetic_marks(added.sequence)[-1]
    assert item_values(added.companions[Companion.DISPLACEMENT_FIRST_TO_T]) == item_values(added.sequence)


@pytest.mark.parametrize(("cyclic", "count", "period"), [(None, 10, "60.0"), (True, 10, "60.0"), (False, 9, None)])
def test_a_loop_is_filled_round_and_stays_one(cine, cyclic, count, period):
    cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
    added = multiply_item_rate(cine.sequence, 2, LinearBlend(), cyclic=cyclic)
    assert len(item_values(added.sequence)) == count
    if count == 10:
        assert item_values(added.sequence)[-1] == 55.0
    assert added.sequence.GetAttribute("TemporalInterp.Period") == period


def test_what_is_called_a_loop_is_one_in_the_scene_and_two_phases_of_it_are_none(cine):
    added = multiply_item_rate(cine.sequence, 2, LinearBlend(), cyclic=True)
    assert added.sequence.GetAttribute("TemporalInterp.Period") == "62.5"
    pair = interpolate_between_items(added.sequence, 0, 4, 1, LinearBlend())
    assert pair.sequence.GetAttribute("TemporalInterp.Period") is None


def test_interpolating_a_result_again_starts_from_its_acquired_items(cine):
    once = interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())
    twice = multiply_item_rate(once.sequence, 3, LinearBlend())
    assert synthetic_marks(twice.sequence) == [False, True, True, False]
    with pytest.raises(InvalidInputError, match="frame 1, is itself synthetic"):
        interpolate_between_items(once.sequence, 0, 1, 1, LinearBlend())
    assert twice.sequence.GetNthDataNode(2).GetAttribute("TemporalInterp.LastIndexValue") == "12.5"


def test_source_deleted_meanwhile_does_no_harm(cine, scene):
    def delete_source(fraction, message):
        if cine.sequence.GetScene() is not None:
            scene.RemoveNode(cine.sequence)

    expected = item_arrays(cine.sequence)
    added = interpolate_between_items(cine.sequence, 0, 4, 1, LinearBlend(), progress=delete_source)
    np.testing.assert_array_equal(item_arrays(added.sequence)[2], expected[4])


def test_progress_rises_to_the_end(cine):
    fractions = []
    multiply_item_rate(cine.sequence, 2, LinearBlend(), progress=lambda fraction, message: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


@pytest.mark.parametrize(
    ("first", "last", "frames", "message"),
    [
        (3, 1, 1, "first phase must come before"),
        (2, 2, 1, "first phase must come before"),
        (-1, 2, 1, "first phase is frame -1"),
        (0, 5, 1, "last phase is frame 5"),
        (0, 1, 0, "at least 1"),
        (0, 1, [], "No times"),
        (0, 1, [12.6], "strictly between"),
        (0, 1, [-3.0], "strictly between"),
        (0, 1, [float("nan")], "strictly between"),
        (0, 1, [4.0, 4.0], "requested twice"),
        (0, 1, [4.0, 4.0009], "no further apart than 0.001"),
        (0, 1, [0.0005], "no further apart than 0.001"),
        (0, 1, [12.5], "strictly between"),
        (0, 1, 20000, "no further apart than 0.001"),
    ],
)
def test_request_out_of_place_is_refused_and_changes_nothing(cine, scene, first, last, frames, message):
    before = snapshot(scene)
    with pytest.raises(InvalidInputError, match=message):
        interpolate_between_items(cine.sequence, first, last, frames, LinearBlend())
    assert snapshot(scene) == before


@pytest.mark.parametrize(("factor", "message"), [(1, "at least 2"), (20000, "no further apart than 0.001")])
def test_factor_out_of_place_is_refused(cine, factor, message):
    with pytest.raises(InvalidInputError, match=message):
        multiply_item_rate(cine.sequence, factor, LinearBlend())


@pytest.mark.parametrize("run", [lambda s: interpolate_between_items(s, 0, 1, 1, LinearBlend()),
                                 lambda s: multiply_item_rate(s, 2, LinearBlend())])  # fmt: skip
def test_one_item_is_refused_by_name(scene, blob_frames, run):
    cine = put_in_scene(blob_frames(1), OBLIQUE, [0])
    with pytest.raises(InvalidInputError, match="'cine' has one item"):
        run(cine.sequence)


def test_engine_without_fields_is_refused_when_fields_are_requested(cine, scene):
    before = snapshot(scene)
    with pytest.raises(InvalidInputError, match="'linear_blend' gives no displacement first to t"):
        interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend(), companions=[Companion.DISPLACEMENT_FIRST_TO_T])
    assert snapshot(scene) == before


def test_a_frame_that_shows_nothing_is_refused(scene, blob_frames):
    frames = blob_frames(2, dtype="float32")
    frames[1][:] = np.nan
    cine = put_in_scene(frames, OBLIQUE, [0, 10])
    with pytest.raises(InvalidInputError, match="NaN"):
        interpolate_between_items(cine.sequence, 0, 1, 1, LinearBlend())


@pytest.mark.parametrize("engine", [LinearBlend(), "velocity_field"])
def test_voxels_that_are_not_numbers_stay_so(scene, blob_frames, engine):
    frames = blob_frames(2, dtype="float32")
    for frame in frames:
        frame[0, 0, 0] = np.nan
    frames[1][0, 1, 1] = np.inf
    cine = put_in_scene(frames, OBLIQUE, [0, 10])
    engine = create_engine(engine) if isinstance(engine, str) else engine
    made = interpolate_between_items(cine.sequence, 0, 1, 1, engine)
    arrays = item_arrays(made.sequence)
    np.testing.assert_array_equal(arrays[0], frames[0])
    np.testing.assert_array_equal(arrays[2], frames[1])
    assert np.isnan(arrays[1][0, 0, 0])
    assert np.isfinite(arrays[1]).sum() == arrays[1].size - 1


def test_a_number_of_frames_in_all_is_the_same_from_a_child_process(cine):
    request = FramesInAll(4, cyclic=True)  # over 62.5 ms
    here, child = (
        run_to_end(interpolation_steps(cine.sequence, request, synthesiser), no_progress).sequence
        for synthesiser in (in_this_process(LinearBlend()), InChildProcess("linear_blend"))
    )
    assert item_values(here) == [0, 15.625, 31.25, 46.875]
    assert item_values(child) == item_values(here)
    assert synthetic_marks(child) == synthetic_marks(here) == [False, True, True, True]
    for ours, theirs in zip(item_arrays(here), item_arrays(child), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_sequence_outside_the_scene_is_refused(blob_frames, scene):
    with pytest.raises(InvalidInputError, match="not in a scene"):
        interpolate_between_items(sequence_of(blob_frames(2), OBLIQUE, [0, 10]), 0, 1, 1, LinearBlend())
