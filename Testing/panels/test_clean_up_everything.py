"""All that the module can make, removed by Clean up: the scene holds what it held before, and shows it."""

import pytest
import slicer
from mrml_helpers import OBLIQUE
from panels.panel_helpers import attributes, parameters_of, remove_all
from tracking_helpers import curve, ring

from TemporalInterpLib.layout import COMPARISON, SIDE_BY_SIDE, register_layouts
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.region_box import add_box
from TemporalInterpLib.result_folder import folder_of, folders_in, nodes_in
from TemporalInterpLib.result_marks import COLORS_KEY
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.slice_views import views_of


@pytest.fixture
def widget(cine, repeated, stand_in, open_panel):
    return open_panel()


@pytest.fixture
def make(process_events_until, cine, scene):
    """Functions by what they make; each is given the panel."""

    def press(widget, section: str) -> None:
        running = widget.panel.sections[section].work
        running.button.click()
        process_events_until(lambda: not running.running, 60)
        slicer.app.processEvents()

    def fields(widget) -> None:
        widget.ui.frameCount.value = 3
        press(widget, "interpolate")
        for style in (FieldStyle.ARROWS, FieldStyle.GRID):
            parameters_of(widget).fieldStyle = style
        widget.ui.jacobian.click()
        process_events_until(lambda: not widget.panel.sections["deformation"].working)

    def motion(widget) -> None:
        box = (slice(0, 4), slice(2, 10), slice(2, 14))
        parameters_of(widget).trackedRegion = add_box(cine.sequence, box, OBLIQUE)
        press(widget, "track")
        widget.ui.motionArrows.click()
        parameters_of(widget).strainCurve = wall
        widget.ui.strainButton.click()
        widget.ui.strainButton.click()  # in place of the first
        assert "Peak strain" in widget.ui.strainMessage.text

    wall = curve(ring(), cine=cine)
    return {
        "fields": fields,
        "check": lambda widget: press(widget, "check"),
        "slices": lambda widget: press(widget, "slices"),
        "motion": motion,
    }


def contents(scene) -> dict[str, tuple[str, str]]:
    """Class and name of every node by its identifier."""
    return {node.GetID(): (node.GetClassName(), node.GetName()) for node in nodes_of(scene)}


def look(scene) -> list[tuple]:
    """What the usual slice views show, and the layout."""
    (layout,) = nodes_of(scene, "vtkMRMLLayoutNode")
    views = [view for view in views_of(scene) if view.GetLayoutName() in ("Red", "Yellow", "Green")]
    shown = [(view.GetBackgroundVolumeID(), view.GetForegroundVolumeID() or None) for view in views]
    kept = [(view.GetForegroundOpacity(), sorted(attributes(view))) for view in views]
    return [layout.GetViewArrangement(), sorted(attributes(layout)), *shown, *kept]


def visit_layouts() -> None:
    """Slicer makes the views of a layout when it is first shown, and keeps them."""
    manager = slicer.app.layoutManager()
    usual = manager.layout
    register_layouts()
    for layout in (SIDE_BY_SIDE, COMPARISON, slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalPlotView, usual):
        manager.setLayout(layout)


@pytest.mark.parametrize("what", ["fields", "check", "slices", "motion", "all"])
def test_nothing_is_left(cine, scene, widget, make, dialogs, what):
    visit_layouts()
    slicer.util.setSliceViewerLayers(background=cine.proxy, foreground=None)
    slicer.app.processEvents()
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    before, seen = contents(scene), look(scene)
    for name in make if what == "all" else [what]:
        make[name](widget)
    assert len(contents(scene)) > len(before)
    assert len(folders_in(scene)) == (len(make) if what == "all" else 1)
    remove_all(widget, dialogs)
    assert contents(scene) == before
    assert folders_in(scene) == []
    assert look(scene) == seen


