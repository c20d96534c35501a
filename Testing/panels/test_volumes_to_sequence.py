"""Sequences of what the scene has as volumes loaded one by one, or as a multi-volume."""

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, ijk_to_ras, put_in_scene, volume_node

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.sequence_conversion import sequence_from_node
from TemporalInterpLib.volumes_to_sequence import frames_in, sequence_of_frames_steps


def add(frames, names):
    nodes = [volume_node(frame, OBLIQUE, name) for frame, name in zip(frames, names, strict=True)]
    return [slicer.mrmlScene.AddNode(node) for node in nodes]


def made(frames):
    added = run_to_end(sequence_of_frames_steps(frames), lambda fraction, message: None)
    return sequence_from_node(added.sequence)


@pytest.mark.parametrize(
    ("names", "order", "times", "unit"),
    [
        (["10", "9", "11"], [1, 0, 2], (0, 1, 2), ""),
        (["4DCT 50%", "4DCT 0%", "4DCT 90%"], [1, 0, 2], (0, 50, 90), "%"),
        (["cine 80ms", "cine 0ms", "cine 40ms"], [1, 2, 0], (0, 40, 80), "ms"),
        (["systole", "diastole", "late"], [1, 2, 0], (0, 1, 2), ""),
    ],
)
def test_volumes_are_ordered_by_their_names(names, order, times, unit, scene, blob_frames):
    frames = blob_frames(3)
    add(frames, names)
    (found,) = frames_in(scene)
    assert found.names == tuple(names[number] for number in order)
    sequence = made(found)
    assert (sequence.times, sequence.unit) == (times, unit)
    np.testing.assert_array_equal(sequence.to_numpy(), [frames[number] for number in order])
    assert sequence.geometry.is_close(OBLIQUE)


class Database:
    """`slicer.dicomDatabase` with one tag."""

    def __init__(self, tag, values):
        self.tag, self.values = tag, values

    def instanceValue(self, instance, tag):  # noqa: N802 - as in Slicer
        return self.values.get(instance, "") if tag == self.tag else ""


@pytest.mark.parametrize(("tag", "times", "unit"), [("0018,1060", (0, 40.5, 81), "ms"), ("0020,0100", (0, 1, 2), "")])
def test_dicom_goes_before_names(tag, times, unit, scene, blob_frames, monkeypatch):
    frames = blob_frames(3)
    for number, node in enumerate(add(frames, ["1", "2", "3"])):
        node.SetAttribute("DICOM.instanceUIDs", f"1.2.{number} 1.2.9")
    values = {"1.2.0": "81", "1.2.1": "0", "1.2.2": "40.5"}
    monkeypatch.setattr(slicer, "dicomDatabase", Database(tag, values), raising=False)
    (found,) = frames_in(scene)
    assert (found.names, found.times, found.unit) == (("2", "3", "1"), times, unit)


def test_dicom_that_does_not_tell_leaves_it_to_names(scene, blob_frames, monkeypatch):
    for number, node in enumerate(add(blob_frames(2), ["T10", "T00"])):
        node.SetAttribute("DICOM.instanceUIDs", f"1.2.{number}")
    monkeypatch.setattr(slicer, "dicomDatabase", Database("0018,1060", {"1.2.0": "5", "1.2.1": "5"}), raising=False)
    assert frames_in(scene)[0].names == ("T00", "T10")


def test_only_volumes_of_one_grid_and_type_go_together(scene, blob_frames):
    add(blob_frames(2), ["a1", "a2"])
    add(blob_frames(2, shape=(4, 12, 18)), ["b1", "b2"])
    add(blob_frames(1, dtype="float32"), ["c1"])
    assert [found.names for found in frames_in(scene)] == [("a1", "a2"), ("b1", "b2")]


