"""Sequence nodes become sequences of the core and back."""

import math

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, item_arrays, item_values, sequence_of, volume_node

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.add_sequence import add_sequence_steps, add_sequence_to_scene
from TemporalInterpLib.sequence_conversion import format_index_value, new_sequence_like, sequence_from_node

GRID = Geometry((2, 3, 4))


def frames(count, dtype="int16", shape=GRID.shape):
    return [np.full(shape, n, dtype) for n in range(count)]


def test_frames_index_and_attributes_are_read(blob_frames):
    arrays = blob_frames(3)
    sequence = sequence_from_node(sequence_of(arrays, OBLIQUE, ["0", "12.5", "30.25"]))
    assert sequence.times == (0, 12.5, 30.25)
    assert (sequence.index_name, sequence.unit) == ("trigger time", "ms")
    assert [a["DICOM.instanceUIDs"] for a in sequence.item_attributes] == ["1.2.0", "1.2.1", "1.2.2"]
    for volume, array in zip(sequence.volumes, arrays, strict=True):
        assert volume.geometry.is_close(OBLIQUE)
        np.testing.assert_array_equal(volume.array, array)


def test_voxels_are_not_copied():
    node = sequence_of(frames(2), GRID, [0, 1])
    volume = sequence_from_node(node).volumes[1]
    assert np.shares_memory(volume.array, slicer.util.arrayFromVolume(node.GetNthDataNode(1)))


def test_only_the_items_requested_are_read():
    node = sequence_of(frames(4), GRID, [0, 1, 2, 3])
    other_grid = volume_node(np.zeros((9, 9, 9), "int16"), Geometry((9, 9, 9)))
    node.SetDataNodeAtValue(other_grid, "2")
    sequence = sequence_from_node(node, [1, 3])
    assert sequence.times == (1, 3)
    assert [v.array.max() for v in sequence.volumes] == [1, 3]


@pytest.mark.parametrize("number", [-1, 4])
def test_item_number_out_of_range_is_refused(number):
    with pytest.raises(InvalidInputError, match=f"'cine' has items 0 to 3, item {number}"):
        sequence_from_node(sequence_of(frames(4), GRID, [0, 1, 2, 3]), [0, number])


def test_2d_cine_is_read_as_one_slice():
    sequence = sequence_from_node(sequence_of(frames(3, shape=(1, 5, 6)), Geometry((1, 5, 6)), [0, 1, 2]))
    assert sequence.volumes[0].geometry.shape == (1, 5, 6)


def test_missing_sequence_is_refused():
    with pytest.raises(InvalidInputError, match="no sequence"):
        sequence_from_node(None)


def test_empty_sequence_is_refused_by_name():
    with pytest.raises(InvalidInputError, match="'cine' is empty"):
        sequence_from_node(sequence_of([], GRID, []))


@pytest.mark.parametrize("text", ["nan", "inf", "systole", ""])
def test_index_value_that_is_no_finite_number_is_refused(text):
    node = sequence_of(frames(1), GRID, [text])
    with pytest.raises(InvalidInputError, match=rf"item 0 \('Phase 0'\) of sequence 'cine' is '{text}'"):
        sequence_from_node(node)


def test_text_index_is_refused():
    node = sequence_of(frames(2), GRID, [0, 1])
    node.SetIndexType(node.TextIndex)
    with pytest.raises(InvalidInputError, match="index of sequence 'cine' is text"):
        sequence_from_node(node)


def test_items_closer_than_slicer_tells_apart_are_refused():
    node = sequence_of([], GRID, [])
    node.SetNumericIndexValueTolerance(1e-6)  # holds in memory, but is not kept in the file
    for number in range(3):
        node.SetDataNodeAtValue(volume_node(np.zeros(GRID.shape, "int16"), GRID), str(number * 0.0005))
    assert node.GetNumberOfDataNodes() == 3
    with pytest.raises(
        InvalidInputError, match=r"'cine' has frames at 0 and 0\.0005 ms, .* no further apart than 0\.001"
    ):
        sequence_from_node(node)


def test_items_out_of_order_are_refused():
    node = slicer.vtkMRMLSequenceNode()
    node.SetIndexType(node.TextIndex)
    for text in ("5", "1"):
        node.SetDataNodeAtValue(volume_node(np.zeros(GRID.shape, "int16"), GRID), text)
    node.SetIndexType(node.NumericIndex)
    with pytest.raises(InvalidInputError, match="out of order"):
        sequence_from_node(node)


def test_mixed_voxel_grids_are_refused_by_name():
    node = sequence_of(frames(3), GRID, [0, 1, 2])
    node.SetDataNodeAtValue(volume_node(np.zeros((2, 3, 5), "int16"), Geometry((2, 3, 5)), "Odd one"), "1")
    with pytest.raises(InvalidInputError, match=r"Frames 0 and 1 of 'cine' differ in size, .* and 5 x 3 x 2 voxels"):
        sequence_from_node(node)


def test_mixed_scalar_types_are_refused_by_name():
    node = sequence_of(frames(3), GRID, [0, 1, 2])
    node.SetDataNodeAtValue(volume_node(np.zeros(GRID.shape, "float32"), GRID, "Odd one"), "1")
    with pytest.raises(InvalidInputError, match=r"Frames 0 and 1 of 'cine' .* 16-bit integers and 32-bit real"):
        sequence_from_node(node)


