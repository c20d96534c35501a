"""Fields over frames open in Slicer as a sequence of vector volumes, and those of Slicer open here."""

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import OBLIQUE, ijk_to_ras, item_values
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.data.geometry import Geometry
from temporal_interp.io.field_sequence import (
    DIRECTION_KEY,
    ESTIMATE_KEY,
    FieldDirection,
    read_field_sequence,
    write_field_sequence,
)

ONE_SLICE = Geometry((1, *OBLIQUE.shape[1:]), OBLIQUE.spacing, OBLIQUE.origin, OBLIQUE.direction)
VALUES = (0.0, 12.5, 25.0)
TO_RAS = np.float32([-1, -1, 1])


def noise(geometry, count=3):
    return list(np.random.default_rng(3).normal(0, 4, (count, *geometry.shape, 3)).astype("float32"))


@pytest.mark.parametrize("geometry", [OBLIQUE, ONE_SLICE])
@pytest.mark.parametrize("count", [1, 3])
def test_slicer_opens_velocities_as_vector_volumes(geometry, count, sequences_logic, tmp_path):
    fields, path = noise(geometry, count), tmp_path / "fields.seq.nrrd"
    write_field_sequence(
        fields,
        geometry,
        VALUES[:count],
        "trigger time",
        "ms",
        path,
        direction=FieldDirection.VELOCITY,
        item_attributes=[{"Frame": str(number)} for number in range(count)],
    )
    node = sequences_logic.AddSequence(str(path))
    assert item_values(node) == list(VALUES[:count])
    assert (node.GetIndexName(), node.GetIndexUnit()) == ("trigger time", "ms")
    assert node.GetAttribute(DIRECTION_KEY) == FieldDirection.VELOCITY
    for number, field in enumerate(fields):
        item = node.GetNthDataNode(number)
        assert item.GetClassName() == "vtkMRMLVectorVolumeNode"
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(item), field * TO_RAS)
        matrix = vtk.vtkMatrix4x4()
        item.GetIJKToRASMatrix(matrix)
        np.testing.assert_allclose(
            slicer.util.arrayFromVTKMatrix(matrix), slicer.util.arrayFromVTKMatrix(ijk_to_ras(geometry)), atol=1e-9
        )
        assert item.GetAttribute(DIRECTION_KEY) == FieldDirection.VELOCITY
        assert item.GetAttribute(ESTIMATE_KEY).startswith("true")
        assert item.GetAttribute("Frame") == str(number)


@pytest.mark.parametrize("direction", [one for one in FieldDirection if one.transform_type])
@pytest.mark.parametrize("geometry", [OBLIQUE, ONE_SLICE])
def test_slicer_opens_displacements_as_transforms_the_right_way_round(direction, geometry, sequences_logic, tmp_path):
    fields, path = noise(geometry), tmp_path / "fields.seq.nrrd"
    marks = [{"Frame": str(number)} for number in range(3)]
    write_field_sequence(fields, geometry, VALUES, "time", "ms", path, direction=direction, item_attributes=marks)
    node = sequences_logic.AddSequence(str(path))
    assert item_values(node) == list(VALUES)
    assert (node.GetIndexName(), node.GetIndexUnit()) == ("time", "ms")
    for number, field in enumerate(fields):
        item = node.GetNthDataNode(number)
        assert item.IsA("vtkMRMLTransformNode")
        assert item.GetAttribute(DIRECTION_KEY) == direction
        assert item.GetAttribute("Frame") == str(number)
        for_points = direction in (FieldDirection.FROM_REFERENCE, FieldDirection.TO_NEXT)
        transform = item.GetTransformToParent() if for_points else item.GetTransformFromParent()
        index = (0, 1, 2)
        point = geometry.physical_point(index)
        moved = np.array(transform.TransformPoint(point * TO_RAS)) * TO_RAS
        np.testing.assert_allclose(moved - point, field[index], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("direction", "storage_class"),
    [
        (FieldDirection.VELOCITY, "vtkMRMLVolumeSequenceStorageNode"),
        (FieldDirection.FIRST_TO_T, "vtkMRMLTransformSequenceStorageNode"),
        (FieldDirection.FROM_REFERENCE, "vtkMRMLTransformSequenceStorageNode"),
    ],
)
def test_fields_survive_slicer(direction, storage_class, sequences_logic, tmp_path):
    """Written by us, read and written by Slicer, read by us."""
    fields = noise(OBLIQUE)
    write_field_sequence(fields, OBLIQUE, VALUES, "time", "ms", tmp_path / "a.seq.nrrd", direction=direction)
    node = sequences_logic.AddSequence(str(tmp_path / "a.seq.nrrd"))
    storage = sequences_logic.GetMRMLScene().AddNewNodeByClass(storage_class)
    storage.SetFileName(str(tmp_path / "b.seq.nrrd"))
    assert storage.WriteData(node)
    back = read_field_sequence(tmp_path / "b.seq.nrrd")
    np.testing.assert_array_equal(np.stack(back.fields), np.stack(fields))
    assert back.geometry.is_close(OBLIQUE)
    assert (back.times, back.index_name, back.unit) == (VALUES, "time", "ms")
    assert back.item_attributes[2][DIRECTION_KEY] == direction


def test_grid_transforms_of_slicer_are_read_in_lps(scene, tmp_path):
    """A transform from parent in RAS mm takes x to x + v, as a resampling field does."""
    vector = np.array([1.5, -2.0, 3.0])
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    for number in range(2):
        image = vtk.vtkImageData()
        image.SetDimensions(4, 3, 2)
        image.SetSpacing(1, 2, 3)
        image.SetOrigin(5, 6, 7)
        image.AllocateScalars(vtk.VTK_FLOAT, 3)
        vtk_to_numpy(image.GetPointData().GetScalars())[:] = (number + 1) * vector
        transform = slicer.vtkOrientedGridTransform()
        transform.SetDisplacementGridData(image)
        node = slicer.vtkMRMLGridTransformNode()
        node.SetAndObserveTransformFromParent(transform)
        sequence.SetDataNodeAtValue(node, str(number))
    storage = scene.AddNewNodeByClass("vtkMRMLTransformSequenceStorageNode")
    storage.SetFileName(str(tmp_path / "t.seq.nrrd"))
    assert storage.WriteData(sequence)
    back = read_field_sequence(tmp_path / "t.seq.nrrd")
    for number, field in enumerate(back.fields):
        np.testing.assert_array_equal(field, np.broadcast_to((number + 1) * vector * [-1, -1, 1], (2, 3, 4, 3)))
    np.testing.assert_allclose(np.abs(back.geometry.physical_point([0, 0, 0])), (5, 6, 7))
    assert back.times == (0, 1)
