"""The section that chooses the engine and adapts the network; the child process is a stand-in."""

import threading
import time

import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, item_arrays, item_values, sequence_of, snapshot
from panels.panel_helpers import SHIFT, attributes, ids, is_running, parameters_of, pick, preview_of

from temporal_interp.engines import registry
from temporal_interp.engines.choice import Choice
from temporal_interp.engines.velocity_field import EASE_IN_OUT_ENGINE
from temporal_interp.models.registry import Registry, shipped_folder
from TemporalInterpLib import dependencies
from TemporalInterpLib.engines import engine_choices
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC, Device

WORDS = {
    AUTOMATIC: "Automatic is the student: of the engines that run here",
    "student": "0.8 s a frame",
    ADAPTED: "not adapted to this sequence yet",
    "velocity_field": "ready in about 4 s",
    EASE_IN_OUT_ENGINE: "it starts and ends slowly. A stack of 6 slices",
    "cubic_blend": "Fades smoothly through the frames around: nothing moves. At once",
    "linear_blend": "At once",
}


def choose(selector, choice) -> None:
    pick(selector, list(engine_choices()).index(choice))


@pytest.mark.parametrize("choice", WORDS)
def test_every_engine_is_offered_with_what_to_expect_of_it(cine, open_panel, choice):
    widget = open_panel()
    choose(widget.ui.engineSelector, choice)
    assert parameters_of(widget).engine == choice
    assert widget.ui.engineSelector.currentText == engine_choices()[choice]
    assert WORDS[choice] in widget.ui.engineInfo.text


@pytest.mark.parametrize(("choice", "name"), [(AUTOMATIC, "student"), ("student", "student")])
def test_the_choice_is_what_computes(cine, engines, open_panel, process_events_until, choice, name):
    widget = open_panel()
    choose(widget.ui.engineSelector, choice)
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running)
    assert engines.made == [(name, "cpu")]


def test_the_device_is_passed_on(cine, engines, open_panel, process_events_until, monkeypatch):
    asked = []
    monkeypatch.setattr("temporal_interp.tensors.devices.choose_device", lambda name: asked.append(name) or "cuda:7")
    monkeypatch.setattr("temporal_interp.tensors.devices.available_devices", lambda: ["cpu", "cuda"])
    widget = open_panel()
    process_events_until(lambda: not widget.ui.deviceSelector.isHidden(), 60)
    assert [widget.ui.deviceSelector.itemText(n) for n in range(widget.ui.deviceSelector.count)] == [
        "Automatic",
        "Processor (CPU)",
        "NVIDIA GPU (CUDA)",
    ]
    pick(widget.ui.deviceSelector, 2)
    assert parameters_of(widget).device is Device.CUDA
    widget.ui.timeSlider.value = 0.3
    process_events_until(lambda: preview_of(widget).GetAttribute("TemporalInterp.Engine") == SHIFT.name)
    assert asked == ["cuda"]
    assert engines.made == [("student", "cuda:7")]


def test_where_the_processor_is_the_only_device_there_is_nothing_to_choose(
    cine, open_panel, process_events_until, monkeypatch
):
    monkeypatch.setattr("temporal_interp.tensors.devices.available_devices", lambda: ["cpu"])
    widget = open_panel()
    assert widget.ui.deviceSelector.isHidden()
    process_events_until(lambda: widget.panel.sections["engine"]._there is not None, 60)
    assert widget.ui.deviceSelector.isHidden()
    assert widget.ui.deviceLabel.isHidden()
    assert widget.ui.deviceNote.isHidden()


def test_a_saved_device_that_is_not_there_is_replaced_and_said(cine, open_panel, process_events_until, monkeypatch):
    monkeypatch.setattr("temporal_interp.tensors.devices.available_devices", lambda: ["cpu"])
    widget = open_panel()
    parameters_of(widget).device = Device.CUDA
    process_events_until(lambda: parameters_of(widget).device is Device.AUTO, 60)
    assert "'NVIDIA GPU (CUDA)' was chosen" in widget.ui.deviceNote.text
    assert not widget.ui.deviceNote.isHidden()