def test_what_is_no_image_of_its_own_is_left_out(scene, cine, blob_frames):
    frames = blob_frames(5)
    proxies = [node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]
    assert proxies == [cine.proxy.GetID()]
    labels = scene.AddNode(slicer.vtkMRMLLabelMapVolumeNode())
    slicer.util.updateVolumeFromArray(labels, frames[0])
    preview, synthetic, hidden, _alone = add(frames[:4], ["preview", "synthetic", "hidden", "alone"])
    preview.SetSaveWithScene(False)
    synthetic.SetAttribute("TemporalInterp.Synthetic", "true")
    hidden.SetHideFromEditors(True)
    scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    assert frames_in(scene) == []
    add(frames[4:], ["second"])
    assert [found.names for found in frames_in(scene)] == [("alone", "second")]


def multi_volume(array, **attributes):
    """As MultiVolumeImporter makes it: components are frames."""
    node = slicer.mrmlScene.AddNode(slicer.vtkMRMLVectorVolumeNode())
    node.SetName("perfusion")
    slicer.util.updateVolumeFromArray(node, np.moveaxis(np.asarray(array), 0, -1))
    node.SetIJKToRASMatrix(ijk_to_ras(OBLIQUE))
    node.SetAttribute("MultiVolume.NumberOfFrames", str(len(array)))
    for key, value in attributes.items():
        node.SetAttribute(f"MultiVolume.{key}", value)
    return node


@pytest.mark.parametrize(
    ("attributes", "times", "unit"),
    [
        (
            {"FrameLabels": "0,40,85.5", "FrameIdentifyingDICOMTagName": "TriggerTime",
             "FrameIdentifyingDICOMTagUnits": "ms"},
            (0, 40, 85.5),
            "ms",
        ),
        ({"FrameLabels": "0,40"}, (0, 1, 2), ""),
        ({"FrameLabels": "a,b,c"}, (0, 1, 2), ""),
        ({"FrameLabels": "2,1,0"}, (0, 1, 2), ""),
        ({"FrameLabels": "0,nan,2"}, (0, 1, 2), ""),
        ({}, (0, 1, 2), ""),
    ],
)  # fmt: skip
def test_a_multi_volume_becomes_a_sequence(attributes, times, unit, scene, blob_frames):
    frames = blob_frames(3)
    multi_volume(frames, **attributes)
    (found,) = frames_in(scene)
    assert found.label == "multi-volume 'perfusion' (3 frames)"
    sequence = made(found)
    assert (sequence.times, sequence.unit) == (times, unit)
    np.testing.assert_array_equal(sequence.to_numpy(), frames)
    assert sequence.geometry.is_close(OBLIQUE)


def test_colour_and_single_volumes_are_not_multi_volumes(scene, blob_frames):
    colour = scene.AddNode(slicer.vtkMRMLVectorVolumeNode())
    slicer.util.updateVolumeFromArray(colour, np.zeros((1, 4, 5, 3), "uint8"))
    add(blob_frames(1), ["one"])
    assert frames_in(scene) == []


def test_a_long_list_is_cut(scene, blob_frames):
    add(blob_frames(20), [f"T{number:02d}" for number in range(20)])
    lines = frames_in(scene)[0].in_words.splitlines()
    assert len(lines) == 13
    assert lines[-1].startswith("T19")
    assert "8 more" in lines[-2]


def test_what_cannot_be_used_leaves_the_scene(scene, blob_frames):
    node = multi_volume(blob_frames(3))
    matrix = ijk_to_ras(OBLIQUE)
    matrix.SetElement(0, 1, 3.0)
    node.SetIJKToRASMatrix(matrix)
    before = scene.GetNumberOfNodes()
    with pytest.raises(InvalidInputError, match="'perfusion' cannot be used"):
        made(frames_in(scene)[0])
    assert scene.GetNumberOfNodes() == before


def test_frames_of_a_sequence_are_none_of_the_scene(scene, blob_frames):
    for _ in range(2):
        put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
    assert frames_in(scene) == []
