"""Conversion between volume nodes of the scene and volumes of the core.

MRML is RAS and keeps the geometry in the node's IJKToRAS matrix; the core is LPS. A parent transform is not applied:
voxels have the node's own position, and a result is put under the same parent as its source.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, TemporalInterpError
from TemporalInterpLib.frames_alike import kind_of_numbers

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""4 x 4 matrix from RAS to LPS; its own inverse."""

SCALAR_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")
"""Scalar types that a volume may have here. Slicer does not display 64-bit integers properly."""


def geometry_from_node(volume_node: slicer.vtkMRMLVolumeNode, what: str) -> Geometry:
    """Return the voxel grid of a volume node in LPS, its parent transform not applied.

    Args:
        volume_node: a volume node that has image data.
        what: name of the node in an error.

    Raises:
        InvalidInputError: the axes are sheared or a spacing is zero.
    """
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(ijk_to_ras)
    ijk_to_lps = RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(ijk_to_ras)
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    try:
        return Geometry(
            shape=volume_node.GetImageData().GetDimensions()[::-1],
            spacing=spacing,
            origin=ijk_to_lps[:3, 3],
            direction=ijk_to_lps[:3, :3] / np.where(spacing > 0, spacing, 1),
        )
    except TemporalInterpError as error:
        raise InvalidInputError(
            f"The voxel grid of {what} cannot be used: its axes are not at right angles, or a spacing is zero. Undo "
            "the transform that was hardened onto it, or resample it first."
        ) from error


def ijk_to_ras_matrix(geometry: Geometry) -> vtk.vtkMatrix4x4:
    """Return the IJKToRAS matrix of a voxel grid."""
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = geometry.voxel_to_physical
    ijk_to_lps[:3, 3] = geometry.origin
    return slicer.util.vtkMatrixFromArray(RAS_TO_LPS @ ijk_to_lps)


def volume_from_node(volume_node: slicer.vtkMRMLScalarVolumeNode, what: str = "") -> Volume:
    """Return the voxels and the geometry of a scalar volume node.

    The voxels are the node's own, not copied, and read-only: nobody can change the source through the volume, but a
    change made to the node shows in the volume.

    Args:
        volume_node: the node, in or outside a scene.
        what: name of the node in an error; "volume '<name>'" if empty.

    Raises:
        InvalidInputError: there is no node or no image data, it is a label map, has more than one component, a scalar
            type outside SCALAR_TYPES, or sheared axes.
    """
    if volume_node is None:
        raise InvalidInputError(f"There is no {what or 'volume'}: the node is missing.")
    what = what or f"volume '{volume_node.GetName()}'"
    _require_scalar_volume(volume_node, what)
    array = slicer.util.arrayFromVolume(volume_node)
    if array.dtype.name not in SCALAR_TYPES:
        raise InvalidInputError(
            f"Slicer cannot show {kind_of_numbers(array.dtype)} properly, which {what} holds; convert it to 16-bit "
            "integers or 32-bit real numbers first, with Cast Scalar Volume."
        )
    array.flags.writeable = False
    return Volume(array, geometry_from_node(volume_node, what))


def _require_scalar_volume(volume_node: slicer.vtkMRMLNode, what: str) -> None:
    if not volume_node.IsA("vtkMRMLScalarVolumeNode"):
        raise InvalidInputError(
            f"A volume with one value a voxel is needed, but {what} is another kind of node "
            f"({volume_node.GetNodeTagName()}); choose another, or take it out."
        )
    if volume_node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InvalidInputError(
            f"Expected an image, but {what} is a label map, and labels cannot be blended; choose the images."
        )
    image = volume_node.GetImageData()
    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        raise InvalidInputError(f"There is no image data in {what}; load its voxels first.")
    if scalars.GetNumberOfComponents() != 1:
        raise InvalidInputError(
            f"One value a voxel is needed, but {what} has {scalars.GetNumberOfComponents()} (colour or vectors); read "
            "it as grey with Load cine…, or convert it with Vector to Scalar Volume."
        )


def set_voxels(volume_node: slicer.vtkMRMLVolumeNode, array: np.ndarray, scalar_type: int) -> None:
    """Give a volume node its own copy of the voxels, (K, J, I), in a VTK scalar type such as vtk.VTK_SHORT."""
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[::-1])
    image.AllocateScalars(scalar_type, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = array.ravel()
    volume_node.SetAndObserveImageData(image)


def set_volume(volume_node: slicer.vtkMRMLVolumeNode, volume: Volume) -> None:
    """Give a volume node a copy of the voxels and the geometry of a volume.

    Raises:
        InvalidInputError: the voxels have a scalar type outside SCALAR_TYPES.
    """
    if volume.array.dtype.name not in SCALAR_TYPES:
        raise InvalidInputError(
            f"Slicer cannot hold voxels that are {kind_of_numbers(volume.array.dtype)}; convert them to 16-bit "
            "integers or 32-bit real numbers first."
        )
    set_voxels(volume_node, volume.array, get_vtk_array_type(volume.array.dtype))
    volume_node.SetIJKToRASMatrix(ijk_to_ras_matrix(volume.geometry))


def copy_place(volume_node: slicer.vtkMRMLVolumeNode, template: slicer.vtkMRMLVolumeNode) -> None:
    """Give a volume node the voxel grid of the template, to the last bit."""
    ijk_to_ras = vtk.vtkMatrix4x4()
    template.GetIJKToRASMatrix(ijk_to_ras)
    volume_node.SetIJKToRASMatrix(ijk_to_ras)


def copy_meaning(volume_node: slicer.vtkMRMLScalarVolumeNode, template: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Copy the meaning of the voxel values, quantity and units (CT: attenuation in Hounsfield units)."""
    volume_node.SetVoxelValueQuantity(template.GetVoxelValueQuantity())
    volume_node.SetVoxelValueUnits(template.GetVoxelValueUnits())
