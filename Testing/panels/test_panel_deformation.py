"""The displacement fields of the result: how they are drawn, and whether they fold."""

import numpy as np
import pytest
import slicer
from harness import gestures
from panels.panel_helpers import parameters_of, remove_all

from stand_in_engines import StandIn, constant_field
from temporal_interp.engines.pairwise import Synthesised
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.deformation_view import companion, folds_of
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.sequence_browser import proxy_of


@pytest.fixture
def interpolated(cine, open_panel, process_events_until):
    """Function that opens the panel and interpolates with fields; returns the widget."""

    def make(engine: str = "student", widget=None):
        widget = widget or open_panel(engine)
        widget.ui.frameCount.value = 3
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        return widget

    return make


def display_of(widget, kind=Companion.DISPLACEMENT_FIRST_TO_T):
    return proxy_of(companion(parameters_of(widget).result, kind)).GetDisplayNode()


CONTROLS = ("fieldStyle", "fieldSpacing", "jacobian")


def test_without_fields_it_says_how_to_get_them(cine, open_panel, process_events_until):
    widget = open_panel()
    assert not any(getattr(widget.ui, name).enabled for name in CONTROLS)
    assert "Interpolate with displacement fields" in widget.ui.deformationMessage.text
    parameters_of(widget).fields = False
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
    assert not any(getattr(widget.ui, name).enabled for name in CONTROLS)


def test_with_fields_the_controls_can_be_used_and_nothing_is_drawn_yet(interpolated):
    widget = interpolated()
    assert all(getattr(widget.ui, name).enabled for name in CONTROLS)
    assert not display_of(widget).GetVisibility()


@pytest.mark.parametrize(("style", "mode"), [(FieldStyle.ARROWS, "VIS_MODE_GLYPH"), (FieldStyle.GRID, "VIS_MODE_GRID")])
def test_the_field_is_drawn_in_the_slice_views_at_the_chosen_spacing(interpolated, style, mode):
    widget = interpolated()
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(style)
    widget.ui.fieldSpacing.value = 4.0
    display = display_of(widget)
    assert display.GetVisibility()
    assert display.GetVisibility2D()
    assert not display.GetVisibility3D()
    assert display.GetVisualizationMode() == getattr(display, mode)
    assert (display.GetGlyphSpacingMm(), display.GetGridSpacingMm()) == (4.0, 4.0)
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(FieldStyle.HIDDEN)
    assert not display.GetVisibility()


def test_colours_reach_to_the_longest_displacement(interpolated):
    widget = interpolated()
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(FieldStyle.ARROWS)
    low, high = display_of(widget).GetColorMap().GetRange()
    assert low == 0
    assert high == pytest.approx(np.linalg.norm([1.0, -2.0, 0.5]), abs=1e-4)  # SHIFT, at t = 1


def test_the_jacobian_map_lies_over_the_frames(interpolated):
    widget = interpolated()
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    background = composite.GetBackgroundVolumeID()
    widget.ui.jacobian.click()
    jacobian = proxy_of(companion(parameters_of(widget).result, Companion.JACOBIAN_FIRST_TO_T))
    assert composite.GetForegroundVolumeID() == jacobian.GetID()
    assert composite.GetForegroundOpacity() == 0.5
    assert composite.GetBackgroundVolumeID() == background
    widget.ui.jacobian.click()
    assert composite.GetForegroundVolumeID() in (None, "")


def test_a_field_without_folds_is_reported_with_its_smallest_determinant(interpolated):
    widget = interpolated()
    assert widget.ui.deformationMessage.text == "No folds: the smallest Jacobian determinant is 1.00."


def folding(pair, t):
    """Its determinant is -1 in 3 voxels of the frame at t = 0.75, and 1 elsewhere."""
    field = constant_field(pair.geometry, (0.0, 0.0, 0.0))
    if t == 0.75:
        field.jacobian[1, 2, 3:6] = -1
    return Synthesised(pair.first, field, field)


def test_folds_are_reported_with_frame_and_share(interpolated, engines):
    engines.engine = StandIn(folding)
    widget = interpolated()
    share = 3 / (4 * 12 * 16)
    assert f"{share:.2%} of the voxels of frame 3" in widget.ui.deformationMessage.text
    assert "do not trust" in widget.ui.deformationMessage.text
    folds = folds_of(parameters_of(widget).result)
    assert (folds.smallest, folds.share, folds.frame) == (-1.0, pytest.approx(share), 3)


def test_a_second_result_is_drawn_as_the_first(interpolated):
    widget = interpolated()
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(FieldStyle.GRID)
    first = parameters_of(widget).result
    interpolated(widget=widget)
    assert parameters_of(widget).result is not first
    assert display_of(widget).GetVisibility()
    assert display_of(widget).GetVisualizationMode() == display_of(widget).VIS_MODE_GRID


def test_the_jacobian_map_of_a_second_result_takes_the_place_of_the_first(interpolated):
    widget = interpolated()
    widget.ui.jacobian.click()
    interpolated(widget=widget)
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    second = proxy_of(companion(parameters_of(widget).result, Companion.JACOBIAN_FIRST_TO_T))
    assert composite.GetForegroundVolumeID() == second.GetID()


def test_when_the_result_is_deleted_it_says_how_to_get_one(interpolated, scene):
    widget = interpolated()
    result = parameters_of(widget).result
    for node in (companion(result, Companion.DISPLACEMENT_FIRST_TO_T), result):
        scene.RemoveNode(node)
    slicer.app.processEvents()
    assert "Interpolate with displacement fields" in widget.ui.deformationMessage.text
    assert not widget.ui.fieldStyle.enabled


def test_removing_the_result_removes_the_fields(interpolated, dialogs):
    widget = interpolated()
    widget.ui.jacobian.click()
    remove_all(widget, dialogs)
    assert not widget.ui.fieldStyle.enabled
    assert "Interpolate with displacement fields" in widget.ui.deformationMessage.text


@pytest.mark.no_main_window
def test_without_a_main_window(interpolated):
    widget = interpolated()
    widget.ui.jacobian.click()
    widget.ui.fieldStyle.currentIndex = 1
    assert display_of(widget).GetVisibility()


def test_drawing_is_not_done_again_for_what_does_not_concern_it(interpolated):
    widget = interpolated()
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(FieldStyle.ARROWS)
    changed = display_of(widget).GetMTime()
    gestures.drag(widget.ui.timeSlider, 0.1, 0.2)
    assert display_of(widget).GetMTime() == changed
