"""Who plays something sees it: the slice views, the players, the instant, and what is drawn over the frames."""

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, put_in_scene, sequence_of
from panels.panel_helpers import parameters_of, remove_all

from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.sequence_browser import proxy_of


def shown_volumes() -> set[str]:
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return {composite.GetBackgroundVolumeID() for composite in composites}


@pytest.fixture
def widget(cine, repeated, open_panel):
    return open_panel()


@pytest.fixture
def result(widget, process_events_until):
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 30)
    slicer.app.processEvents()
    result = parameters_of(widget).result
    (browser,) = [
        browser
        for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
        if browser.GetMasterSequenceNode() is result
    ]
    browser.SetPlaybackActive(False)
    browser.SetSelectedItemNumber(0)
    return result, browser, proxy_of(result)


def show_instant(widget) -> None:
    widget.ui.timeSlider.value = widget.ui.timeSlider.value + 1
    slicer.app.processEvents()
    assert shown_volumes() == {widget.panel.sections["preview"].preview.node.GetID()}


@pytest.mark.parametrize("beside", [False, True])
def test_a_player_that_moves_takes_the_views_back(widget, result, beside):
    _, browser, proxy = result
    show_instant(widget)
    parameters_of(widget).sideBySide = beside
    browser.SetSelectedItemNumber(1)
    slicer.app.processEvents()
    assert proxy.GetID() in shown_volumes()
    assert widget.panel.sections["preview"].preview.node.GetID() not in shown_volumes()
    assert not parameters_of(widget).sideBySide


def test_a_player_leaves_other_images_alone(widget, result, scene):
    _, browser, _ = result
    other = put_in_scene([np.zeros((2, 3, 4), np.float32)] * 2, OBLIQUE, [0, 1]).proxy
    show_in_slice_views(other, fit=False)
    slicer.app.processEvents()
    browser.SetSelectedItemNumber(1)
    slicer.app.processEvents()
    assert shown_volumes() == {other.GetID()}


def test_the_acquired_frames_play_at_their_own_speed(widget, cine):
    show_instant(widget)
    widget.ui.playAcquired.click()
    assert cine.browser.GetPlaybackActive()
    assert cine.browser.GetPlaybackRateFps() == pytest.approx(80.0)  # every 12.5 ms
    assert shown_volumes() == {cine.proxy.GetID()}
    assert widget.ui.playAcquired.checked
    cine.browser.SetPlaybackActive(False)  # as by Slicer's own toolbar
    assert not widget.ui.playAcquired.checked
    widget.ui.playAcquired.click()
    widget.ui.playAcquired.click()
    assert not cine.browser.GetPlaybackActive()


def test_motion_is_drawn_over_its_own_frame_alone(widget, result):
    sequence, browser, _ = result
    parameters_of(widget).fieldStyle = FieldStyle.ARROWS
    display = proxy_of(companion_of(sequence, Companion.DISPLACEMENT_FIRST_TO_T.value)).GetDisplayNode()
    assert display.GetVisibility()
    show_instant(widget)
    assert not display.GetVisibility()
    browser.SetSelectedItemNumber(2)
    slicer.app.processEvents()
    assert display.GetVisibility()


def test_who_turns_the_motion_on_sees_the_result(widget, result):
    show_instant(widget)
    parameters_of(widget).fieldStyle = FieldStyle.ARROWS
    slicer.app.processEvents()
    assert shown_volumes() == {result[2].GetID()}


def test_clean_up_removes_the_instant(widget, cine, dialogs):
    widget.ui.timeSlider.value = 0.6
    parameters_of(widget).sideBySide = True
    slicer.app.processEvents()
    remove_all(widget, dialogs)
    slicer.app.processEvents()
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert volumes == [cine.proxy]
    assert shown_volumes() <= {cine.proxy.GetID(), None}
    assert not parameters_of(widget).sideBySide
    assert widget.ui.resultList.rowCount == 0


