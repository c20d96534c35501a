"""Facts about Qt, CTK and qMRML through PythonQt that the panel relies on.

The self-test checks them inside the real Slicer, and the tests of the repository on the stand-ins for it: what the
stand-ins promise is what Slicer does. Every fact takes the test, and uses `qt`, `ctk` and `slicer` alone.
"""

# ruff: noqa: PT009, PT027 - the assertions of unittest, which is what Slicer runs, name the values that differ
# ruff: noqa: D103 - the name of a function is the fact

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Optional

import ctk
import qt
import slicer
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

if TYPE_CHECKING:
    import unittest

VOLUME_NODE = "vtkMRMLScalarVolumeNode"
ATTRIBUTE = "DataNodeClassName"


def a_property_is_an_attribute_and_all_else_is_called(test: unittest.TestCase) -> None:
    spin_box, button = qt.QSpinBox(), qt.QPushButton("Go")
    spin_box.value = 7
    test.assertEqual(spin_box.value, 7)
    with test.assertRaises(TypeError):
        spin_box.value()
    test.assertIs(button.isChecked(), False)
    button.setText("Stop")
    test.assertEqual(button.text, "Stop")


def an_attribute_that_does_not_exist_can_neither_be_read_nor_set(test: unittest.TestCase) -> None:
    slider = ctk.ctkSliderWidget()
    for name in ("vaule", "isVisble", "onClicked"):
        with test.assertRaises(AttributeError):
            getattr(slider, name)
        with test.assertRaises(AttributeError):
            setattr(slider, name, 1)


def of_a_class_of_ctk_only_properties_and_slots_are_seen(test: unittest.TestCase) -> None:
    slider = ctk.ctkSliderWidget()
    for name in ("setMinimum", "setRange", "setSingleStep", "setTracking"):
        with test.assertRaises(AttributeError):
            getattr(slider, name)
    slider.setValue(3.25)
    test.assertEqual(slider.value, 3.25)


def a_value_of_the_wrong_kind_or_for_a_property_that_is_read_only_is_refused(test: unittest.TestCase) -> None:
    with test.assertRaises(AttributeError):
        ctk.ctkSliderWidget().value = "much"
    with test.assertRaises(AttributeError):
        qt.QComboBox().count = 3


def lists_come_as_tuples_and_enums_as_numbers(test: unittest.TestCase) -> None:
    selector, label = slicer.qMRMLNodeComboBox(), qt.QLabel()
    selector.nodeTypes = ["vtkMRMLModelNode"]
    test.assertEqual(selector.nodeTypes, ("vtkMRMLModelNode",))
    test.assertEqual(qt.QMessageBox.Yes, 0x4000)
    label.alignment = qt.Qt.AlignRight | qt.Qt.AlignTop
    test.assertEqual(label.alignment, 0x22)


def parents_layouts_and_children_are_the_same_objects(test: unittest.TestCase) -> None:
    parent = qt.QWidget()
    layout, child = qt.QVBoxLayout(parent), qt.QPushButton("x")
    child.name = "child"
    layout.addWidget(child)
    test.assertEqual(child.objectName, "child")
    test.assertIs(parent.layout(), layout)
    test.assertIs(layout.itemAt(0).widget(), child)
    test.assertIs(child.parent(), parent)
    test.assertIs(parent.findChild(qt.QPushButton, "child"), child)
    test.assertIsNone(parent.findChild(qt.QLabel, "child"))


def a_destroyed_widget_is_false_and_unusable(test: unittest.TestCase) -> None:
    label = qt.QLabel()
    label.delete()
    test.assertFalse(label)
    with test.assertRaises(ValueError):
        _ = label.text


def arguments_of_a_signal_are_cut_to_what_the_callable_takes(test: unittest.TestCase) -> None:
    spin_box, got = qt.QSpinBox(), []
    test.assertIs(spin_box.connect("valueChanged(int)", lambda: got.append("none")), True)
    spin_box.connect("valueChanged(int)", lambda value: got.append(value))
    spin_box.value = 5
    test.assertEqual(got, ["none", 5])


