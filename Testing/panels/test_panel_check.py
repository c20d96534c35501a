"""Check on this patient: acquired frames are hidden, predicted, and compared with the linear blend."""

import numpy as np
import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, FailingEngine, item_arrays, item_values, put_in_scene, snapshot
from panels.panel_helpers import SHIFT, attributes, blend, parameters_of, pick, picture

from temporal_interp.data.geometry import Geometry
from TemporalInterpLib.background import wait_for_threads
from TemporalInterpLib.sequence_conversion import set_attributes


@pytest.fixture
def widget(cine, open_panel):
    return open_panel()


@pytest.fixture
def check(process_events_until):
    """Function that presses Check and waits for the end."""

    def run(widget) -> None:
        widget.ui.checkButton.click()
        process_events_until(lambda: not widget.panel.sections["check"].work.running, 30)

    return run


def table_of(name: str = "cine check of known_motion") -> dict[str, list[float]]:
    (table,) = (n.GetTable() for n in slicer.util.getNodesByClass("vtkMRMLTableNode") if n.GetName() == name)
    return {
        table.GetColumnName(c): [table.GetValue(r, c).ToDouble() for r in range(table.GetNumberOfRows())]
        for c in range(table.GetNumberOfColumns())
    }


def sequence(name: str) -> slicer.vtkMRMLSequenceNode:
    (found,) = (node for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if node.GetName() == name)
    return found


def scaled(cine) -> list[np.ndarray]:
    """The frames as the evaluation sees them: from 0 to 1 over the whole sequence, clipped."""
    from temporal_interp.evaluation.presets import NATIVE
    from TemporalInterpLib.sequence_conversion import sequence_from_node

    return [volume.array for volume in NATIVE.scale(sequence_from_node(cine.sequence)).volumes]


def test_the_hidden_frames_are_those_between_the_phases(widget, check):
    pick(widget.ui.lastPhase, 3)
    check(widget)
    table = table_of()
    assert table["trigger time ms"] == [12.5, 25.0]
    assert table["t"] == pytest.approx([1 / 3, 2 / 3], abs=1e-3)
    assert widget.ui.checkMessage.text.startswith("2 hidden frames: ")


def test_what_lies_around_the_phases_is_that_of_the_loop(cine, widget, check):
    cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
    check(widget)
    shown = SHIFT.prepared[-1].sequence
    assert (shown.times, shown.period) == ((0.0, 50.0), 60.0)
    assert sequence("cine predicted").GetAttribute("TemporalInterp.Period") is None


@pytest.mark.parametrize(("ticked", "period"), [(False, None), (True, 62.5)])
def test_the_engine_sees_what_lies_around_the_phases(widget, check, ticked, period):
    pick(widget.ui.lastPhase, 3)
    pick(widget.ui.firstPhase, 1)
    if ticked:
        widget.ui.cyclic.click()
    check(widget)
    shown = SHIFT.prepared[-1].sequence
    assert (shown.times, shown.period) == ((0.0, 12.5, 37.5, 50.0), period)


def test_scores_of_the_blend_are_those_of_its_voxels(cine, widget, check):
    parameters_of(widget).engine = "linear_blend"
    check(widget)
    table = table_of("cine check of linear_blend")
    frames = scaled(cine)
    for row, number in enumerate((1, 2, 3)):
        predicted = (1 - number / 4) * frames[0] + number / 4 * frames[4]
        psnr = -10 * np.log10(np.mean((predicted - frames[number]) ** 2))
        assert table["PSNR dB, linear blend"][row] == pytest.approx(psnr, abs=0.02)
    assert "this is the linear blend itself" in widget.ui.checkMessage.text


def test_engine_and_blend_have_scores_of_their_own(cine, widget, check):
    check(widget)
    table, frames = table_of(), scaled(cine)
    for row, number in enumerate((1, 2, 3)):
        blended = (1 - number / 4) * frames[0] + number / 4 * frames[4]
        predicted = item_arrays(sequence("cine predicted"))[row]
        for name, array in (("linear blend", blended), ("known_motion", predicted)):
            psnr = -10 * np.log10(np.mean((array - frames[number]) ** 2))
            assert table[f"PSNR dB, {name}"][row] == pytest.approx(psnr, abs=0.02)


