"""Add slices: what the panel tells before, what is asked, the comparison after, and a real run."""

import os

import numpy as np
import pytest
import slicer
import vtk
from harness import gestures
from mrml_helpers import OBLIQUE, item_arrays, put_in_scene, sequence_of, snapshot, volume_node
from panels.panel_helpers import parameters_of, pick, remove_all, tick

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.choices import FACTORS
from TemporalInterpLib import dependencies
from TemporalInterpLib.add_slices import results_of
from TemporalInterpLib.layout import COMPARED_VIEWS, COMPARISON, SIDE_BY_SIDE, slice_to_ras_across
from TemporalInterpLib.parameter_node import Device, SliceFactor, SliceQuality


@pytest.fixture
def ct(scene, blob_frames):
    node = scene.AddNode(volume_node(blob_frames(1)[0], OBLIQUE, "ct"))
    node.CreateDefaultDisplayNodes()
    return node


@pytest.fixture
def widget(cine, repeated, open_panel):
    return open_panel()


@pytest.fixture
def add(process_events_until):
    """Function that presses Add slices and waits for the end; returns the result."""

    def run(widget):
        widget.ui.slicesButton.click()
        process_events_until(lambda: not widget.panel.sections["slices"].work.running, 60)
        slicer.app.processEvents()  # the views are arranged when they have their size
        return widget.panel.sections["slices"].result

    return run


def views():
    return [slicer.app.layoutManager().sliceWidget(tag) for tag in COMPARED_VIEWS]


def shown():
    return [view.mrmlSliceCompositeNode().GetBackgroundVolumeID() for view in views()]


def offered(selector):
    return [selector.nodeFromIndex(n) for n in range(selector.nodeCount())]


def test_the_factors_are_those_of_the_core():
    assert tuple(factor.value for factor in SliceFactor) == FACTORS


class TestPlan:
    def test_of_the_chosen_sequence(self, cine, open_panel):
        ui = open_panel().ui
        assert ui.slicesPlan.text == "4 slices every 6 mm → 7 slices every 3 mm\nin each of 5 frames"
        pick(ui.sliceFactor, 2)
        assert ui.slicesPlan.text.startswith("4 slices every 6 mm → 13 slices every 1.5 mm")

    def test_of_a_volume(self, cine, ct, open_panel):
        ui = open_panel().ui
        gestures.choose(ui.slicesInput, ct)
        assert ui.slicesPlan.text == "4 slices every 6 mm → 7 slices every 3 mm"
        assert ui.slicesButton.enabled

    def test_the_spacing_is_the_choice(self, cine, open_panel):
        widget = open_panel()
        box = widget.ui.sliceFactor
        texts = [box.itemText(number) for number in range(box.count)]
        assert texts == ["2 times: 6 mm → 3 mm", "3 times: 6 mm → 2 mm", "4 times: 6 mm → 1.5 mm"]
        pick(box, 2)
        widget.exit()
        widget.enter()
        assert (box.currentIndex, box.currentText) == (2, "4 times: 6 mm → 1.5 mm")
        parameters_of(widget).sequence = None
        assert box.itemText(0) == "2 times closer"

    def test_says_why_not(self, cine, scene, open_panel):
        ui = open_panel().ui
        flat = Geometry((1, 12, 16), OBLIQUE.spacing, OBLIQUE.origin, OBLIQUE.direction)
        gestures.choose(ui.slicesInput, scene.AddNode(volume_node(np.zeros(flat.shape, "int16"), flat, "flat")))
        assert "'flat' has one slice" in ui.slicesPlan.text
        assert ui.slicesButton.toolTip == ui.slicesPlan.text
        assert not ui.slicesButton.enabled
        gestures.choose(ui.slicesInput, None)
        assert ui.slicesButton.enabled

    def test_without_images(self, scene, open_panel):
        ui = open_panel().ui
        assert "Choose a volume" in ui.slicesPlan.text
        assert not ui.slicesButton.enabled
        assert not ui.compareButton.enabled

    def test_follows_a_sequence_that_changes(self, cine, open_panel):
        widget = open_panel()
        cine.sequence.RemoveDataNodeAtValue("50")
        parameters_of(widget).parameterNode.Modified()
        assert "in each of 4 frames" in widget.ui.slicesPlan.text

    def test_offers_volumes_and_sequences_of_volumes_alone(self, cine, scene, open_panel):
        transforms = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "transforms")
        transforms.SetDataNodeAtValue(slicer.vtkMRMLTransformNode(), "0")
        mask = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "mask")
        selector = open_panel().ui.slicesInput
        assert offered(selector) == [cine.sequence]
        assert transforms.GetDataNodeClassName() == "vtkMRMLTransformNode"
        assert mask.GetScene() is scene

    def test_offers_no_volume_that_shows_a_frame(self, cine, ct, blob_frames, open_panel):
        widget = open_panel()
        assert set(offered(widget.ui.slicesInput)) == {ct, cine.sequence}
        widget.ui.timeSlider.value = 0.3
        widget.ui.sideBySide.click()
        other = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        gestures.choose(widget.ui.sequenceSelector, other.sequence)
        assert set(offered(widget.ui.slicesInput)) == {ct, cine.sequence, other.sequence}

    def test_a_volume_that_comes_to_show_a_frame_is_no_longer_chosen(self, cine, ct, blob_frames, open_panel):
        widget = open_panel()
        gestures.choose(widget.ui.slicesInput, ct)
        sequence = slicer.mrmlScene.AddNode(sequence_of(blob_frames(3), OBLIQUE, [0, 1, 2]))
        browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
        browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
        browser.AddProxyNode(ct, sequence, False)
        slicer.app.processEvents()
        assert parameters_of(widget).slicesInput is None
        assert "in each of 5 frames" in widget.ui.slicesPlan.text


