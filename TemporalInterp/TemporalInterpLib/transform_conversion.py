"""Displacement fields of the core to grid transforms of Slicer, and points through transforms."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from temporal_interp.data.geometry import Geometry
from TemporalInterpLib.volume_conversion import RAS_TO_LPS

PADDING = 1
"""Rings of zero vectors around a field. Slicer continues a grid transform beyond its edge with the edge's vector, so
a field that is not zero there would move everything around the volume; the ring makes it fade to zero within one voxel
instead. A single slice gets a slice of zeros on either side."""


def displacement_grid(displacement: np.ndarray, geometry: Geometry) -> vtk.vtkImageData:
    """Return a padded grid of RAS vectors for `grid_transform`.

    Args:
        displacement: (K, J, I, 3), components (x, y, z) in LPS mm.
        geometry: the voxel grid of the field.
    """
    rings = [(PADDING, PADDING)] * 3
    padded = np.pad(displacement * np.diag(RAS_TO_LPS)[:3], [*rings, (0, 0)])
    grid = vtk.vtkImageData()
    grid.SetDimensions(padded.shape[2::-1])
    grid.SetOrigin(RAS_TO_LPS[:3, :3] @ geometry.physical_point([-PADDING] * 3))
    grid.SetSpacing(geometry.spacing)
    grid.AllocateScalars(vtk.VTK_FLOAT, 3)
    vtk_to_numpy(grid.GetPointData().GetScalars())[:] = padded.reshape(-1, 3)
    return grid


def grid_transform(grid: vtk.vtkImageData, geometry: Geometry) -> slicer.vtkOrientedGridTransform:
    """Return the transform x -> x + displacement(x) in RAS.

    Set a resampling field, frame(x) = source(x + displacement(x)), as a transform node's transform *from* parent:
    the source volume under that transform node then shows the frame.

    Args:
        grid: from `displacement_grid`; it is shared, not copied.
        geometry: the voxel grid of the field, before padding.
    """
    direction = np.eye(4)
    direction[:3, :3] = RAS_TO_LPS[:3, :3] @ np.asarray(geometry.direction)
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(grid)
    transform.SetGridDirectionMatrix(slicer.util.vtkMatrixFromArray(direction))
    transform.SetInterpolationModeToLinear()
    return transform


def transform_between(
    source: slicer.vtkMRMLTransformNode | None, target: slicer.vtkMRMLTransformNode | None
) -> vtk.vtkGeneralTransform:
    """Return the transform from the coordinates under one parent to those under another; None is the world."""
    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(source, target, transform)
    return transform


def transformed_points(points: np.ndarray, transform: vtk.vtkAbstractTransform) -> np.ndarray:
    """Return points, (P, 3), after a transform of any kind, float64."""
    before, after = vtk.vtkPoints(), vtk.vtkPoints()
    before.SetDataTypeToDouble()
    after.SetDataTypeToDouble()
    before.SetData(numpy_to_vtk(np.ascontiguousarray(points, dtype=float), deep=True))
    transform.TransformPoints(before, after)
    return vtk_to_numpy(after.GetData()).copy()
