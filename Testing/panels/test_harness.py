"""The harness is as strict as Slicer: what would go wrong there goes wrong here."""

import enum
import gc
import threading
from pathlib import Path
from typing import Annotated

import ctk
import numpy as np
import pytest
import qt
import slicer
from harness import faults, gestures, pythonqt
from harness.install import destroy_qt_objects
from harness.sample_data import press_button
from harness.ui_loader import UiFileError
from PySide6 import QtCore, QtGui, QtWidgets
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

pytestmark = pytest.mark.usefixtures("slicer_session")

MODULE = """
from pathlib import Path

import ctk
import qt
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import *
from slicer.util import VTKObservationMixin


class Tiny(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Tiny")
        self.parent.categories = ["Sequences"]
        self.parent.contributors = ["Nobody"]
        slicer.app.connect("startupCompleted()", self.register)
        self.registered = 0

    def register(self):
        self.registered += 1


class TinyWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.closed = 0

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        top = slicer.util.loadUI(str(Path(__file__).with_suffix(".ui")))
        self.layout.addWidget(top)
        self.ui = slicer.util.childWidgetVariables(top)
        top.setMRMLScene(slicer.mrmlScene)
        self.ui.countButton.connect("clicked()", self.count)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onClose)
        self.counted = 0

    def count(self):
        self.counted += 1

    def onClose(self, caller, event):
        self.closed += 1

    def cleanup(self):
        self.removeObservers()
"""

UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Tiny</class>
 <widget class="qMRMLWidget" name="Tiny">
  <layout class="QVBoxLayout" name="verticalLayout">
   <item><widget class="ctkCollapsibleButton" name="inputs">
     <property name="text"><string>Inputs</string></property>
     <layout class="QFormLayout" name="formLayout">
      <item row="0" column="0"><widget class="QLabel" name="label">
        <property name="text"><string>In:</string></property>
      </widget></item>
      <item row="0" column="1"><widget class="qMRMLNodeComboBox" name="selector">
        <property name="nodeTypes"><stringlist><string>vtkMRMLSequenceNode</string></stringlist></property>
        <property name="noneEnabled"><bool>true</bool></property>
        <property name="SlicerParameterName" stdset="0"><string>sequence</string></property>
      </widget></item>
      <item row="1" column="1"><widget class="ctkSliderWidget" name="slider">
        <property name="singleStep"><double>0.010000000000000</double></property>
        <property name="SlicerParameterName" stdset="0"><string>time</string></property>
      </widget></item>
     </layout>
   </widget></item>
   <item><widget class="QPushButton" name="countButton">
     <property name="text"><string>Count</string></property>
   </widget></item>
  </layout>
 </widget>
 <customwidgets>
  <customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>qMRMLWidget.h</header><container>1</container></customwidget>
 </customwidgets>
 <connections>
  <connection><sender>Tiny</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
   <receiver>selector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection>
 </connections>
