"""Results in a scene are known by their marks, and go with all that belongs to them."""

import numpy as np
import pytest
import slicer
from mrml_helpers import interpolate_between_items, item_values, known_motion, multiply_item_rate

from temporal_interp.engines.blend import LinearBlend
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.check_results import checks_of
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.patient_check import check_steps
from TemporalInterpLib.result_marks import RESULT_KEY, ResultKind
from TemporalInterpLib.results import remove_results, remove_results_of, results_in
from TemporalInterpLib.sequence_browser import browsers_of

MOTION = known_motion(lambda points: np.broadcast_to([1.0, 0.0, 0.0], points.shape))


def check(cine):
    return run_to_end(check_steps(cine.sequence, 0, 4, lambda: MOTION), lambda *_: None)


def interpolated(cine, **options):
    return interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, **options)


def names(scene, kind):
    return sorted(node.GetName() for node in slicer.util.getNodesByClass(kind, scene))


def test_an_empty_scene_has_none(scene):
    assert results_in(scene) == []
    assert results_in(None) == []
    remove_results([])
    assert remove_results_of(None, ResultKind.SLICES) == 0


def test_what_the_user_loaded_is_none(cine, scene):
    assert results_in(scene) == []


def test_a_result_has_its_nodes_its_origin_and_its_memory(cine, scene):
    added = interpolated(cine, companions=list(Companion))
    (result,) = results_in(scene)
    assert result.kind is ResultKind.INTERPOLATION
    assert set(result.nodes) == {added.sequence, *added.companions.values()}
    assert result.origin is cine.sequence
    assert (result.name, result.frames, result.engine) == (added.sequence.GetName(), 3, "known_motion")
    assert result.made[:2] == "20"
    voxels = 4 * 12 * 16
    least = 6 * voxels * 2 + 2 * 6 * voxels * 4  # frames and two maps, with what shows them; fields come on top
    assert least < result.bytes < 60 * least


def test_the_one_made_of_a_result_is_another(cine, scene):
    first = interpolated(cine)
    second = multiply_item_rate(first.sequence, 2, LinearBlend())
    one, two = results_in(scene)
    assert (one.nodes[0], two.nodes[0]) == (first.sequence, second.sequence)
    assert two.origin is first.sequence
    one.remove()
    assert item_values(second.sequence)
    (left,) = results_in(scene)
    assert left.origin is None


def test_a_check_is_one_result_of_many_nodes(cine, scene):
    made = check(cine)
    (result,) = results_in(scene)
    assert result.nodes[0] is made.errors
    assert result.origin is cine.sequence
    classes = [node.GetClassName() for node in result.nodes]
    assert classes.count("vtkMRMLSequenceNode") == 2
    assert classes.count("vtkMRMLPlotSeriesNode") == 2
    assert {"vtkMRMLTableNode", "vtkMRMLPlotChartNode"} < set(classes)


def test_two_checks_are_two(cine, scene):
    check(cine)
    check(cine)
    one, two = results_in(scene)
    assert not set(one.nodes) & set(two.nodes)
    one.remove()
    assert [kept.errors for kept in checks_of(cine.sequence)] == [two.nodes[0]]


@pytest.mark.parametrize("make", [check, interpolated])
def test_removed_nothing_is_left(cine, scene, make):
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    before = {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}
    make(cine)
    remove_results(results_in(scene))
    assert {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())} == before
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetNumberOfItemChildren(hierarchy.GetSceneItemID()) == 0


def test_table_and_plot_views_show_it_no_longer(cine, scene):
    made = check(cine)
    table_view = scene.AddNewNodeByClass("vtkMRMLTableViewNode")
    table_view.SetTableNodeID(made.table.GetID())
    plot_view = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    plot_view.SetPlotChartNodeID(slicer.util.getNodesByClass("vtkMRMLPlotChartNode")[0].GetID())
    remove_results(results_in(scene))
    assert table_view.GetTableNodeID() is None
    assert plot_view.GetPlotChartNodeID() is None