class TestAdd:
    def test_the_request_follows_the_choices(self, widget, repeated, add):
        pick(widget.ui.sliceFactor, 1)
        pick(widget.ui.sliceQuality, list(SliceQuality).index(SliceQuality.FITTED))
        widget.ui.keepAcquired.click()
        parameters_of(widget).device = Device.CPU
        add(widget)
        assert repeated.arguments[5:] == ["--factor", "3", "--quality", "fitted", "--device", "cpu", "--all-synthetic"]

    def test_motion_keeps_acquired_slices_whatever_was_chosen_for_networks(self, widget, repeated, add):
        assert not widget.ui.keepAcquired.enabled
        assert "keeps the acquired slices" in widget.ui.keepAcquired.toolTip
        pick(widget.ui.sliceQuality, list(SliceQuality).index(SliceQuality.FITTED))
        assert widget.ui.keepAcquired.enabled
        widget.ui.keepAcquired.click()
        pick(widget.ui.sliceQuality, list(SliceQuality).index(SliceQuality.QUICK))
        add(widget)
        assert "--all-synthetic" not in repeated.arguments

    def test_acquired_slices_are_kept_unless_the_option_is_given(self, cine, widget, repeated, add):
        result = add(widget)
        assert "--all-synthetic" not in repeated.arguments
        assert results_of(cine.sequence) == [result]
        assert widget.ui.slicesMessage.text == "Added 'Synthetic slices in cine'."

    @pytest.mark.parametrize("quality", SliceQuality)
    def test_the_quality_is_the_one_chosen(self, widget, repeated, add, quality):
        pick(widget.ui.sliceQuality, list(SliceQuality).index(quality))
        add(widget)
        assert repeated.arguments[repeated.arguments.index("--quality") + 1] == quality.value

    def test_a_volume_has_no_player(self, ct, widget, add):
        gestures.choose(widget.ui.slicesInput, ct)
        result = add(widget)
        assert results_of(ct) == [result]
        assert widget.ui.slicesPlayWidget.isHidden()

    def test_the_player_moves_both(self, cine, widget, add):
        assert widget.ui.slicesPlayWidget.isHidden()
        add(widget)
        assert not widget.ui.slicesPlayWidget.isHidden()
        widget.ui.slicesSeekWidget.setSelectedItemNumber(4)
        left, right = (slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(node_id)) for node_id in shown())
        np.testing.assert_array_equal(left, item_arrays(cine.sequence)[4])
        np.testing.assert_array_equal(right[::2], left)

    def test_missing_packages(self, cine, scene, open_panel, monkeypatch):
        monkeypatch.setattr(dependencies, "find_spec", lambda name: None)
        widget = open_panel()
        before = snapshot(scene)
        assert not widget.ui.slicesButton.enabled
        assert "install them with the button at the top" in widget.ui.slicesButton.toolTip
        with pytest.raises(InvalidInputError, match="not installed"):
            widget.logic.add_slices(cine.sequence)
        assert snapshot(scene) == before


class TestRemove:
    def test_what_was_made_of_each_goes_alone(self, cine, ct, widget, add, dialogs):
        before = slicer.app.layoutManager().layout
        add(widget)
        gestures.choose(widget.ui.slicesInput, ct)
        of_ct = add(widget)
        tick(widget.ui.resultList, 0 if of_ct.GetName() not in widget.ui.resultList.item(0, 0).text() else 1)
        dialogs.answer = True
        widget.ui.removeChosenButton.click()
        assert results_of(cine.sequence) == []
        assert results_of(ct) == [of_ct]
        assert slicer.app.layoutManager().layout == COMPARISON, "that of the other images is shown"
        remove_all(widget, dialogs)
        assert of_ct.GetScene() is None
        assert slicer.app.layoutManager().layout == before
        assert not widget.ui.compareButton.enabled
        assert "no result to compare" in widget.ui.compareButton.toolTip
        assert widget.ui.slicesMessage.text == ""

    def test_after_that_they_can_be_added_again(self, cine, widget, add, dialogs):
        add(widget)
        remove_all(widget, dialogs)
        assert widget.ui.slicesPlayWidget.isHidden()
        result = add(widget)
        assert results_of(cine.sequence) == [result]
        assert slicer.app.layoutManager().layout == COMPARISON


