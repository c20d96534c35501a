"""Tracked motion in the scene: transforms that carry points, regions on the voxel grid, strain, saving and removing."""

import math

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, item_values, put_in_scene, sequence_of, snapshot
from tracking_helpers import (
    CENTRE,
    LPS,
    SHIFT,
    STRETCH,
    curve,
    fiducials,
    in_world,
    ring,
    segmentation,
    stretched,
    world,
)

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.field_sequence import FieldDirection
from temporal_interp.tracking.contour_view import ContourView
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.follow_points import followers_of, follows, let_follow, let_go
from TemporalInterpLib.motion_transforms import DIRECTION, TrackingFacts, displacements_in, motions_of, point_transform
from TemporalInterpLib.region_mask import mask_on
from TemporalInterpLib.result_marks import ResultKind
from TemporalInterpLib.results import remove_results_of
from TemporalInterpLib.sequence_conversion import set_attributes
from TemporalInterpLib.strain_curves import add_strain_curves, contour_of, strain_nodes
from TemporalInterpLib.track_motion import tracking_steps

ONE_SLICE = Geometry((1, 24, 20), (1.4, 1.4, 8.0), OBLIQUE.origin, OBLIQUE.direction)


def track(sequence, reference=0, **options):
    return run_to_end(tracking_steps(sequence, reference, **options), lambda *report: None)


@pytest.fixture
def tracked(cine, stand_in):
    """The cine, tracked from frame 1 on."""
    return track(cine.sequence, 1)


class TestTransform:
    @pytest.mark.parametrize("geometry", [OBLIQUE, ONE_SLICE])
    def test_points_move_by_the_displacement_at_their_place(self, geometry):
        field = np.random.default_rng(0).uniform(-3, 3, (*geometry.shape, 3)).astype("float32")
        transform = point_transform(field, geometry)
        for kji in [(0, 0, 0), tuple(n - 1 for n in geometry.shape), (0, 7, 3)]:
            point = geometry.physical_point(kji) * LPS
            np.testing.assert_allclose(np.array(transform.TransformPoint(point)) - point, field[kji] * LPS, atol=1e-3)

    @pytest.mark.parametrize("beside", [-0.5, 0.3, 0.5])
    def test_a_point_beside_the_plane_of_a_slice_moves_as_its_voxel(self, beside):
        transform = point_transform(np.broadcast_to(np.float32(SHIFT), (*ONE_SLICE.shape, 3)), ONE_SLICE)
        point = ONE_SLICE.physical_point([beside, 8, 9]) * LPS
        np.testing.assert_allclose(np.array(transform.TransformPoint(point)) - point, SHIFT * LPS, atol=1e-4)

    def test_far_outside_of_the_images_nothing_moves(self):
        transform = point_transform(np.ones((*OBLIQUE.shape, 3), "float32"), OBLIQUE)
        point = OBLIQUE.physical_point([20, 5, 5]) * LPS
        np.testing.assert_allclose(transform.TransformPoint(point), point, atol=1e-5)