def test_the_gain_is_reported_beside_the_linear_blend(cine, widget, check):
    check(widget)
    table = table_of()
    moving = "PSNR (moving region)"
    gain = np.mean(np.subtract(table[f"{moving}, known_motion"], table[f"{moving}, linear blend"]))
    assert f"{gain:+.2f} dB over the linear blend" in widget.ui.checkMessage.text
    assert set(table) == {
        "trigger time ms",
        "t",
        *(f"{m}, {e}" for m in ("PSNR dB", moving, "SSIM") for e in ("known_motion", "linear blend")),
    }


def test_table_curve_and_chart_are_shown(widget, check):
    assert widget.ui.scoreCurve.isHidden()
    assert widget.ui.scoreTable.isHidden()
    check(widget)
    assert not widget.ui.scoreCurve.isHidden()
    assert not widget.ui.scoreCurve.pixmap.isNull()
    assert widget.ui.scoreTable.mrmlTableNode() is slicer.util.getNodesByClass("vtkMRMLTableNode")[0]
    chart = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")[0]
    assert chart.GetNumberOfPlotSeriesNodes() == 2
    columns = [chart.GetNthPlotSeriesNode(n).GetYColumnName() for n in range(2)]
    assert columns == ["PSNR (moving region), known_motion", "PSNR (moving region), linear blend"]
    assert chart.GetNthPlotSeriesNode(0).GetXColumnName() == "trigger time ms"


def test_error_maps_are_the_absolute_differences(cine, widget, check):
    parameters_of(widget).engine = "linear_blend"
    check(widget)
    errors, predicted = sequence("cine error"), sequence("cine predicted")
    assert item_values(errors) == item_values(predicted) == [12.5, 25.0, 37.5]
    frames = scaled(cine)
    for row, number in enumerate((1, 2, 3)):
        np.testing.assert_allclose(
            item_arrays(errors)[row], np.abs(item_arrays(predicted)[row] - frames[number]), atol=1e-6
        )
        expected = (1 - number / 4) * frames[0] + number / 4 * frames[4]
        np.testing.assert_allclose(item_arrays(predicted)[row], expected, atol=1e-5)
        marks = attributes(errors.GetNthDataNode(row))
        assert marks["TemporalInterp.Synthetic"] == "true"
        assert marks["TemporalInterp.Engine"] == "linear_blend"
        assert float(marks["TemporalInterp.T"]) == number / 4
        assert marks["TemporalInterp.IndexValues"] == ("50 0" if number == 3 else "0 50")


def test_scrolling_shows_error_and_prediction_together(cine, widget, check):
    check(widget)
    errors, predicted = sequence("cine error"), sequence("cine predicted")
    browser = slicer.util.getNode("cine error browser")
    browser.SetSelectedItemNumber(2)
    for node in (errors, predicted):
        proxy = browser.GetProxyNode(node)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(proxy), item_arrays(node)[2])
        assert proxy.GetParentTransformNode() is cine.parent
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert red.GetBackgroundVolumeID() == browser.GetProxyNode(errors).GetID()


def test_the_acquired_sequence_is_as_it_was(cine, scene, widget, check):
    of_source = {n.GetID() for n in (cine.sequence, cine.browser, cine.proxy, cine.parent)}
    before = {key: value for key, value in picture(scene).items() if key in of_source}
    check(widget)
    assert {key: value for key, value in picture(scene).items() if key in of_source} == before


def test_neighbours_have_nothing_to_hide(scene, widget, dialogs):
    pick(widget.ui.lastPhase, 1)
    before = picture(scene)
    widget.ui.checkButton.click()
    ((level, text),) = dialogs.shown
    assert level == "error"
    assert "further apart" in text
    assert widget.ui.checkMessage.text == "Nothing was added."
    assert picture(scene) == before


def test_synthetic_frames_are_not_predicted(cine, widget, check):
    set_attributes(cine.sequence.GetNthDataNode(2), {"TemporalInterp.Synthetic": "true"})
    cine.sequence.Modified()
    check(widget)
    assert table_of()["trigger time ms"] == [12.5, 37.5]
    assert table_of()["t"] == [0.25, 0.75]


def test_cancelled_it_leaves_the_scene_identical(scene, widget, engines, process_events_until):
    held = engines.hold()
    held.let_prepare()
    before = snapshot(scene)
    widget.ui.checkButton.click()
    assert widget.ui.checkButton.text == "Cancel"
    process_events_until(lambda: len(held.asked) == 1)
    widget.ui.checkButton.click()
    held.let_go()
    wait_for_threads(10)
    for _ in range(20):
        slicer.app.processEvents()
    assert widget.ui.checkButton.text == "Check"
    assert "Cancelled" in widget.ui.checkMessage.text
    assert snapshot(scene) == before