def test_every_sequence_has_phases_of_its_own(widget, cine, scene):
    parameters = parameters_of(widget)
    parameters.firstPhase, parameters.lastPhase, parameters.instant = 1, 3, 20.0
    frames = [np.full((2, 3, 4), value, np.float32) for value in (0, 1, 2, 9, 3, 1)]
    other = put_in_scene(frames, OBLIQUE, [0, 10, 20, 30, 40, 50])
    parameters.sequence = other.sequence
    assert (parameters.firstPhase, parameters.lastPhase, parameters.instant) == (0, 3, 15.0)  # proposed, the middle
    parameters.sequence = cine.sequence
    assert (parameters.firstPhase, parameters.lastPhase, parameters.instant) == (1, 3, 20.0)


def test_after_a_single_slice_the_views_are_orthogonal_again(scene, slicer_session):
    def of_slices(count):
        return put_in_scene([np.zeros((count, 6, 5), np.float32)] * 2, OBLIQUE, [0, 1]).proxy

    show_in_slice_views(of_slices(1), fit=True)
    show_in_slice_views(of_slices(4), fit=True)
    nodes = [slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode() for name in ("Red", "Green", "Yellow")]
    normals = np.array([[node.GetSliceToRAS().GetElement(row, 2) for row in range(3)] for node in nodes])
    np.testing.assert_allclose(np.abs(normals @ normals.T), np.eye(3), atol=1e-6)


def test_a_sequence_that_no_browser_shows_does_not_play(widget, scene):
    frames = [np.full((2, 3, 4), value, np.float32) for value in (0, 5)]
    bare = scene.AddNode(sequence_of(frames, OBLIQUE, [0, 10]))
    parameters_of(widget).sequence = bare
    for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
        if browser.GetMasterSequenceNode() is bare:
            scene.RemoveNode(browser)
    widget.ui.playAcquired.click()
    assert not widget.ui.playAcquired.checked


def test_play_says_whether_the_chosen_sequence_plays(widget, cine):
    widget.ui.playAcquired.click()
    other = put_in_scene([np.full((2, 3, 4), value, np.float32) for value in (0, 5)], OBLIQUE, [0, 10])
    parameters_of(widget).sequence = other.sequence
    assert not widget.ui.playAcquired.checked
    assert not cine.browser.GetPlaybackActive()
    parameters_of(widget).sequence = cine.sequence
    assert not widget.ui.playAcquired.checked


@pytest.mark.parametrize("how", ["slider", "button", "beside"])
def test_who_asks_for_the_instant_stops_what_plays(widget, cine, how):
    show_instant(widget)
    widget.ui.playAcquired.click()
    assert shown_volumes() == {cine.proxy.GetID()}
    slicer.app.processEvents()
    if how == "slider":
        widget.ui.timeSlider.value = widget.ui.timeSlider.value + 1
    elif how == "button":
        widget.ui.showInstant.click()
    else:
        widget.ui.sideBySide.click()
    assert not cine.browser.GetPlaybackActive()
    assert widget.panel.sections["preview"].preview.node.GetID() in shown_volumes()


def test_who_stops_the_frames_keeps_what_is_shown(widget, cine):
    widget.ui.playAcquired.click()
    cine.browser.SetPlaybackRateFps(5.0)
    other = put_in_scene([np.zeros((2, 3, 4), np.float32)] * 2, OBLIQUE, [0, 1]).proxy
    show_in_slice_views(other, fit=False)
    widget.ui.playAcquired.click()
    assert not cine.browser.GetPlaybackActive()
    assert cine.browser.GetPlaybackRateFps() == 5.0
    assert shown_volumes() == {other.GetID()}


def test_motion_is_not_drawn_beside(widget, result):
    parameters_of(widget).fieldStyle = FieldStyle.ARROWS
    companion = companion_of(result[0], Companion.DISPLACEMENT_FIRST_TO_T.value)
    assert proxy_of(companion).GetDisplayNode().GetVisibility()
    parameters_of(widget).sideBySide = True
    slicer.app.processEvents()
    slicer.app.processEvents()
    assert not proxy_of(companion).GetDisplayNode().GetVisibility()


def test_a_sequence_that_is_deleted_is_not_kept(widget, cine, scene):
    parameters_of(widget).sequence = None
    scene.RemoveNode(cine.sequence)
    other = put_in_scene([np.full((2, 3, 4), value, np.float32) for value in (0, 5)], OBLIQUE, [0, 10])
    parameters_of(widget).sequence = other.sequence
    assert cine.sequence not in widget.panel.sections["preview"]._choices