</ui>
"""


@pytest.fixture
def tiny(tmp_path) -> Path:
    """File of a scripted module with a .ui file."""
    (tmp_path / "Tiny.ui").write_text(UI)
    path = tmp_path / "Tiny.py"
    path.write_text(MODULE)
    return path


def expect_fault(kind, match="."):
    """The one error that would have failed this test."""
    (error,) = faults.take()
    with pytest.raises(kind, match=match):
        raise error


class TestPropertiesAndMethods:
    @pytest.mark.parametrize(
        ("name", "value"), [("value", "much"), ("decimals", None), ("suffix", None), ("visible", None)]
    )
    def test_a_value_that_the_property_does_not_accept(self, name, value):
        slider = ctk.ctkSliderWidget()
        if name == "visible":  # every object is true or false
            slider.visible = value
        else:
            with pytest.raises(AttributeError, match=name):
                setattr(slider, name, value)

    def test_wrong_arguments_and_keywords(self):
        label = qt.QLabel()
        with pytest.raises(ValueError, match="wrong arguments"):
            label.setText(1, 2, 3)
        with pytest.raises(TypeError):
            label.setText(text="x")

    def test_an_enum_is_not_spelled_as_in_qt_6(self):
        with pytest.raises(AttributeError):
            _ = qt.Qt.AlignmentFlag
        with pytest.raises(AttributeError):
            _ = qt.QProcess.ProcessState.NotRunning

    @pytest.mark.parametrize("name", ["Signal", "Slot", "QtCore", "QNoSuchWidget"])
    def test_what_the_qt_module_lacks(self, name):
        with pytest.raises(AttributeError):
            getattr(qt, name)

    def test_no_class_derives_from_another(self):
        button = qt.QPushButton()
        assert type(button) is qt.QPushButton
        assert not isinstance(button, qt.QWidget)
        with pytest.raises(TypeError, match="derives"):
            type("Mine", (qt.QObject,), {})

    def test_values_have_methods_only(self):
        size = qt.QSize(3, 4)
        assert (size.width(), qt.QColor("red").red()) == (3, 255)
        with pytest.raises(AttributeError):
            size.wdith()

    def test_another_thread_may_not_touch_widgets(self):
        label, errors = qt.QLabel(), []

        def work():
            try:
                label.text = "from a thread"
            except AssertionError as error:
                errors.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert "main thread" in errors[0]

    def test_painting_a_picture_for_a_label(self):
        pixmap = qt.QPixmap(20, 10)
        pixmap.fill(qt.QColor("white"))
        painter = qt.QPainter(pixmap)
        painter.setRenderHint(qt.QPainter.Antialiasing)
        painter.setPen(qt.QPen(qt.QColor(0, 0, 0), 2))
        painter.drawPolyline(qt.QPolygonF([qt.QPointF(0, 5), qt.QPointF(19, 5)]))
        painter.end()
        label = qt.QLabel()
        label.pixmap = pixmap
        assert label.pixmap.width() == 20
        assert label.pixmap.toImage().pixelColor(10, 5).red() < 100

    def test_a_dialog_that_would_wait_for_a_user(self):
        with pytest.raises(AssertionError, match="wait for a user"):
            qt.QMessageBox().exec_()


class TestSignals:
    def test_both_ways_to_connect(self):
        button, got = qt.QPushButton(), []
        assert button.connect("clicked()", lambda: got.append("plain")) is True
        button.clicked.connect(lambda checked: got.append(checked))
        button.click()
        assert got == ["plain", False]

    @pytest.mark.parametrize(
        "signal", ["clickd()", "clicked(int)", "clicked", "currentNodeChanged(PyObject)", "valueChanged(int)"]
    )
    def test_a_signal_that_does_not_exist_fails_the_test(self, signal):
        assert qt.QPushButton().connect(signal, lambda: None) is False
        expect_fault(AttributeError, "does not exist on QPushButton")

    def test_a_signal_that_only_qt_6_has(self):
        check_box = qt.QCheckBox()
        with pytest.raises(AttributeError):
            check_box.checkStateChanged.connect(lambda: None)
        assert not check_box.connect("checkStateChanged(Qt::CheckState)", lambda: None)
        expect_fault(AttributeError, "checkStateChanged")

    def test_the_signals_of_a_node_selector(self):
        selector = slicer.qMRMLNodeComboBox()
        assert selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: None)
        assert selector.connect("currentNodeChanged(bool)", lambda valid: None)
        assert not selector.connect("currentNodeChanged(PyObject)", lambda node: None)
        assert not selector.connect("currentNodeChanged(vtkMRMLScene*)", lambda node: None)
        assert not selector.connect("currentNodeChanged()", lambda node: None)
        assert len(faults.take()) == 3

    def test_a_slot_that_raises_fails_the_test_but_not_the_emitter(self):
        button = qt.QPushButton()
        button.connect("clicked()", lambda: 1 / 0)
        button.click()
        expect_fault(ZeroDivisionError)

    def test_a_vtk_observer_that_raises_fails_the_test(self):
        def observe(caller, event):
            raise KeyError("observer")

        node = slicer.vtkMRMLModelNode()
        node.AddObserver("ModifiedEvent", observe)
        node.Modified()
        expect_fault(KeyError, "observer")

    def test_a_warning_of_qt_fails_the_test(self):
        widget = qt.QWidget()
        qt.QVBoxLayout(widget)
        qt.QVBoxLayout(widget)
        expect_fault(RuntimeError, "already has a layout")

    def test_faults_fail_the_test_that_caused_them(self):
        faults.record(KeyError("a"))
        with pytest.raises(ExceptionGroup):
            faults.check()
        faults.check()

    def test_disconnecting(self):
        class Owner:
            def __init__(self):
                self.count = 0

            def clicked(self):
                self.count += 1

        owner, button = Owner(), qt.QPushButton()
        button.connect("clicked()", owner.clicked)
        button.connect("clicked()", lambda: None)
        assert button.disconnect("clicked()", owner.clicked)
        assert not button.disconnect("clicked()", owner.clicked)
        button.click()
        assert owner.count == 0
        assert button.disconnect("clicked()")
        assert not button.disconnect("clicked()")


class TestTimersAndProcesses:
    def test_single_shot_is_no_property(self):
        with pytest.raises(AttributeError):
            qt.QTimer().singleShot = True

    def test_output_and_end_of_a_process(self, process_events_until):
        process, lines, ends = qt.QProcess(), [], []
        process.connect("readyReadStandardOutput()", lambda: lines.append(process.readAllStandardOutput().data()))
        process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: ends.append((code, status)))
        process.start("sh", ["-c", "echo hello; exit 3"])
        process_events_until(lambda: ends)
        assert b"".join(lines) == b"hello\n"
        assert ends == [(3, qt.QProcess.NormalExit)]
        assert process.state() == qt.QProcess.NotRunning

    def test_a_process_that_is_killed_or_can_not_start(self, process_events_until):
        process, errors = qt.QProcess(), []
        process.connect("errorOccurred(QProcess::ProcessError)", errors.append)
        process.start("sleep", ["60"])
        process_events_until(lambda: process.state() == qt.QProcess.Running)
        assert process.processId() > 0
        process.kill()
        process_events_until(lambda: process.state() == qt.QProcess.NotRunning)
        missing = qt.QProcess()
        missing.connect("errorOccurred(QProcess::ProcessError)", errors.append)
        missing.start("no-such-program", [])
        process_events_until(lambda: len(errors) == 2)
        assert errors == [qt.QProcess.Crashed, qt.QProcess.FailedToStart]

    def test_waiting_for_what_does_not_happen(self, process_events_until):
        with pytest.raises(AssertionError, match="not within"):
            process_events_until(lambda: False, timeout_s=0.01)


class TestEventFilters:
    @staticmethod
    def make(function):
        class Filter(qt.QObject):
            def __init__(self):
                qt.QObject.__init__(self)
                self.seen = []

            def eventFilter(self, watched, event):  # noqa: N802 - as Qt names it
                self.seen.append((watched, event.type()))
                return function(event)

        return Filter()

    def test_it_sees_the_events_of_a_widget_and_may_end_them(self):
        button, pressed = qt.QPushButton(), []
        button.connect("clicked()", lambda: pressed.append(True))
        made = self.make(lambda event: event.type() == qt.QEvent.KeyPress)
        button.installEventFilter(made)
        key = QtGui.QKeyEvent(
            QtCore.QEvent.Type.KeyPress, QtCore.Qt.Key.Key_Space, QtCore.Qt.KeyboardModifier.NoModifier
        )
        QtWidgets.QApplication.sendEvent(button._qt, key)
        assert made.seen[-1] == (button, qt.QEvent.KeyPress)
        assert not button.isDown()

    def test_what_it_raises_is_a_fault(self):
        button = qt.QPushButton()

        def fail(event):
            if event.type() == QtCore.QEvent.Type.User:
                raise ValueError("as it happens")

        made = self.make(fail)
        button.installEventFilter(made)
        QtWidgets.QApplication.sendEvent(button._qt, QtCore.QEvent(QtCore.QEvent.Type.User))
        expect_fault(ValueError, "as it happens")

    def test_no_other_class_can_be_derived(self):
        with pytest.raises(TypeError, match="plain callbacks"):
            type("Button", (qt.QPushButton,), {"eventFilter": lambda *_: False})
        with pytest.raises(TypeError, match="plain callbacks"):
            type("Plain", (qt.QObject,), {})


class TestCtkWidgets:
    def test_a_slider_is_dragged_in_single_steps(self):
        slider = ctk.ctkSliderWidget()
        slider.minimum, slider.maximum = 0, 1
        gestures.drag(slider, 0.4, 0.6)
        assert slider.value == 1  # a single step is 1 unless it is set
        slider.singleStep = 0.25
        gestures.drag(slider, 0.4, 0.6)
        assert slider.value == 0.5

    def test_a_slider_may_hide_its_box(self):
        slider = ctk.ctkSliderWidget()
        assert slider.spinBoxVisible
        slider.spinBoxVisible = False
        assert not slider.spinBoxVisible


def sequence_node(class_name: str, name: str = "sequence"):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    node.SetAttribute("DataNodeClassName", class_name)
    return node


class TestNodeSelector:
    @pytest.fixture
    def selector(self):
        selector = slicer.qMRMLNodeComboBox()
        selector.nodeTypes = ["vtkMRMLSequenceNode"]
        selector.noneEnabled = True
        selector.setMRMLScene(slicer.mrmlScene)
        return selector

    def test_it_follows_the_scene(self, selector):
        first, _second = sequence_node("vtkMRMLScalarVolumeNode"), sequence_node("vtkMRMLScalarVolumeNode")
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode")
        assert selector.nodeCount() == 2
        assert selector.currentNode() is None
        slicer.mrmlScene.RemoveNode(first)
        assert selector.nodeCount() == 1

    def test_only_nodes_can_be_chosen(self, selector):
        with pytest.raises(ValueError, match="takes a vtkMRMLNode"):
            selector.setCurrentNode(3)

    def test_the_user_chooses_nodes(self, selector):
        node = sequence_node("vtkMRMLScalarVolumeNode")
        gestures.choose(selector, node)
        assert selector.currentNode() is node
        gestures.choose(selector, None)
        assert selector.currentNode() is None


class TestOtherMrmlWidgets:
    def test_browser_widgets(self, cine):
        play, seek = slicer.qMRMLSequenceBrowserPlayWidget(), slicer.qMRMLSequenceBrowserSeekWidget()
        assert not play.enabled
        for widget in (play, seek):
            widget.setMRMLSequenceBrowserNode(cine.browser)
        assert seek.slider().value == 2
        seek.slider().value = 4
        assert cine.browser.GetSelectedItemNumber() == 4
        cine.browser.SelectFirstItem()
        play.onVcrNext()
        assert seek.slider().value == 1
        with pytest.raises(ValueError, match="takes a vtkMRMLSequenceBrowserNode"):
            play.setMRMLSequenceBrowserNode(cine.sequence)
        play.setMRMLSequenceBrowserNode(None)
        assert not play.enabled

    def test_a_table_view_shows_its_table(self):
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
        slicer.util.updateTableFromArray(node, np.array([[0.25, 31.5], [0.5, 30.0]]), ["t", "PSNR"])
        view = slicer.qMRMLTableView()
        view.setMRMLTableNode(node)
        assert view.mrmlTableNode() is node
        assert view.model().rowCount() == 2
        assert view.model().index(0, 1).data() == "31.5"


class Engine(enum.Enum):
    STUDENT = "student"
    BLEND = "linear blend"


@parameterNodeWrapper
class Parameters:
    sequence: slicer.vtkMRMLSequenceNode
    time: Annotated[float, WithinRange(0, 1)] = 0.5
    count: Annotated[int, WithinRange(1, 500)] = 3
    cyclic: bool
    title: str = "none"
    engine: Engine = Engine.STUDENT
    limit: float | None


class TestParameterNode:
    @pytest.fixture
    def node(self):
        class TinyLogic(ScriptedLoadableModuleLogic):
            pass

        return TinyLogic().getParameterNode()

    def test_nodes_are_references_and_other_values_text(self, node):
        parameters = Parameters(node)
        parameters.sequence = sequence_node("vtkMRMLScalarVolumeNode")
        parameters.engine, parameters.cyclic, parameters.limit = Engine.BLEND, True, 2.5
        assert node.GetNodeReferenceID("sequence") == parameters.sequence.GetID()
        assert [node.GetParameter(name) for name in ("sequence", "engine", "cyclic")] == ["", "BLEND", "True"]
        assert parameters.limit == 2.5
        parameters.limit = None
        assert parameters.limit is None

    def test_an_unknown_type(self):
        with pytest.raises(TypeError, match="store"):
            parameterNodeWrapper(type("P", (), {"__annotations__": {"x": complex}}))

    def test_a_change_is_one_event(self, node):
        parameters, events = Parameters(node), []
        node.AddObserver("ModifiedEvent", lambda caller, event: events.append(parameters.sequence))
        parameters.sequence = sequence_node("vtkMRMLScalarVolumeNode")
        assert events == [parameters.sequence]
        with slicer.util.NodeModify(node):
            parameters.time, parameters.count = 0.25, 7
        assert len(events) == 2

    def test_it_comes_back_with_the_scene(self, node, tmp_path):
        parameters = Parameters(node)
        parameters.sequence = sequence_node("vtkMRMLScalarVolumeNode", "kept")
        parameters.time, parameters.engine = 0.125, Engine.BLEND
        slicer.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
        assert slicer.mrmlScene.Commit()
        slicer.mrmlScene.Clear(0)
        slicer.mrmlScene.Connect()
        again = Parameters(slicer.mrmlScene.GetSingletonNode("Tiny", "vtkMRMLScriptedModuleNode"))
        assert again.sequence.GetName() == "kept"
        assert (again.time, again.engine) == (0.125, Engine.BLEND)

    def test_the_gui_and_the_parameters_follow_each_other(self, node, tiny, open_module):
        ui = open_module(tiny).ui
        parameters = Parameters(node)
        tag = parameters.connectGui(ui)
        assert (ui.slider.minimum, ui.slider.maximum, ui.slider.value) == (0, 1, 0.5)
        assert ui.selector.nodeTypes == ("vtkMRMLSequenceNode",)
        parameters.time = 0.25
        assert ui.slider.value == 0.25
        ui.slider.value = 0.75
        assert parameters.time == 0.75
        sequence = sequence_node("vtkMRMLScalarVolumeNode")
        ui.selector.setCurrentNode(sequence)
        assert parameters.sequence is sequence
        slicer.mrmlScene.RemoveNode(sequence)
        assert parameters.sequence is None
        parameters.disconnectGui(tag)
        ui.slider.value = 0.1
        assert parameters.time == 0.75

    def test_a_misspelt_parameter_name_of_a_widget(self, node):
        slider, bare = qt.QSpinBox(), qt.QSpinBox()
        bare.setProperty("SlicerParametreName", "count")
        Parameters(node).connectGui(type("Ui", (), {})())
        ui = type("Ui", (), {})()
        ui.bare = bare
        Parameters(node).connectGui(ui)  # never bound, in silence
        bare.value = 9
        assert Parameters(node).count == 3
        slider.setProperty("SlicerParameterName", "cuont")
        ui.slider = slider
        with pytest.raises(ValueError, match="cuont"):
            Parameters(node).connectGui(ui)


class TestModule:
    def test_a_module_is_opened_as_slicer_opens_it(self, tiny, open_module):
        widget = open_module(tiny)
        assert slicer.modules.tiny.title == "Tiny"
        assert slicer.modules.TinyWidget is widget
        assert slicer.util.modulePath("Tiny") == str(tiny)
        assert slicer.modules.tiny.widgetRepresentation().self() is widget
        assert widget.ui.selector.mrmlScene() is slicer.mrmlScene  # through the connection in the .ui file
        assert widget.ui.inputs.text == "Inputs"
        widget.ui.countButton.click()
        assert widget.counted == 1
        slicer.mrmlScene.Clear(0)
        assert widget.closed == 1

    def test_start_up(self, tiny, slicer_session):
        instance = slicer_session.load_module(tiny)
        slicer_session.start_up()
        assert instance.registered == 1

    def test_a_module_is_closed_with_the_session(self, tiny, open_module, slicer_session):
        widget = open_module(tiny)
        slicer_session.unload_modules()
        slicer.mrmlScene.Clear(0)
        assert widget.closed == 0
        assert not hasattr(slicer.modules, "tiny")

    def test_metadata_that_does_not_exist(self, tiny, slicer_session):
        tiny.write_text(MODULE.replace("parent.title", "parent.titel"))
        with pytest.raises(AttributeError, match="titel"):
            slicer_session.load_module(tiny)

    @pytest.mark.no_main_window
    def test_without_a_main_window(self, tiny, open_module):
        assert slicer.util.mainWindow() is None
        assert slicer.app.layoutManager() is None
        open_module(tiny)

    @pytest.mark.parametrize(
        ("right", "wrong", "message"),
        [
            ("ctkSliderWidget", "ctkSlideWidget", "unknown class ctkSlideWidget"),
            ('"noneEnabled"', '"noneEnable"', "qMRMLNodeComboBox selector has no property noneEnable"),
            ('name="SlicerParameterName" stdset="0"', 'name="SlicerParameterName"', "no property SlicerParameterName"),
            ('name="slider"', 'name="selector"', "two objects are called .selector"),
            ("QFormLayout", "QFromLayout", "unknown class QFromLayout"),
        ],
    )
    def test_a_mistake_in_a_ui_file(self, tiny, open_module, right, wrong, message):
        path = tiny.with_suffix(".ui")
        path.write_text(UI.replace(right, wrong))
        with pytest.raises(UiFileError, match=message):
            open_module(tiny)

    def test_a_connection_in_a_ui_file_that_does_not_exist(self, tiny, open_module):
        path = tiny.with_suffix(".ui")
        path.write_text(UI.replace("mrmlSceneChanged", "mrmlScenesChanged"))
        open_module(tiny)
        assert "mrmlScenesChanged" in str(faults.take()[0])


class TestApplication:
    def test_what_slicer_app_lacks(self):
        with pytest.raises(AttributeError):
            slicer.app.processEvent()
        with pytest.raises(AttributeError):
            slicer.app.layoutManger = 1

    def test_dialogs_in_testing_mode_and_with_an_answer(self, dialogs):
        assert slicer.util.confirmOkCancelDisplay("Install?") is False
        slicer.util.errorDisplay("Broken")
        dialogs.answer = True
        assert slicer.util.confirmOkCancelDisplay("Install?") is True
        assert slicer.util.confirmYesNoDisplay("Remove?") is True
        dialogs.answer = False
        assert slicer.util.confirmYesNoDisplay("Remove?") is False
        assert dialogs.shown[:2] == [("info", "Install?"), ("error", "Broken")]

    def test_pip_only_takes_notes(self, slicer_session):
        slicer.util.pip_install("torch>=2")
        assert slicer_session.pip_installed == ["torch>=2"]

    def test_layouts_make_their_slice_views(self, cine):
        manager = slicer.app.layoutManager()
        description = """<layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="PhaseA">
         <property name="orientation" action="default">Axial</property></view></item></layout>"""
        manager.layoutLogic().GetLayoutNode().AddLayoutDescription(501, description)
        manager.setLayout(501)
        assert manager.layout == 501
        assert "PhaseA" in manager.sliceViewNames()
        slicer.util.setSliceViewerLayers(background=cine.proxy, fit=True)
        composite = manager.sliceWidget("PhaseA").mrmlSliceCompositeNode()
        assert composite.GetBackgroundVolumeID() == cine.proxy.GetID()
        with pytest.raises(ValueError, match="no layout 502"):
            manager.setLayout(502)

    def test_events_are_processed_but_not_the_users(self):
        got = []
        qt.QTimer.singleShot(0, lambda: got.append(1))
        slicer.app.processEvents(qt.QEventLoop.ExcludeUserInputEvents)
        assert got == [1]

    def test_settings_begin_empty(self):
        assert slicer.app.settings().value("TemporalInterp/Kept") is None
        qt.QSettings().setValue("TemporalInterp/Kept", 3)
        assert slicer.app.settings().contains("TemporalInterp/Kept")

    def test_settings_are_not_kept_from_test_to_test(self):
        assert not slicer.app.settings().contains("TemporalInterp/Kept")

    def test_sample_data(self):
        import SampleData

        loaded = []
        files = {key: [] for key in ("uris", "fileNames", "nodeNames", "loadFiles", "loadFileTypes", "checksums")}
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category="Cine",
            sampleName="Phantom",
            customDownloader=lambda source: loaded.append(source.sampleName),
            **files,
        )
        assert [source.sampleName for source in slicer.modules.sampleDataSources["Cine"]] == ["Phantom"]
        press_button("Phantom")
        assert loaded == ["Phantom"]
        with pytest.raises(TypeError):
            SampleData.SampleDataLogic.registerCustomSampleDataSource(category="Cine", sampleNmae="Phantom", **files)
        with pytest.raises(TypeError):
            SampleData.SampleDataLogic.registerCustomSampleDataSource(category="Cine", sampleName="Phantom")

    def test_modules(self, sequences_logic):
        assert slicer.modules.sequences.logic() is sequences_logic
        assert slicer.app.moduleManager().module("Sequences") is slicer.modules.sequences
        with pytest.raises(AttributeError):
            _ = slicer.modules.pytorch


class TestEndOfSession:
    """What one test leaves is gone in the next: these two run in this order."""

    left: tuple = ()

    def test_leave_widgets_timers_and_nodes(self):
        widget = qt.QWidget()
        timer = qt.QTimer()
        timer.start(0)
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
        TestEndOfSession.left = (widget, timer)

    def test_nothing_is_left(self):
        widget, timer = TestEndOfSession.left
        assert not widget
        assert not timer.active
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0

    def test_a_process_left_running_is_a_fault(self):
        process = qt.QProcess()
        process.start("sleep", ["60"])
        process.waitForStarted()
        destroy_qt_objects()
        expect_fault(RuntimeError, "left running")

    def test_objects_are_not_kept_alive_by_the_harness(self):
        before = len(pythonqt.alive(object))
        for _ in range(20):
            button = qt.QPushButton()
            button.connect("clicked()", lambda: None)
        del button
        gc.collect()
        assert len(pythonqt.alive(object)) <= before + 1