def test_torch_is_loaded_and_asked_for_devices_outside_of_the_event_loop(
    cine, open_panel, process_events_until, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "temporal_interp.tensors.devices.available_devices",
        lambda: asked.append(threading.current_thread()) or ["cpu"],
    )
    open_panel()
    process_events_until(lambda: asked, 60)
    assert asked[0] is not threading.main_thread()


def test_an_unfit_sequence_cannot_be_adapted_to_and_the_button_says_why(scene, blob_frames, open_panel):
    widget = open_panel()
    parameters_of(widget).sequence = scene.AddNode(sequence_of(blob_frames(1), OBLIQUE, [0]))
    assert not widget.ui.adaptButton.enabled
    assert widget.ui.adaptButton.toolTip == widget.panel.context.in_use.refusal != ""


def test_not_adapted_yet_is_reported_and_the_preview_is_the_blend(cine, scene, open_panel, dialogs):
    widget = open_panel(ADAPTED)
    widget.ui.timeSlider.value = 0.3
    assert preview_of(widget).GetAttribute("TemporalInterp.Engine") == "linear_blend"
    widget.ui.interpolateButton.click()
    ((level, text),) = dialogs.shown
    assert level == "error"
    assert "press 'Adapt' first" in text


COMMAND = """
import shutil
assert sys.argv[1] == "interpolate", sys.argv
source, target = sys.argv[2], sys.argv[sys.argv.index("-o") + 1]
say("progress", fraction=0.5, message="registering")
shutil.copyfile({made!r}, target)
say("result", output=target)
"""