class TestComparison:
    def test_input_left_and_result_right_in_the_same_cut(self, cine, widget, add):
        result = add(widget)
        assert slicer.app.layoutManager().layout == COMPARISON
        assert shown() == [cine.proxy.GetID(), cine.browser.GetProxyNode(result).GetID()]
        expected = slicer.util.arrayFromVTKMatrix(slice_to_ras_across(cine.proxy))[:3, :3]
        places = [slicer.util.arrayFromVTKMatrix(view.mrmlSliceNode().GetSliceToRAS()) for view in views()]
        np.testing.assert_allclose(places[0][:3, :3], expected, atol=1e-9)
        np.testing.assert_array_equal(*places)
        fields = [view.mrmlSliceNode().GetFieldOfView() for view in views()]
        assert fields[0] == fields[1]
        assert all(view.mrmlSliceCompositeNode().GetLinkedControl() for view in views())

    def test_of_a_volume_that_was_not_shown_before(self, ct, widget, add):
        slicer.mrmlScene.RemoveNode(ct.GetDisplayNode())
        gestures.choose(widget.ui.slicesInput, ct)
        result = add(widget)
        assert shown() == [ct.GetID(), result.GetID()]
        assert ct.GetDisplayNode().GetWindow() == result.GetDisplayNode().GetWindow()

    def test_in_the_same_window_and_level(self, cine, widget, add):
        proxy = cine.browser.GetProxyNode(add(widget))
        widget.ui.compareButton.click()
        cine.proxy.GetDisplayNode().SetWindowLevel(33.0, 22.0)
        cine.proxy.GetDisplayNode().InterpolateOff()
        widget.ui.compareButton.click()
        display = proxy.GetDisplayNode()
        assert (display.GetWindow(), display.GetLevel(), display.GetInterpolate()) == (33.0, 22.0, 0)

    def test_it_can_be_left_and_shown_again(self, cine, widget, add):
        manager = slicer.app.layoutManager()
        before = manager.layout
        assert not widget.ui.compareButton.enabled
        add(widget)
        assert widget.ui.compareButton.enabled
        widget.ui.compareButton.click()
        assert manager.layout == before
        widget.ui.compareButton.click()
        assert manager.layout == COMPARISON

    def test_it_takes_the_place_of_the_phases(self, cine, widget, add):
        manager = slicer.app.layoutManager()
        before = manager.layout
        widget.ui.sideBySide.click()
        assert manager.layout == SIDE_BY_SIDE
        add(widget)
        assert manager.layout == COMPARISON
        assert not widget.ui.sideBySide.checked
        widget.ui.compareButton.click()
        assert manager.layout == before

    def test_the_result_of_the_images_that_are_chosen(self, cine, ct, blob_frames, widget, add):
        add(widget)
        gestures.choose(widget.ui.slicesInput, ct)
        widget.ui.compareButton.click()  # leaves the comparison of the other images
        assert not widget.ui.compareButton.enabled
        result = add(widget)
        assert shown() == [ct.GetID(), result.GetID()]
        widget.ui.compareButton.click()
        other = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        gestures.choose(widget.ui.slicesInput, other.sequence)
        assert not widget.ui.compareButton.enabled

    def test_a_result_that_was_deleted_is_not_compared(self, cine, ct, scene, widget, add):
        gestures.choose(widget.ui.slicesInput, ct)
        scene.RemoveNode(add(widget))
        widget.ui.compareButton.click()
        parameters_of(widget).parameterNode.Modified()
        assert not widget.ui.compareButton.enabled

    def test_a_scene_that_was_saved_in_it_finds_the_layout(self, slicer_session, open_module):
        open_module()
        layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
        assert not layout.IsLayoutDescription(COMPARISON)
        slicer_session.start_up()
        assert layout.IsLayoutDescription(COMPARISON)
        assert layout.IsLayoutDescription(SIDE_BY_SIDE)

    def test_it_can_be_left_where_the_layout_before_is_not_known(self, cine, widget, add):
        add(widget)
        widget.panel.sections["slices"].comparison = type(widget.panel.sections["slices"].comparison)()
        widget.ui.compareButton.click()
        assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView

    @pytest.mark.no_main_window
    def test_without_a_main_window(self, cine, widget, add):
        assert add(widget) is not None
        widget.ui.compareButton.click()