def test_an_engine_that_fails_is_a_message_and_the_scene_identical(scene, widget, engines, dialogs, check):
    engines.engine = FailingEngine(SHIFT, 2)
    before = snapshot(scene)
    check(widget)
    assert dialogs.shown[0][0] == "error"
    assert snapshot(scene) == before


def test_an_error_while_adding_leaves_no_half_a_result(scene, widget, dialogs, check, monkeypatch):
    def fail(table, engine):
        raise RuntimeError("no chart")

    monkeypatch.setattr("TemporalInterpLib.patient_check._add_chart", fail)
    before = snapshot(scene)
    check(widget)
    assert "Something went wrong" in dialogs.shown[0][1]
    assert snapshot(scene) == before


def test_nan_voxels_spoil_no_score(scene, blob_frames, open_panel, dialogs, check):
    frames = [frame.astype("float32") for frame in blob_frames(5)]
    frames[2][1, 1, 1] = np.nan
    for frame in frames:
        frame[0, 0, 0] = np.inf
    put_in_scene(frames, OBLIQUE, [0, 1, 2, 3, 4])
    widget = open_panel()
    check(widget)
    assert dialogs.shown == []
    assert "nan" not in widget.ui.checkMessage.text.lower()


def test_a_frame_of_nan_is_reported(scene, blob_frames, open_panel, dialogs, check):
    frames = [frame.astype("float32") for frame in blob_frames(5)]
    frames[2][:] = np.nan
    put_in_scene(frames, OBLIQUE, [0, 1, 2, 3, 4])
    widget = open_panel()
    before = snapshot(scene)
    check(widget)
    ((_, text),) = dialogs.shown
    assert "Something went wrong" not in text
    assert snapshot(scene) == before


def test_the_sequence_is_deleted_meanwhile(cine, scene, widget, engines, process_events_until):
    held = engines.hold()
    held.let_prepare()
    widget.ui.checkButton.click()
    process_events_until(lambda: len(held.asked) == 1)
    scene.RemoveNode(cine.sequence)
    held.let_go()
    process_events_until(lambda: not widget.panel.sections["check"].work.running)
    nodes = [scene.GetNthNode(n).GetName() for n in range(scene.GetNumberOfNodes())]
    assert ("cine error" in nodes) == ("cine check of known_motion" in nodes), "half a result"


def test_the_user_goes_to_another_module_meanwhile(widget, engines, process_events_until):
    held = engines.hold()
    widget.ui.checkButton.click()
    slicer.app.processEvents()
    gestures.leave(widget)
    held.let_go()
    process_events_until(lambda: not widget.panel.sections["check"].work.running)
    gestures.enter(widget)
    assert widget.ui.checkMessage.text.startswith("3 hidden frames")


def test_twice_makes_two_of_everything(widget, check):
    check(widget)
    check(widget)
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert len({table.GetName() for table in tables}) == 2
    assert widget.ui.scoreTable.mrmlTableNode() is tables[1]


def test_when_the_table_is_deleted_or_the_scene_closed_nothing_of_it_is_shown(scene, widget, check):
    check(widget)
    scene.Clear(0)
    assert widget.ui.scoreTable.mrmlTableNode() is None
    assert widget.ui.scoreTable.isHidden()
    assert widget.ui.scoreCurve.isHidden()


@pytest.mark.parametrize("unit", ["", "%"])
def test_units_head_the_column(cine, open_panel, check, unit):
    cine.sequence.SetIndexUnit(unit)
    widget = open_panel()
    check(widget)
    assert next(iter(table_of())) == f"trigger time {unit}".strip()


def test_single_slices_and_float64(scene, blob_frames, open_panel, check):
    geometry = Geometry((1, 24, 24), (1.5, 1.25, 8.0), OBLIQUE.origin, OBLIQUE.direction)
    cine = put_in_scene(blob_frames(4, (1, 24, 24), "float64"), geometry, [0, 1, 2, 3])
    widget = open_panel()
    parameters_of(widget).engine = "linear_blend"
    check(widget)
    assert item_values(sequence("cine error")) == [1.0, 2.0]
    frames = scaled(cine)
    np.testing.assert_allclose(
        item_arrays(sequence("cine predicted"))[0], blend(frames[0], frames[3], 1 / 3), atol=1e-5
    )
