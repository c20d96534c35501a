"""The displacement fields of the result: how they are drawn, and whether they fold."""

import numpy as np
import pytest
import slicer
from panels.panel_helpers import parameters_of, remove_all

from stand_in_engines import StandIn, constant_field
from temporal_interp.engines.pairwise import Synthesised
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.parameter_node import FieldStyle, Span
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.volume_change import FOLDED, WINDOW, volume_change_of


@pytest.fixture
def interpolated(cine, open_panel, process_events_until):
    """Function that opens the panel and interpolates with fields; returns the widget."""

    def make(engine: str = "student", widget=None):
        widget = widget or open_panel(engine)
        widget.ui.frameCount.value = 3
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        for _ in range(3):  # it is shown in the next turn, and the sections hear of that in another
            slicer.app.processEvents()
        return widget

    return make


@pytest.fixture
def with_map(interpolated, process_events_until):
    """Function that turns the change of volume on, and waits until it is drawn; returns the volume that shows it."""

    def turn_on(widget):
        widget.ui.jacobian.click()
        section = widget.panel.sections["deformation"]
        process_events_until(lambda: not section.working)
        return proxy_of(volume_change_of(parameters_of(widget).result))

    return turn_on


def fields_of(widget):
    return companion_of(parameters_of(widget).result, Companion.DISPLACEMENT_FIRST_TO_T.value)


def display_of(widget):
    return proxy_of(fields_of(widget)).GetDisplayNode()


def legend_of(display):
    return slicer.modules.colors.logic().GetColorLegendDisplayNode(display)


def draw(widget, style):
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(style)


def red():
    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()


CONTROLS = ("fieldStyle", "fieldSpacing", "jacobian")


def test_without_fields_it_says_how_to_get_them(cine, open_panel, process_events_until):
    widget = open_panel()
    assert not any(getattr(widget.ui, name).enabled for name in CONTROLS)
    assert "Tick 'Also keep the motion'" in widget.ui.deformationMessage.text
    parameters_of(widget).fields = False
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
    assert not any(getattr(widget.ui, name).enabled for name in CONTROLS)


def test_with_fields_the_controls_can_be_used_and_nothing_is_drawn_yet(interpolated):
    widget = interpolated()
    assert widget.ui.fieldStyle.enabled
    assert widget.ui.jacobian.enabled
    assert not widget.ui.fieldSpacing.enabled
    assert "arrows or a grid first" in widget.ui.fieldSpacing.toolTip
    assert not display_of(widget).GetVisibility()
    assert legend_of(display_of(widget)) is None


@pytest.mark.parametrize("span", [Span.BETWEEN, Span.WHOLE], ids=["between", "whole"])
def test_it_says_since_when_the_tissue_has_moved(interpolated, open_panel, span):
    widget = open_panel()
    parameters_of(widget).span = span
    since = "since phase A" if span is Span.BETWEEN else "since the acquired frame before"
    assert f" mm {since}, at " in interpolated(widget=widget).ui.deformationMessage.text


@pytest.mark.parametrize(("style", "mode"), [(FieldStyle.ARROWS, "VIS_MODE_GLYPH"), (FieldStyle.GRID, "VIS_MODE_GRID")])
def test_the_field_is_drawn_in_the_slice_views_at_the_chosen_spacing(interpolated, style, mode):
    widget = interpolated()
    draw(widget, style)
    widget.ui.fieldSpacing.value = 4.0
    assert widget.ui.fieldSpacingLabel.text == ("Grid spacing:" if style is FieldStyle.GRID else "Arrow spacing:")
    assert ("point back to where the tissue was" in widget.ui.deformationMessage.text) == (style is FieldStyle.ARROWS)
    display = display_of(widget)
    assert display.GetVisibility()
    assert display.GetVisibility2D()
    assert not display.GetVisibility3D()
    assert display.GetVisualizationMode() == getattr(display, mode)
    assert (display.GetGlyphSpacingMm(), display.GetGridSpacingMm()) == (4.0, 4.0)
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(FieldStyle.HIDDEN)
    assert not display.GetVisibility()