class TestSlowEngines:
    """They run the command line in a child process."""

    @pytest.fixture
    def made(self, cine, tmp_path):
        """What the child answers: the true answer of SHIFT, written by the core."""
        from temporal_interp.io import write_sequence
        from temporal_interp.workflows.interpolation import interpolate
        from TemporalInterpLib.sequence_conversion import sequence_from_node

        sequence = sequence_from_node(cine.sequence)
        path = tmp_path / "made.seq.nrrd"
        write_sequence(interpolate(sequence, between=(0, 4), times=[12.5, 20.0], engine=SHIFT), path)
        return path

    @pytest.mark.parametrize("choice", ["velocity_field", EASE_IN_OUT_ENGINE])
    def test_they_run_the_command_line(
        self, cine, engines, open_panel, child_program, process_events_until, made, tmp_path, choice
    ):
        child_program(
            COMMAND.format(made=str(made)) + f"open({str(tmp_path / 'said')!r}, 'w').write(' '.join(sys.argv))"
        )
        widget = open_panel(choice)
        parameters_of(widget).fields = False
        widget.ui.cyclic.click()
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        result = parameters_of(widget).result
        assert item_values(result) == [0, 12.5, 20, 50]
        source, frames = item_arrays(cine.sequence), item_arrays(result)
        assert (frames[0].tobytes(), frames[3].tobytes()) == (source[0].tobytes(), source[4].tobytes())
        assert attributes(result.GetNthDataNode(1))["TemporalInterp.T"] == "0.25"
        assert frames[1].tobytes() != source[1].tobytes()
        said = (tmp_path / "said").read_text()
        assert f"--engine {choice} --device auto --json" in said
        assert "--from 0 --to 4" in said
        assert "--cyclic" in said
        assert engines.made == []

    def test_cancelled_the_child_is_gone_and_the_scene_identical(
        self, cine, scene, open_panel, child_program, process_events_until, tmp_path
    ):
        noted = tmp_path / "pid"
        child_program(f"open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
        widget = open_panel("velocity_field")
        before = snapshot(scene)
        widget.ui.interpolateButton.click()
        process_events_until(lambda: noted.exists() and noted.read_text() != "", 20)
        widget.ui.interpolateButton.click()
        assert not is_running(int(noted.read_text()))
        assert snapshot(scene) == before

    def test_a_crash_is_a_message_and_the_scene_identical(
        self, cine, scene, open_panel, child_program, process_events_until, dialogs
    ):
        child_program("sys.stderr.write('no memory left'); sys.stderr.flush(); os._exit(137)")
        widget = open_panel("velocity_field")
        before = snapshot(scene)
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        ((level, text),) = dialogs.shown
        assert level == "error"
        assert "137" in text
        assert "no memory left" not in text  # a detail
        assert "Something went wrong" not in text
        assert snapshot(scene) == before


ADAPT = """
import shutil
assert sys.argv[1] == "adapt" and sys.argv[-1] == "--json", sys.argv
assert os.path.exists(sys.argv[2])
say("progress", fraction=0.4, message="sample 40 of 100")
shutil.copyfile({model!r}, sys.argv[sys.argv.index("-o") + 1])
say("result", epochs=4, gain_before_db=0.5, gain_after_db=1.25)
"""


class TestAdapt:
    @pytest.fixture
    def adapted(self, cine, open_panel, child_program, process_events_until):
        """The panel after Adapt has ended."""
        child_program(ADAPT.format(model=str(shipped_folder() / "synthetic-small.safetensors")))
        widget = open_panel()
        widget.ui.adaptButton.click()
        process_events_until(lambda: not widget.panel.sections["engine"].work.running, 20)
        return widget

    def test_the_model_is_registered_chosen_and_its_gain_reported(self, adapted):
        assert parameters_of(adapted).adaptedModel == "adapted-cine"
        assert parameters_of(adapted).engine == ADAPTED
        assert adapted.ui.engineSelector.currentText == engine_choices()[ADAPTED]
        assert [e.name for e in Registry().entries() if not e.shipped] == ["adapted-cine"]
        assert "+1.25 dB" in adapted.ui.adaptMessage.text
        assert "+0.50 dB before" in adapted.ui.adaptMessage.text
        assert adapted.ui.adaptButton.text == "Adapt to this sequence"

    def test_the_adapted_network_computes(self, adapted, engines, process_events_until):
        adapted.ui.timeSlider.value = 0.3
        process_events_until(lambda: preview_of(adapted).GetAttribute("TemporalInterp.Engine") == SHIFT.name)
        assert engines.made == [("student:adapted-cine", "cpu")]

    def test_twice_makes_two_models(self, adapted, process_events_until):
        adapted.ui.adaptButton.click()
        process_events_until(lambda: not adapted.panel.sections["engine"].work.running, 20)
        assert parameters_of(adapted).adaptedModel == "adapted-cine-2"

    def test_another_sequence_was_not_adapted_to(self, adapted, scene, blob_frames):
        other = scene.AddNode(sequence_of(blob_frames(5), OBLIQUE, [0, 1, 2, 3, 4]))
        gestures.choose(adapted.ui.sequenceSelector, other)
        assert "not adapted to this sequence yet" in adapted.ui.engineInfo.text

    def test_the_scene_is_as_it_was(self, cine, scene, open_panel, child_program, process_events_until):
        child_program(ADAPT.format(model=str(shipped_folder() / "synthetic-small.safetensors")))
        widget = open_panel()
        before = ids(scene)
        widget.ui.adaptButton.click()
        process_events_until(lambda: not widget.panel.sections["engine"].work.running, 20)
        assert ids(scene) == before

    def test_progress_is_shown_and_cancel_ends_the_child(
        self, cine, open_panel, child_program, process_events_until, tmp_path
    ):
        noted = tmp_path / "pid"
        child_program(
            f"say('progress', fraction=0.4, message='sample 40 of 100')\n"
            f"open({str(noted)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
        )
        widget = open_panel()
        widget.ui.adaptButton.click()
        assert widget.ui.adaptButton.text == "Cancel"
        process_events_until(lambda: "sample 40" in widget.ui.adaptMessage.text, 20)
        assert 35 <= widget.ui.adaptProgress.value <= 45
        widget.ui.adaptButton.click()
        assert not is_running(int(noted.read_text()))
        assert widget.ui.adaptButton.text == "Adapt to this sequence"
        assert parameters_of(widget).adaptedModel == ""
        assert [e for e in Registry().entries() if not e.shipped] == []

    def test_closing_the_module_ends_the_child(self, cine, open_panel, child_program, process_events_until, tmp_path):
        noted = tmp_path / "pid"
        child_program(f"open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
        widget = open_panel()
        widget.ui.adaptButton.click()
        process_events_until(lambda: noted.exists() and noted.read_text() != "", 20)
        widget.cleanup()
        assert not is_running(int(noted.read_text()))

    def test_what_the_command_refuses_is_reported_in_its_words(
        self, cine, open_panel, child_program, process_events_until, dialogs
    ):
        child_program("say('error', message='The frames are too small to adapt to.'); sys.exit(3)")
        widget = open_panel()
        widget.ui.adaptButton.click()
        process_events_until(lambda: not widget.panel.sections["engine"].work.running, 20)
        assert dialogs.shown == [("error", "The frames are too small to adapt to.")]
        assert widget.ui.adaptMessage.text == "Nothing was added."

    def test_a_model_that_cannot_be_read_is_reported(
        self, cine, open_panel, child_program, process_events_until, dialogs, tmp_path
    ):
        (tmp_path / "none.safetensors").write_bytes(b"not a model")
        child_program(ADAPT.format(model=str(tmp_path / "none.safetensors")))
        widget = open_panel()
        widget.ui.adaptButton.click()
        process_events_until(lambda: not widget.panel.sections["engine"].work.running, 20)
        assert dialogs.shown[0][0] == "error"
        assert "Something went wrong" not in dialogs.shown[0][1]
        assert parameters_of(widget).adaptedModel == ""

    def test_another_sequence_chosen_meanwhile_stays_chosen(
        self, cine, scene, blob_frames, open_panel, child_program, process_events_until
    ):
        child_program("time.sleep(0.2)\n" + ADAPT.format(model=str(shipped_folder() / "synthetic-small.safetensors")))
        widget = open_panel()
        other = scene.AddNode(sequence_of(blob_frames(5), OBLIQUE, [0, 1, 2, 3, 4]))
        widget.ui.adaptButton.click()
        gestures.choose(widget.ui.sequenceSelector, other)
        process_events_until(lambda: not widget.panel.sections["engine"].work.running, 20)
        assert parameters_of(widget).sequence is other
        assert parameters_of(widget).engine == "student"

    def test_without_a_gain_the_network_stays_as_it_was(self, cine, open_panel, child_program, process_events_until):
        program = ADAPT.replace("epochs=4", "epochs=0").replace("1.25", "0.5")
        child_program(program.format(model=str(shipped_folder() / "synthetic-small.safetensors")))
        widget = open_panel()
        widget.ui.adaptButton.click()
        process_events_until(lambda: not widget.panel.sections["engine"].work.running, 20)
        assert "the network stays as it was" in widget.ui.adaptMessage.text
        assert parameters_of(widget).adaptedModel == ""
        assert parameters_of(widget).engine == "student"
        assert [e for e in Registry().entries() if not e.shipped] == []

    def test_four_frames_are_too_few(self, scene, blob_frames, open_panel, dialogs):
        scene.AddNode(sequence_of(blob_frames(4), OBLIQUE, [0, 1, 2, 3]))
        widget = open_panel()
        widget.ui.adaptButton.click()
        ((_, text),) = dialogs.shown
        assert "needs at least 5" in text


@pytest.mark.parametrize("choice", ["student", ADAPTED, "velocity_field", EASE_IN_OUT_ENGINE])
def test_without_torch_an_engine_says_what_to_do(cine, open_panel, monkeypatch, dialogs, choice):
    usual = dependencies.find_spec
    monkeypatch.setattr(dependencies, "find_spec", lambda name: None if name == "torch" else usual(name))
    widget = open_panel(choice)
    assert "not installed" in widget.ui.engineInfo.text
    widget.ui.interpolateButton.click()
    widget.ui.adaptButton.click()
    assert [level for level, _ in dialogs.shown] == ["error", "error"]
    assert all("install them with the button" in text for _, text in dialogs.shown)
    widget.ui.timeSlider.value = 0.4
    assert preview_of(widget).GetAttribute("TemporalInterp.Engine") == "linear_blend"


def test_the_panel_opens_at_once_where_the_engine_takes_long_to_find(cine, engines, open_panel):
    """The choice is looked at in the event loop at every move of the slider: it may not load a model."""
    started = time.monotonic()
    widget = open_panel(AUTOMATIC)
    gestures.drag(widget.ui.timeSlider, *[n / 2 for n in range(10, 40)])
    assert time.monotonic() - started < 3
    assert len(engines.made) <= 1


def test_automatic_looks_into_no_model_in_the_event_loop(cine, engines, open_panel, monkeypatch):
    monkeypatch.setattr(registry, "create_engine", lambda *_, **__: pytest.fail("a model is loaded"))
    widget = open_panel(AUTOMATIC)
    assert widget.ui.engineInfo.text.startswith("Automatic is the student: ")


def test_automatic_is_what_the_core_chooses_for_the_sequence_and_says_why(cine, open_panel, scene, monkeypatch):
    asked = []

    def choose(geometry, slice_thickness, *, torch):
        asked.append((geometry.shape, slice_thickness, torch))
        return Choice("cubic_blend", "Automatic is the cubic blend: so it is.")

    monkeypatch.setattr("TemporalInterpLib.engines.choose_engine", choose)
    cine.sequence.SetAttribute("TemporalInterp.SliceThickness", "6.5")
    widget = open_panel(AUTOMATIC)
    assert widget.ui.engineInfo.text == "Automatic is the cubic blend: so it is. At once."
    assert asked[0] == (item_arrays(cine.sequence)[0].shape, 6.5, True)


def test_nothing_is_left_in_the_folder_of_temporary_files(
    cine, open_panel, child_program, process_events_until, tmp_path, monkeypatch
):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    child_program("time.sleep(60)")
    widget = open_panel("velocity_field")
    widget.ui.interpolateButton.click()
    process_events_until(lambda: len(list(folder.glob("TemporalInterp-*"))) >= 2, 20)
    widget.ui.interpolateButton.click()
    for _ in range(5):
        slicer.app.processEvents()
    assert list(folder.glob("TemporalInterp-*")) == []


def test_an_engine_of_another_package_is_offered_and_computes(cine, open_panel, process_events_until):
    spec = registry.EngineSpec("toy", "Toy engine", "Moves by a known way.", "At once.", create=lambda v, d: SHIFT)
    registry.register_engine(spec)
    try:
        widget = open_panel(AUTOMATIC)
        choose(widget.ui.engineSelector, "toy")
        assert widget.ui.engineSelector.currentText == "Toy engine"
        assert widget.ui.engineInfo.text == "Moves by a known way. At once."
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running)
        item = parameters_of(widget).result.GetNthDataNode(1)
        assert item.GetAttribute("TemporalInterp.Engine") == SHIFT.name
    finally:
        registry.unregister_engine("toy")


@pytest.mark.parametrize("gone", ["refined", "refined:synthetic-small", "of-another-package"])
def test_an_engine_of_a_saved_scene_that_is_not_there_is_replaced_and_said(cine, open_panel, gone):
    widget = open_panel(gone)
    assert parameters_of(widget).engine == AUTOMATIC
    assert widget.ui.engineSelector.currentText == "Automatic"
    assert f"'{gone}' was chosen, and there is no such engine here: the choice is automatic. Automatic is the " in (
        widget.ui.engineInfo.text
    )
    choose(widget.ui.engineSelector, "linear_blend")
    choose(widget.ui.engineSelector, AUTOMATIC)
    assert "was chosen" not in widget.ui.engineInfo.text


def test_an_engine_that_is_there_and_not_offered_is_shown_by_its_name(cine, open_panel):
    widget = open_panel("velocity_field:pair")
    assert parameters_of(widget).engine == "velocity_field:pair"
    assert widget.ui.engineSelector.currentText == "velocity_field:pair"
