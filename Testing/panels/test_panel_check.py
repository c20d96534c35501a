"""Check on this patient: acquired frames are hidden, predicted, and compared with the linear blend."""

import numpy as np
import pytest
import qt
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, FailingEngine, item_arrays, item_values, put_in_scene, snapshot
from panels.panel_helpers import SHIFT, attributes, blend, parameters_of, pick, picture

from temporal_interp.data.geometry import Geometry
from TemporalInterpLib.background import wait_for_threads
from TemporalInterpLib.parameter_node import Span
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


MOVING, SSIM, WHOLE = "PSNR of the moving region, dB", "SSIM", "PSNR of the whole image, dB"


def table_of(name: str = "Scores of cine") -> dict[str, list[float]]:
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
    assert widget.ui.checkResult.text.startswith("2 hidden frames between 0 and 37.5 ms: ")
    assert widget.ui.checkMessage.text == ""


def test_what_lies_around_the_phases_is_that_of_the_loop(cine, widget, check):
    cine.sequence.SetAttribute("TemporalInterp.Period", "60.0")
    check(widget)
    shown = SHIFT.prepared[-1].sequence
    assert (shown.times, shown.period) == ((0.0, 50.0), 60.0)
    assert sequence("Predicted cine").GetAttribute("TemporalInterp.Period") is None


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
    table = table_of()
    assert set(table) == {"trigger time ms", MOVING, SSIM, WHOLE}
    frames = scaled(cine)
    for row, number in enumerate((1, 2, 3)):
        predicted = (1 - number / 4) * frames[0] + number / 4 * frames[4]
        psnr = -10 * np.log10(np.mean((predicted - frames[number]) ** 2))
        assert table[WHOLE][row] == pytest.approx(psnr, abs=0.02)
    assert "this is the linear blend itself" in widget.ui.checkResult.text


def test_engine_and_blend_have_scores_of_their_own(cine, widget, check):
    check(widget)
    table, frames = table_of(), scaled(cine)
    for row, number in enumerate((1, 2, 3)):
        blended = (1 - number / 4) * frames[0] + number / 4 * frames[4]
        predicted = item_arrays(sequence("Predicted cine"))[row]
        for ending, array in ((", linear blend", blended), ("", predicted)):
            psnr = -10 * np.log10(np.mean((array - frames[number]) ** 2))
            assert table[f"{WHOLE}{ending}"][row] == pytest.approx(psnr, abs=0.02)


def test_the_gain_is_reported_beside_the_linear_blend(cine, widget, check):
    check(widget)
    table = table_of()
    gain = np.mean(np.subtract(table[MOVING], table[f"{MOVING}, linear blend"]))
    share = abs(10 ** (-gain / 20) - 1)
    assert share > 0.02
    assert f"errors are {100 * share:.0f} % {'smaller' if gain > 0 else 'larger'} than" in widget.ui.checkResult.text
    parameters_of(widget).span = Span.WHOLE
    assert "shorter and easier" in widget.ui.checkResult.text
    assert list(table) == [
        "trigger time ms",
        *(f"{measure}{ending}" for measure in (MOVING, SSIM, WHOLE) for ending in ("", ", linear blend")),
    ]


def test_the_table_has_short_heads_and_room_for_its_rows(widget, check):
    check(widget)
    table = widget.ui.scoreTable
    heads = [table.model().headerData(n, qt.Qt.Horizontal) for n in range(table.model().columnCount())]
    assert heads == ["trigger time ms", "dB", "dB blend", "SSIM", "SSIM blend", "dB all", "dB all blend"]
    for words in ("dB: PSNR of the moving region", "dB all: of the whole image", "blend: the same of the linear blend"):
        assert words in widget.ui.scoreKey.text
    rows = table.verticalHeader().defaultSectionSize * 3
    assert rows < table.height < rows + 80


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
    assert columns == [MOVING, f"{MOVING}, linear blend"]
    assert chart.GetNthPlotSeriesNode(0).GetXColumnName() == "trigger time ms"


def test_error_maps_are_the_absolute_differences(cine, widget, check):
    parameters_of(widget).engine = "linear_blend"
    check(widget)
    errors, predicted = sequence("Errors of cine"), sequence("Predicted cine")
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
    errors, predicted = sequence("Errors of cine"), sequence("Predicted cine")
    browser = slicer.util.getNode("Errors of cine browser")
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


def test_neighbours_have_nothing_to_hide(widget):
    pick(widget.ui.lastPhase, 1)
    assert not widget.ui.checkButton.enabled
    assert "further apart" in widget.ui.checkButton.toolTip
    pick(widget.ui.lastPhase, 2)
    assert widget.ui.checkButton.enabled


