"""The module as Slicer loads it: without PyTorch, without a main window, over scenes that close, open and are saved."""

import ast
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import slicer
from harness import gestures
from harness.sample_data import press_button
from mrml_helpers import OBLIQUE, item_arrays, item_values, put_in_scene, synthetic_marks
from panels.panel_helpers import SHIFT, attributes, ids, parameters_of, pick, preview_of

from TemporalInterpLib import sample_cine
from TemporalInterpLib.engines import engine_choices
from TemporalInterpLib.parameter_node import (
    Device,
    FieldStyle,
    Fill,
    FillWhole,
    Span,
    StrainView,
    TemporalInterpParameterNode,
)

MODULE = Path(__file__).parents[2] / "TemporalInterp"
LIBRARY = MODULE / "TemporalInterpLib"
UI = [ElementTree.parse(path).getroot() for path in sorted((LIBRARY / "sections").glob("*/*.ui"))]

WITHOUT_TORCH = """
import json, os, sys
blocked = "torch lightning tensorboard safetensors typer rich yaml nrrd matplotlib platformdirs".split()
sys.modules.update(dict.fromkeys(blocked))  # None: importing one of these raises ImportError
os.environ["QT_QPA_PLATFORM"] = "offscreen"
testing, module = sys.argv[1:]
sys.path[:0] = [testing, testing + "/mrml", testing + "/support", module]
import slicer
from harness import faults
from harness.install import install, session

install()
import numpy as np
from mrml_helpers import OBLIQUE, item_arrays, put_in_scene, synthetic_marks

scene = slicer.mrmlScene = slicer.vtkMRMLScene()
logic = slicer.vtkSlicerSequencesLogic()
logic.SetMRMLScene(scene)
with session(scene, logic, main_window=False) as running:
    from pathlib import Path

    first, last = np.zeros((2, 8, 8), "int16"), np.full((2, 8, 8), 100, "int16")
    put_in_scene([first, last], OBLIQUE, [0, 10])
    running.load_module(Path(module) / "TemporalInterp.py")
    running.start_up()
    widget = running.open_module(Path(module) / "TemporalInterp.py")
    widget.enter()
    ui, parameters = widget.ui, widget.panel.context.parameters
    ui.frameCount.value = 1
    ui.interpolateButton.click()
    while widget.panel.sections["interpolate"].work.running:
        slicer.app.processEvents()
    ui.timeSlider.value = 2.5
    said = {
        "missing": not ui.missingPackages.isHidden(),
        "label": ui.missingLabel.text,
        "voxels": [int(array.max()) for array in item_arrays(parameters.result)],
        "synthetic": synthetic_marks(parameters.result),
        "engine": parameters.result.GetNthDataNode(1).GetAttribute("TemporalInterp.Engine"),
        "preview": int(slicer.util.arrayFromVolume(widget.panel.sections["preview"].preview.node).max()),
        "dialogs": running.dialogs.shown,
        "loaded": [name for name in blocked if sys.modules[name] is not None],
    }
faults.check()
logic.SetMRMLScene(None)
print(json.dumps(said), flush=True)
os._exit(0)
"""


def test_without_torch_and_main_window_the_panel_opens_and_the_linear_blend_works():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(Path(__file__).parents[1]), str(MODULE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["missing"]
    assert "torch" in said["label"]
    assert "only the linear blend" in said["label"]
    assert said["voxels"] == [0, 50, 100]
    assert said["synthetic"] == [False, True, False]
    assert said["engine"] == "linear_blend"
    assert said["preview"] == 25
    assert said["dialogs"] == []
    assert said["loaded"] == []


def test_importing_the_module_imports_nothing_that_slicer_lacks():
    """Slicer imports every module at its start: that has to be quick, and work without PyTorch."""
    program = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parents[1])!r}, {str(MODULE)!r}]
