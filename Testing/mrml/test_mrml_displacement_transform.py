"""Displacement fields become grid transforms that point the right way."""

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import OBLIQUE, interpolate_between_items, known_motion, put_in_scene

from temporal_interp.data.geometry import Geometry
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.transform_conversion import displacement_grid, grid_transform

CONSTANT = np.array([2.0, -1.5, 4.0])  # LPS mm
SHEAR = np.array([[0.05, 0.1, 0.0], [-0.08, 0.02, 0.03], [0.0, 0.04, -0.06]])
LEFT_HANDED = Geometry((5, 12, 16), (1.5, 1.25, 6.0), (-10.0, 4.0, 9.0), ((0, 1, 0), (1, 0, 0), (0, 0, 1)))
ONE_SLICE = Geometry((1, 24, 20), (1.4, 1.4, 8.0), OBLIQUE.origin, OBLIQUE.direction)


def constant(points):
    return np.broadcast_to(CONSTANT, points.shape)


def linear(points):
    return (points - points.mean(axis=(0, 1, 2))) @ SHEAR.T


def in_plane(points):
    """Constant within the slice of ONE_SLICE: nothing can be sampled outside it."""
    return np.broadcast_to(np.array(OBLIQUE.direction) @ [2.1, -3.3, 0.0], points.shape)


def shown_under_transform(volume, grid_of):
    """What a slice view shows, on the voxels of `grid_of` in its own space: the volume, moved by its parent, as VTK
    resamples it."""
    to_world, from_world, to_ijk = vtk.vtkMatrix4x4(), vtk.vtkGeneralTransform(), vtk.vtkMatrix4x4()
    grid_of.GetIJKToRASMatrix(to_world)
    volume.GetParentTransformNode().GetTransformFromWorld(from_world)
    volume.GetRASToIJKMatrix(to_ijk)
    chain = vtk.vtkGeneralTransform()
    chain.PostMultiply()
    for part in (to_world, from_world, to_ijk):
        chain.Concatenate(part)
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(volume.GetImageData())
    reslice.SetInformationInput(grid_of.GetImageData())
    reslice.SetResliceTransform(chain)
    reslice.SetInterpolationModeToLinear()
    reslice.BorderOff()
    reslice.SetBackgroundLevel(np.nan)
    reslice.Update()
    result = slicer.vtkMRMLScalarVolumeNode()
    result.SetAndObserveImageData(reslice.GetOutput())
    return slicer.util.arrayFromVolume(result)


def random_frames(geometry):
    rng = np.random.default_rng(4)
    return [rng.uniform(0, 100, geometry.shape).astype("float32") for _ in range(2)]


@pytest.mark.parametrize(
    ("geometry", "motion"),
    [(OBLIQUE, constant), (OBLIQUE, linear), (LEFT_HANDED, linear), (ONE_SLICE, in_plane)],
)
def test_first_frame_under_the_field_shows_the_frame_at_t(scene, geometry, motion):
    cine = put_in_scene(random_frames(geometry), geometry, [0, 10])
    added = interpolate_between_items(
        cine.sequence, 0, 1, [7.0], known_motion(motion), companions=[Companion.DISPLACEMENT_FIRST_TO_T]
    )
    field = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    field.CopyContent(added.companions[Companion.DISPLACEMENT_FIRST_TO_T].GetNthDataNode(1))
    moved = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    moved.CopyContent(cine.sequence.GetNthDataNode(0))
    moved.SetAndObserveTransformNodeID(field.GetID())
    frame = added.sequence.GetNthDataNode(1)
    shown = shown_under_transform(moved, frame)
    inside = np.isfinite(shown)
    assert inside.mean() > 0.2
    np.testing.assert_allclose(shown[inside], slicer.util.arrayFromVolume(frame)[inside], atol=0.02)


def test_last_frame_has_a_field_of_its_own(cine):
    added = interpolate_between_items(
        cine.sequence, 0, 4, [12.5], known_motion(constant), companions=[Companion.DISPLACEMENT_LAST_TO_T]
    )
    field = added.companions[Companion.DISPLACEMENT_LAST_TO_T].GetNthDataNode(1).GetTransformFromParent()
    middle = OBLIQUE.physical_point([1, 5, 7]) * [-1, -1, 1]
    moved = np.array(field.TransformPoint(middle)) - middle
    np.testing.assert_allclose(moved, -0.75 * CONSTANT * [-1, -1, 1], atol=1e-4)


@pytest.mark.parametrize("geometry", [OBLIQUE, LEFT_HANDED, ONE_SLICE])
def test_vectors_lie_on_the_voxels(geometry):
    rng = np.random.default_rng(0)
    field = rng.uniform(-3, 3, (*geometry.shape, 3)).astype("float32")
    transform = grid_transform(displacement_grid(field, geometry), geometry)
    for kji in [(0, 0, 0), tuple(n - 1 for n in geometry.shape), (0, 7, 3)]:
        point = geometry.physical_point(kji) * [-1, -1, 1]
        moved = np.array(transform.TransformPoint(point)) - point
        np.testing.assert_allclose(moved, field[kji] * [-1, -1, 1], atol=1e-3)


@pytest.mark.parametrize("geometry", [OBLIQUE, ONE_SLICE])
def test_nothing_moves_one_voxel_outside_the_volume(geometry):
    transform = grid_transform(displacement_grid(np.ones((*geometry.shape, 3)), geometry), geometry)
    for kji in [(-1, 0, 0), (geometry.shape[0], 5, 5), (0, -1, 3), (0, 3, geometry.shape[2]), (-90, -90, 300)]:
        point = geometry.physical_point(kji) * [-1, -1, 1]
        np.testing.assert_allclose(transform.TransformPoint(point), point, atol=1e-5)