def a_slot_can_be_disconnected_and_signals_blocked(test: unittest.TestCase) -> None:
    spin_box, got = qt.QSpinBox(), []
    slot = got.append
    spin_box.connect("valueChanged(int)", slot)
    was_blocked = spin_box.blockSignals(True)
    spin_box.value = 3
    spin_box.blockSignals(was_blocked)
    spin_box.value = 4
    test.assertEqual(got, [4])
    test.assertTrue(spin_box.disconnect("valueChanged(int)", slot))
    spin_box.value = 5
    test.assertEqual(got, [4])


def a_timer_fires_once_or_again_and_only_while_it_is_kept(test: unittest.TestCase) -> None:
    got = []
    qt.QTimer.singleShot(0, lambda: got.append("single"))
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.connect("timeout()", lambda: got.append("timer"))
    timer.start(1)
    test.assertTrue(timer.active)

    def start_and_forget() -> None:
        forgotten = qt.QTimer()
        forgotten.connect("timeout()", lambda: got.append("forgotten"))
        forgotten.start(0)

    start_and_forget()
    end = time.monotonic() + 10
    while len(got) < 2 and time.monotonic() < end:
        slicer.app.processEvents()
    test.assertEqual(sorted(got), ["single", "timer"])
    test.assertFalse(timer.active)


def a_slider_of_ctk_rounds_to_its_decimals_and_stays_in_its_range(test: unittest.TestCase) -> None:
    slider, got = ctk.ctkSliderWidget(), []
    slider.connect("valueChanged(double)", got.append)
    slider.minimum, slider.maximum = 0, 1
    slider.value = 0.123
    test.assertAlmostEqual(slider.value, 0.12)
    slider.decimals = 3
    slider.value = 5
    test.assertEqual(slider.value, 1)
    slider.value = 1
    test.assertEqual([round(value, 6) for value in got], [0.12, 1.0])


def a_collapsed_section_hides_what_is_in_it(test: unittest.TestCase) -> None:
    section, got = ctk.ctkCollapsibleButton(), []
    layout, label = qt.QVBoxLayout(section), qt.QLabel("inside")
    layout.addWidget(label)
    section.connect("contentsCollapsed(bool)", got.append)
    section.show()
    section.collapsed = True
    test.assertEqual((section.checked, label.visible), (False, False))
    section.checked = True
    test.assertEqual((section.collapsed, label.visible), (False, True))
    test.assertEqual(got, [True, False])
    section.delete()


def a_node_selector_is_off_without_a_scene_and_keeps_a_choice_made_before(test: unittest.TestCase) -> None:
    selector, node = slicer.qMRMLNodeComboBox(), _sequence_node("kept")
    selector.nodeTypes = ["vtkMRMLSequenceNode"]
    test.assertFalse(selector.enabled)
    selector.setCurrentNode(node)
    test.assertIsNone(selector.currentNode())
    selector.setMRMLScene(slicer.mrmlScene)
    test.assertTrue(selector.enabled)
    test.assertIs(selector.mrmlScene(), slicer.mrmlScene)
    test.assertIs(selector.currentNode(), node)


def a_node_selector_filters_by_an_attribute_that_may_change(test: unittest.TestCase) -> None:
    selector = _selector()
    selector.addAttribute("vtkMRMLSequenceNode", ATTRIBUTE, VOLUME_NODE)
    volumes, transforms = _sequence_node("volumes"), _sequence_node("transforms", "vtkMRMLTransformNode")
    before = selector.nodeCount()
    selector.setCurrentNode(transforms)
    test.assertIsNone(selector.currentNode())
    selector.setCurrentNode(volumes)
    test.assertIs(selector.currentNode(), volumes)
    transforms.SetAttribute(ATTRIBUTE, VOLUME_NODE)
    test.assertEqual(selector.nodeCount(), before + 1)
    volumes.RemoveAttribute(ATTRIBUTE)
    test.assertEqual(selector.nodeCount(), before)


