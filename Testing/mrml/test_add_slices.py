"""Added slices in the scene: where they lie, what is marked, how they are shown, and what is refused."""

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import OBLIQUE, ijk_to_ras, item_arrays, item_values, put_in_scene, sequence_of, snapshot, volume_node

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.slices.choices import FACTORS
from temporal_interp.slices.slice_grid import closer_slices
from TemporalInterpLib.add_slices import results_of, shown_pair, slice_plan, slices_steps
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.result_marks import ResultKind
from TemporalInterpLib.results import remove_results_of

ONE_SLICE = Geometry((1, 12, 16), OBLIQUE.spacing, OBLIQUE.origin, OBLIQUE.direction)


@pytest.fixture
def ct(scene, blob_frames):
    """An acquired volume with display, parent transform and attributes."""
    node = scene.AddNode(volume_node(blob_frames(1)[0], OBLIQUE, "ct"))
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(80.0, 45.0)
    node.SetAttribute("DICOM.Modality", "CT")
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Registration")
    node.SetAndObserveTransformNodeID(parent.GetID())
    return node


def add(node, factor=2, **options):
    return run_to_end(slices_steps(node, factor, **options), lambda *report: None)


def ids(scene):
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def matrix(node):
    ijk_to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(ijk_to_ras)
    return slicer.util.arrayFromVTKMatrix(ijk_to_ras)


class TestPlace:
    @pytest.mark.parametrize("factor", FACTORS)
    def test_acquired_slices_stay_where_and_as_they_are(self, ct, repeated, factor):
        result = add(ct, factor).result
        expected = slicer.util.arrayFromVTKMatrix(ijk_to_ras(closer_slices(OBLIQUE, factor)))
        np.testing.assert_allclose(matrix(result), expected, atol=1e-12)
        np.testing.assert_array_equal(matrix(result) @ [3, 2, factor, 1], matrix(ct) @ [3, 2, 1, 1])
        array = slicer.util.arrayFromVolume(result)
        assert array.shape == (3 * factor + 1, 12, 16)
        np.testing.assert_array_equal(array[::factor], slicer.util.arrayFromVolume(ct))

    @pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
    def test_the_scalar_type_stays(self, scene, repeated, blob_frames, kind):
        node = scene.AddNode(volume_node(blob_frames(1, dtype=kind)[0], OBLIQUE, "ct"))
        result = add(node).result
        assert slicer.util.arrayFromVolume(result).dtype == kind
        np.testing.assert_array_equal(
            slicer.util.arrayFromVolume(result)[::2], slicer.util.arrayFromVolume(node), strict=True
        )


class TestVolume:
    def test_it_is_a_new_volume_beside_the_source(self, ct, scene, repeated):
        before = snapshot(scene)["times"]
        added = add(ct)
        assert added.result.GetName() == "Synthetic slices in ct"
        assert (added.given_volume, added.result_volume, added.browser) == (ct, added.result, None)
        assert added.result.GetParentTransformNode() is ct.GetParentTransformNode()
        after = snapshot(scene)["times"]
        assert {node_id: after[node_id] for node_id in before} == before

    def test_it_is_shown_like_the_source(self, ct, repeated):
        display = add(ct).result.GetDisplayNode()
        assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (80.0, 45.0, 0)
        assert display is not ct.GetDisplayNode()

    def test_its_attributes_say_which_slices_are_synthetic(self, ct, repeated):
        result = add(ct, 3).result
        assert result.GetAttribute("TemporalInterp.SyntheticSlices") == "all but every 3rd from the first on"
        assert result.GetAttribute("TemporalInterp.SliceFactor") == "3"
        assert result.GetAttribute("TemporalInterp.SliceModel") == "quick"
        assert result.GetAttribute("DICOM.Modality") == "CT"

    def test_it_has_no_instances_which_are_those_of_acquired_slices(self, ct, repeated):
        ct.SetAttribute("DICOM.instanceUIDs", "1.1 1.2 1.3 1.4")
        assert add(ct).result.GetAttribute("DICOM.instanceUIDs") is None
        assert ct.GetAttribute("DICOM.instanceUIDs") == "1.1 1.2 1.3 1.4"

    def test_a_second_one_has_a_name_of_its_own_and_is_found_last(self, ct, repeated):
        first, second = add(ct, 2).result, add(ct, 4).result
        assert first.GetName() != second.GetName()
        assert results_of(ct) == [first, second]
        assert shown_pair(second) == (ct, second)

    def test_saved_and_loaded_it_is_still_found(self, ct, scene, repeated, save_and_load):
        add(ct)
        save_and_load()
        (loaded,) = (node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetName() == "ct")
        (result,) = results_of(loaded)
        assert result.GetAttribute("TemporalInterp.SliceFactor") == "2"
        assert shown_pair(result) == (loaded, result)


