"""Why a sequence cannot be used: in one line, in words of the field, with what to do."""

import re
from dataclasses import replace

import numpy as np
import pytest
import slicer
import vtk
from mrml_helpers import OBLIQUE, ijk_to_ras, sequence_of, volume_node

PYTHON = r"[Nn]one\b|int16|float|uint|vtk|MRML|ndarray|Geometry\(|shape=|[\[\]]|Error|Traceback|dtype|True|False"


def frames(count=3, dtype="int16"):
    return [np.full((4, 12, 16), number, dtype) for number in range(count)]


def one():
    return sequence_of(frames(1), OBLIQUE, [0])


def empty():
    node = one()
    node.RemoveAllDataNodes()
    return node


def with_item(node):
    made = one()
    made.SetDataNodeAtValue(node, "1")
    return made


def indexed(values, kind="NumericIndex", tolerance=0.001):
    """The values are stored as text first: Slicer would merge or lose some."""
    node = slicer.vtkMRMLSequenceNode()
    node.SetName("cine")
    node.SetIndexUnit("s")
    node.SetIndexType(node.TextIndex)
    for value in values:
        node.SetDataNodeAtValue(volume_node(frames(1)[0], OBLIQUE), value)
    node.SetIndexType(getattr(node, kind))
    node.SetNumericIndexValueTolerance(tolerance)
    return node


def labels():
    node = slicer.vtkMRMLLabelMapVolumeNode()
    slicer.util.updateVolumeFromArray(node, frames(1)[0])
    return with_item(node)


def colours():
    node = slicer.vtkMRMLVectorVolumeNode()
    slicer.util.updateVolumeFromArray(node, np.zeros((4, 12, 16, 3), "uint8"))
    return with_item(node)


def long_integers():
    image = vtk.vtkImageData()
    image.SetDimensions(16, 12, 4)
    image.AllocateScalars(vtk.VTK_LONG_LONG, 1)
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetAndObserveImageData(image)
    return with_item(node)


def synthetic():
    node = sequence_of(frames(), OBLIQUE, [0, 1, 2])
    for number in range(3):
        node.GetNthDataNode(number).SetAttribute("TemporalInterp.Synthetic", "true")
    return node


def with_attribute(key, value):
    node = sequence_of(frames(), OBLIQUE, [0, 1, 2])
    node.SetAttribute(key, value)
    return node


def sheared():
    node, matrix = sequence_of(frames(), OBLIQUE, [0, 1, 2]), ijk_to_ras(OBLIQUE)
    matrix.SetElement(0, 1, matrix.GetElement(0, 1) + 1)
    for number in range(3):
        node.GetNthDataNode(number).SetIJKToRASMatrix(matrix)
    return node


def moved(**changes):
    return with_item(volume_node(frames(1)[0], replace(OBLIQUE, **changes)))


REFUSALS = [
    (lambda: None, "load a cine"),
    (one, "'cine' has one frame; .* load the whole cine"),
    (empty, "'cine' is empty; load its frames first"),
    (synthetic, "choose the sequence it was made from"),
    (lambda: indexed(["diastole", "systole"], "TextIndex"), "is text; give its frames numbers"),
    (lambda: indexed(["diastole", "systole"]), "is 'diastole'; correct it"),
    (lambda: indexed(["0", "nan", "2"]), "is 'nan'; correct it"),
    (lambda: indexed(["0", "inf"]), "is 'inf'; correct it"),
    (lambda: indexed(["0", "0.0005"], tolerance=0), "frames at 0 and 0.0005 s, .* for instance to ms"),
    (lambda: indexed(["2", "1"]), "are out of order: .* Correct them"),
    (lambda: sequence_of([frames()[0], frames()[1][:, :, 1:]], OBLIQUE, [0, 1]),
     "differ in size, 16 x 12 x 4 and 15 x 12 x 4 voxels; bring all frames"),
    (lambda: moved(spacing=(1.0, 1.0, 1.0)), "differ in voxel spacing, 1.5 x 1.25 x 6 and 1 x 1 x 1 mm; bring"),
    (lambda: moved(origin=(-31.0, 12.0, 10.0)), "lie 3 mm apart from each other; bring"),
    (lambda: moved(direction=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))), "are turned against each other"),
    (lambda: moved(spacing=(1.5008, 1.25, 6.0)), "lie on slightly different grids"),
    (lambda: sequence_of([frames()[0], frames()[1].astype("float32")], OBLIQUE, [0, 1]),
     "16-bit integers and 32-bit real numbers; convert all frames"),
    (lambda: sequence_of([frames()[0], frames()[1].astype("uint16")], OBLIQUE, [0, 1]), "unsigned 16-bit integers"),
    (lambda: with_item(slicer.vtkMRMLLinearTransformNode()), "another kind of node .* take it out"),
    (lambda: with_item(slicer.vtkMRMLScalarVolumeNode()), "no image data in item 1"),
    (labels, "label map, .* choose the images"),
    (colours, "read it as grey with Load cine"),
    (long_integers, "64-bit integers properly, .* convert it"),
    (sheared, "not at right angles, .* resample it"),
    (lambda: with_attribute("TemporalInterp.Period", "long"), "has to be a number"),
    (lambda: with_attribute("TemporalInterp.Period", "0.5"), "Sequence 'cine': The period of a loop must be longer"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), REFUSALS, ids=[words[:30] for _, words in REFUSALS])
def test_a_refusal_is_one_line_in_words_with_what_to_do(make, words, translated):
    refusal = translated.read(make()).refusal
    assert re.search(words, refusal), refusal
    assert "\n" not in refusal
    assert not re.search(PYTHON, refusal), refusal
    assert len(refusal) < 260
    assert refusal.endswith((".", "sample."))


def test_a_good_sequence_is_not_refused(translated):
    read = translated.read(sequence_of(frames(2), OBLIQUE, [0, 1]))
    assert (read.refusal, read.acquired) == ("", [0, 1])


@pytest.fixture
def translated():
    from TemporalInterpLib.sequence_in_use import SequenceInUse

    return SequenceInUse