class TestTracked:
    def test_points_of_the_reference_phase_are_carried_to_the_phase_shown(self, cine, tracked):
        points = fiducials(in_world(CENTRE, cine))
        let_follow(points, tracked.motion)
        for number in (0, 1, 2, 4):
            cine.browser.SetSelectedItemNumber(number)
            np.testing.assert_allclose(world(points), in_world(CENTRE + (number - 1) * SHIFT, cine), atol=1e-3)

    def test_it_is_in_the_browser_of_the_cine_at_the_same_times(self, cine, tracked):
        assert tracked.browser is cine.browser
        assert cine.browser.IsSynchronizedSequenceNode(tracked.motion)
        assert cine.browser.GetMasterSequenceNode() is cine.sequence
        assert cine.browser.GetSelectedItemNumber() == 2
        assert item_values(tracked.motion) == item_values(cine.sequence)
        assert (tracked.motion.GetIndexName(), tracked.motion.GetIndexUnit()) == ("trigger time", "ms")
        assert tracked.proxy.GetParentTransformNode() is cine.parent
        assert tracked.motion.GetName() == "Motion of cine"

    def test_the_cine_itself_is_as_it_was(self, cine, stand_in):
        before = [cine.sequence.GetNthDataNode(n).GetMTime() for n in range(5)]
        voxels = slicer.util.arrayFromVolume(cine.proxy).tobytes()
        track(cine.sequence, 1)
        assert [cine.sequence.GetNthDataNode(n).GetMTime() for n in range(5)] == before
        assert slicer.util.arrayFromVolume(cine.proxy).tobytes() == voxels

    def test_sequence_items_and_proxy_say_what_they_are(self, cine, stand_in):
        stand_in(closing_mm=0.5)
        tracked = track(cine.sequence, 1, whole_beat=True)
        for node in (tracked.motion, tracked.motion.GetNthDataNode(3), tracked.proxy):
            assert node.GetAttribute("TemporalInterp.FieldDirection") == DIRECTION
            assert node.GetAttribute("TemporalInterp.FieldEstimated") == "true, from images"
            facts = TrackingFacts.of(node)
            assert (facts.sequence_name, facts.reference, facts.whole_beat) == ("cine", 12.5, True)
            assert (facts.settings, facts.forward_backward_mm, facts.closing_mm) == ("passes 3", 0.25, 0.5)

    def test_the_direction_is_called_as_in_files(self):
        assert FieldDirection.FROM_REFERENCE == DIRECTION

    def test_without_a_whole_beat_there_is_no_closing_error(self, tracked):
        assert math.isnan(TrackingFacts.of(tracked.motion).closing_mm)
        assert not TrackingFacts.of(tracked.motion).whole_beat

    def test_displacements_come_back_as_they_were(self, tracked):
        displacements, geometry = displacements_in(tracked.motion)
        assert geometry.is_close(OBLIQUE)
        for number, field in enumerate(displacements):
            np.testing.assert_allclose(field, np.broadcast_to((number - 1) * SHIFT, field.shape), atol=1e-6)

    def test_a_second_tracking_stands_beside_the_first(self, cine, tracked):
        second = track(cine.sequence, 0)
        assert motions_of(cine.sequence) == [tracked.motion, second.motion]
        assert len({tracked.motion.GetName(), second.motion.GetName()}) == 2

    def test_a_sequence_without_browser_gets_one(self, scene, blob_frames, stand_in):
        sequence = scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [0, 1, 2]))
        tracked = track(sequence)
        assert tracked.browser.GetMasterSequenceNode() is sequence
        tracked.browser.SetSelectedItemNumber(2)
        np.testing.assert_allclose(
            tracked.proxy.GetTransformToParent().TransformPoint(CENTRE * LPS), (CENTRE + 2 * SHIFT) * LPS, atol=1e-3
        )


class TestAsked:
    def test_frames_reference_and_beat_reach_the_command_line(self, cine, stand_in):
        asked = stand_in()
        track(cine.sequence, 2, whole_beat=True)
        assert asked.arguments[0] == "track"
        assert asked.arguments[asked.arguments.index("--reference") + 1] == "2"
        assert "--cycle" in asked.arguments
        assert "--mask" not in asked.arguments
        assert "--displacement-only" in asked.arguments
        assert len(asked.sequence) == 5

    @pytest.mark.parametrize(("whole_beat", "option"), [(None, set()), (True, {"--cycle"}), (False, {"--no-cycle"})])
    def test_a_loop_is_a_whole_beat_unless_told_otherwise(self, cine, stand_in, whole_beat, option):
        cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
        asked = stand_in()
        tracked = track(cine.sequence, whole_beat=whole_beat)
        assert {"--cycle", "--no-cycle"} & set(asked.arguments) == option
        assert asked.sequence.period == 60.0
        assert TrackingFacts.of(tracked.motion).whole_beat is (whole_beat is not False)

    def test_synthetic_frames_are_left_out(self, cine, stand_in):
        set_attributes(cine.sequence.GetNthDataNode(1), {"TemporalInterp.Synthetic": "true"})
        asked = stand_in()
        tracked = track(cine.sequence, 2)
        assert asked.arguments[asked.arguments.index("--reference") + 1] == "1"
        assert item_values(tracked.motion) == [0, 25, 37.5, 50]

    @pytest.mark.parametrize(("items", "reference", "words"), [(5, 9, "reference"), (1, 0, "one acquired frame")])
    def test_refused_before_anything_is_done(self, scene, blob_frames, stand_in, items, reference, words):
        cine = put_in_scene(blob_frames(items), OBLIQUE, range(items))
        before = snapshot(scene)
        with pytest.raises(InvalidInputError, match=words):
            tracking_steps(cine.sequence, reference)
        assert snapshot(scene) == before

    def test_a_synthetic_reference_is_refused(self, cine, stand_in):
        set_attributes(cine.sequence.GetNthDataNode(1), {"TemporalInterp.Synthetic": "true"})
        with pytest.raises(InvalidInputError, match="itself synthetic"):
            tracking_steps(cine.sequence, 1)

    def test_cancelled_half_way_the_scene_is_as_it_was(self, cine, scene, stand_in):
        before = snapshot(scene)
        steps = tracking_steps(cine.sequence, 0)
        while next(steps)[1] != "storing the motion":
            pass
        steps.close()
        assert snapshot(scene) == before

    def test_a_sequence_deleted_meanwhile_is_reported(self, cine, scene, stand_in):
        steps = tracking_steps(cine.sequence, 0)
        next(steps)
        scene.RemoveNode(cine.sequence)
        with pytest.raises(InvalidInputError, match="deleted"):
            run_to_end(steps, lambda *report: None)
        assert slicer.util.getNodesByClass("vtkMRMLTransformNode") == [cine.parent]