def test_a_browser_that_also_shows_the_users_own_stays(cine, scene):
    added = interpolated(cine)
    added.browser.AddSynchronizedSequenceNode(cine.sequence)
    remove_results(results_in(scene))
    assert added.browser.GetScene() is scene
    assert browsers_of(cine.sequence) == [cine.browser, added.browser]


def test_what_is_left_of_a_result_that_was_deleted_is_listed(cine, scene):
    added = interpolated(cine, companions=[Companion.JACOBIAN_FIRST_TO_T])
    made = check(cine)
    jacobian = added.companions[Companion.JACOBIAN_FIRST_TO_T]
    for node in (added.sequence, made.errors):
        scene.RemoveNode(node)
    by_kind = {result.kind: result for result in results_in(scene)}
    assert by_kind[ResultKind.INTERPOLATION].nodes == [jacobian]
    assert by_kind[ResultKind.CHECK].name == "Predicted cine"
    remove_results(results_in(scene))
    assert results_in(scene) == []
    assert names(scene, "vtkMRMLSequenceNode") == ["cine"]


def test_a_result_of_old_is_synthetic_frames_in_a_sequence(cine, scene):
    added = interpolated(cine, companions=[Companion.JACOBIAN_FIRST_TO_T])
    added.sequence.RemoveAttribute(RESULT_KEY)
    (result,) = results_in(scene)
    assert result.kind is ResultKind.FRAMES
    whole = result.bytes
    remove_results([result])
    assert item_values(added.sequence) == [0, 50]
    assert results_in(scene) == []
    assert whole > 3 * 4 * 12 * 16 * 2


def test_results_of_one_kind_of_one_source(cine, scene):
    interpolated(cine)
    check(cine)
    assert remove_results_of(cine.sequence, ResultKind.CHECK) == 1
    assert [result.kind for result in results_in(scene)] == [ResultKind.INTERPOLATION]


def test_renamed_results_are_known(cine, scene):
    interpolated(cine).sequence.SetName("mine")
    check(cine).errors.SetName("yours")
    assert [result.name for result in results_in(scene)] == ["mine", "yours"]


def test_saved_and_loaded_they_are_the_same(cine, scene, save_and_load):
    interpolated(cine, companions=list(Companion))
    check(cine)
    before = [(r.kind, r.name, len(r.nodes), r.frames, r.made, r.engine, r.origin.GetName()) for r in results_in(scene)]
    scores = checks_of(cine.sequence)[0].scores
    save_and_load()
    after = [(r.kind, r.name, len(r.nodes), r.frames, r.made, r.engine, r.origin.GetName()) for r in results_in(scene)]
    assert after == before
    (sequence,) = [node for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if node.GetName() == "cine"]
    (loaded,) = checks_of(sequence)
    assert loaded.scores == scores
    remove_results(results_in(scene))
    assert names(scene, "vtkMRMLSequenceNode") == ["cine"]
    assert names(scene, "vtkMRMLSequenceBrowserNode") == [browsers_of(sequence)[0].GetName()]
    assert names(scene, "vtkMRMLTableNode") == []


def test_perfect_scores_come_back_from_a_file(cine, scene, save_and_load):
    """Where nothing differs, the PSNR is infinite."""
    still = run_to_end(check_steps(cine.sequence, 0, 4, LinearBlend), lambda *_: None)
    column = still.table.GetTable().GetColumn(1)
    column.SetValue(0, float("inf"))
    column.SetValue(1, float("nan"))
    save_and_load()
    (sequence,) = [node for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if node.GetName() == "cine"]
    (loaded,) = checks_of(sequence)
    assert len(loaded.scores) == 3
    assert not np.isfinite(loaded.scores[1].engine["psnr_moving"]) or loaded.scores[1].engine["psnr_moving"] == 0
