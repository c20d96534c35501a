"""Slice views remember the images that they showed before an error map or a preview."""

import pytest
import slicer

from TemporalInterpLib.slice_views import (
    ERROR_MAP_KEY,
    back_to_images,
    bring_images_back,
    is_shown,
    leave_views,
    passes,
    remember_images,
    show_for_a_while,
    views_of,
)


@pytest.fixture
def volumes(scene):
    """Images, an overlay, and an error map."""
    made = [scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name) for name in ("images", "overlay", "errors")]
    made[2].SetAttribute(ERROR_MAP_KEY, "true")
    return made


@pytest.fixture
def view(scene, volumes):
    """A slice view that shows images with an overlay."""
    node = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    node.SetLayoutName("Red")
    node.SetBackgroundVolumeID(volumes[0].GetID())
    node.SetForegroundVolumeID(volumes[1].GetID())
    node.SetForegroundOpacity(0.25)
    yield node
    for singleton in views_of(scene):
        scene.RemoveNode(singleton)


def shown(view):
    ids = (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID())
    return [view.GetScene().GetNodeByID(node_id).GetName() if node_id else None for node_id in ids]


def test_there_and_back(view, volumes):
    show_for_a_while(volumes[2])
    assert shown(view) == ["errors", None]
    assert is_shown(volumes[2])
    view.SetForegroundOpacity(1.0)
    back_to_images(volumes[2], None)
    assert shown(view) == ["images", "overlay"]
    assert view.GetForegroundOpacity() == 0.25
    assert not is_shown(volumes[2])


def test_a_second_error_map_is_not_remembered_as_images(scene, view, volumes):
    other = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "other errors")
    other.SetAttribute(ERROR_MAP_KEY, "true")
    show_for_a_while(volumes[2])
    show_for_a_while(other)
    back_to_images(other, None)
    assert shown(view) == ["images", "overlay"]


def test_images_that_were_deleted_are_replaced(scene, view, volumes):
    show_for_a_while(volumes[2])
    scene.RemoveNode(volumes[0])
    back_to_images(volumes[2], volumes[1])
    assert shown(view) == ["overlay", None]


def test_views_that_the_user_changed_stay(view, volumes):
    show_for_a_while(volumes[2])
    view.SetBackgroundVolumeID(volumes[1].GetID())
    back_to_images(volumes[2], volumes[0])
    assert shown(view) == ["overlay", None]


def test_nodes_that_are_removed_leave_the_views(scene, view, volumes):
    show_for_a_while(volumes[2])
    leave_views([volumes[1], volumes[2]], None)
    assert shown(view) == ["images", None]
    leave_views([], None)
    leave_views([volumes[0]], None)
    assert shown(view) == [None, None]


def test_a_preview_is_what_is_not_saved(scene, volumes):
    preview = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    assert not passes(preview)
    preview.SetSaveWithScene(False)
    assert passes(preview)
    assert not passes(None)
    assert not is_shown(None)


def test_without_views_nothing_happens(volumes):
    remember_images(volumes[0].GetScene())
    show_for_a_while(volumes[2])
    assert views_of(None) == []


class TestAfterLoading:
    def load(self, scene, save_and_load, images_of=None):
        save_and_load()
        named = {node.GetName(): node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
        images = {named["errors"].GetID(): named[images_of]} if images_of else {}
        bring_images_back(scene, images)
        (view,) = views_of(scene)
        return view

    def test_no_error_map_is_alone(self, scene, view, volumes, save_and_load):
        show_for_a_while(volumes[2])
        assert shown(self.load(scene, save_and_load)) == ["images", "overlay"]

    def test_an_error_map_that_nobody_remembers_images_of_gives_way_to_them(self, scene, view, volumes, save_and_load):
        view.SetBackgroundVolumeID(volumes[2].GetID())
        assert shown(self.load(scene, save_and_load, "images")) == ["images", "overlay"]

    def test_a_view_of_the_preview_is_not_empty(self, scene, view, volumes, save_and_load):
        preview = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "preview")
        preview.SetSaveWithScene(False)
        show_for_a_while(preview)
        assert shown(view) == ["preview", None]
        assert shown(self.load(scene, save_and_load)) == ["images", "overlay"]

    def test_other_views_stay(self, scene, view, volumes, save_and_load):
        assert shown(self.load(scene, save_and_load)) == ["images", "overlay"]