class TestSequence:
    def test_every_frame_at_its_index_value(self, cine, repeated):
        cine.sequence.GetNthDataNode(3).SetAttribute("DICOM.Modality", "MR")
        cine.sequence.SetAttribute("TemporalInterp.SliceThickness", "5.0")
        cine.sequence.SetAttribute("TemporalInterp.Period", "62.5")
        result = add(cine.sequence).result
        assert result.GetName() == "Synthetic slices in cine"
        assert result.GetAttribute("TemporalInterp.SliceThickness") == "5.0"
        assert result.GetAttribute("TemporalInterp.Period") == "62.5"
        assert item_values(result) == item_values(cine.sequence)
        assert (result.GetIndexName(), result.GetIndexUnit()) == ("trigger time", "ms")
        for made, given in zip(item_arrays(result), item_arrays(cine.sequence), strict=True):
            np.testing.assert_array_equal(made[::2], given)
        item = result.GetNthDataNode(3)
        assert item.GetAttribute("DICOM.Modality") == "MR"
        assert item.GetAttribute("DICOM.instanceUIDs") is None
        assert item.GetAttribute("TemporalInterp.SyntheticSlices") == "all but every 2nd from the first on"

    def test_it_plays_with_its_source(self, cine, repeated):
        added = add(cine.sequence)
        assert added.browser is cine.browser
        assert cine.browser.GetMasterSequenceNode() is cine.sequence
        assert cine.browser.GetSelectedItemNumber() == 2
        assert shown_pair(added.result) == (cine.proxy, added.result_volume)
        for number in (0, 4, 2):
            cine.browser.SetSelectedItemNumber(number)
            np.testing.assert_array_equal(
                slicer.util.arrayFromVolume(added.result_volume)[::2], slicer.util.arrayFromVolume(cine.proxy)
            )
        np.testing.assert_array_equal(matrix(added.result_volume), matrix(added.result.GetNthDataNode(0)))

    def test_its_volume_is_shown_like_that_of_the_source(self, cine, repeated):
        volume = add(cine.sequence).result_volume
        assert volume.GetName() == "Synthetic slices in cine"
        assert volume.GetParentTransformNode() is cine.parent
        assert (volume.GetDisplayNode().GetWindow(), volume.GetDisplayNode().GetLevel()) == (80.0, 45.0)

    def test_a_sequence_without_browser_gets_one(self, scene, blob_frames, repeated):
        sequence = scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [0, 1, 2]))
        added = add(sequence)
        assert added.browser.GetMasterSequenceNode() is sequence
        assert shown_pair(added.result) == (added.given_volume, added.result_volume)
        added.browser.SetSelectedItemNumber(2)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(added.given_volume), item_arrays(sequence)[2])

    def test_saved_and_loaded_both_play(self, cine, repeated, save_and_load):
        add(cine.sequence)
        save_and_load()
        source = next(n for n in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if n.GetName() == "cine")
        (result,) = results_of(source)
        given_volume, result_volume = shown_pair(result)
        (browser,) = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
        browser.SetSelectedItemNumber(1)
        np.testing.assert_array_equal(
            slicer.util.arrayFromVolume(result_volume)[::2], slicer.util.arrayFromVolume(given_volume)
        )

    def test_a_frame_that_goes_meanwhile_is_still_there(self, cine, repeated):
        given = item_arrays(cine.sequence)
        steps = slices_steps(cine.sequence, 2)
        next(steps)
        cine.sequence.RemoveDataNodeAtValue("12.5")
        result = run_to_end(steps, lambda *report: None).result
        assert item_values(result) == [0, 12.5, 25, 37.5, 50]
        np.testing.assert_array_equal(item_arrays(result)[1][::2], given[1])

    def test_without_its_source_there_is_no_pair(self, cine, scene, repeated):
        result = add(cine.sequence).result
        scene.RemoveNode(cine.browser)
        scene.RemoveNode(cine.sequence)
        assert shown_pair(result) is None


class TestRemove:
    @pytest.fixture(autouse=True)
    def hierarchy(self, scene):
        """Slicer's scenes have one from the first."""
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    def test_volumes_go_with_what_belongs_to_them(self, ct, scene, repeated):
        before = snapshot(scene)
        for factor in (2, 4):
            add(ct, factor).result.AddDefaultStorageNode()
        assert remove_results_of(ct, ResultKind.SLICES) == 2
        assert snapshot(scene) == before

    def test_sequences_go_from_the_browser_of_their_source(self, cine, scene, repeated):
        before = ids(scene)
        for factor in (2, 4):
            add(cine.sequence, factor)
        assert remove_results_of(cine.sequence, ResultKind.SLICES) == 2
        assert ids(scene) == before
        assert cine.browser.GetNumberOfSynchronizedSequenceNodes(True) == 1
        assert cine.browser.GetSelectedItemNumber() == 2

    def test_a_browser_that_was_made_for_it_goes(self, scene, blob_frames, repeated):
        sequence = scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [0, 1, 2]))
        before = ids(scene)
        for factor in (2, 4):
            add(sequence, factor)
        assert remove_results_of(sequence, ResultKind.SLICES) == 2
        assert ids(scene) == before

    def test_a_browser_that_was_given_another_sequence_stays(self, scene, blob_frames, repeated):
        sequence, other = (scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [0, 1, 2])) for _ in range(2))
        added = add(sequence)
        added.browser.AddSynchronizedSequenceNodeID(other.GetID())
        remove_results_of(sequence, ResultKind.SLICES)
        assert added.browser.GetScene() is scene
        assert added.browser.GetProxyNode(sequence) is added.given_volume
        assert added.browser.GetNumberOfSynchronizedSequenceNodes(True) == 2

    def test_results_of_other_images_stay(self, ct, cine, repeated):
        of_ct, of_cine = add(ct).result, add(cine.sequence).result
        assert remove_results_of(ct, ResultKind.SLICES) == 1
        assert of_ct.GetScene() is None
        assert results_of(cine.sequence) == [of_cine]

    def test_after_saving_and_loading(self, scene, blob_frames, repeated, save_and_load):
        add(scene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [0, 1, 2])))
        save_and_load()
        source = next(n for n in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if n.GetName() == "cine")
        assert remove_results_of(source, ResultKind.SLICES) == 1
        assert slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode") == []
        assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
        assert slicer.util.getNodesByClass("vtkMRMLSequenceNode") == [source]

    def test_without_any_nothing_changes(self, cine, scene):
        before = snapshot(scene)
        assert remove_results_of(cine.sequence, ResultKind.SLICES) == 0
        assert remove_results_of(None, ResultKind.SLICES) == 0
        assert snapshot(scene) == before