def test_synthetic_frames_are_not_predicted(cine, widget, check):
    set_attributes(cine.sequence.GetNthDataNode(2), {"TemporalInterp.Synthetic": "true"})
    cine.sequence.Modified()
    check(widget)
    assert table_of()["trigger time ms"] == [12.5, 37.5]


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
    assert "nan" not in widget.ui.checkResult.text.lower()


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
    assert ("Errors of cine" in nodes) == ("Scores of cine" in nodes), "half a result"


def test_the_user_goes_to_another_module_meanwhile(widget, engines, process_events_until):
    held = engines.hold()
    widget.ui.checkButton.click()
    slicer.app.processEvents()
    widget.exit()
    held.let_go()
    process_events_until(lambda: not widget.panel.sections["check"].work.running)
    widget.enter()
    assert widget.ui.checkResult.text.startswith("3 hidden frames")


def test_twice_makes_two_of_everything(widget, check):
    check(widget)
    check(widget)
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert len({table.GetName() for table in tables}) == 2
    assert widget.ui.scoreTable.mrmlTableNode() is tables[1]
    assert widget.ui.checkSelector.count == 2
    assert widget.ui.checkSelector.currentIndex == 1
    pick(widget.ui.checkSelector, 0)
    assert widget.ui.scoreTable.mrmlTableNode() is tables[0]


def test_when_the_table_is_deleted_or_the_scene_closed_nothing_of_it_is_shown(scene, widget, check):
    check(widget)
    scene.Clear(0)
    assert widget.ui.scoreTable.mrmlTableNode() is None
    assert widget.ui.scoreTable.isHidden()
    assert widget.ui.scoreCurve.isHidden()
    assert widget.ui.checkPlayWidget.isHidden()
    assert widget.ui.checkSelector.count == 0


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
    assert item_values(sequence("Errors of cine")) == [1.0, 2.0]
    frames = scaled(cine)
    np.testing.assert_allclose(
        item_arrays(sequence("Predicted cine"))[0], blend(frames[0], frames[3], 1 / 3), atol=1e-5
    )


def red():
    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()


class TestImagesAndErrors:
    def test_the_errors_are_shown_and_the_images_come_back(self, cine, widget, check):
        overlay = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
        slicer.util.setSliceViewerLayers(background=cine.proxy, foreground=overlay, foregroundOpacity=0.3)
        check(widget)
        errors = slicer.util.getNode("Errors of cine browser").GetProxyNode(sequence("Errors of cine"))
        assert (red().GetBackgroundVolumeID(), red().GetForegroundVolumeID()) == (errors.GetID(), None)
        assert widget.ui.imagesButton.text == "Back to the images"
        widget.ui.imagesButton.click()
        assert (red().GetBackgroundVolumeID(), red().GetForegroundVolumeID()) == (cine.proxy.GetID(), overlay.GetID())
        assert red().GetForegroundOpacity() == pytest.approx(0.3)
        assert widget.ui.imagesButton.text == "Show the errors"
        widget.ui.imagesButton.click()
        assert red().GetBackgroundVolumeID() == errors.GetID()

    def test_the_button_follows_what_the_user_shows(self, cine, widget, check):
        check(widget)
        red_before = red().GetBackgroundVolumeID()
        for name in slicer.app.layoutManager().sliceViewNames():
            view = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
            view.SetBackgroundVolumeID(cine.proxy.GetID())
        assert red_before != cine.proxy.GetID()
        assert widget.ui.imagesButton.text == "Show the errors"

    def test_where_nothing_was_shown_the_images_are(self, cine, widget, check):
        check(widget)
        widget.ui.imagesButton.click()
        assert red().GetBackgroundVolumeID() == cine.proxy.GetID()

    def test_the_player_plays_the_errors(self, widget, check):
        assert widget.ui.checkPlayWidget.isHidden()
        check(widget)
        assert not widget.ui.checkPlayWidget.isHidden()
        widget.ui.checkSeekWidget.setSelectedItemNumber(2)
        shown = slicer.mrmlScene.GetNodeByID(red().GetBackgroundVolumeID())
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(shown), item_arrays(sequence("Errors of cine"))[2])

    def test_the_scale_follows_window_and_level(self, widget, check, monkeypatch):
        from TemporalInterpLib.sections.check import panel

        told = []
        usual = panel.scale_picture
        monkeypatch.setattr(
            panel, "scale_picture", lambda numbers, *rest: told.append(numbers) or usual(numbers, *rest)
        )
        check(widget)
        assert told[-1] == ["0 %", "10 %", "20 %", "30 %", "40 %"]
        assert not widget.ui.errorScale.pixmap.isNull()
        slicer.mrmlScene.GetNodeByID(red().GetBackgroundVolumeID()).GetDisplayNode().SetWindowLevelMinMax(0, 0.1)
        assert told[-1][-1] == "10 %"

    def test_without_its_error_maps_a_check_is_none(self, scene, widget, check):
        check(widget)
        scene.RemoveNode(sequence("Errors of cine"))
        slicer.app.processEvents()
        assert widget.ui.scoreCurve.isHidden()
        assert widget.ui.checkResult.text == ""

    def test_without_the_volume_that_shows_them_the_table_stays(self, scene, widget, check):
        check(widget)
        scene.RemoveNode(slicer.util.getNode("Errors of cine browser"))
        for name in ("Errors of cine", "Predicted cine"):
            for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
                if node.GetName() == name:
                    scene.RemoveNode(node)
        slicer.app.processEvents()
        assert not widget.ui.scoreTable.isHidden()
        assert not widget.ui.imagesButton.enabled
        assert "deleted" in widget.ui.imagesButton.toolTip

    def test_another_sequence_has_no_check(self, cine, blob_frames, widget, check):
        check(widget)
        gestures.choose(widget.ui.sequenceSelector, put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2]).sequence)
        assert widget.ui.scoreTable.isHidden()
        gestures.choose(widget.ui.sequenceSelector, cine.sequence)
        assert not widget.ui.scoreTable.isHidden()

    @pytest.mark.no_main_window
    def test_without_a_main_window(self, widget, check):
        check(widget)
        widget.ui.imagesButton.click()


