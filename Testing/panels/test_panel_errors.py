"""The error to expect in Slicer: beside the frames, drawn over them, told in words, removed with them."""

import numpy as np
import pytest
import slicer
from mrml_helpers import item_arrays, item_values, synthetic_marks
from panels.panel_helpers import parameters_of

from temporal_interp.engines.registry import AUTO_MEASURED
from temporal_interp.errors import no_progress
from temporal_interp.workflows.request import WholeSequence
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.engines import engine_choices, engine_name, is_there, synthesiser
from TemporalInterpLib.expected_errors import errors_of, show_errors, told_of
from TemporalInterpLib.interpolate_sequence import interpolation_steps
from TemporalInterpLib.parameter_node import Device, Span
from TemporalInterpLib.results import remove_results, results_in
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.slice_views import views_of
from TemporalInterpLib.synthesis import InChildProcess


@pytest.fixture
def result(cine, open_panel, process_events_until):
    """The whole cine, twice as many frames, with the error to expect; and the panel."""
    widget = open_panel()
    parameters = parameters_of(widget)
    parameters.fields, parameters.errors = False, True
    parameters.span, parameters.factor, parameters.engine = Span.WHOLE, 2, "linear_blend"
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 30)
    slicer.app.processEvents()
    assert parameters.result is not None, widget.ui.interpolateMessage.text
    return widget, parameters.result


def test_errors_lie_beside_the_frames_in_their_browser(result):
    _, frames = result
    errors = errors_of(frames)
    assert item_values(errors) == item_values(frames)
    for array, synthetic in zip(item_arrays(errors), synthetic_marks(frames), strict=True):
        assert bool(np.any(array)) == synthetic
        assert array.dtype == np.float32
    [browser] = browsers_of(frames)
    browser.SetSelectedItemNumber(1)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(proxy_of(errors)), item_arrays(errors)[1])


def test_the_mean_is_told_in_words_under_the_player(result):
    widget, _ = result
    assert widget.ui.resultNote.text.startswith("Error to expect: ")
    assert "of the range where it moves" in widget.ui.resultNote.text
    assert not widget.ui.resultNote.isHidden()
    assert not widget.ui.errorsShown.isHidden()


def test_small_errors_are_transparent(result):
    _, frames = result
    table = proxy_of(errors_of(frames)).GetDisplayNode().GetColorNode()
    colour = [0.0] * 4
    table.GetColor(0, colour)
    assert colour[3] == 0
    table.GetColor(255, colour)
    assert colour[3] > 0.5


def test_the_overlay_comes_and_goes(result):
    widget, frames = result
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    view.SetBackgroundVolumeID(proxy_of(frames).GetID())
    show_errors(frames, shown=True)
    errors = proxy_of(errors_of(frames)).GetID()
    assert view.GetForegroundVolumeID() == errors
    parameters_of(widget).errorsShown = False
    assert all(one.GetForegroundVolumeID() != errors for one in views_of(slicer.mrmlScene))


def test_errors_are_removed_with_their_frames(result):
    _, frames = result
    name = errors_of(frames).GetName()
    remove_results(results_in(slicer.mrmlScene))
    nodes = [slicer.mrmlScene.GetNthNode(n) for n in range(slicer.mrmlScene.GetNumberOfNodes())]
    assert name not in [node.GetName() for node in nodes]


def test_without_the_box_nothing_is_added(cine, open_panel, process_events_until):
    widget = open_panel()
    parameters = parameters_of(widget)
    parameters.fields, parameters.engine = False, "linear_blend"
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 30)
    assert errors_of(parameters.result) is None
    assert widget.ui.resultNote.isHidden()
    assert widget.ui.errorsShown.isHidden()


def test_a_measured_choice_is_offered_and_measured_in_a_child(cine):
    assert AUTO_MEASURED in engine_choices()
    assert is_there(AUTO_MEASURED)
    assert engine_name(AUTO_MEASURED, cine.sequence) != AUTO_MEASURED
    assert synthesiser(AUTO_MEASURED, Device.CPU) == InChildProcess(AUTO_MEASURED, "cpu")


def test_the_engine_section_says_what_a_measured_choice_does(cine, open_panel):
    widget = open_panel()
    parameters_of(widget).engine = AUTO_MEASURED
    assert "hides every second frame" in widget.ui.engineInfo.text


def test_a_child_gives_the_errors_and_the_measured_choice(cine):
    steps = interpolation_steps(
        cine.sequence, WholeSequence(2), InChildProcess(AUTO_MEASURED, "cpu"), errors=True
    )  # fmt: skip
    added = run_to_end(steps, no_progress)
    assert item_values(errors_of(added.sequence)) == item_values(added.sequence)
    error_words, choice_words = told_of(added.sequence)
    assert "calibrated" in error_words
    assert "Measuring needs 3 frames to hide" in choice_words