def box(centre_lps, size, orientation=None):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3) if orientation is None else orientation
    matrix[:3, 3] = centre_lps * LPS
    node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(matrix))
    node.SetSize(*size)
    node.SetCenter(*(centre_lps * LPS))
    return node


class TestRegion:
    def drawn(self):
        masks = np.zeros((2, *OBLIQUE.shape), bool)
        masks[0, 1:3, 2:5, 3:9] = True
        masks[1, 0, 8:10, 10:15] = True
        return masks

    def test_all_segments_or_one(self, cine):
        masks = self.drawn()
        node = segmentation(masks)
        node.SetAndObserveTransformNodeID(cine.parent.GetID())
        np.testing.assert_array_equal(mask_on(cine.proxy, node), masks.any(axis=0))
        second = node.GetSegmentation().GetNthSegmentID(1)
        np.testing.assert_array_equal(mask_on(cine.proxy, node, second), masks[1])

    def test_a_segmentation_in_the_world_lies_next_to_a_transformed_image(self, cine):
        """The cine is moved by 40 mm along R: 26.7 voxels or so of this oblique image."""
        node = segmentation(np.ones((1, *OBLIQUE.shape), bool))
        with pytest.raises(InvalidInputError, match="'drawn' marks no voxel"):
            mask_on(cine.proxy, node)
        cine.proxy.SetAndObserveTransformNodeID(None)
        assert mask_on(cine.proxy, node).all()

    def test_a_segmentation_on_a_finer_grid(self, cine):
        fine = Geometry((8, 24, 32), (0.75, 0.625, 3.0), OBLIQUE.physical_point([-0.25] * 3), OBLIQUE.direction)
        mask = np.zeros(fine.shape, bool)
        mask[2:6, 4:10, 6:18] = True
        node = segmentation([mask], fine)
        node.SetAndObserveTransformNodeID(cine.parent.GetID())
        np.testing.assert_array_equal(mask_on(cine.proxy, node), mask[::2, ::2, ::2])

    @pytest.mark.parametrize("empty", ["no segment", "empty segment"])
    def test_an_empty_segmentation_is_reported(self, cine, empty):
        node = segmentation([np.zeros(OBLIQUE.shape, bool)] if empty == "empty segment" else [])
        with pytest.raises(InvalidInputError, match="'drawn'"):
            mask_on(cine.proxy, node)

    def test_a_segment_that_is_gone_is_reported(self, cine):
        with pytest.raises(InvalidInputError, match="no longer has a segment 'x'"):
            mask_on(cine.proxy, segmentation(self.drawn()), "x")

    def test_a_box_along_the_axes_of_the_image(self, cine):
        """From the middle of the voxels at its corners on, and a quarter of a voxel further."""
        first, last = np.array([1, 2, 3]), np.array([2, 6, 9])
        size = (last - first + 0.5)[::-1] * OBLIQUE.spacing
        orientation = LPS[:, None] * np.array(OBLIQUE.direction)
        node = box(OBLIQUE.physical_point((first + last) / 2), size, orientation)
        node.SetAndObserveTransformNodeID(cine.parent.GetID())
        expected = np.zeros(OBLIQUE.shape, bool)
        expected[1:3, 2:7, 3:10] = True
        np.testing.assert_array_equal(mask_on(cine.proxy, node)[:, :, :], expected)

    def test_a_flat_box_takes_the_slice_it_is_drawn_in(self, scene, blob_frames):
        cine = put_in_scene(blob_frames(2, ONE_SLICE.shape), ONE_SLICE, [0, 1])
        node = box(
            ONE_SLICE.physical_point([0.4, 12, 10]), (15.0, 15.0, 0.1), LPS[:, None] * np.array(OBLIQUE.direction)
        )
        node.SetAndObserveTransformNodeID(cine.parent.GetID())
        mask = mask_on(cine.proxy, node)
        expected = np.zeros(ONE_SLICE.shape, bool)
        expected[0, 7:18, 5:16] = True
        np.testing.assert_array_equal(mask, expected)

    def test_a_box_outside_or_not_placed_is_reported(self, cine, scene):
        with pytest.raises(InvalidInputError, match="'box' marks no voxel"):
            mask_on(cine.proxy, box(CENTRE + 500, (10, 10, 10)))
        with pytest.raises(InvalidInputError, match="not placed"):
            mask_on(cine.proxy, scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "new"))

    def test_it_reaches_the_command_line(self, cine, stand_in):
        asked, masks = stand_in(), self.drawn()
        node = segmentation(masks)
        node.SetAndObserveTransformNodeID(cine.parent.GetID())
        track(cine.sequence, 0, region=node)
        np.testing.assert_array_equal(asked.mask, masks.any(axis=0))