class TestAcross:
    """The cut across the slices: columns are right, up and normal of the slice view, in RAS."""

    @pytest.mark.parametrize(
        ("axes", "right", "up"),
        [
            ("LPS", "P", "S"),  # axial slices: sagittal, as in Slicer
            ("LPI", "P", "S"),
            ("LIP", "P", "S"),  # coronal slices
            ("PIL", "L", "S"),  # sagittal slices: coronal, since they cannot be cut sagittally
        ],
    )
    def test_it_is_along_the_voxels(self, axes, right, up):
        ras = {"R": (1, 0, 0), "L": (-1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
        node = volume_node(np.zeros((4, 5, 6), "int16"), OBLIQUE)
        matrix = np.eye(4)
        matrix[:3, :3] = np.column_stack([ras[axis] for axis in axes]) * (1.5, 2.0, 8.0)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
        across = slicer.util.arrayFromVTKMatrix(slice_to_ras_across(node))[:3, :3]
        np.testing.assert_allclose(across[:, 0], ras[right], atol=1e-12)
        np.testing.assert_allclose(across[:, 1], ras[up], atol=1e-12)
        assert np.linalg.det(across) == pytest.approx(1)

    def test_oblique_slices_under_a_transform_are_cut_at_right_angles(self, cine):
        turn = vtk.vtkTransform()
        turn.RotateX(40)
        cine.parent.SetMatrixTransformToParent(turn.GetMatrix())
        across = slicer.util.arrayFromVTKMatrix(slice_to_ras_across(cine.proxy))[:3, :3]
        world = slicer.util.arrayFromVTKMatrix(turn.GetMatrix())[:3, :3] @ _ijk_to_ras(cine.proxy)[:3, :3]
        i, _, k = (axis / np.linalg.norm(axis) for axis in world.T)
        np.testing.assert_allclose(sorted(abs(across.T @ k)), [0, 0, 1], atol=1e-9)
        assert abs(across[:, 2] @ i) == pytest.approx(1)  # of both cuts, the one closer to sagittal


def _ijk_to_ras(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


@pytest.mark.no_main_window  # Slicer complains of its own slice views when it loads turned ones
def test_saved_and_loaded_the_section_continues(cine, widget, add, save_and_load):
    pick(widget.ui.sliceFactor, 1)
    add(widget)
    save_and_load()
    assert widget.ui.sliceFactor.currentIndex == 1
    assert widget.ui.compareButton.enabled
    assert not widget.ui.slicesPlayWidget.isHidden()


@pytest.fixture
def model_there(monkeypatch, tmp_path):
    """The model for twice as close slices: the one that comes with the program, or a fresh one where none does."""
    from temporal_interp.models.registry import USER_FOLDER_VARIABLE, Registry
    from temporal_interp.slices.fit_volume import new_model
    from temporal_interp.slices.model_file import save_slice_model
    from temporal_interp.slices.quality import shipped_model_name

    monkeypatch.setenv(USER_FOLDER_VARIABLE, str(tmp_path / "models"))
    name = shipped_model_name(2)
    there = [entry for entry in Registry().entries() if entry.name == name]
    if there:
        return there[0]
    save_slice_model(new_model(2), tmp_path / "fresh.safetensors", {})
    return Registry().add(tmp_path / "fresh.safetensors", name=name)


@pytest.mark.skipif(os.name == "nt", reason="takes a shell of its own")
@pytest.mark.parametrize("fitted", [True, False])
def test_a_real_run_in_a_real_child_process(scene, open_module, model_there, fitted):
    k, j, i = np.indices((6, 20, 24))
    array = (100 + 50 * np.sin(j / 3 + k / 2) + 40 * np.cos(i / 4)).astype("int16")
    node = scene.AddNode(volume_node(array, Geometry(array.shape, (1.5, 1.5, 4.0)), "ct"))
    told = []
    added = open_module().logic.add_slices(
        node,
        2,
        fitted=fitted,
        fitting_steps=1 if fitted else None,
        progress=lambda fraction, message: told.append(fraction),
    )
    made = slicer.util.arrayFromVolume(added.result)
    np.testing.assert_array_equal(made[::2], array)
    means = (array[:-1].astype(float) + array[1:]) / 2
    assert abs(made[1::2] - means).max() < 25
    marks = {key: added.result.GetAttribute(f"TemporalInterp.Slice{key}") for key in ("Method", "Model", "ModelSHA256")}
    if fitted:
        assert marks == {
            "Method": "motion and networks",
            "Model": f"{model_there.name}, fitted to these images",
            "ModelSHA256": model_there.sha256,
        }
    else:
        assert marks == {"Method": "motion", "Model": None, "ModelSHA256": None}
    assert told == sorted(told)
