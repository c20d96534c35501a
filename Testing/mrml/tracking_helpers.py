"""A tracking whose motion is known, in place of the command line, and markups in the scene."""

from pathlib import Path

import numpy as np
import slicer
import vtk
from mrml_helpers import OBLIQUE, ijk_to_ras
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.io import read_mask, read_sequence, write_field_sequence
from temporal_interp.io.field_sequence import FieldDirection
from temporal_interp.tracking.fields import voxel_points

LPS = np.array([-1.0, -1.0, 1.0])
"""Signs from RAS to LPS and back."""

SHIFT = np.array([1.0, -2.0, 0.5])
"""LPS mm from each frame to the next of the tracking that stands in for the real one."""

CENTRE = OBLIQUE.physical_point([1.5, 5, 7])


STRETCH = 0.03
"""By which the tissue of `stretched` grows along I from frame to frame."""


def shifted(points, frames):
    return np.broadcast_to(SHIFT, points.shape) * frames


def stretched(points, frames):
    """Grows along the image's first axis, about the middle of the image."""
    along = np.array(OBLIQUE.direction)[:, 0]
    return ((points - points.mean(axis=(0, 1, 2))) @ along)[..., None] * along * STRETCH * frames


class StandIn:
    """In place of the command line: writes the displacement of a known motion, and keeps what it was asked."""

    def __init__(self, motion=shifted, closing_mm=None) -> None:
        self.motion, self.closing_mm = motion, closing_mm
        self.arguments: list[str] = []
        self.sequence = self.mask = None

    def __call__(self, arguments):
        yield 0.5, "finding the motion, frame 2 of 4"
        self.arguments = list(arguments)
        given = dict(zip(arguments[2::2], arguments[3::2], strict=False))
        self.sequence = sequence = read_sequence(arguments[1])
        geometry, reference = sequence.volumes[0].geometry, int(given["--reference"])
        if "--mask" in given:
            self.mask = read_mask(given["--mask"], geometry)
        folder = Path(given["-o"])
        folder.mkdir()
        points = voxel_points(geometry)
        write_field_sequence(
            [self.motion(points, n - reference).astype("float32") for n in range(len(sequence))],
            geometry,
            sequence.times,
            sequence.index_name,
            sequence.unit,
            folder / "displacement.seq.nrrd",
            direction=FieldDirection.FROM_REFERENCE,
        )
        return {"forward_backward_mm": 0.25, "closing_mm": self.closing_mm, "settings": "passes 3"}


def fiducials(points_lps, name="points"):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    for point in np.atleast_2d(points_lps):
        node.AddControlPoint(vtk.vtkVector3d(*(point * LPS)))
    return node


def world(markups, number=0):
    """Where a control point is seen, in LPS."""
    position = [0.0] * 3
    markups.GetNthControlPointPositionWorld(number, position)
    return np.array(position) * LPS


def in_world(point_lps, cine):
    """Where a point of the image is seen: the cine is under a parent transform that moves it by 40 mm."""
    matrix = vtk.vtkMatrix4x4()
    cine.parent.GetMatrixTransformToParent(matrix)
    return (np.array(matrix.MultiplyPoint([*(np.array(point_lps) * LPS), 1.0]))[:3]) * LPS


def curve(points_lps, closed=True, cine=None, name="wall"):
    kind = "vtkMRMLMarkupsClosedCurveNode" if closed else "vtkMRMLMarkupsCurveNode"
    node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
    if cine is not None:
        points_lps = [in_world(point, cine) for point in points_lps]
    for point in points_lps:
        node.AddControlPoint(vtk.vtkVector3d(*(point * LPS)))
    return node


def ring(radius=4.0, count=12):
    """Control points around the middle of the image, in a slice."""
    along, down = np.array(OBLIQUE.direction)[:, 0], np.array(OBLIQUE.direction)[:, 1]
    middle = OBLIQUE.physical_point([1, 5.5, 7.5])
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return [middle + radius * (np.cos(a) * along + np.sin(a) * down) for a in angles]


def segmentation(masks, geometry=OBLIQUE):
    """With one segment for each mask, (K, J, I)."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "drawn")
    for number, mask in enumerate(masks):
        image = slicer.vtkOrientedImageData()
        image.SetDimensions(mask.shape[::-1])
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        vtk_to_numpy(image.GetPointData().GetScalars())[:] = mask.astype("uint8").ravel()
        image.SetImageToWorldMatrix(ijk_to_ras(geometry))
        node.AddSegmentFromBinaryLabelmapRepresentation(image, f"segment {number}")
    return node
