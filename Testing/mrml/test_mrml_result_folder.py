"""Names and folders of results."""

import slicer

from TemporalInterpLib.result_folder import (
    FOLDER_KEY,
    folder_of,
    folders_in,
    free_title,
    nodes_in,
    put_beside,
    put_in_folder,
    remove_empty_folders,
    title_of,
)


def add(scene, name):
    return scene.AddNewNodeByClass("vtkMRMLTextNode", name)


def test_a_second_title_is_counted_where_it_is_not_cut(scene):
    assert free_title(scene, "Interpolated", "x4", "cine") == "x4 of cine"
    add(scene, "Interpolated x4 of cine")
    assert free_title(scene, "Interpolated", "x4", "cine") == "x4 (2) of cine"
    add(scene, "Interpolated x4 (2) of cine")
    assert free_title(scene, "Interpolated", "x4", "cine") == "x4 (3) of cine"
    assert free_title(scene, "Interpolated", "x2", "cine") == "x2 of cine"


def test_a_result_without_details(scene):
    assert free_title(scene, "Check", "", "cine") == "of cine"
    add(scene, "Check of cine")
    assert free_title(scene, "Check", "", "cine") == "(2) of cine"


def test_nodes_lie_in_one_folder_and_more_can_be_put_beside_them(scene):
    first, second, later, alone = (add(scene, name) for name in ("first", "second", "later", "alone"))
    folder = put_in_folder("Result", "Interpolated", [first, second], scene)
    assert folder_of(first) == folder_of(second) == folder
    assert folder_of(alone) is None
    put_beside([later], first)
    put_beside([alone], alone)
    assert nodes_in(folder, scene) == [first, second, later]
    assert folders_in(scene) == [folder]
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetItemName(folder) == "Result"
    assert hierarchy.GetItemAttribute(folder, FOLDER_KEY) == "Interpolated"


def test_folders_come_back_with_the_scene_and_go_when_empty(scene, save_and_load):
    put_in_folder("Result", "Interpolated", [add(scene, "first"), add(scene, "second")], scene)
    save_and_load()
    [folder] = folders_in(scene)
    nodes = nodes_in(folder, scene)
    assert [node.GetName() for node in nodes] == ["first", "second"]
    scene.RemoveNode(nodes[0])
    remove_empty_folders(scene)
    assert folders_in(scene) == [folder]
    scene.RemoveNode(nodes[1])
    remove_empty_folders(scene)
    assert folders_in(scene) == []


def test_the_title_of_a_result_of_old(scene):
    node = add(scene, "cine interpolated")
    assert title_of(node) == "of cine interpolated"
    node.SetAttribute("TemporalInterp.Title", "x4 of cine")
    assert title_of(node) == "x4 of cine"