def test_nothing_of_a_result_stays_where_another_is_kept(scene, widget, make):
    for _ in range(2):
        make["fields"](widget)
    first, _second = widget.logic.results()
    widget.logic.remove_results([first])
    tables = [node for node in nodes_of(scene, "vtkMRMLColorTableNode") if node.GetAttribute(COLORS_KEY)]
    assert len(tables) == 1, "the map that is left is drawn in it"
    assert len(nodes_of(scene, "vtkMRMLProceduralColorNode")) == 1
    assert len(folders_in(scene)) == 1


def test_colours_that_the_user_draws_in_stay(cine, scene, widget, make, dialogs):
    make["fields"](widget)
    [table] = [node for node in nodes_of(scene, "vtkMRMLColorTableNode") if node.GetAttribute(COLORS_KEY)]
    cine.proxy.GetDisplayNode().SetAndObserveColorNodeID(table.GetID())
    own = scene.AddNewNodeByClass("vtkMRMLTransformNode", "mine")
    own.CreateDefaultDisplayNodes()
    own.GetDisplayNode().GetColorMap()
    remove_all(widget, dialogs)
    assert cine.proxy.GetDisplayNode().GetColorNode() is table
    assert nodes_of(scene, "vtkMRMLProceduralColorNode") == [own.GetDisplayNode().GetColorNode()]


@pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
def test_loaded_and_removed_nothing_is_left_but_the_images(widget, make, dialogs, scene, save_and_load):
    for name in make:
        make[name](widget)
    save_and_load()
    slicer.app.processEvents()
    remove_all(widget, dialogs)
    left = nodes_of(scene)
    assert [node.GetName() for node in left if node.IsA("vtkMRMLColorNode")] == []
    assert [node.GetName() for node in left if node.IsA("vtkMRMLTableNode") or node.IsA("vtkMRMLPlotChartNode")] == []
    assert sorted(node.GetName() for node in left if node.IsA("vtkMRMLTransformableNode")) == sorted(
        ["Registration", "cine", "wall"]
    )
    storable = [node for node in left if node.IsA("vtkMRMLStorableNode")]
    used = {node.GetNthStorageNode(n) for node in storable for n in range(node.GetNumberOfStorageNodes())}
    assert [node.GetName() for node in left if node.IsA("vtkMRMLStorageNode") and node not in used] == []
    displayable = [node for node in left if node.IsA("vtkMRMLDisplayableNode")]
    used = {node.GetNthDisplayNode(n) for node in displayable for n in range(node.GetNumberOfDisplayNodes())}
    assert [node.GetName() for node in left if node.IsA("vtkMRMLDisplayNode") and node not in used] == []
    assert folders_in(scene) == []


def test_motion_and_slices_are_results_with_their_memory_in_folders_of_their_own(cine, scene, widget, make):
    for name in ("slices", "motion"):
        make[name](widget)
    by_name = {result.name: result for result in widget.logic.results()}
    assert list(by_name) == ["Motion of cine", "Synthetic slices in cine", "Region of cine"]
    voxels = slicer.util.arrayFromVolume(cine.proxy).size
    assert by_name["Motion of cine"].bytes > 5 * voxels * 3 * 4  # a vector of floats for every voxel of every frame
    assert by_name["Synthetic slices in cine"].bytes > 5 * voxels * 1.5 * 2
    for name in ("Motion of cine", "Synthetic slices in cine"):
        first, *others = by_name[name].nodes
        inside = nodes_in(folder_of(first), scene)
        assert {first, proxy_of(first), *others} == set(inside)
    assert folder_of(cine.proxy) is None
    widget.ui.strainButton.click()  # in place of the curves that are there
    motion = by_name["Motion of cine"].nodes[0]
    assert {node.GetClassName() for node in nodes_in(folder_of(motion), scene)} == {
        *("vtkMRMLSequenceNode", "vtkMRMLTransformNode", "vtkMRMLTableNode"),
        *("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode"),
    }
