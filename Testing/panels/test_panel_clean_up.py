"""What the module made is listed, and taken back: results from the scene, models from the computer."""

import pytest
import slicer
from mrml_helpers import item_values
from panels.panel_helpers import SHIFT, ids, parameters_of, picture, remove_all, tick

from temporal_interp.models.registry import Registry, shipped_folder
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC
from TemporalInterpLib.sequence_conversion import set_attributes

MARK = {"TemporalInterp.Synthetic": "true"}


@pytest.fixture
def widget(cine, repeated, open_panel):
    return open_panel()


@pytest.fixture
def work(process_events_until):
    """Function that presses the button of a section and waits for the end."""

    def run(widget, section: str) -> None:
        running = widget.panel.sections[section].work
        running.button.click()
        process_events_until(lambda: not running.running, 60)
        slicer.app.processEvents()

    return run


def listed(table) -> list[str]:
    return [table.item(row, 0).text() for row in range(table.rowCount)]


def background() -> str | None:
    return slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID()


def show_in_red(volume) -> None:
    slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())


def test_every_result_is_a_row(widget, work):
    widget.ui.frameCount.value = 3
    for section in ("interpolate", "check", "slices"):
        work(widget, section)
    result = parameters_of(widget).result
    rows = listed(widget.ui.resultList)
    assert [row.partition(",")[0] for row in rows] == [
        result.GetName(),
        "Check: Errors of cine",
        "Synthetic slices in cine",
    ]
    assert widget.ui.resultsTitle.text.endswith("MB in this scene, made by this module:")
    assert "3 synthetic frames" in widget.ui.resultList.item(0, 0).toolTip()


def test_all_removed_the_scene_is_as_it_was(cine, scene, widget, work, dialogs):
    show_in_red(cine.proxy)
    before = picture(scene)
    for section in ("interpolate", "check", "slices"):
        work(widget, section)
    remove_all(widget, dialogs)
    kinds = (
        *("vtkMRMLVolumeNode", "vtkMRMLSequenceNode", "vtkMRMLSequenceBrowserNode", "vtkMRMLStorageNode"),
        *("vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLVolumeDisplayNode"),
    )
    added = [scene.GetNodeByID(node_id) for node_id in ids(scene) if node_id not in before]
    assert [node.GetName() for node in added if any(node.IsA(kind) for kind in kinds)] == []
    of_source = [node.GetID() for node in (cine.sequence, cine.proxy, cine.parent)]
    after = picture(scene)
    assert [after[key][0] for key in of_source] == [before[key][0] for key in of_source]
    assert after[cine.sequence.GetID()][4] == before[cine.sequence.GetID()][4]
    assert background() == cine.proxy.GetID()
    assert listed(widget.ui.resultList) == []
    assert widget.ui.cleanUpMessage.text.startswith("3 results removed")


def test_the_chosen_one_goes_alone(cine, scene, widget, work, dialogs):
    work(widget, "interpolate")
    work(widget, "check")
    result = parameters_of(widget).result
    assert not widget.ui.removeChosenButton.enabled
    tick(widget.ui.resultList, 1)
    dialogs.answer = True
    widget.ui.removeChosenButton.click()
    assert "Errors of cine" in dialogs.shown[-1][1]
    assert result.GetName() not in dialogs.shown[-1][1]
    assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []
    assert slicer.util.getNodesByClass("vtkMRMLPlotChartNode") == []
    assert slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode") == []
    assert parameters_of(widget).result is result
    assert len(listed(widget.ui.resultList)) == 1
    assert widget.ui.cleanUpMessage.text.startswith("Removed: Check: Errors of cine")


def test_declined_nothing_goes(scene, widget, work, dialogs):
    work(widget, "interpolate")
    before = picture(scene)
    dialogs.answer = False
    widget.ui.removeAllButton.click()
    assert picture(scene) == before
    assert widget.ui.cleanUpMessage.text == ""


