"""Volume nodes become volumes of the core and back."""

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import OBLIQUE, ijk_to_ras, volume_node

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.volume_conversion import copy_meaning, ijk_to_ras_matrix, set_volume, volume_from_node

LEFT_HANDED = Geometry((2, 3, 4), (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), ((1, 0, 0), (0, 1, 0), (0, 0, -1)))
ONE_SLICE = Geometry((1, 3, 4), (1.5, 1.5, 8.0))


def matrix_of(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


@pytest.mark.parametrize("geometry", [OBLIQUE, LEFT_HANDED, ONE_SLICE])
def test_voxels_lie_at_the_same_place_in_the_patient(geometry):
    node = volume_node(np.zeros(geometry.shape, "int16"), geometry)
    volume = volume_from_node(node)
    assert volume.geometry.is_close(geometry)
    for kji in np.ndindex(2, 2, 2):
        kji = np.array(kji) * (np.array(geometry.shape) - 1)
        ras = matrix_of(node) @ [*kji[::-1], 1]
        np.testing.assert_allclose(volume.geometry.physical_point(kji), ras[:3] * [-1, -1, 1], atol=1e-9)


@pytest.mark.parametrize("geometry", [OBLIQUE, LEFT_HANDED, ONE_SLICE])
def test_matrix_survives_the_round_trip(geometry):
    np.testing.assert_allclose(
        slicer.util.arrayFromVTKMatrix(ijk_to_ras_matrix(volume_from_node(set_up(geometry)).geometry)),
        slicer.util.arrayFromVTKMatrix(ijk_to_ras(geometry)),
        atol=1e-9,
    )


def set_up(geometry, dtype="int16"):
    return volume_node(np.arange(np.prod(geometry.shape)).reshape(geometry.shape).astype(dtype), geometry)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_voxels_and_scalar_type_survive_the_round_trip(dtype):
    volume = Volume(np.arange(24).reshape(2, 3, 4).astype(dtype), Geometry((2, 3, 4)))
    node = slicer.vtkMRMLScalarVolumeNode()
    set_volume(node, volume)
    back = volume_from_node(node)
    assert back.array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(back.array, volume.array)


def test_voxels_are_the_nodes_own_and_read_only():
    node = set_up(ONE_SLICE)
    volume = volume_from_node(node)
    assert np.shares_memory(volume.array, slicer.util.arrayFromVolume(node))
    with pytest.raises(ValueError, match="read-only"):
        volume.array[0, 0, 0] = 7


def test_voxels_outlive_the_node():
    volume = volume_from_node(set_up(ONE_SLICE))
    np.testing.assert_array_equal(volume.array.ravel(), np.arange(12))


def test_set_volume_copies():
    array = np.zeros((2, 3, 4), "uint8")
    node = slicer.vtkMRMLScalarVolumeNode()
    set_volume(node, Volume(array, Geometry((2, 3, 4))))
    array[:] = 9
    assert slicer.util.arrayFromVolume(node).max() == 0


def test_parent_transform_is_not_applied(scene):
    node = scene.AddNode(set_up(ONE_SLICE))
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 100)
    parent.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(parent.GetID())
    assert volume_from_node(node).geometry.is_close(ONE_SLICE)


def test_quantity_and_units_are_copied():
    ct, copy = set_up(ONE_SLICE), set_up(ONE_SLICE)
    units = slicer.vtkCodedEntry()
    units.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    ct.SetVoxelValueUnits(units)
    copy_meaning(copy, ct)
    assert copy.GetVoxelValueUnits().GetCodeMeaning() == "Hounsfield unit"


def test_node_without_image_data_is_refused_by_name():
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName("Empty")
    with pytest.raises(InvalidInputError, match="no image data in volume 'Empty'"):
        volume_from_node(node)


def test_missing_node_is_refused():
    with pytest.raises(InvalidInputError, match="There is no first volume"):
        volume_from_node(None, "first volume")


def test_vector_volume_is_refused():
    node = slicer.vtkMRMLVectorVolumeNode()
    node.SetName("Colours")
    slicer.util.updateVolumeFromArray(node, np.zeros((2, 3, 4, 3), "uint8"))
    with pytest.raises(InvalidInputError, match="'Colours' has 3"):
        volume_from_node(node)


def test_label_map_is_refused():
    node = slicer.vtkMRMLLabelMapVolumeNode()
    slicer.util.updateVolumeFromArray(node, np.zeros((2, 3, 4), "uint8"))
    with pytest.raises(InvalidInputError, match="label map"):
        volume_from_node(node)


def test_node_of_another_kind_is_refused():
    with pytest.raises(InvalidInputError, match=r"another kind of node \(Model\)"):
        volume_from_node(slicer.vtkMRMLModelNode())


def test_64_bit_integers_are_refused_both_ways():
    image = vtk.vtkImageData()
    image.SetDimensions(4, 3, 2)
    image.AllocateScalars(vtk.VTK_LONG_LONG, 1)
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetAndObserveImageData(image)
    with pytest.raises(InvalidInputError, match="64-bit integers"):
        volume_from_node(node)
    with pytest.raises(InvalidInputError, match="64-bit integers"):
        set_volume(node, Volume(np.zeros((2, 3, 4), "int64"), Geometry((2, 3, 4))))


def test_sheared_axes_are_refused_by_name():
    node = volume_node(np.zeros((2, 3, 4), "uint8"), Geometry((2, 3, 4)), "Tilted gantry")
    matrix = slicer.util.vtkMatrixFromArray(np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]))
    node.SetIJKToRASMatrix(matrix)
    with pytest.raises(InvalidInputError, match="'Tilted gantry'"):
        volume_from_node(node)
