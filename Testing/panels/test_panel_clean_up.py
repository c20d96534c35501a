"""What the module made is taken back: frames from the scene, models from the computer."""

import pytest
import slicer
from mrml_helpers import item_arrays, item_values, synthetic_marks
from panels.panel_helpers import SHIFT, ids, parameters_of, picture

from temporal_interp.models.registry import Registry, shipped_folder
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC
from TemporalInterpLib.sequence_conversion import set_attributes

MARK = {"TemporalInterp.Synthetic": "true"}


@pytest.fixture
def interpolated(cine, open_panel, process_events_until):
    """The panel after frames and fields were made."""
    widget = open_panel()
    widget.ui.frameCount.value = 3
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
    return widget


def test_the_frames_made_last_go_with_their_fields(cine, scene, interpolated):
    result = parameters_of(interpolated).result
    of_source = {n.GetID() for n in (cine.sequence, cine.browser, cine.proxy, cine.parent)}
    before = {key: value for key, value in picture(scene).items() if key in of_source}
    interpolated.ui.removeFramesButton.click()
    assert item_values(result) == [0, 50]
    assert synthetic_marks(result) == [False, False]
    source = item_arrays(cine.sequence)
    assert [a.tobytes() for a in item_arrays(result)] == [source[0].tobytes(), source[4].tobytes()]
    names = {scene.GetNthNode(n).GetName() for n in range(scene.GetNumberOfNodes())}
    assert not [name for name in names if "displacement" in name or "Jacobian" in name]
    assert interpolated.ui.cleanUpMessage.text == "3 synthetic frames removed from 'cine interpolated'."
    assert {key: value for key, value in picture(scene).items() if key in of_source} == before


def test_a_second_time_there_is_nothing_to_remove(scene, interpolated):
    interpolated.ui.removeFramesButton.click()
    before = ids(scene)
    interpolated.ui.removeFramesButton.click()
    assert interpolated.ui.cleanUpMessage.text.startswith("0 synthetic frames")
    assert ids(scene) == before


def test_without_a_result_they_go_from_the_chosen_sequence(cine, open_panel):
    for number in (1, 3):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    widget = open_panel()
    widget.ui.removeFramesButton.click()
    assert item_values(cine.sequence) == [0, 25, 50]
    assert widget.ui.firstPhase.count == 3
    assert parameters_of(widget).lastPhase <= 2
    assert cine.browser.GetSelectedItemNumber() == 1, "the browser stays at 25 ms"


def test_a_sequence_of_nothing_but_synthetic_frames_is_reported(cine, open_panel, dialogs):
    for number in range(5):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    widget = open_panel()
    widget.ui.removeFramesButton.click()
    ((level, text),) = dialogs.shown
    assert level == "error"
    assert "delete the whole sequence" in text
    assert len(item_values(cine.sequence)) == 5


def test_an_empty_scene_offers_nothing(open_panel):
    ui = open_panel().ui
    assert not ui.removeFramesButton.enabled
    assert not ui.removeMotionButton.enabled
    assert not ui.removeSlicesButton.enabled


def test_frames_removed_while_their_preview_computes(cine, engines, open_panel, process_events_until):
    for number in (1, 3):
        set_attributes(cine.sequence.GetNthDataNode(number), MARK)
    held = engines.hold()
    held.let_prepare()
    widget = open_panel()
    widget.ui.timeSlider.value = 10
    process_events_until(lambda: len(held.asked) == 1)
    widget.ui.removeFramesButton.click()
    held.let_go()
    for _ in range(30):
        slicer.app.processEvents()
    assert item_values(cine.sequence) == [0, 25, 50]
    assert (parameters_of(widget).firstPhase, parameters_of(widget).lastPhase) == (0, 2)


@pytest.fixture
def models(engines):
    """Two models in the user's folder."""
    for name in ("mine", "adapted-cine"):
        Registry().add(shipped_folder() / "synthetic-small.safetensors", name=name)
    return Registry()


class TestModels:
    def test_they_are_named_in_the_question_and_stay_where_the_user_declines(self, models, open_panel, dialogs):
        widget = open_panel()
        dialogs.answer = False
        widget.ui.removeModelsButton.click()
        ((_, text),) = dialogs.shown
        assert "mine" in text
        assert "adapted-cine" in text
        assert "synthetic-small" not in text
        assert len([e for e in models.entries() if not e.shipped]) == 2

    def test_they_are_deleted_where_the_user_agrees(self, models, open_panel, dialogs):
        shipped = [e.name for e in models.entries() if e.shipped]
        widget = open_panel()
        dialogs.answer = True
        widget.ui.removeModelsButton.click()
        assert [e.name for e in models.entries()] == shipped
        assert list(models.user.glob("*.safetensors")) == []
        assert (shipped_folder() / "synthetic-small.safetensors").exists()
        assert widget.ui.cleanUpMessage.text == "2 models removed."

    def test_an_adapted_one_is_no_longer_chosen(self, cine, models, open_panel, dialogs):
        widget = open_panel(ADAPTED)
        parameters_of(widget).adaptedModel = "adapted-cine"
        dialogs.answer = True
        widget.ui.removeModelsButton.click()
        assert parameters_of(widget).adaptedModel == ""
        assert parameters_of(widget).engine is AUTOMATIC
        assert "student" in widget.ui.engineInfo.text

    def test_without_any_it_says_so_and_asks_nothing(self, open_panel, dialogs):
        widget = open_panel()
        widget.ui.removeModelsButton.click()
        assert "All models came with the program" in widget.ui.cleanUpMessage.text
        assert dialogs.shown == []

    def test_a_damaged_registry_is_reported(self, models, open_panel, dialogs):
        (models.user / "models.json").write_text("{")
        widget = open_panel()
        widget.ui.removeModelsButton.click()
        ((level, text),) = dialogs.shown
        assert level == "error"
        assert "models.json" in text

    def test_a_model_file_gone_already_is_no_obstacle(self, models, open_panel, dialogs):
        (models.user / "mine.safetensors").unlink()
        widget = open_panel()
        dialogs.answer = True
        widget.ui.removeModelsButton.click()
        assert [e for e in models.entries() if not e.shipped] == []


def test_removing_frames_does_not_stop_the_preview_of_the_source(cine, interpolated, process_events_until):
    interpolated.ui.timeSlider.value = 0.3
    node = interpolated.panel.sections["preview"].preview.node
    process_events_until(lambda: node.GetAttribute("TemporalInterp.Engine") == SHIFT.name)
    interpolated.ui.removeFramesButton.click()
    assert node.GetScene() is not None
    assert node.GetAttribute("TemporalInterp.Engine") == SHIFT.name