class TestFollow:
    def test_putting_points_under_the_motion_does_not_move_them_in_the_reference_phase(self, cine, tracked):
        points = fiducials(in_world(CENTRE, cine))
        cine.browser.SetSelectedItemNumber(1)
        let_follow(points, tracked.motion)
        assert follows(points, tracked.motion)
        np.testing.assert_allclose(world(points), in_world(CENTRE, cine), atol=1e-4)

    def test_they_go_back_to_their_place_whatever_phase_is_shown(self, cine, tracked):
        points = fiducials(in_world(CENTRE, cine))
        cine.browser.SetSelectedItemNumber(4)
        let_follow(points, tracked.motion)
        let_go(points)
        assert not follows(points, tracked.motion)
        np.testing.assert_allclose(world(points), in_world(CENTRE, cine), atol=1e-4)

    def test_from_one_motion_to_another(self, cine, tracked):
        points = fiducials(in_world(CENTRE, cine))
        let_follow(points, tracked.motion)
        cine.browser.SetSelectedItemNumber(4)
        second = track(cine.sequence, 0)
        let_follow(points, second.motion)
        assert followers_of(second.motion) == [points]
        assert followers_of(tracked.motion) == []
        np.testing.assert_allclose(world(points), in_world(CENTRE + 4 * SHIFT, cine), atol=1e-3)

    def test_without_points_it_is_reported(self, tracked, scene):
        empty = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "empty")
        for points in (None, empty):
            with pytest.raises(InvalidInputError, match="place some while the reference phase"):
                let_follow(points, tracked.motion)


def columns(table):
    table = table.GetTable()
    return {
        table.GetColumnName(c): [table.GetValue(r, c).ToDouble() for r in range(table.GetNumberOfRows())]
        for c in range(table.GetNumberOfColumns())
    }