def test_colours_and_their_legend_reach_to_the_longest_displacement(interpolated):
    widget = interpolated()
    draw(widget, FieldStyle.ARROWS)
    longest = pytest.approx(np.linalg.norm([1.0, -2.0, 0.5]), abs=1e-4)  # SHIFT, at t = 1
    assert display_of(widget).GetColorMap().GetRange() == (0, longest)
    assert display_of(widget).GetScalarRange() == (0, longest)
    legend = legend_of(display_of(widget))
    assert legend.GetVisibility()
    assert legend.GetTitleText() == "Motion, mm"
    draw(widget, FieldStyle.HIDDEN)
    assert not legend.GetVisibility()


@pytest.mark.parametrize("turn_on", ["arrows", "map"])
def test_turned_on_it_stops_where_most_is_to_be_seen(interpolated, with_map, turn_on):
    widget = interpolated()
    [browser] = browsers_of(parameters_of(widget).result)
    assert browser.GetPlaybackActive()
    draw(widget, FieldStyle.ARROWS) if turn_on == "arrows" else with_map(widget)
    assert not browser.GetPlaybackActive()
    assert browser.GetSelectedItemNumber() == 4  # phase B, where SHIFT has moved furthest
    assert "up to 2.3 mm since phase A, at 50 ms" in widget.ui.deformationMessage.text
    browser.SetSelectedItemNumber(1)
    draw(widget, FieldStyle.GRID)
    assert browser.GetSelectedItemNumber() == 1, "the user has chosen another frame since"


def test_the_arrows_come_at_a_spacing_that_suits_the_image(interpolated):
    widget = interpolated()
    assert parameters_of(widget).fieldSpacing == 1.0  # 10 voxels of 1.5 mm, for 14 arrows
    draw(widget, FieldStyle.ARROWS)
    assert display_of(widget).GetGlyphSpacingMm() == 1.0
    assert display_of(widget).GetGlyphScalePercent() == 100
    widget.ui.fieldSpacing.value = 7.0
    assert display_of(widget).GetGlyphScalePercent() == 400
    assert "Arrows, 4 times as long as the motion, point back" in widget.ui.deformationMessage.text


def test_the_change_of_volume_lies_over_the_frames_where_there_is_tissue(interpolated, with_map):
    widget = interpolated()
    background = red().GetBackgroundVolumeID()
    proxy = with_map(widget)
    assert red().GetForegroundVolumeID() == proxy.GetID()
    assert red().GetForegroundOpacity() == 0.75
    assert red().GetBackgroundVolumeID() == background
    display = proxy.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (-WINDOW, WINDOW)
    assert display.GetApplyThreshold()
    shown = slicer.util.arrayFromVolume(proxy)
    tissue = slicer.util.arrayFromVolume(proxy_of(parameters_of(widget).result)) > 40
    np.testing.assert_allclose(shown[tissue], -49.5, atol=1e-4)  # the determinant of SHIFT is 1 + t = 2: a half
    assert (shown == -1000).mean() > 0.3
    assert display.GetLowerThreshold() > -1000
    legend = legend_of(display)
    assert legend.GetVisibility()
    assert legend.GetTitleText() == "Volume, %"
    widget.ui.jacobian.click()
    assert red().GetForegroundVolumeID() in (None, "")
    assert not legend.GetVisibility()
    assert volume_change_of(parameters_of(widget).result).GetName() == "Volume change 0-50 ms of cine"


def test_another_foreground_stays(interpolated, with_map, cine):
    widget = interpolated()
    with_map(widget)
    red().SetForegroundVolumeID(cine.proxy.GetID())
    widget.ui.jacobian.click()
    assert red().GetForegroundVolumeID() == cine.proxy.GetID()


def test_a_field_without_folds_is_reported_with_its_smallest_determinant(interpolated):
    widget = interpolated()
    assert "No folds: the smallest Jacobian determinant is 1.00." in widget.ui.deformationMessage.text


def folding(pair, t):
    """Its determinant is -1 in 3 voxels of the frame at t = 0.75, and 1 elsewhere."""
    field = constant_field(pair.geometry, (0.0, 0.0, 0.0))
    if t == 0.75:
        field.jacobian[1, 5, 7:10] = -1
    return Synthesised(pair.first, field, field)


def test_folds_are_reported_with_instant_and_share_and_loud_in_the_map(interpolated, with_map, engines):
    engines.engine = StandIn(folding)
    widget = interpolated()
    text = widget.ui.deformationMessage.text
    assert "% of the tissue at 37.5 ms" in text
    assert "do not trust" in text
    proxy = with_map(widget)
    [browser] = browsers_of(parameters_of(widget).result)
    browser.SetSelectedItemNumber(3)
    array = slicer.util.arrayFromVolume(proxy)
    assert [tuple(place) for place in np.argwhere(array == WINDOW)] == [(1, 5, 7), (1, 5, 8), (1, 5, 9)]
    colour = [0.0] * 4
    proxy.GetDisplayNode().GetColorNode().GetColor(255, colour)
    assert tuple(colour) == (*FOLDED, 1.0)


