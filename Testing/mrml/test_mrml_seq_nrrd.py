""".seq.nrrd, with 3D Slicer's own reader and writer as the judge."""

import numpy as np
import pytest
import slicer
import vtk

from noise_sequences import assert_same_sequence
from noise_sequences import make_noise_sequence as make_sequence
from seq_nrrd_by_hand import LIST_FIRST, LIST_LAST, LPS, ODD_TEXT, RAS, write_nrrd_by_hand
from temporal_interp.io import read_sequence, write_sequence


def storage(scene, path):
    node = scene.AddNewNodeByClass("vtkMRMLVolumeSequenceStorageNode")
    node.SetFileName(str(path))
    return node


def read_by_slicer(scene, path):
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    assert storage(scene, path).ReadData(node)
    return node


def ijk_to_ras(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def expected_ijk_to_ras(geometry):
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(geometry.direction) * geometry.spacing
    matrix[:3, 3] = geometry.origin
    return np.diag([-1, -1, 1, 1]) @ matrix


def assert_slicer_has(node, sequence):
    assert node.GetNumberOfDataNodes() == len(sequence)
    assert node.GetIndexName() == sequence.index_name
    assert node.GetIndexUnit() == sequence.unit
    assert node.GetIndexTypeAsString() == "numeric"
    for number, volume in enumerate(sequence.volumes):
        item = node.GetNthDataNode(number)
        assert item.GetClassName() == "vtkMRMLScalarVolumeNode"
        array = slicer.util.arrayFromVolume(item)
        assert array.dtype == volume.array.dtype
        np.testing.assert_array_equal(array, volume.array)
        np.testing.assert_allclose(ijk_to_ras(item), expected_ijk_to_ras(volume.geometry), rtol=0, atol=1e-9)
        assert float(node.GetNthIndexValue(number)) == sequence.times[number]
        attributes = {name: item.GetAttribute(name) for name in item.GetAttributeNames()}
        attributes.pop("Sequences.BaseName")  # Slicer's own
        assert attributes == sequence.item_attributes[number]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_slicer_reads_what_we_write(dtype, scene, tmp_path):
    sequence = make_sequence(dtype=dtype)
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize("shape", [(1, 3, 4), (3, 1, 4), (2, 3, 1)])
@pytest.mark.parametrize("values", [(0.0,), (-1.5, 0.1, 1e6)])
@pytest.mark.parametrize(("index_name", "unit"), [("frame", ""), ("time", "ms"), ("my phase", "µs"), ('"x"', "%")])
def test_slicer_reads_odd_sequences(shape, values, index_name, unit, scene, tmp_path):
    sequence = make_sequence(shape=shape, values=values, index_name=index_name, unit=unit)
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


def test_left_handed_volumes_lie_in_the_same_place_in_slicer(scene, tmp_path):
    """Slicer turns the slices of left-handed files round, so voxels are compared by where they are."""
    sequence = make_sequence(direction=np.diag([1.0, -1.0, 1.0]))
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    item = read_by_slicer(scene, tmp_path / "a.seq.nrrd").GetNthDataNode(1)
    to_our_voxels = np.linalg.inv(expected_ijk_to_ras(sequence.volumes[1].geometry)) @ ijk_to_ras(item)
    array = slicer.util.arrayFromVolume(item)
    for kji in np.ndindex(array.shape):
        i, j, k = np.rint((to_our_voxels @ [*kji[::-1], 1])[:3]).astype(int)
        assert array[kji] == sequence.volumes[1].array[k, j, i]


def test_slicer_reads_odd_attributes(scene, tmp_path):
    sequence = make_sequence(item_attributes=[ODD_TEXT, {}, {"E": "1"}])
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_we_read_what_slicer_writes(dtype, compressed, scene, tmp_path):
    sequence = make_sequence(dtype=dtype, item_attributes=[ODD_TEXT, {}, {"E": "1"}])
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    node.SetIndexName(sequence.index_name)
    node.SetIndexUnit(sequence.unit)
    node.SetAttribute("TemporalInterp.SliceThickness", "6")
    for number, volume in enumerate(sequence.volumes):
        item = slicer.vtkMRMLScalarVolumeNode()
        slicer.util.updateVolumeFromArray(item, volume.array)
        item.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(expected_ijk_to_ras(volume.geometry)))
        for name, value in sequence.item_attributes[number].items():
            item.SetAttribute(name, value)
        node.SetDataNodeAtValue(item, str(sequence.times[number]))
    writer = storage(scene, tmp_path / "a.seq.nrrd")
    writer.SetUseCompression(compressed)
    assert writer.WriteData(node)
    back = read_sequence(tmp_path / "a.seq.nrrd")
    assert_same_sequence(back, sequence)


def test_everything_survives_slicer(scene, tmp_path):
    """Written by us, read and written by Slicer, read by us."""
    sequence = make_sequence(period=100.0)
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    node = read_by_slicer(scene, tmp_path / "a.seq.nrrd")
    assert storage(scene, tmp_path / "b.seq.nrrd").WriteData(node)
    back = read_sequence(tmp_path / "b.seq.nrrd")
    assert (back.slice_thickness, back.period) == (sequence.slice_thickness, 100.0)
    assert back.times == sequence.times
    assert [{k: v for k, v in a.items() if k != "Sequences.BaseName"} for a in back.item_attributes] == list(
        sequence.item_attributes
    )
    np.testing.assert_array_equal(back.volumes[2].array, sequence.volumes[2].array)
    assert back.volumes[2].geometry.is_close(sequence.volumes[2].geometry)


def test_times_that_slicer_tells_apart_are_written(scene, tmp_path):
    sequence = make_sequence(values=(0.0, 1.0, 1.0011))
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize(("dtype", "narrow"), [("int64", "int32"), ("uint64", "uint32")])
def test_64_bit_integers_are_narrowed_for_slicer(dtype, narrow, scene, tmp_path):
    sequence = make_sequence(dtype="uint8")
    wide = [volume.with_array(volume.array.astype(dtype)) for volume in sequence.volumes]
    write_sequence(type(sequence)(wide, (0, 1, 2)), tmp_path / "a.seq.nrrd")
    array = slicer.util.arrayFromVolume(read_by_slicer(scene, tmp_path / "a.seq.nrrd").GetNthDataNode(2))
    assert array.dtype == narrow
    np.testing.assert_array_equal(array, sequence.volumes[2].array)


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize(("axes", "number"), [(LIST_LAST, 3), (LIST_FIRST, 0)])
@pytest.mark.parametrize("space", [LPS, RAS])
def test_every_layout_is_read_as_slicer_reads_it(raw, endian, axes, number, space, scene, tmp_path):
    key = f"axis {number} index values:=0 40 81.5\naxis {number} item 0001 Who:=me\n"
    write_nrrd_by_hand(tmp_path / "a.seq.nrrd", axes, space, endian, raw, key, number=number)
    ours = read_sequence(tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), ours)