def test_left_and_entered_again_the_check_is_there(widget, check):
    check(widget)
    said = widget.ui.checkResult.text
    widget.exit()
    widget.enter()
    assert widget.ui.checkResult.text == said
    assert widget.ui.scoreTable.mrmlTableNode() is not None


@pytest.fixture
def load_mrml(scene, tmp_path):
    """Function that saves the scene as a .mrml file beside its data, closes it, and loads it again."""

    def run() -> None:
        folder = tmp_path / "saved"
        folder.mkdir()
        assert scene.SaveSceneToSlicerDataBundleDirectory(str(folder))
        scene.Clear(0)
        (url,) = folder.rglob("*.mrml")
        scene.SetURL(str(url))
        assert scene.Import()

    return run


@pytest.mark.no_main_window
def test_a_mrml_file_brings_back_sequence_phases_result_player_and_check(
    cine, scene, widget, check, process_events_until, load_mrml
):
    pick(widget.ui.firstPhase, 1)
    widget.ui.frameCount.value = 2
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
    check(widget)
    result, said = parameters_of(widget).result.GetName(), widget.ui.checkResult.text
    load_mrml()
    slicer.app.processEvents()
    parameters = parameters_of(widget)
    assert (parameters.sequence.GetName(), parameters.result.GetName()) == ("cine", result)
    assert (parameters.firstPhase, parameters.lastPhase) == (1, 4)
    assert widget.ui.checkResult.text == said
    assert not widget.ui.playWidget.isHidden()
    assert not widget.ui.checkPlayWidget.isHidden()
    assert widget.ui.resultList.rowCount == 2


@pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
def test_saved_and_loaded_the_check_is_there_and_the_images_are_shown(cine, scene, widget, check, save_and_load):
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    view.SetLayoutName("Red")
    view.SetBackgroundVolumeID(cine.proxy.GetID())
    check(widget)
    said, scores = widget.ui.checkResult.text, table_of()
    errors = scene.GetNodeByID(view.GetBackgroundVolumeID())
    assert errors.GetName() == "Errors of cine"
    save_and_load()
    slicer.app.processEvents()
    (view,) = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    shown = scene.GetNodeByID(view.GetBackgroundVolumeID())
    assert shown is not None
    assert shown.GetName() != "Errors of cine"
    assert not shown.GetAttribute("TemporalInterp.ErrorMap")
    assert widget.ui.checkResult.text == said
    assert table_of() == scores
    assert widget.ui.scoreTable.model().headerData(1, qt.Qt.Horizontal) == "dB"
    assert not widget.ui.checkPlayWidget.isHidden()
    widget.ui.imagesButton.click()
    assert scene.GetNodeByID(view.GetBackgroundVolumeID()).GetName() == "Errors of cine"
