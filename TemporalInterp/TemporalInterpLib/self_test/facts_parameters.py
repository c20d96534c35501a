"""Facts about the parameter node wrapper, and about widgets that follow its parameters."""

# ruff: noqa: PT009, PT027 - the assertions of unittest, which is what Slicer runs, name the values that differ
# ruff: noqa: D103 - the name of a function is the fact

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Optional

import ctk
import qt
import slicer
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

if TYPE_CHECKING:
    import unittest


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
    parameters.sequence = _add_sequence("referred to")
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
    node = _add_sequence("chosen")
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


def _parameters() -> tuple[slicer.vtkMRMLScriptedModuleNode, _Parameters]:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "Facts")
    return node, _Parameters(node)


def _add_sequence(name: str) -> slicer.vtkMRMLSequenceNode:
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)


FACTS = (
    parameters_have_defaults_and_are_stored_as_text,
    a_wrong_value_of_a_parameter_is_refused_and_changes_nothing,
    widgets_and_parameters_follow_each_other,
    a_widget_that_does_not_fit_its_parameter_is_refused,
)
