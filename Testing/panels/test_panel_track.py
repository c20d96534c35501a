"""Track motion: what is asked of the command line, points that follow, strain curves, arrows, and a real run."""

import os

import numpy as np
import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, item_values, put_in_scene, snapshot
from panels.panel_helpers import parameters_of, pick, picture, remove_all
from tracking_helpers import CENTRE, SHIFT, curve, fiducials, in_world, ring, segmentation, stretched, world

from temporal_interp.data.geometry import Geometry
from TemporalInterpLib import dependencies
from TemporalInterpLib.add_sequence import add_sequence_to_scene
from TemporalInterpLib.motion_transforms import motions_of
from TemporalInterpLib.parameter_node import Device, FieldStyle, StrainView
from TemporalInterpLib.sequence_conversion import set_attributes


@pytest.fixture
def widget(cine, stand_in, open_panel):
    return open_panel()


@pytest.fixture
def track(process_events_until):
    """Function that presses Track and waits for the end; returns the motion."""

    def run(widget):
        widget.ui.trackButton.click()
        process_events_until(lambda: not widget.panel.sections["track"].work.running, 60)
        return widget.panel.sections["track"].motion

    return run


class TestTrack:
    def test_the_reference_is_phase_a(self, cine, widget, stand_in, track):
        asked = stand_in()
        pick(widget.ui.firstPhase, 1)
        assert "Follows the tissue of phase A, 12.5 ms (frame 1), through 5 frames." in widget.ui.trackPlan.text
        track(widget)
        assert asked.arguments[asked.arguments.index("--reference") + 1] == "1"
        assert not {"--cycle", "--no-cycle"} & set(asked.arguments)  # as the sequence says

    def test_beat_and_device_are_those_chosen(self, widget, stand_in, track):
        asked = stand_in()
        widget.ui.cyclic.click()
        parameters_of(widget).device = Device.CPU
        track(widget)
        assert "--cycle" in asked.arguments
        assert asked.arguments[asked.arguments.index("--device") + 1] == "cpu"

    def test_facts_about_the_motion_are_reported(self, widget, stand_in, track):
        assert widget.ui.motionLabel.isHidden()
        stand_in(closing_mm=0.5)
        widget.ui.cyclic.click()
        track(widget)
        text = widget.ui.motionLabel.text
        assert "the tissue of 0 ms is an estimate" in text
        assert "0.25 mm there and back" in text
        assert "0.50 mm once round the beat" in text
        assert widget.ui.trackMessage.text == "Added 'Motion of cine'."

    def test_its_browser_is_the_one_of_the_sequence(self, cine, widget, track):
        assert widget.ui.trackPlayWidget.isHidden()
        motion = track(widget)
        assert cine.browser.IsSynchronizedSequenceNode(motion)
        assert not widget.ui.trackPlayWidget.isHidden()
        widget.ui.trackSeekWidget.setSelectedItemNumber(3)
        assert cine.browser.GetSelectedItemNumber() == 3

    def test_the_sequence_is_shown_in_place_of_the_preview(self, cine, widget, track):
        widget.ui.timeSlider.value = 0.3
        track(widget)
        red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        assert red.GetBackgroundVolumeID() == cine.proxy.GetID()

    def test_the_reference_phase_can_be_shown(self, cine, widget, track):
        pick(widget.ui.firstPhase, 1)
        assert not widget.ui.referenceButton.enabled
        track(widget)
        pick(widget.ui.firstPhase, 0)  # the motion is still of frame 1
        cine.browser.SetSelectedItemNumber(4)
        widget.ui.referenceButton.click()
        assert cine.browser.GetSelectedItemNumber() == 1

    def test_without_a_sequence_there_is_nothing_to_track(self, scene, stand_in, open_panel):
        ui = open_panel().ui
        assert not any(
            getattr(ui, name).enabled for name in ("trackButton", "referenceButton", "follow", "strainButton")
        )
        assert ui.trackPlan.text == ""
        assert "load a cine" in ui.trackButton.toolTip

    def test_a_motion_is_found_with_the_sequence_it_is_of(self, cine, blob_frames, widget, track):
        track(widget)
        other = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        gestures.choose(widget.ui.sequenceSelector, other.sequence)
        assert widget.ui.motionLabel.isHidden()
        assert not widget.ui.strainButton.enabled
        gestures.choose(widget.ui.sequenceSelector, cine.sequence)
        assert not widget.ui.motionLabel.isHidden()


