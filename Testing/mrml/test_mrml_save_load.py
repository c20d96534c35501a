"""What was made survives saving and loading, as files and as a scene."""

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import OBLIQUE, interpolate_between_items, item_arrays, item_values, known_motion, synthetic_marks

from TemporalInterpLib.companions import Companion
from TemporalInterpLib.remove_generated import remove_generated_frames

SHIFT = np.array([1.0, -2.0, 0.5])  # LPS mm
MOTION = known_motion(lambda points: np.broadcast_to(SHIFT, points.shape))


@pytest.fixture
def made(cine):
    return interpolate_between_items(cine.sequence, 0, 4, 3, MOTION, companions=list(Companion))


def save(sequence, path):
    storage = sequence.CreateDefaultStorageNode()
    storage.SetFileName(str(path))
    assert storage.WriteData(sequence)
    storage.UnRegister(None)
    return storage.GetClassName()


def test_frames_are_saved_as_one_nrrd_and_come_back(made, sequences_logic, tmp_path):
    path = tmp_path / "frames.seq.nrrd"
    assert save(made.sequence, path) == "vtkMRMLVolumeSequenceStorageNode"
    back = sequences_logic.AddSequence(str(path))
    assert item_values(back) == item_values(made.sequence)
    assert (back.GetIndexName(), back.GetIndexUnit()) == ("trigger time", "ms")
    assert synthetic_marks(back) == [False, True, True, True, False]
    for array, original in zip(item_arrays(back), item_arrays(made.sequence), strict=True):
        assert array.tobytes() == original.tobytes()
    assert back.GetNthDataNode(1).GetAttribute("TemporalInterp.Engine") == "known_motion"
    assert back.GetNthDataNode(1).GetAttribute("TemporalInterp.T") == "0.25"
    assert back.GetNthDataNode(4).GetAttribute("DICOM.instanceUIDs") == "1.2.4"


def test_jacobians_are_saved_as_one_nrrd(made, sequences_logic, tmp_path):
    path = tmp_path / "jacobian.seq.nrrd"
    assert save(made.companions[Companion.JACOBIAN_FIRST_TO_T], path) == "vtkMRMLVolumeSequenceStorageNode"
    np.testing.assert_allclose(item_arrays(sequences_logic.AddSequence(str(path)))[2], 1.5, atol=1e-6)


def test_fields_are_saved_as_one_5d_nrrd_and_point_in_the_same_direction(made, sequences_logic, tmp_path):
    path = tmp_path / "fields.seq.nrrd"
    assert save(made.companions[Companion.DISPLACEMENT_FIRST_TO_T], path) == "vtkMRMLTransformSequenceStorageNode"
    assert b"dimension: 5" in path.read_bytes()[:1000]
    back = sequences_logic.AddSequence(str(path))
    assert item_values(back) == item_values(made.sequence)
    assert synthetic_marks(back) == [False, True, True, True, False]
    centre = OBLIQUE.physical_point([1, 5, 7]) * [-1, -1, 1]
    for number, t in enumerate((0, 0.25, 0.5, 0.75, 1)):
        transform = back.GetNthDataNode(number).GetTransformFromParent()
        moved = np.array(transform.TransformPoint(centre)) - centre
        np.testing.assert_allclose(moved, t * SHIFT * [-1, -1, 1], atol=1e-3)


def test_synthetic_frames_can_be_removed_after_loading_the_file(made, sequences_logic, tmp_path):
    path = tmp_path / "frames.seq.nrrd"
    save(made.sequence, path)
    back = sequences_logic.AddSequence(str(path))
    assert remove_generated_frames(back) == 3
    assert item_values(back) == [0, 50]


@pytest.fixture
def reloaded(made, save_and_load):
    """The browser of the result, after the scene was saved as a bundle and loaded again."""
    save_and_load()
    return slicer.util.getNode("Player 0-50 ms of cine")


def test_scene_comes_back_with_the_same_proxies_in_place(reloaded, scene):
    sequences = vtk.vtkCollection()
    reloaded.GetSynchronizedSequenceNodes(sequences, True)
    assert sequences.GetNumberOfItems() == 5
    proxies = [reloaded.GetProxyNode(s) for s in sequences]
    count = scene.GetNumberOfNodes()
    reloaded.SetSelectedItemNumber(3)
    assert [reloaded.GetProxyNode(s) for s in sequences] == proxies
    assert scene.GetNumberOfNodes() == count
    assert {p.GetParentTransformNode().GetName() for p in proxies} == {"Registration"}
    frames = reloaded.GetMasterSequenceNode()
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(proxies[0]), item_arrays(frames)[3])
    assert (proxies[0].GetDisplayNode().GetWindow(), proxies[0].GetDisplayNode().GetLevel()) == (80.0, 45.0)


def test_removing_after_loading_the_scene_takes_the_companions_too(reloaded, scene):
    frames = reloaded.GetMasterSequenceNode()
    acquired = slicer.util.getNode("cine")
    assert remove_generated_frames(frames) == 3
    assert item_values(frames) == [0, 50]
    assert reloaded.GetNumberOfSynchronizedSequenceNodes(True) == 1
    names = {scene.GetNthNode(n).GetName() for n in range(scene.GetNumberOfNodes())}
    assert not [name for name in names if "Jacobian" in name or "Motion" in name]
    assert acquired.GetScene() is scene
