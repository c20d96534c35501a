"""Points from markups files, with 3D Slicer's own writer as the judge."""

import numpy as np
import pytest
import slicer

from temporal_interp.io import read_points

POINTS = [[1.5, -2.0, 3.0], [4.0, 5.25, -6.0], [7.0, 8.0, 9.0]]
LABELS = ("apex", "base, left", "")


@pytest.mark.parametrize(
    ("class_name", "closed"),
    [
        ("vtkMRMLMarkupsFiducialNode", None),
        ("vtkMRMLMarkupsCurveNode", False),
        ("vtkMRMLMarkupsClosedCurveNode", True),
    ],
)
@pytest.mark.parametrize("in_ras", [True, False])
def test_markups_of_slicer_are_read_in_lps(class_name, closed, in_ras, tmp_path):
    node, storage = getattr(slicer, class_name)(), slicer.vtkMRMLMarkupsJsonStorageNode()
    for point, label in zip(POINTS, LABELS, strict=True):
        node.AddControlPoint(np.array(point) * [-1, -1, 1], label)  # the scene is RAS
    node.AddControlPoint(0, 0, 0)
    node.UnsetNthControlPointPosition(3)
    storage.SetFileName(str(tmp_path / "a.mrk.json"))
    systems = slicer.vtkMRMLStorageNode
    storage.SetCoordinateSystem(systems.CoordinateSystemRAS if in_ras else systems.CoordinateSystemLPS)
    assert storage.WriteData(node)
    assert ('"RAS"' in (tmp_path / "a.mrk.json").read_text()) == in_ras
    read = read_points(tmp_path / "a.mrk.json")
    np.testing.assert_array_equal(read.points_mm, POINTS)
    assert read.points_mm.dtype == np.float64
    assert read.labels[:2] == LABELS[:2]
    assert read.closed is closed