class TestAsked:
    @pytest.mark.parametrize(
        ("options", "arguments"),
        [
            ({}, ["--quality", "quick", "--device", "auto"]),
            (
                {"fitted": True, "keep_acquired": False, "device": "cpu", "fitting_steps": 7},
                ["--quality", "fitted", "--device", "cpu", "--all-synthetic", "--steps", "7"],
            ),
        ],
    )
    def test_of_the_command_line(self, cine, repeated, options, arguments):
        add(cine.sequence, 3, **options)
        assert repeated.arguments[:2] == ["slices", "apply"]
        assert repeated.arguments[5:] == ["--factor", "3", *arguments]
        np.testing.assert_array_equal(repeated.sequence.volumes[4].array, item_arrays(cine.sequence)[4])

    def test_slices_that_are_all_synthetic_are_marked_so(self, ct, repeated):
        result = add(ct, keep_acquired=False).result
        assert result.GetAttribute("TemporalInterp.SyntheticSlices") == "all"


class TestRefused:
    @pytest.fixture
    def refuse(self, scene):
        """Function that asks for slices; it is refused in these words, and the scene is as it was."""

        def ask(node, words, factor=2):
            before = snapshot(scene)
            for refused in (lambda: slice_plan(node, factor), lambda: add(node, factor)):
                with pytest.raises(InvalidInputError, match=words):
                    refused()
            assert snapshot(scene) == before

        return ask

    def test_nothing(self, scene, refuse):
        refuse(None, "Choose a volume")

    def test_one_slice(self, scene, refuse):
        refuse(scene.AddNode(volume_node(np.zeros((1, 12, 16), "int16"), ONE_SLICE, "flat")), "'flat' has one slice")

    def test_one_slice_in_every_frame(self, scene, refuse):
        frames = [np.zeros((1, 12, 16), "int16")] * 3
        refuse(put_in_scene(frames, ONE_SLICE, [0, 1, 2]).sequence, "'cine' has one slice")

    def test_no_voxels(self, scene, refuse):
        refuse(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"), "no image data")

    def test_colours(self, scene, refuse):
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "rgb")
        image = vtk.vtkImageData()
        image.SetDimensions(4, 4, 4)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
        node.SetAndObserveImageData(image)
        refuse(node, "has 3")

    def test_no_volume(self, scene, refuse):
        refuse(scene.AddNewNodeByClass("vtkMRMLModelNode", "surface"), "neither a volume nor a sequence")

    def test_an_empty_sequence(self, scene, refuse):
        refuse(scene.AddNewNodeByClass("vtkMRMLSequenceNode", "nothing"), "'nothing' is empty")

    def test_slices_between_synthetic_ones(self, ct, repeated, refuse):
        refuse(add(ct).result, "has synthetic slices already")

    def test_out_of_the_scene(self, blob_frames):
        with pytest.raises(InvalidInputError, match="not in a scene"):
            add(volume_node(blob_frames(1)[0], OBLIQUE, "ct"))

    def test_another_factor(self, ct):
        with pytest.raises(InvalidInputError, match="2, 3, 4 times closer, not 5 times"):
            slice_plan(ct, 5)

    def test_deleted_meanwhile(self, cine, scene, repeated):
        steps = slices_steps(cine.sequence, 2)
        next(steps)
        scene.RemoveNode(cine.browser)
        scene.RemoveNode(cine.sequence)
        before = snapshot(scene)
        with pytest.raises(InvalidInputError, match="nothing was added"):
            run_to_end(steps, lambda *report: None)
        assert snapshot(scene) == before

    def test_cancelled(self, cine, scene, repeated):
        before = snapshot(scene)

        with pytest.raises(CancelledError):
            run_to_end(slices_steps(cine.sequence, 2), cancel_beyond(0.985))  # all is computed
        assert snapshot(scene) == before