class TestRefused:
    @pytest.fixture
    def refuse(self, scene, dialogs):
        """Function that presses Track; it is refused in these words, and the scene is as it was."""

        def press(widget, words):
            before = snapshot(scene)
            widget.ui.trackButton.click()
            ((level, text),) = dialogs.shown
            assert level == "error"
            assert words in text
            assert widget.ui.trackMessage.text == "Nothing was added."
            assert snapshot(scene) == before

        return press

    def test_an_empty_box(self, cine, scene, widget, refuse):
        gestures.choose(widget.ui.trackedRegion, scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box"))
        refuse(widget, "'box' is not placed")

    def test_an_empty_segmentation(self, cine, scene, widget, refuse):
        gestures.choose(widget.ui.trackedRegion, scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "drawn"))
        refuse(widget, "'drawn' has no segments")

    def test_one_acquired_frame_cannot_even_be_tried(self, cine, widget):
        for number in (1, 2, 3, 4):
            set_attributes(cine.sequence.GetNthDataNode(number), {"TemporalInterp.Synthetic": "true"})
        cine.sequence.Modified()
        assert not widget.ui.trackButton.enabled
        assert "fewer than two acquired frames" in widget.ui.trackButton.toolTip

    def test_missing_packages_neither(self, cine, monkeypatch, open_panel):
        monkeypatch.setattr(dependencies, "find_spec", lambda name: None)
        widget = open_panel()
        assert not widget.ui.trackButton.enabled
        assert "install them with the button at the top" in widget.ui.trackButton.toolTip


def test_segments_are_offered_for_a_segmentation_only(cine, scene, widget, stand_in, track):
    masks = np.zeros((2, *OBLIQUE.shape), bool)
    masks[0, 1, 2:5, 3:9] = masks[1, 2, 3:5, 4:9] = True
    drawn = segmentation(masks)
    drawn.SetAndObserveTransformNodeID(cine.parent.GetID())
    ids = [drawn.GetSegmentation().GetNthSegmentID(n) for n in range(2)]
    asked = stand_in()
    assert widget.ui.trackedSegment.isHidden()
    gestures.choose(widget.ui.trackedRegion, drawn)
    assert not widget.ui.trackedSegment.isHidden()
    names = [drawn.GetSegmentation().GetSegment(segment).GetName() for segment in ids]
    assert [widget.ui.trackedSegment.itemText(n) for n in range(3)] == ["All segments", *names]
    pick(widget.ui.trackedSegment, 2)
    assert parameters_of(widget).trackedSegment == ids[1]
    assert widget.ui.trackedSegment.currentIndex == 2
    track(widget)
    np.testing.assert_array_equal(asked.mask, masks[1])
    gestures.choose(widget.ui.trackedRegion, None)
    assert parameters_of(widget).trackedSegment == ""
    assert widget.ui.trackedSegment.isHidden()