def test_sequence_of_transforms_is_refused():
    node = slicer.vtkMRMLSequenceNode()
    node.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    with pytest.raises(InvalidInputError, match=r"item 0 .* is another kind of node \(LinearTransform\)"):
        sequence_from_node(node)


def core_sequence(values, unit="ms", dtype="uint16"):
    volumes = [Volume(a, OBLIQUE) for a in frames(len(values), dtype, OBLIQUE.shape)]
    attributes = [{"TemporalInterp.Synthetic": "true"} if n == 1 else {} for n in range(len(values))]
    return Sequence(volumes, values, "time", unit, attributes)


def test_core_sequence_becomes_a_node_and_comes_back(scene):
    values = [0, 33.333333, 66.5]
    back = sequence_from_node(add_sequence_to_scene(core_sequence(values), "cine").sequence)
    assert back.times == tuple(values)
    assert (back.index_name, back.unit) == ("time", "ms")
    assert "TemporalInterp.Synthetic" in back.item_attributes[1]
    assert "TemporalInterp.Synthetic" not in back.item_attributes[0]
    assert back.volumes[2].geometry.is_close(OBLIQUE)
    assert [v.array.max() for v in back.volumes] == [0, 1, 2]
    assert back.volumes[0].array.dtype == np.uint16


def test_core_sequence_in_seconds_too_fine_for_slicer_is_refused_and_adds_nothing(scene):
    with pytest.raises(InvalidInputError, match="ms"):
        add_sequence_to_scene(core_sequence([0, 0.0005, 0.001], unit="s"), "cine")
    assert scene.GetNumberOfNodes() == 0


def test_core_sequence_is_added_with_its_browser_and_shown_in_one_proxy(scene):
    added = add_sequence_to_scene(core_sequence([0, 10, 20]), "cine")
    assert item_values(added.sequence) == [0, 10, 20]
    assert [a.max() for a in item_arrays(added.sequence)] == [0, 1, 2]
    assert added.browser.GetMasterSequenceNode() is added.sequence
    assert added.browser.GetProxyNode(added.sequence) is added.proxy
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1
    added.browser.SetSelectedItemNumber(2)
    assert slicer.util.arrayFromVolume(added.proxy).max() == 2
    assert added.proxy.GetName() == "cine"
    assert not added.proxy.GetDisplayNode().GetAutoWindowLevel()


def test_frames_are_copied_one_a_step_and_nothing_is_in_the_scene_before_the_last(scene):
    steps = add_sequence_steps(core_sequence([0, 10, 20]), "cine")
    fractions = []
    while (step := next(steps, None)) is not None:
        assert scene.GetNumberOfNodes() == 0
        fractions.append(step[0])
    assert fractions == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert scene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 1


@pytest.mark.parametrize("done", [1, 4])
def test_cancelled_the_scene_stays_as_it_was(scene, done):
    steps = add_sequence_steps(core_sequence([0, 10, 20]), "cine")
    for _ in range(done):
        next(steps)
    steps.close()
    assert scene.GetNumberOfNodes() == 0


@pytest.mark.parametrize("value", [0, 12.5, 100 / 3, 123456.789012])
def test_index_value_text_is_exact_to_a_millionth(value):
    assert math.isclose(float(format_index_value(value)), value, rel_tol=0, abs_tol=1e-6)


def test_slice_thickness_goes_into_the_scene_and_back(scene, blob_frames):
    volumes = [Volume(frame, Geometry(frame.shape, spacing=(1.0, 1.0, 10.0))) for frame in blob_frames()]
    node = add_sequence_to_scene(Sequence(volumes, range(3), slice_thickness=6.0), "thin slices far apart").sequence
    assert sequence_from_node(node).slice_thickness == 6.0
    assert new_sequence_like(node, "other").GetAttribute("TemporalInterp.SliceThickness") == "6.0"


def test_slice_thickness_that_is_no_number_is_refused_by_name(scene, blob_frames):
    volumes = [Volume(frame, Geometry(frame.shape)) for frame in blob_frames()]
    node = add_sequence_to_scene(Sequence(volumes, range(3)), "odd").sequence
    assert sequence_from_node(node).slice_thickness is None
    node.SetAttribute("TemporalInterp.SliceThickness", "thin")
    with pytest.raises(InvalidInputError, match="'odd' is 'thin'"):
        sequence_from_node(node)


def test_period_goes_into_the_scene_and_back(scene, blob_frames):
    volumes = [Volume(frame, Geometry(frame.shape)) for frame in blob_frames(3)]
    node = add_sequence_to_scene(Sequence(volumes, range(3), period=100 / 3), "beat").sequence
    assert sequence_from_node(node).period == 100 / 3
    assert sequence_from_node(node, [0, 1]).period is None
    assert new_sequence_like(node, "some of it").GetAttribute("TemporalInterp.Period") is None
    assert new_sequence_like(node, "all of it", period=100 / 3).GetAttribute("TemporalInterp.Period") == repr(100 / 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [("a beat", "'odd' is 'a beat'; it has to be a number"), ("2", "period of a loop"), ("nan", "nan")],
)
def test_period_that_makes_no_sense_is_refused(scene, blob_frames, text, words):
    volumes = [Volume(frame, Geometry(frame.shape)) for frame in blob_frames(3)]
    node = add_sequence_to_scene(Sequence(volumes, range(3)), "odd").sequence
    assert sequence_from_node(node).period is None
    node.SetAttribute("TemporalInterp.Period", text)
    with pytest.raises(InvalidInputError, match=words):
        sequence_from_node(node)