class TestStrain:
    @pytest.fixture
    def motion(self, cine, stand_in):
        """The tissue grows along I; frame 0 is the reference."""
        stand_in(stretched)
        return track(cine.sequence).motion

    @pytest.mark.parametrize("follows_motion", [False, True])
    def test_along_a_line_it_is_that_of_the_motion_in_per_cent(self, cine, motion, follows_motion):
        line = curve([OBLIQUE.physical_point([1, 5, i]) for i in (3, 8, 12)], closed=False, cine=cine)
        if follows_motion:
            let_follow(line, motion)
            cine.browser.SetSelectedItemNumber(4)
        strain = add_strain_curves(motion, line, ContourView.LONG_AXIS)
        exact = [100 * ((1 + STRETCH * n) ** 2 - 1) / 2 for n in range(5)]
        table = columns(strain.table)
        assert list(table) == ["trigger time ms", "radial strain %", "longitudinal strain %"]
        assert table["trigger time ms"] == [0, 12.5, 25, 37.5, 50]
        np.testing.assert_allclose(table["longitudinal strain %"], exact, atol=0.05)
        np.testing.assert_allclose(table["radial strain %"], 0, atol=0.05)
        name, (peak, time) = "longitudinal", strain.peaks["longitudinal"]
        assert time == 50
        assert peak == pytest.approx(exact[4] / 100, abs=5e-4)
        assert 100 * strain.strains[name][2] == pytest.approx(exact[2], abs=0.05)

    def test_a_curve_that_follows_is_measured_where_it_was_in_the_reference_phase(self, cine, motion):
        wall = curve(ring(), cine=cine)
        before = contour_of(wall, motion)
        radius = np.linalg.norm(before.points_mm - np.mean(ring(), axis=0), axis=1)
        np.testing.assert_allclose(radius, 4.0, atol=0.02)
        let_follow(wall, motion)
        cine.browser.SetSelectedItemNumber(4)
        assert np.linalg.norm(world(wall) - in_world(ring()[0], cine)) > 0.3
        np.testing.assert_allclose(contour_of(wall, motion).points_mm, before.points_mm, atol=1e-3)

    def test_round_a_ring_both_strains_share_the_stretch(self, cine, motion):
        strain = add_strain_curves(motion, curve(ring(), cine=cine), ContourView.SHORT_AXIS)
        table = columns(strain.table)
        exact = 100 * ((1 + STRETCH * 4) ** 2 - 1) / 2 / 2  # the mean of cos^2 is a half
        assert table["circumferential strain %"][4] == pytest.approx(exact, abs=0.1)
        assert table["radial strain %"][4] == pytest.approx(exact, abs=0.1)

    def test_the_chart_plots_the_columns_of_the_table(self, cine, motion):
        strain = add_strain_curves(motion, curve(ring(), cine=cine), ContourView.SHORT_AXIS)
        series = [strain.chart.GetNthPlotSeriesNode(n) for n in range(strain.chart.GetNumberOfPlotSeriesNodes())]
        assert {s.GetYColumnName() for s in series} == {"radial strain %", "circumferential strain %"}
        assert all(s.GetXColumnName() == "trigger time ms" and s.GetTableNode() is strain.table for s in series)

    def test_measured_again_it_takes_the_place_of_what_was_there(self, cine, motion, scene):
        wall, other = curve(ring(), cine=cine), curve(ring(3.0), cine=cine, name="other")
        add_strain_curves(motion, other, ContourView.SHORT_AXIS)
        add_strain_curves(motion, wall, ContourView.SHORT_AXIS)
        count = scene.GetNumberOfNodes()
        again = add_strain_curves(motion, wall, ContourView.LONG_AXIS, 6.0)
        assert scene.GetNumberOfNodes() == count
        assert [n.GetName() for n in slicer.util.getNodesByClass("vtkMRMLTableNode")] == ["other strain", "wall strain"]
        assert "longitudinal strain %" in columns(again.table)
        assert len(strain_nodes(motion, wall)) == len(strain_nodes(motion, other)) == 4

    @pytest.mark.parametrize(("closed", "count"), [(True, 2), (False, 1), (True, 0)])
    def test_a_curve_with_too_few_points_is_reported(self, cine, motion, scene, closed, count):
        short = curve(ring()[:count], closed, cine)
        before = snapshot(scene)
        with pytest.raises(InvalidInputError, match=f"'wall' has {count} points"):
            add_strain_curves(motion, short, ContourView.SHORT_AXIS)
        assert snapshot(scene) == before

    def test_a_curve_outside_of_the_images_is_reported(self, cine, motion, scene):
        outside = curve(ring(300.0), cine=cine)
        before = snapshot(scene)
        with pytest.raises(InvalidInputError, match="outside the image"):
            add_strain_curves(motion, outside, ContourView.SHORT_AXIS)
        with pytest.raises(InvalidInputError, match="no curve"):
            add_strain_curves(motion, None, ContourView.SHORT_AXIS)
        assert snapshot(scene) == before