def a_node_selector_announces_a_choice_once(test: unittest.TestCase) -> None:
    selector, node, got = _selector(), _sequence_node("chosen"), []
    selector.setCurrentNode(None)
    selector.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    selector.connect("currentNodeChanged(bool)", got.append)
    selector.connect("currentNodeIDChanged(QString)", got.append)
    selector.setCurrentNode(node)
    selector.currentNodeID = node.GetID()
    test.assertEqual(got, [node, True, node.GetID()])
    selector.setCurrentNode(None)
    test.assertEqual(got[3:], [None, False, ""])


def a_removed_choice_gives_way_to_its_neighbour(test: unittest.TestCase) -> None:
    selector = _selector()
    selector.addAttribute("vtkMRMLSequenceNode", "Fact", "neighbour")
    nodes = [_sequence_node(str(number)) for number in range(3)]
    for node in nodes:
        node.SetAttribute("Fact", "neighbour")
    selector.setCurrentNode(nodes[1])
    slicer.mrmlScene.RemoveNode(nodes[1])
    test.assertIs(selector.currentNode(), nodes[2])
    slicer.mrmlScene.RemoveNode(nodes[2])
    test.assertIs(selector.currentNode(), nodes[0])
    slicer.mrmlScene.RemoveNode(nodes[0])
    test.assertIsNone(selector.currentNode())


def hidden_nodes_are_not_offered(test: unittest.TestCase) -> None:
    selector, node = _selector(), slicer.vtkMRMLSequenceNode()
    before = selector.nodeCount()
    node.SetHideFromEditors(True)
    slicer.mrmlScene.AddNode(node)
    test.assertEqual(selector.nodeCount(), before)


class _Kind(Enum):
    STUDENT = "student"
    BLEND = "linear blend"


@parameterNodeWrapper
class _Parameters:
    sequence: slicer.vtkMRMLSequenceNode
    time: Annotated[float, WithinRange(0, 1)] = 0.5
    count: Annotated[int, WithinRange(1, 500)] = 3
    cyclic: bool
    title: str = "none"
    kind: _Kind = _Kind.STUDENT
    limit: Optional[float]  # noqa: UP045 - as `parameter_node` spells it, which works on every version


def parameters_have_defaults_and_are_stored_as_text(test: unittest.TestCase) -> None:
    node, parameters = _parameters()
    test.assertIsNone(parameters.sequence)
    test.assertEqual(
        (parameters.time, parameters.count, parameters.cyclic, parameters.title, parameters.kind, parameters.limit),
        (0.5, 3, False, "none", _Kind.STUDENT, None),
    )
    parameters.sequence = _sequence_node("referred to")
    parameters.kind, parameters.cyclic = _Kind.BLEND, True
    test.assertEqual(node.GetNodeReferenceID("sequence"), parameters.sequence.GetID())
    test.assertEqual([node.GetParameter(name) for name in ("kind", "cyclic")], ["BLEND", "True"])


def a_wrong_value_of_a_parameter_is_refused_and_changes_nothing(test: unittest.TestCase) -> None:
    _, parameters = _parameters()
    for name, value, error in (
        ("time", 1.5, ValueError),
        ("time", "0.5", TypeError),
        ("count", 2.0, TypeError),
        ("count", 0, ValueError),
        ("kind", "STUDENT", TypeError),
        ("sequence", 3, TypeError),
    ):
        before = getattr(parameters, name)
        with test.assertRaises(error):
            setattr(parameters, name, value)
        test.assertEqual(getattr(parameters, name), before)


