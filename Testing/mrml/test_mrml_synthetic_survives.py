"""What was computed is known as such by the core after Slicer has saved and loaded it."""

import pytest
import slicer
from mrml_helpers import interpolate_between_items, known_motion

from temporal_interp.data.provenance import PREFIX
from temporal_interp.io import read_sequence
from TemporalInterpLib.item_names import name_synthetic_items
from TemporalInterpLib.sequence_conversion import is_synthetic_node, sequence_from_node


def names(sequence):
    return [sequence.GetNthDataNode(n).GetName() for n in range(sequence.GetNumberOfDataNodes())]


def marks(sequence):
    attributes = sequence_from_node(sequence).item_attributes
    return [{key: value for key, value in one.items() if key.startswith(PREFIX)} for one in attributes]


@pytest.fixture
def made(cine):
    motion = known_motion(lambda points: 0 * points)
    return interpolate_between_items(cine.sequence, 0, 4, 3, motion)


def test_marks_of_every_frame_come_back_with_the_scene(made, save_and_load):
    ours = marks(made.sequence)
    assert ours[2]["TemporalInterp.Engine"] == "known_motion"
    save_and_load()
    loaded = slicer.util.getNode("Player 0-50 ms of cine").GetMasterSequenceNode()
    back = sequence_from_node(loaded)
    assert back.synthetic_frames == [1, 2, 3]
    assert marks(loaded) == ours


def test_synthetic_frames_get_their_names_again(made, save_and_load, scene):
    before = names(made.sequence)
    save_and_load()
    loaded = slicer.util.getNode("Player 0-50 ms of cine").GetMasterSequenceNode()
    assert names(loaded)[1:4] != before[1:4]  # Slicer numbers them
    name_synthetic_items(scene)
    assert names(loaded)[1:4] == before[1:4] == [f"SYNTHETIC {t} ms of cine" for t in ("12.5", "25", "37.5")]
    assert not [name for name in (names(loaded)[0], names(loaded)[4]) if "SYNTHETIC" in name]


def test_what_has_no_frames_keeps_its_names(scene):
    words, empty = (scene.AddNewNodeByClass("vtkMRMLSequenceNode", name) for name in ("words", "empty"))
    words.SetIndexType(slicer.vtkMRMLSequenceNode.TextIndex)
    item = slicer.vtkMRMLScalarVolumeNode()
    item.SetName("early")
    item.SetAttribute("TemporalInterp.Synthetic", "true")
    words.SetDataNodeAtValue(item, "early")
    name_synthetic_items(scene)
    assert (names(words), names(empty)) == (["early"], [])


def test_the_frame_that_is_shown_is_marked_after_loading_the_scene(made, save_and_load):
    save_and_load()
    browser = slicer.util.getNode("Player 0-50 ms of cine")
    proxy = browser.GetProxyNode(browser.GetMasterSequenceNode())
    shown = []
    for number in range(5):
        browser.SetSelectedItemNumber(number)
        shown.append(is_synthetic_node(proxy))
    assert shown == [False, True, True, True, False]


def test_the_core_knows_the_frames_of_a_file_that_slicer_saved(made, tmp_path):
    storage = made.sequence.CreateDefaultStorageNode()
    storage.SetFileName(str(tmp_path / "saved.seq.nrrd"))
    assert storage.WriteData(made.sequence)
    storage.UnRegister(None)
    assert read_sequence(tmp_path / "saved.seq.nrrd").synthetic_frames == [1, 2, 3]


def test_a_single_frame_that_slicer_saved_is_known(made, tmp_path, scene):
    item = made.sequence.GetNthDataNode(2)
    storage = slicer.vtkMRMLNRRDStorageNode()
    storage.SetFileName(str(tmp_path / "frame.nrrd"))
    assert storage.WriteData(item)
    assert read_sequence(tmp_path / "frame.nrrd").synthetic_frames == [0]