import os
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from harness.install import install
install()
import TemporalInterp
unwanted = ("torch", "lightning", "matplotlib", "pydicom", "typer", "rich")
print([name for name in unwanted if name in sys.modules], flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.no_main_window
def test_opens_without_a_main_window_and_interpolates(cine, open_panel, process_events_until):
    widget = open_panel()
    widget.ui.timeSlider.value = 0.3
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
    assert len(item_values(parameters_of(widget).result)) == 12


def test_what_slicer_shows_of_it(slicer_session):
    parent = slicer_session.load_module(MODULE / "TemporalInterp.py").parent
    assert parent.title == "TemporalInterp"
    assert parent.categories == ("Sequences",)
    assert "Sequences" in parent.dependencies
    assert "Not for diagnosis" in parent.helpText
    assert parent.contributors
    assert parent.acknowledgementText


def test_the_generic_test_makes_a_widget_without_a_parent(slicer_session, engines):
    slicer_session.load_module(MODULE / "TemporalInterp.py")
    widget = sys.modules["TemporalInterp"].TemporalInterpWidget()
    assert not widget.ui.timeSlider.enabled
    widget.cleanup()


def test_reloaded_it_works_on(cine, open_panel, process_events_until):
    first = open_panel()
    first.ui.timeSlider.value = 0.3
    panel = first.panel
    first.cleanup()
    assert panel.sections["preview"].preview.node is None
    second = open_panel()
    assert second.ui.timeSlider.value == 0.3
    second.ui.timeSlider.value = 0.4
    process_events_until(lambda: preview_of(second).GetAttribute("TemporalInterp.Engine") == SHIFT.name)
    assert panel.context.parameters is None


class TestParametersThatCannotBeConnected:
    """As where a type of the parameter node has no connector in this version of Slicer."""

    @pytest.fixture
    def refusing(self, monkeypatch):
        """Lets connectGui raise until it is told to work again."""

        def connect(self, gui):
            raise RuntimeError("Unable to create a connector from Annotated[Union[A, B, None]] to qMRMLNodeComboBox")

        with monkeypatch.context() as patch:
            patch.setattr(TemporalInterpParameterNode, "connectGui", connect)
            yield patch

    def test_it_is_told_once_and_all_that_slicer_calls_still_works(self, cine, scene, open_module, dialogs, refusing):
        widget = open_module()
        widget.enter()
        widget.exit()
        widget.enter()
        scene.StartState(scene.ImportState)
        scene.EndState(scene.ImportState)
        scene.Clear(0)
        ((level, text),) = dialogs.shown
        assert level == "error"
        assert text.startswith("Something went wrong in TemporalInterp")
        assert "Union" not in text
        assert widget.panel.context.parameters is None
        assert not widget.ui.interpolateButton.enabled
        widget.cleanup()
        widget.cleanup()

    def test_once_they_can_be_connected_the_panel_is_on(self, cine, open_module, refusing):
        widget = open_module()
        refusing.undo()
        widget.enter()
        assert widget.panel.context.parameters.sequence is cine.sequence
        assert widget.ui.interpolateButton.enabled


class TestClosing:
    def test_parameters_that_change_meanwhile_restart_nothing(self, cine, scene, engines, open_panel):
        """As where a selector has the preview's volume and moves on as that goes."""
        held = engines.hold()
        widget = open_panel()
        widget.ui.timeSlider.value = 0.3
        slicer.app.processEvents()
        node = parameters_of(widget).parameterNode
        tag = scene.AddObserver(scene.NodeAboutToBeRemovedEvent, lambda *_: node.Modified())
        widget.cleanup()
        scene.RemoveObserver(tag)
        widget.parent.delete()  # a job that is left would write to what is gone
        held.let_go()
        for _ in range(20):
            slicer.app.processEvents()
        assert held.prepared == 1
        assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == [cine.proxy]

    def test_a_scene_that_closes_restarts_nothing(self, cine, scene, engines, open_panel):
        held = engines.hold()
        widget = open_panel()
        widget.ui.timeSlider.value = 0.3
        slicer.app.processEvents()
        node = parameters_of(widget).parameterNode
        tag = scene.AddObserver(scene.NodeAboutToBeRemovedEvent, lambda *_: node.Modified())
        scene.Clear(0)
        scene.RemoveObserver(tag)
        held.let_go()
        for _ in range(20):
            slicer.app.processEvents()
        assert held.prepared == 1
        assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []

    def test_slicer_quits_after_the_widgets_are_gone(self, cine, open_panel):
        widget = open_panel()
        widget.cleanup()
        widget.parent.delete()
        widget.cleanup()


def test_the_sample_cine_is_in_sample_data(slicer_session, monkeypatch, engines):
    monkeypatch.setattr(sample_cine, "PHASES", 2)
    slicer_session.load_module(MODULE / "TemporalInterp.py")
    slicer_session.start_up()
    loaded = press_button("Beating heart phantom")
    (node,) = loaded if isinstance(loaded, list | tuple) else [loaded]
    assert node.IsA("vtkMRMLScalarVolumeNode")
    (sequence,) = slicer.util.getNodesByClass("vtkMRMLSequenceNode")
    assert len(item_values(sequence)) == 2


class TestScenes:
    def test_closed_while_everything_runs_and_used_again(
        self, cine, scene, blob_frames, engines, open_panel, process_events_until
    ):
        held = engines.hold()
        widget = open_panel()
        widget.ui.timeSlider.value = 0.3
        widget.ui.sideBySide.click()
        widget.ui.interpolateButton.click()
        widget.ui.checkButton.click()
        for _ in range(5):
            slicer.app.processEvents()
        scene.Clear(0)
        held.let_go()
        for _ in range(20):
            slicer.app.processEvents()
        assert slicer.util.getNodesByClass("vtkMRMLVolumeNode") == []
        assert slicer.util.getNodesByClass("vtkMRMLSequenceNode") == []
        assert not widget.panel.sections["interpolate"].work.running
        assert not widget.panel.sections["check"].work.running
        assert (widget.ui.interpolateButton.text, widget.ui.checkButton.text) == ("Interpolate", "Check")
        assert parameters_of(widget).sequence is None
        assert not widget.ui.timeSlider.enabled
        again = put_in_scene(blob_frames(4), OBLIQUE, [0, 1, 2, 3])
        gestures.choose(widget.ui.sequenceSelector, again.sequence)
        assert (parameters_of(widget).firstPhase, parameters_of(widget).lastPhase) == (0, 3)
        widget.ui.timeSlider.value = 0.6
        process_events_until(lambda: preview_of(widget).GetAttribute("TemporalInterp.Engine") is not None)
        assert preview_of(widget).GetScene() is scene

    def test_closed_while_another_module_is_shown(self, cine, scene, blob_frames, open_panel):
        widget = open_panel()
        widget.exit()
        scene.Clear(0)
        put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        widget.enter()
        assert parameters_of(widget).sequence.GetName() == "cine"
        assert parameters_of(widget).lastPhase == 2

    def test_there_is_one_parameter_node(self, cine, scene, open_panel):
        widget = open_panel()
        widget.exit()
        widget.enter()
        assert len(slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")) == 1

    def test_another_sequence_may_be_loaded_meanwhile(self, cine, scene, blob_frames, open_panel):
        widget = open_panel()
        put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        assert parameters_of(widget).sequence is cine.sequence


CHOSEN = {
    "firstPhase": 1,
    "lastPhase": 3,
    "instant": 15.5,
    "engine": "velocity_field",
    "device": Device.CPU,
    "adaptedModel": "adapted-cine",
    "span": Span.WHOLE,
    "fill": Fill.AT_TIMES,
    "frameCount": 7,
    "times": "1, 2.5",
    "fillWhole": FillWhole.IN_ALL,
    "factor": 3,
    "framesInAll": 24,
    "cyclic": True,
    "fields": False,
    "fieldStyle": FieldStyle.GRID,
    "fieldSpacing": 2.5,
    "jacobian": True,
    "motionArrows": True,
    "strainView": StrainView.LONG_AXIS,
    "wallThickness": 8.5,
}


def ours(sequence) -> list[dict[str, str]]:
    """The module's own marks on every item; Slicer's on proxies change."""
    items = [attributes(sequence.GetNthDataNode(n)) for n in range(sequence.GetNumberOfDataNodes())]
    return [{key: value for key, value in item.items() if key.startswith("TemporalInterp.")} for item in items]


class TestSaving:
    @pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
    @pytest.mark.parametrize("entered", [True, False])
    def test_parameters_and_result_come_back(
        self, cine, scene, open_panel, process_events_until, save_and_load, entered
    ):
        widget = open_panel()
        widget.ui.frameCount.value = 2
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        made = [array.copy() for array in item_arrays(parameters_of(widget).result)]
        marks = ours(parameters_of(widget).result)
        widget.ui.timeSlider.value = 0.6  # a preview, which is not saved
        for name, value in CHOSEN.items():
            setattr(parameters_of(widget), name, value)
        if not entered:
            widget.exit()
        save_and_load()
        if not entered:
            widget.enter()
        parameters = parameters_of(widget)
        assert {name: getattr(parameters, name) for name in CHOSEN} == CHOSEN
        assert parameters.sequence.GetName() == "cine"
        assert parameters.sequence.GetScene() is scene
        assert parameters.result.GetName() == "Interpolated 0-50 ms of cine"
        assert item_values(parameters.result) == pytest.approx([0, 50 / 3, 100 / 3, 50], abs=1e-5)
        for array, original in zip(item_arrays(parameters.result), made, strict=True):
            assert array.tobytes() == original.tobytes()
        assert ours(parameters.result) == marks
        assert synthetic_marks(parameters.result) == [False, True, True, False]
        ui = widget.ui
        assert ui.sequenceSelector.currentNode() is parameters.sequence
        assert (ui.timeSlider.value, ui.frameCount.value, ui.times.text) == (15.5, 7, "1, 2.5")
        assert ui.engineSelector.currentText == engine_choices()["velocity_field"]
        assert ui.firstPhase.currentText == "12.5 ms (1)"
        assert ui.lastPhase.currentText == "37.5 ms (3)"
        assert not ui.playWidget.isHidden()

    def test_a_scene_from_when_tracking_had_a_box_of_its_own_for_the_cycle(self, cine, open_panel):
        widget = open_panel()
        node = parameters_of(widget).parameterNode
        widget.panel.use(None)
        node.SetParameter("wholeBeat", "True")
        widget.use_scene()
        assert parameters_of(widget).cyclic
        widget.ui.cyclic.click()
        widget.use_scene()
        assert not parameters_of(widget).cyclic

    def test_a_scene_from_when_the_whole_sequence_was_a_kind_of_filling(self, cine, open_panel):
        widget = open_panel()
        node = parameters_of(widget).parameterNode
        widget.panel.use(None)
        node.SetParameter("fill", "WHOLE_SEQUENCE")
        node.UnsetParameter("span")
        widget.use_scene()
        assert (parameters_of(widget).span, parameters_of(widget).fill) == (Span.WHOLE, Fill.EVENLY)
        assert "5 frames become" in widget.ui.interpolatePlan.text

    @pytest.mark.no_main_window  # see above
    def test_after_loading_the_path_continues(self, cine, open_panel, process_events_until, save_and_load):
        widget = open_panel()
        pick(widget.ui.firstPhase, 1)
        save_and_load()
        widget.ui.timeSlider.value = 20
        process_events_until(lambda: preview_of(widget).GetAttribute("TemporalInterp.Engine") == SHIFT.name)
        assert preview_of(widget).GetAttribute("TemporalInterp.FirstIndexValue") == "12.5"
        widget.ui.frameCount.value = 1
        widget.ui.interpolateButton.click()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        assert item_values(parameters_of(widget).result) == [12.5, 31.25, 50]

    def test_loading_into_a_scene_with_work_running(
        self, cine, scene, engines, open_panel, process_events_until, tmp_path
    ):
        url = tmp_path / "other.mrml"
        other = slicer.vtkMRMLScene()
        other.AddNewNodeByClass("vtkMRMLLinearTransformNode", "imported")
        other.SetURL(str(url))
        other.Commit()
        held = engines.hold()
        widget = open_panel()
        widget.ui.frameCount.value = 1
        widget.ui.interpolateButton.click()
        slicer.app.processEvents()
        scene.SetURL(str(url))
        assert scene.Import()
        held.let_go()
        process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 20)
        assert slicer.util.getNode("imported") is not None
        assert item_values(parameters_of(widget).result) == [0, 25, 50]


def widgets_in_ui() -> dict[str, tuple[str, dict[str, str]]]:
    """Class and properties of every widget in the .ui file, by its name."""
    found = {}
    for widget in (widget for ui in UI for widget in ui.iter("widget")):
        texts = {p.get("name"): "".join(p.itertext()).strip() for p in widget.findall("property")}
        found[widget.get("name")] = (widget.get("class"), texts)
    return found


BOUND = {
    properties["SlicerParameterName"]: name
    for name, (_, properties) in widgets_in_ui().items()
    if "SlicerParameterName" in properties
}

SELECTORS = {"sequence", "trackedRegion", "followingPoints", "strainCurve", "slicesInput"}
"""Parameters that are nodes."""

WITHOUT_WIDGET = {"engine", "device", "instant", "firstPhase", "lastPhase", "adaptedModel", "result", "trackedSegment"}
"""Parameters that their sections write, or that the user does not see."""

OTHER_VALUES = {
    bool: lambda value: not value,
    int: lambda value: value + 1,
    float: lambda value: round(value / 2 + 0.5, 2),
    str: lambda value: value + "7",
}


class TestBinding:
    def test_every_parameter_has_its_widget(self):
        assert set(BOUND) == set(TemporalInterpParameterNode.allParameters) - WITHOUT_WIDGET

    @pytest.mark.parametrize("parameter", sorted(set(BOUND) - SELECTORS))
    def test_widget_and_parameter_follow_one_another(self, cine, open_panel, parameter):
        widget = open_panel()
        control, parameters = getattr(widget.ui, BOUND[parameter]), parameters_of(widget)
        before = getattr(parameters, parameter)
        is_choice = control.className() == "QComboBox"
        prop = {"QCheckBox": "checked", "QComboBox": "currentIndex", "QLineEdit": "text"}.get(
            control.className(), "value"
        )
        shown = getattr(control, prop)
        other = (shown + 1) % control.count if is_choice else OTHER_VALUES[type(shown)](shown)
        setattr(control, prop, other)
        assert getattr(parameters, parameter) != before, "the parameter does not follow the widget"
        setattr(parameters, parameter, before)
        assert getattr(control, prop) == shown, "the widget does not follow the parameter"

    @pytest.mark.parametrize(
        ("parameter", "kind"),
        [
            ("trackedRegion", "vtkMRMLSegmentationNode"),
            ("trackedRegion", "vtkMRMLMarkupsROINode"),
            ("followingPoints", "vtkMRMLMarkupsFiducialNode"),
            ("followingPoints", "vtkMRMLMarkupsClosedCurveNode"),
            ("strainCurve", "vtkMRMLMarkupsCurveNode"),
            ("strainCurve", "vtkMRMLMarkupsClosedCurveNode"),
            ("slicesInput", "vtkMRMLScalarVolumeNode"),
        ],
    )
    def test_selectors_of_nodes_are_bound(self, cine, scene, open_panel, parameter, kind):
        widget = open_panel()
        node, selector = scene.AddNewNodeByClass(kind, "mine"), getattr(widget.ui, BOUND[parameter])
        assert selector.currentNode() is None
        gestures.choose(selector, node)
        assert getattr(parameters_of(widget), parameter) is node
        setattr(parameters_of(widget), parameter, None)
        assert selector.currentNode() is None

    def test_the_selector_of_sequences_is_bound(self, cine, open_panel):
        widget = open_panel()
        assert widget.ui.sequenceSelector.currentNode() is cine.sequence
        gestures.choose(widget.ui.sequenceSelector, None)
        assert parameters_of(widget).sequence is None
        parameters_of(widget).sequence = cine.sequence
        assert widget.ui.sequenceSelector.currentNode() is cine.sequence


INPUTS = {
    *("QPushButton", "QToolButton", "QCheckBox", "QRadioButton", "QComboBox", "QSpinBox", "QDoubleSpinBox"),
    *("QLineEdit", "QSlider", "ctkSliderWidget", "qMRMLNodeComboBox"),
}


EMPTY_LABELS = [n for n, (kind, p) in widgets_in_ui().items() if kind == "QLabel" and not p.get("text")]


class TestTexts:
    @pytest.mark.parametrize("name", [name for name, (kind, _) in widgets_in_ui().items() if kind in INPUTS])
    def test_every_control_has_a_tooltip(self, name):
        text = widgets_in_ui()[name][1].get("toolTip", "")
        assert len(text) > 20, f"{name} has no tooltip"

    @pytest.mark.parametrize("name", EMPTY_LABELS)
    def test_labels_for_long_texts_break_their_lines(self, name):
        """The panel is about 340 pixels wide."""
        _, properties = widgets_in_ui()[name]
        assert properties.get("wordWrap") == "true" or "Curve" in name

    @pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: path.name)
    def test_what_the_user_reads_can_be_translated(self, path):
        """Texts that are set on a widget or shown in a dialog pass through `_()`."""
        untranslated = []
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for shown in _shown_by(node):
                untranslated += [f"line {word.lineno}: {word.value!r}" for word in _words(shown)]
        assert untranslated == []

    def test_progress_is_reported_in_words_that_can_be_translated(self):
        text = (LIBRARY / "job.py").read_text(encoding="utf-8")
        assert not re.search(r'return f"[^"]*left"', text)


def _shown_by(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Attribute) and target.attr in ("text", "toolTip", "windowTitle")
        for target in node.targets
    ):
        return [node.value]
    dialogs = ("errorDisplay", "infoDisplay", "warningDisplay", "confirmOkCancelDisplay", "confirmYesNoDisplay")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in dialogs:
        return [*node.args, *[keyword.value for keyword in node.keywords]]
    return []


def _words(node: ast.AST) -> list[ast.Constant]:
    """Literal words outside `_()`."""
    if isinstance(node, ast.Call):
        inside = [node.func, *node.args, *[keyword.value for keyword in node.keywords]]
        if isinstance(node.func, ast.Name) and node.func.id == "_":
            return []
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "replace"):
            inside = node.args[:0]
        return [word for part in inside for word in _words(part)]
    if isinstance(node, ast.Constant):
        return [node] if isinstance(node.value, str) and re.search(r"[A-Za-z]{3}", node.value) else []
    return [word for child in ast.iter_child_nodes(node) for word in _words(child)]


def test_leaving_and_coming_back_changes_nothing_in_the_scene(cine, scene, open_panel):
    widget = open_panel()
    before = ids(scene)
    widget.exit()
    widget.enter()
    assert ids(scene) == before