def widgets_and_parameters_follow_each_other(test: unittest.TestCase) -> None:
    _, parameters = _parameters()
    slider, selector, title = ctk.ctkSliderWidget(), slicer.qMRMLNodeComboBox(), "rest"
    selector.noneEnabled = True
    selector.setMRMLScene(slicer.mrmlScene)
    widgets = {
        "time": slider,
        "sequence": selector,
        "cyclic": qt.QCheckBox(),
        "count": qt.QSpinBox(),
        "title": qt.QLineEdit(),
        "kind": qt.QComboBox(),
    }
    tag = parameters.connectParametersToGui(widgets)
    test.assertEqual((slider.minimum, slider.maximum, slider.value), (0, 1, 0.5))
    test.assertEqual(selector.nodeTypes, ("vtkMRMLSequenceNode",))
    parameters.time = 0.25
    test.assertEqual(slider.value, 0.25)
    widgets["cyclic"].click()
    widgets["count"].value = 12
    widgets["title"].text = title
    widgets["kind"].currentIndex = 1
    node = _sequence_node("chosen")
    selector.setCurrentNode(node)
    test.assertEqual(
        [getattr(parameters, name) for name in ("cyclic", "count", "title", "kind")], [True, 12, title, _Kind.BLEND]
    )
    test.assertIs(parameters.sequence, node)
    parameters.disconnectGui(tag)
    widgets["count"].value = 13
    test.assertEqual(parameters.count, 12)


def a_widget_that_does_not_fit_its_parameter_is_refused(test: unittest.TestCase) -> None:
    _, parameters = _parameters()
    for name, widget in (("cyclic", "QRadioButton"), ("time", "QSpinBox"), ("title", "QComboBox")):
        with test.assertRaises(RuntimeError):
            parameters.connectParametersToGui({name: getattr(qt, widget)()})


FACTS: tuple[Callable[[Any], None], ...] = (
    a_property_is_an_attribute_and_all_else_is_called,
    an_attribute_that_does_not_exist_can_neither_be_read_nor_set,
    of_a_class_of_ctk_only_properties_and_slots_are_seen,
    a_value_of_the_wrong_kind_or_for_a_property_that_is_read_only_is_refused,
    lists_come_as_tuples_and_enums_as_numbers,
    parents_layouts_and_children_are_the_same_objects,
    a_destroyed_widget_is_false_and_unusable,
    arguments_of_a_signal_are_cut_to_what_the_callable_takes,
    a_slot_can_be_disconnected_and_signals_blocked,
    a_timer_fires_once_or_again_and_only_while_it_is_kept,
    a_slider_of_ctk_rounds_to_its_decimals_and_stays_in_its_range,
    a_collapsed_section_hides_what_is_in_it,
    a_node_selector_is_off_without_a_scene_and_keeps_a_choice_made_before,
    a_node_selector_filters_by_an_attribute_that_may_change,
    a_node_selector_announces_a_choice_once,
    a_removed_choice_gives_way_to_its_neighbour,
    hidden_nodes_are_not_offered,
    parameters_have_defaults_and_are_stored_as_text,
    a_wrong_value_of_a_parameter_is_refused_and_changes_nothing,
    widgets_and_parameters_follow_each_other,
    a_widget_that_does_not_fit_its_parameter_is_refused,
)
"""All of them; what a fact adds to the scene, `check_facts` removes."""


def check_facts(test: unittest.TestCase) -> None:
    """Check every fact; those that do not hold are named together."""
    wrong = []
    for fact in FACTS:
        before = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
        try:
            fact(test)
        except Exception as error:
            wrong.append(f"{fact.__name__}: {error}")
        for node in slicer.util.getNodesByClass("vtkMRMLNode"):
            if node.GetID() not in before:
                slicer.mrmlScene.RemoveNode(node)
    test.assertEqual(wrong, [])


def _sequence_node(name: str, of: str = VOLUME_NODE) -> slicer.vtkMRMLSequenceNode:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    node.SetAttribute(ATTRIBUTE, of)
    return node


def _selector() -> Any:
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLSequenceNode"]
    selector.noneEnabled = True
    selector.setMRMLScene(slicer.mrmlScene)
    return selector


def _parameters() -> tuple[slicer.vtkMRMLScriptedModuleNode, _Parameters]:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "Facts")
    return node, _Parameters(node)