def test_ticks_stay_while_the_scene_changes(scene, widget, work):
    work(widget, "interpolate")
    work(widget, "check")
    tick(widget.ui.resultList, 1)
    scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    slicer.app.processEvents()
    assert widget.ui.removeChosenButton.enabled
    assert "Check" in widget.ui.resultList.item(1, 0).text()
    assert widget.panel.sections["clean_up"]._chosen(widget.ui.resultList) == [1]


def test_the_list_follows_the_scene(scene, widget, work):
    work(widget, "interpolate")
    scene.RemoveNode(parameters_of(widget).result)
    slicer.app.processEvents()
    rows = listed(widget.ui.resultList)
    assert rows, "the fields that were left behind are listed"
    assert all(row.startswith(("Motion", "Jacobian")) for row in rows)


def test_views_go_back_to_the_images(cine, widget, work, dialogs):
    show_in_red(cine.proxy)
    work(widget, "interpolate")
    assert background() != cine.proxy.GetID()
    remove_all(widget, dialogs)
    assert background() == cine.proxy.GetID()


def test_frames_in_a_sequence_of_the_user_go_and_the_acquired_ones_stay(cine, open_panel, dialogs):
    for number in (1, 3):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    widget = open_panel()
    assert listed(widget.ui.resultList) == ["2 synthetic frames in cine"]
    remove_all(widget, dialogs)
    assert item_values(cine.sequence) == [0, 25, 50]
    assert widget.ui.firstPhase.count == 3
    assert parameters_of(widget).lastPhase <= 2
    assert cine.browser.GetSelectedItemNumber() == 1, "the browser stays at 25 ms"


def test_a_sequence_of_nothing_but_synthetic_frames_goes_whole(cine, scene, open_panel, dialogs):
    for number in range(5):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    widget = open_panel()
    remove_all(widget, dialogs)
    assert slicer.util.getNodesByClass("vtkMRMLSequenceNode") == []
    assert slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode") == []
    assert dialogs.shown[-1][0] != "error"


def test_an_empty_scene_offers_nothing_and_says_why(open_panel):
    ui = open_panel().ui
    for button in (ui.removeChosenButton, ui.removeAllButton):
        assert not button.enabled
        assert button.toolTip == "This module has made nothing in this scene."
    assert ui.resultList.isHidden()
    assert ui.modelList.isHidden()


@pytest.mark.parametrize("undo", [True, False])
def test_undo_is_prepared_where_slicer_has_it(scene, widget, work, dialogs, undo):
    work(widget, "check")
    scene.SetUndoFlag(undo)
    remove_all(widget, dialogs)
    assert (scene.GetNumberOfUndoLevels() > 0) == undo
    assert ("cannot be brought back" in dialogs.shown[-1][1]) == undo
    scene.SetUndoFlag(False)
    scene.ClearUndoStack()


@pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
def test_saved_and_loaded_the_same_results_are_listed_and_go(cine, widget, work, dialogs, save_and_load):
    widget.ui.frameCount.value = 3
    for section in ("interpolate", "check", "slices"):
        work(widget, section)
    before = [(row, widget.ui.resultList.item(n, 1).text()) for n, row in enumerate(listed(widget.ui.resultList))]
    save_and_load()
    slicer.app.processEvents()
    after = [(row, widget.ui.resultList.item(n, 1).text()) for n, row in enumerate(listed(widget.ui.resultList))]
    assert after == before
    remove_all(widget, dialogs)
    for kind in ("vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode"):
        assert slicer.util.getNodesByClass(kind) == []
    assert [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode")] == ["cine"]
    assert len(slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")) == 1


def test_frames_removed_while_their_preview_computes(cine, engines, open_panel, process_events_until, dialogs):
    for number in (1, 3):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    held = engines.hold()
    held.let_prepare()
    widget = open_panel()
    widget.ui.timeSlider.value = 10
    process_events_until(lambda: len(held.asked) == 1)
    remove_all(widget, dialogs)
    held.let_go()
    for _ in range(30):
        slicer.app.processEvents()
    assert item_values(cine.sequence) == [0, 25, 50]
    assert (parameters_of(widget).firstPhase, parameters_of(widget).lastPhase) == (0, 2)


def test_removing_a_result_does_not_stop_the_preview_of_the_source(widget, work, process_events_until, dialogs):
    work(widget, "interpolate")
    widget.ui.timeSlider.value = 0.3
    node = widget.panel.sections["preview"].preview.node
    process_events_until(lambda: node.GetAttribute("TemporalInterp.Engine") == SHIFT.name)
    slicer.app.processEvents()
    tick(widget.ui.resultList, 0)
    dialogs.answer = True
    widget.ui.removeChosenButton.click()
    assert listed(widget.ui.resultList) == ["Instant in the slice views"]
    assert node.GetScene() is not None
    assert node.GetAttribute("TemporalInterp.Engine") == SHIFT.name


def test_left_and_entered_again_the_list_is_there(widget, work):
    work(widget, "check")
    widget.exit()
    widget.enter()
    assert len(listed(widget.ui.resultList)) == 1


@pytest.fixture
def models(engines):
    """Two models in the user's folder."""
    for name in ("mine", "adapted-cine"):
        Registry().add(shipped_folder() / "synthetic-small.safetensors", name=name)
    return Registry()


class TestModels:
    def test_they_are_listed_with_their_size(self, models, open_panel):
        ui = open_panel().ui
        assert listed(ui.modelList) == ["mine", "adapted-cine"]
        size = (models.user / "mine.safetensors").stat().st_size / 1e6
        assert float(ui.modelList.item(0, 1).text()) == pytest.approx(size, abs=0.06)
        assert not ui.removeModelsButton.enabled

    def test_they_are_named_in_the_question_and_stay_where_the_user_declines(self, models, open_panel, dialogs):
        widget = open_panel()
        tick(widget.ui.modelList, 1)
        dialogs.answer = False
        widget.ui.removeModelsButton.click()
        ((_, text),) = dialogs.shown
        assert "adapted-cine" in text
        assert "mine" not in text
        assert len([e for e in models.entries() if not e.shipped]) == 2

    def test_the_ticked_ones_are_deleted_where_the_user_agrees(self, models, open_panel, dialogs):
        shipped = [e.name for e in models.entries() if e.shipped]
        widget = open_panel()
        tick(widget.ui.modelList, 0)
        dialogs.answer = True
        widget.ui.removeModelsButton.click()
        assert [e.name for e in models.entries()] == [*shipped, "adapted-cine"]
        assert [path.stem for path in models.user.glob("*.safetensors")] == ["adapted-cine"]
        assert (shipped_folder() / "synthetic-small.safetensors").exists()
        assert widget.ui.cleanUpMessage.text == "Deleted from this computer: mine."
        assert listed(widget.ui.modelList) == ["adapted-cine"]

    def test_an_adapted_one_is_no_longer_chosen(self, cine, models, open_panel, dialogs):
        widget = open_panel(ADAPTED)
        parameters_of(widget).adaptedModel = "adapted-cine"
        tick(widget.ui.modelList, 0, 1)
        dialogs.answer = True
        widget.ui.removeModelsButton.click()
        assert parameters_of(widget).adaptedModel == ""
        assert parameters_of(widget).engine is AUTOMATIC

    def test_without_any_the_button_says_so(self, open_panel):
        ui = open_panel().ui
        assert not ui.removeModelsButton.enabled
        assert "All models came with the program" in ui.removeModelsButton.toolTip

    def test_a_damaged_registry_is_reported(self, models, open_panel):
        (models.user / "models.json").write_text("{")
        ui = open_panel().ui
        assert "models.json" in ui.modelsTitle.text
        assert "models.json" in ui.removeModelsButton.toolTip

    def test_a_model_file_gone_already_is_no_obstacle(self, models, open_panel, dialogs):
        (models.user / "mine.safetensors").unlink()
        widget = open_panel()
        tick(widget.ui.modelList, 0, 1)
        dialogs.answer = True
        widget.ui.removeModelsButton.click()
        assert [e for e in models.entries() if not e.shipped] == []