def test_a_second_result_is_drawn_as_the_first(interpolated):
    widget = interpolated()
    draw(widget, FieldStyle.GRID)
    first, first_display = parameters_of(widget).result, display_of(widget)
    interpolated(widget=widget)
    assert parameters_of(widget).result is not first
    assert display_of(widget).GetVisibility()
    assert display_of(widget).GetVisualizationMode() == display_of(widget).VIS_MODE_GRID
    assert not first_display.GetVisibility()
    assert browsers_of(parameters_of(widget).result)[0].GetPlaybackActive(), "a new result plays"


def test_the_map_of_a_second_result_takes_the_place_of_the_first(interpolated, with_map, process_events_until):
    widget = interpolated()
    with_map(widget)
    interpolated(widget=widget)
    process_events_until(lambda: not widget.panel.sections["deformation"].working)
    assert red().GetForegroundVolumeID() == proxy_of(volume_change_of(parameters_of(widget).result)).GetID()


def test_a_result_of_old_is_measured_when_it_is_shown(interpolated, process_events_until):
    widget = interpolated()
    fields = fields_of(widget)
    for key in fields.GetAttributeNames():
        if key not in ("TemporalInterp.Companion", "TemporalInterp.Shows"):
            fields.RemoveAttribute(key)
    section = widget.panel.sections["deformation"]
    section.stop()
    section.update()
    assert widget.ui.deformationMessage.text == "The motion is being measured."
    assert not widget.ui.fieldStyle.enabled
    process_events_until(lambda: not section.working)
    assert "up to 2.3 mm" in widget.ui.deformationMessage.text
    assert widget.ui.fieldStyle.enabled


@pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
def test_what_was_drawn_comes_back_with_the_scene(interpolated, with_map, save_and_load):
    widget = interpolated()
    draw(widget, FieldStyle.ARROWS)
    widget.ui.fieldSpacing.value = 4.0
    with_map(widget)
    [browser] = browsers_of(parameters_of(widget).result)
    browser.SetSelectedItemNumber(2)
    save_and_load()
    parameters = parameters_of(widget)
    assert (parameters.fieldStyle, parameters.fieldSpacing, parameters.jacobian) == (FieldStyle.ARROWS, 4.0, True)
    assert display_of(widget).GetVisibility()
    assert display_of(widget).GetGlyphSpacingMm() == 4.0
    assert legend_of(display_of(widget)).GetVisibility()
    proxy = proxy_of(volume_change_of(parameters.result))
    assert proxy.GetDisplayNode().GetApplyThreshold()
    assert browsers_of(parameters.result)[0].GetSelectedItemNumber() == 2
    assert "up to 2.3 mm" in widget.ui.deformationMessage.text


def test_when_the_result_is_deleted_it_says_how_to_get_one(interpolated, scene):
    widget = interpolated()
    result = parameters_of(widget).result
    for node in (fields_of(widget), result):
        scene.RemoveNode(node)
    slicer.app.processEvents()
    assert "Tick 'Also keep the motion'" in widget.ui.deformationMessage.text
    assert not widget.ui.fieldStyle.enabled


def test_removing_the_result_removes_the_fields(interpolated, with_map, dialogs):
    widget = interpolated()
    with_map(widget)
    remove_all(widget, dialogs)
    assert not widget.ui.fieldStyle.enabled
    assert "Tick 'Also keep the motion'" in widget.ui.deformationMessage.text


@pytest.mark.no_main_window
def test_without_a_main_window(interpolated, with_map):
    widget = interpolated()
    with_map(widget)
    widget.ui.fieldStyle.currentIndex = 1
    assert display_of(widget).GetVisibility()


def test_drawing_is_not_done_again_for_what_does_not_concern_it(interpolated):
    widget = interpolated()
    widget.ui.fieldStyle.currentIndex = list(FieldStyle).index(FieldStyle.ARROWS)
    changed = display_of(widget).GetMTime()
    widget.ui.frameCount.value = 9
    widget.ui.sideBySide.text = "other words"
    assert display_of(widget).GetMTime() == changed