class TestPlan:
    """Where motion is tracked and how long that takes is found when the section is opened."""

    @pytest.fixture
    def heart(self, scene):
        """A cine in which a disc of 24 mm pulsates in the middle of 90 x 90 mm of tissue."""
        geometry = Geometry((1, 60, 60), (1.5, 1.5, 8.0))
        j, i = np.indices(geometry.shape)[1:]
        distance = np.hypot(j - 30, i - 30)
        tissue = 40 + 30 * ((i // 4 + j // 4) % 2)
        frames = [(tissue + 100 * (distance < 8 + n % 3)).astype("int16") for n in range(4)]
        return put_in_scene(frames, geometry, [0, 40, 80, 120])

    @pytest.fixture
    def opened(self, heart, stand_in, open_panel, process_events_until):
        """Function that opens the section, and waits until its plan is there; returns the widget."""

        def run(widget=None):
            widget = widget or open_panel()
            slicer.util.findChild(widget.parent, "trackSection").collapsed = False
            process_events_until(lambda: "here." in widget.ui.trackPlan.text, 60)
            return widget

        return run

    def test_nothing_is_measured_before_it_is_opened(self, heart, open_panel):
        widget = open_panel()
        assert widget.panel.sections["track"]._measuring is None
        assert "here" not in widget.ui.trackPlan.text

    def test_it_looks_at_what_moves_and_says_how_long_that_takes(self, opened):
        text = opened().ui.trackPlan.text
        assert "what moves most, such as the heart: a box of" in text
        assert "Takes " in text

    def test_it_tracks_there(self, opened, stand_in, track):
        widget, asked = opened(), stand_in()
        track(widget)
        assert asked.mask[0, 30, 30]
        assert not asked.mask[0, 0].any()

    def test_the_whole_image_can_be_tracked(self, opened, stand_in, track, process_events_until):
        widget, asked = opened(), stand_in()
        widget.ui.trackWholeImage.click()
        process_events_until(lambda: "Looks at the whole image" in widget.ui.trackPlan.text, 60)
        track(widget)
        assert asked.mask is None

    def test_the_box_becomes_a_region_that_is_tracked_alike(self, opened, stand_in, track, process_events_until):
        widget = opened()
        asked = stand_in()
        track(widget)
        found = asked.mask
        widget.logic.remove_tracked_motion(parameters_of(widget).sequence)
        asked = stand_in()
        widget.ui.showBoxButton.click()
        region = parameters_of(widget).trackedRegion
        assert region.GetName().startswith("Region of ")
        assert widget.ui.trackedRegion.currentNode() is region
        assert not widget.ui.showBoxButton.enabled
        assert not widget.ui.trackWholeImage.enabled
        process_events_until(lambda: "Looks at the region" in widget.ui.trackPlan.text, 60)
        track(widget)
        np.testing.assert_array_equal(asked.mask, found)

    def test_what_is_known_is_not_measured_again(self, opened, process_events_until):
        widget = opened()
        plan = widget.ui.trackPlan.text
        for number in (1, 0):
            widget.ui.trackWholeImage.click()
            process_events_until(lambda: widget.panel.sections["track"]._measuring is None, 60)
            assert (widget.ui.trackPlan.text == plan) == (number == 0)
        widget.ui.trackWholeImage.click()
        assert widget.panel.sections["track"]._measuring is None

    def test_opened_again_it_is_measured_again(self, opened, process_events_until):
        widget = opened()
        section = slicer.util.findChild(widget.parent, "trackSection")
        section.collapsed = True
        section.collapsed = False
        assert "Measuring how long" in widget.ui.trackPlan.text
        assert "still being looked for" in widget.ui.showBoxButton.toolTip
        process_events_until(lambda: "here." in widget.ui.trackPlan.text, 60)
        assert "the box that was found" in widget.ui.showBoxButton.toolTip

    def test_track_pressed_meanwhile_claims_no_time(self, heart, open_panel, process_events_until):
        widget = open_panel()
        slicer.util.findChild(widget.parent, "trackSection").collapsed = False
        assert "Measuring how long" in widget.ui.trackPlan.text
        widget.ui.trackButton.click()
        assert widget.panel.sections["track"].work.running
        for words in ("Measuring", "Takes"):
            assert words not in widget.ui.trackPlan.text
        assert "not known yet" in widget.ui.showBoxButton.toolTip
        widget.ui.trackButton.click()  # cancels
        assert "Measuring how long" in widget.ui.trackPlan.text
        process_events_until(lambda: "here." in widget.ui.trackPlan.text, 60)

    def test_without_packages_it_says_where_and_not_how_long(
        self, heart, open_panel, monkeypatch, process_events_until
    ):
        monkeypatch.setattr(dependencies, "find_spec", lambda name: None)
        widget = open_panel()
        slicer.util.findChild(widget.parent, "trackSection").collapsed = False
        process_events_until(lambda: "what moves most" in widget.ui.trackPlan.text, 60)
        assert "Takes" not in widget.ui.trackPlan.text

    def test_closing_the_scene_stops_it(self, heart, scene, open_panel):
        widget = open_panel()
        slicer.util.findChild(widget.parent, "trackSection").collapsed = False
        assert widget.panel.sections["track"]._measuring is not None
        scene.Clear(0)
        assert widget.panel.sections["track"]._measuring is None
        assert widget.ui.trackPlan.text == ""


class TestFollow:
    @pytest.fixture
    def points(self, cine):
        return fiducials(in_world(CENTRE, cine))

    def test_points_follow_as_the_browser_plays(self, cine, widget, points, track):
        gestures.choose(widget.ui.followingPoints, points)
        assert not widget.ui.follow.enabled
        track(widget)
        assert widget.ui.follow.enabled
        assert not widget.ui.follow.checked
        widget.ui.follow.click()
        for number in (0, 3):
            widget.ui.trackSeekWidget.setSelectedItemNumber(number)
            np.testing.assert_allclose(world(points), in_world(CENTRE + number * SHIFT, cine), atol=1e-3)
        assert widget.ui.follow.checked

    def test_they_can_be_let_go(self, cine, widget, points, track):
        gestures.choose(widget.ui.followingPoints, points)
        track(widget)
        widget.ui.follow.click()
        widget.ui.trackSeekWidget.setSelectedItemNumber(3)
        widget.ui.follow.click()
        np.testing.assert_allclose(world(points), in_world(CENTRE, cine), atol=1e-4)
        assert not widget.ui.follow.checked

    def test_the_box_shows_whether_the_chosen_ones_follow(self, cine, widget, points, track):
        other = fiducials(in_world(CENTRE, cine), "other")
        track(widget)
        gestures.choose(widget.ui.followingPoints, points)
        widget.ui.follow.click()
        gestures.choose(widget.ui.followingPoints, other)
        assert not widget.ui.follow.checked
        gestures.choose(widget.ui.followingPoints, points)
        assert widget.ui.follow.checked

    def test_an_empty_list_is_reported(self, scene, widget, dialogs, track):
        track(widget)
        gestures.choose(widget.ui.followingPoints, scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "empty"))
        widget.ui.follow.click()
        assert "place some while the reference phase is shown" in dialogs.shown[0][1]
        assert not widget.ui.follow.checked


class TestStrain:
    def test_curves_are_reported_and_plotted(self, cine, widget, stand_in, track):
        stand_in(stretched)
        track(widget)
        gestures.choose(widget.ui.strainCurve, curve(ring(), cine=cine))
        widget.ui.strainButton.click()
        (table,) = slicer.util.getNodesByClass("vtkMRMLTableNode")
        (chart,) = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
        text = widget.ui.strainMessage.text
        assert "circumferential +6.4% at 50 ms" in text
        assert "radial +6.4% at 50 ms" in text
        assert text.startswith("Peak strain along 'wall':")
        assert table.GetName() == "wall strain"
        selection = slicer.app.applicationLogic().GetSelectionNode()
        assert selection.GetActivePlotChartID() == chart.GetID()

    def test_view_and_thickness_are_those_chosen(self, cine, widget, monkeypatch, track):
        asked = []
        monkeypatch.setattr(
            "TemporalInterpLib.logic.add_strain_curves", lambda *arguments: asked.append(arguments) or 1 / 0
        )
        motion, wall = track(widget), curve(ring(), cine=cine)
        gestures.choose(widget.ui.strainCurve, wall)
        for view, thickness in ((StrainView.SHORT_AXIS, 0.0), (StrainView.LONG_AXIS, 8.5)):
            widget.ui.strainView.currentIndex = list(StrainView).index(view)
            widget.ui.wallThickness.value = thickness
            with pytest.raises(ZeroDivisionError):
                widget.panel.sections["track"]._measure_strain()
        assert asked == [(motion, wall, "short-axis", None), (motion, wall, "long-axis", 8.5)]

    @pytest.mark.parametrize("count", [0, 2])
    def test_too_few_points_are_reported(self, cine, scene, widget, dialogs, track, count):
        track(widget)
        gestures.choose(widget.ui.strainCurve, curve(ring()[:count], cine=cine))
        before = picture(scene)
        widget.ui.strainButton.click()
        ((_, text),) = dialogs.shown
        assert f"has {count} points" in text
        assert widget.ui.strainMessage.text == "Nothing was added."
        assert picture(scene) == before

    @pytest.mark.no_main_window
    def test_without_a_main_window(self, cine, widget, track):
        track(widget)
        gestures.choose(widget.ui.strainCurve, curve(ring(), cine=cine))
        widget.ui.strainButton.click()
        assert widget.ui.strainMessage.text.startswith("Peak strain")


def test_the_motion_plays_until_its_reference_is_shown(cine, widget, track):
    track(widget)
    assert cine.browser.GetPlaybackActive()
    widget.ui.referenceButton.click()
    assert not cine.browser.GetPlaybackActive()
    assert cine.browser.GetSelectedItemNumber() == 0


class TestArrows:
    def display(self, cine, motion):
        return cine.browser.GetProxyNode(motion).GetDisplayNode()

    def test_they_are_drawn_at_once_and_removed(self, cine, widget, track):
        motion = track(widget)
        display = self.display(cine, motion)
        assert display.GetVisibility()
        assert display.GetVisibility2D()
        assert display.GetVisualizationMode() == display.VIS_MODE_GLYPH
        assert display.GetGlyphSpacingMm() == parameters_of(widget).fieldSpacing
        longest = np.linalg.norm(4 * SHIFT)
        assert display.GetColorMap().GetRange()[1] == pytest.approx(longest, abs=1e-3)
        widget.ui.motionArrows.click()
        assert not display.GetVisibility()

    def test_they_have_nothing_to_do_with_the_fields_of_a_result(self, cine, widget, track):
        motion = track(widget)
        parameters_of(widget).fieldStyle = FieldStyle.GRID
        assert self.display(cine, motion).GetVisualizationMode() == self.display(cine, motion).VIS_MODE_GLYPH


class TestRemove:
    def test_the_motion_goes_and_points_stay(self, cine, scene, widget, track, dialogs):
        points = fiducials(in_world(CENTRE, cine))
        assert not widget.ui.removeAllButton.enabled
        track(widget)
        gestures.choose(widget.ui.followingPoints, points)
        widget.ui.follow.click()
        remove_all(widget, dialogs)
        assert motions_of(cine.sequence) == []
        assert not widget.ui.follow.enabled
        assert widget.ui.motionLabel.isHidden()
        assert not widget.ui.removeAllButton.enabled
        np.testing.assert_allclose(world(points), in_world(CENTRE, cine), atol=1e-4)

    def test_after_that_it_can_be_tracked_again(self, cine, widget, track, dialogs):
        track(widget)
        remove_all(widget, dialogs)
        motion = track(widget)
        assert cine.browser.GetProxyNode(motion).GetDisplayNode().GetVisibility()


@pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
def test_saved_and_loaded_the_section_continues(cine, widget, track, save_and_load):
    track(widget)
    widget.ui.cyclic.click()
    save_and_load()
    assert "0.25 mm there and back" in widget.ui.motionLabel.text
    assert widget.ui.cyclic.checked
    assert widget.ui.referenceButton.enabled
    assert not widget.ui.trackPlayWidget.isHidden()


@pytest.mark.skipif(os.name == "nt", reason="takes a shell of its own")
def test_a_real_run_finds_that_a_blob_moves(scene, open_panel, track):
    """Two voxels of 1.5 mm along I from frame to frame; the real command line in a real child process."""
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.data.volume import Volume

    geometry = Geometry((1, 32, 32), (1.5, 1.5, 8.0))
    _, j, i = np.indices(geometry.shape)
    texture = 20 * np.sin(j / 2.0)
    frames = [
        Volume((texture + 200 * np.exp(-((j - 16) ** 2 + (i - 14 - 2 * n) ** 2) / 30)).astype("float32"), geometry)
        for n in range(3)
    ]
    added = add_sequence_to_scene(Sequence(frames, [0.0, 40.0, 80.0], "time", "ms"), "blob")
    widget = open_panel()
    motion = track(widget)
    assert item_values(motion) == [0, 40, 80]
    points = fiducials(geometry.physical_point([0, 16, 14]))
    gestures.choose(widget.ui.followingPoints, points)
    widget.ui.follow.click()
    added.browser.SetSelectedItemNumber(2)
    np.testing.assert_allclose(world(points), geometry.physical_point([0, 16, 18]), atol=1.0)