class TestRemove:
    def test_all_of_it_goes_and_points_stay_at_their_place(self, cine, scene, stand_in):
        slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        points, wall = fiducials(in_world(CENTRE, cine)), curve(ring(), cine=cine)
        before = {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}
        motions = [track(cine.sequence, reference).motion for reference in (0, 2)]
        let_follow(points, motions[0])
        let_follow(wall, motions[1])
        add_strain_curves(motions[1], wall, ContourView.SHORT_AXIS)
        assert remove_results_of(cine.sequence, ResultKind.MOTION) == 2
        assert {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())} == before
        np.testing.assert_allclose(world(points), in_world(CENTRE, cine), atol=1e-4)
        np.testing.assert_allclose(world(wall), in_world(ring()[0], cine), atol=1e-4)
        assert cine.browser.GetNumberOfSynchronizedSequenceNodes(True) == 1

    def test_without_any_nothing_changes(self, cine, scene):
        before = snapshot(scene)
        assert remove_results_of(cine.sequence, ResultKind.MOTION) == 0
        assert snapshot(scene) == before


class TestSaving:
    @pytest.fixture
    def markups_module(self, scene):
        """What the Markups module and the application put into a scene, for markups to be saved."""
        scene.RegisterNodeClass(slicer.vtkMRMLMarkupsJsonStorageNode())
        selection = slicer.vtkMRMLSelectionNode()
        selection.SetSingletonTag("Singleton")
        selection = scene.AddNode(selection)
        yield
        scene.RemoveNode(selection)

    def test_saved_and_loaded_points_still_follow(self, cine, tracked, markups_module, save_and_load):
        points = fiducials(in_world(CENTRE, cine))
        let_follow(points, tracked.motion)
        add_strain_curves(tracked.motion, curve(ring(), cine=cine), ContourView.SHORT_AXIS)
        expected = in_world(CENTRE + 3 * SHIFT, cine)
        save_and_load()
        sequence = slicer.util.getNode("cine browser").GetMasterSequenceNode()
        (motion,) = motions_of(sequence)
        points, browser = slicer.util.getNode("points"), slicer.util.getNode("cine browser")
        assert followers_of(motion) == [points]
        browser.SetSelectedItemNumber(4)
        np.testing.assert_allclose(world(points), expected, atol=1e-3)
        assert followers_of(motion) == [points]
        assert TrackingFacts.of(motion).forward_backward_mm == 0.25
        displacements, geometry = displacements_in(motion)
        assert geometry.is_close(OBLIQUE)
        np.testing.assert_allclose(displacements[4], np.broadcast_to(3 * SHIFT, displacements[4].shape), atol=1e-5)
        assert len(strain_nodes(motion)) == 5  # a table, a chart, and a series for each of three strains
        remove_results_of(sequence, ResultKind.MOTION)
        assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []
        assert points.GetScene() is not None

    def test_as_a_file_it_is_one_nrrd(self, tracked, sequences_logic, tmp_path):
        path = tmp_path / "motion.seq.nrrd"
        storage = tracked.motion.CreateDefaultStorageNode()
        storage.SetFileName(str(path))
        assert storage.WriteData(tracked.motion)
        assert storage.GetClassName() == "vtkMRMLTransformSequenceStorageNode"
        storage.UnRegister(None)
        back = sequences_logic.AddSequence(str(path))
        moved = back.GetNthDataNode(4).GetTransformToParent().TransformPoint(CENTRE * LPS)
        np.testing.assert_allclose(moved, (CENTRE + 3 * SHIFT) * LPS, atol=1e-3)
        assert back.GetNthDataNode(4).GetAttribute("TemporalInterp.FieldDirection") == DIRECTION
