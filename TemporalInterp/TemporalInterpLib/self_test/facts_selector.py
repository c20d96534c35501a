"""Facts about selectors of nodes that the panel relies on."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ
# ruff: noqa: D103 - the name of a function is the fact

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    import unittest

VOLUME_NODE = "vtkMRMLScalarVolumeNode"
ATTRIBUTE = "DataNodeClassName"


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


FACTS = (
    a_node_selector_is_off_without_a_scene_and_keeps_a_choice_made_before,
    a_node_selector_filters_by_an_attribute_that_may_change,
    a_node_selector_announces_a_choice_once,
    a_removed_choice_gives_way_to_its_neighbour,
    hidden_nodes_are_not_offered,
)
