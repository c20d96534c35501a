"""Conversion between sequence nodes of the scene and sequences of the core."""

from __future__ import annotations

import itertools
import math
from collections import abc
from collections.abc import Iterable, Mapping

import slicer

from temporal_interp.data.provenance import PERIOD_KEY, SLICE_THICKNESS_KEY, SYNTHETIC_KEY, is_synthetic
from temporal_interp.data.sequence import SMALLEST_STEP, Sequence
from temporal_interp.data.sequence import require_apart as core_require_apart
from temporal_interp.data.time_text import time_text
from temporal_interp.errors import InvalidInputError, errors_naming
from TemporalInterpLib.background import Steps
from TemporalInterpLib.frames_alike import require_alike
from TemporalInterpLib.volume_conversion import set_volume, volume_from_node


def sequence_from_node(sequence_node: slicer.vtkMRMLSequenceNode, items: Iterable[int] | None = None) -> Sequence:
    """Return the frames of a sequence of scalar volumes, with their index values and attributes.

    Voxels are not copied and are read-only (see `volume_from_node`). Some items of a loop are none.

    Args:
        sequence_node: a sequence with a numeric index.
        items: numbers of the items to take, all if None.

    Raises:
        InvalidInputError: the sequence is missing or empty, its index is not numeric and rising by more than
            SMALLEST_STEP, an item is not a scalar volume, or the items differ in voxel grid or scalar type. The
            message names the sequence and the item.
    """
    values = index_values_of(sequence_node)
    numbers = range(len(values)) if items is None else list(items)
    for number in numbers:
        if not 0 <= number < len(values):
            raise InvalidInputError(
                f"Sequence '{sequence_node.GetName()}' has items 0 to {len(values) - 1}, item {number} was requested."
            )
    volumes = [volume_from_node(sequence_node.GetNthDataNode(n), item_title(sequence_node, n)) for n in numbers]
    require_alike(volumes, numbers, sequence_node.GetName())
    thickness, period = slice_thickness_of(sequence_node), period_of(sequence_node) if items is None else None
    with errors_naming(f"Sequence '{sequence_node.GetName()}'"):
        return Sequence(
            volumes=volumes,
            times=[values[n] for n in numbers],
            index_name=sequence_node.GetIndexName(),
            unit=sequence_node.GetIndexUnit(),
            item_attributes=[attributes_of(sequence_node.GetNthDataNode(n)) for n in numbers],
            slice_thickness=thickness,
            period=period,
        )


def slice_thickness_of(sequence_node: slicer.vtkMRMLSequenceNode) -> float | None:
    """Return the slice thickness in mm, None where it is not known.

    Raises:
        InvalidInputError: the attribute is not a number.
    """
    return _attribute_as_number(sequence_node, SLICE_THICKNESS_KEY, "of mm")


def period_of(sequence_node: slicer.vtkMRMLSequenceNode) -> float | None:
    """Return the period in the unit of the index, None where the sequence is not a loop.

    Raises:
        InvalidInputError: the attribute is not a number.
    """
    return _attribute_as_number(sequence_node, PERIOD_KEY, "in the unit of the index")


def _attribute_as_number(sequence_node: slicer.vtkMRMLSequenceNode, key: str, of_what: str) -> float | None:
    text = sequence_node.GetAttribute(key)
    try:
        return float(text) if text else None
    except ValueError as error:
        raise InvalidInputError(
            f"Attribute {key} of sequence '{sequence_node.GetName()}' is '{text}'; it has to be a number {of_what}."
        ) from error


def item_title(sequence_node: slicer.vtkMRMLSequenceNode, number: int) -> str:
    """Return the name of an item for a message."""
    node = sequence_node.GetNthDataNode(number)
    name = f" ('{node.GetName()}')" if node is not None else ""
    return f"item {number}{name} of sequence '{sequence_node.GetName()}'"


def attributes_of(node: slicer.vtkMRMLNode) -> dict[str, str]:
    """Return the text attributes of a node."""
    return {key: node.GetAttribute(key) for key in node.GetAttributeNames()}


def items_of(sequence_node: slicer.vtkMRMLSequenceNode) -> list[slicer.vtkMRMLNode]:
    """Return the nodes of all items, in their order."""
    return [sequence_node.GetNthDataNode(n) for n in range(sequence_node.GetNumberOfDataNodes())]


def synthetic_items_of(sequence_node: slicer.vtkMRMLSequenceNode) -> list[int]:
    """Return the numbers of the items that are marked as synthetic."""
    return [number for number, item in enumerate(items_of(sequence_node)) if is_synthetic_node(item)]


def is_synthetic_node(node: slicer.vtkMRMLNode | None) -> bool:
    """Tell whether a node is marked as synthetic; items of a sequence may be missing."""
    return node is not None and is_synthetic({SYNTHETIC_KEY: node.GetAttribute(SYNTHETIC_KEY)})


def index_values_of(sequence_node: slicer.vtkMRMLSequenceNode) -> list[float]:
    """Return the index values of all items as numbers.

    Raises:
        InvalidInputError: as in `sequence_from_node`, for the index.
    """
    if sequence_node is None:
        raise InvalidInputError("There is no sequence: choose one first.")
    name = sequence_node.GetName()
    if sequence_node.GetNumberOfDataNodes() == 0:
        raise InvalidInputError(f"Sequence '{name}' is empty; load its frames first.")
    if sequence_node.GetIndexType() != sequence_node.NumericIndex:
        raise InvalidInputError(
            f"The index of sequence '{name}' is text; give its frames numbers, such as times in ms, in the module "
            "Sequences."
        )
    values = [_number(sequence_node, n) for n in range(sequence_node.GetNumberOfDataNodes())]
    smallest = _smallest_step(sequence_node)
    for earlier, later in itertools.pairwise(sorted(values)):
        if later - earlier <= smallest:
            unit = sequence_node.GetIndexUnit()
            raise InvalidInputError(
                f"Sequence '{name}' has frames at {earlier:.15g} and {later:.15g} {unit}".rstrip()
                + f", and Slicer takes what is no further apart than {smallest:g} for one; correct the index values in "
                "the module Sequences, for instance to ms."
            )
    for number, (earlier, later) in enumerate(itertools.pairwise(values), 1):
        if later < earlier:
            raise InvalidInputError(
                f"The items of sequence '{name}' are out of order: item {number} has index value {time_text(later)}, "
                f"the one before {time_text(earlier)}. Correct them in the module Sequences."
            )
    return values


def _number(sequence_node: slicer.vtkMRMLSequenceNode, number: int) -> float:
    text = sequence_node.GetNthIndexValue(number)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInputError(
            f"The index value of {item_title(sequence_node, number)} is '{text}'; correct it in the module Sequences: "
            "it has to be a number."
        )
    return value


def require_apart(values: abc.Sequence[float], sequence_node: slicer.vtkMRMLSequenceNode) -> None:
    """Refuse index values so close that Slicer would silently merge their items.

    Args:
        values: index values in the unit of the sequence, in any order.
        sequence_node: whose index they are, or will be.

    Raises:
        InvalidInputError: two values differ by no more than SMALLEST_STEP or the sequence's own, larger tolerance.
    """
    with errors_naming(f"Sequence '{sequence_node.GetName()}'"):
        core_require_apart(values, sequence_node.GetIndexUnit(), smallest=_smallest_step(sequence_node))


def _smallest_step(sequence_node: slicer.vtkMRMLSequenceNode) -> float:
    return max(SMALLEST_STEP, sequence_node.GetNumericIndexValueTolerance())


def format_index_value(value: float) -> str:
    """Return an index value as Slicer stores it, exact to a millionth."""
    return repr(round(float(value), 6))


def add_item(
    sequence_node: slicer.vtkMRMLSequenceNode, item: slicer.vtkMRMLNode, name: str, index_value: float
) -> slicer.vtkMRMLNode:
    """Store an empty node under a name in a sequence, and return the stored one, to be filled.

    Filling the stored node avoids the copy that Slicer makes of the given node.
    """
    item.SetName(name)
    return sequence_node.SetDataNodeAtValue(item, format_index_value(index_value))


def new_sequence_like(
    source: slicer.vtkMRMLSequenceNode, name: str, *, period: float | None = None
) -> slicer.vtkMRMLSequenceNode:
    """Return a new empty sequence node, outside any scene, with the index of the source.

    It is a loop only if a period is given: it need not have all the items of the source.
    """
    sequence_node = slicer.vtkMRMLSequenceNode()
    sequence_node.SetName(name)
    sequence_node.SetIndexName(source.GetIndexName())
    sequence_node.SetIndexUnit(source.GetIndexUnit())
    sequence_node.SetIndexType(source.GetIndexType())
    sequence_node.SetNumericIndexValueTolerance(source.GetNumericIndexValueTolerance())
    sequence_node.SetAttribute(SLICE_THICKNESS_KEY, source.GetAttribute(SLICE_THICKNESS_KEY))
    _set_period(sequence_node, period)
    return sequence_node


def _set_period(sequence_node: slicer.vtkMRMLSequenceNode, period: float | None) -> None:
    if period is not None:
        sequence_node.SetAttribute(PERIOD_KEY, repr(period))


def sequence_node_steps(sequence: Sequence, name: str) -> Steps[slicer.vtkMRMLSequenceNode]:
    """Return the steps to a new sequence node, outside any scene, with a copy of the frames; one frame a step.

    Raises:
        InvalidInputError: Slicer cannot hold the scalar type or would merge items.
    """
    sequence_node = slicer.vtkMRMLSequenceNode()
    sequence_node.SetName(name)
    sequence_node.SetIndexName(sequence.index_name)
    sequence_node.SetIndexUnit(sequence.unit)
    if sequence.slice_thickness is not None:
        sequence_node.SetAttribute(SLICE_THICKNESS_KEY, repr(sequence.slice_thickness))
    _set_period(sequence_node, sequence.period)
    require_apart(sequence.times, sequence_node)
    frames = zip(sequence.times, sequence.volumes, sequence.item_attributes, strict=True)
    for number, (value, volume, attributes) in enumerate(frames):
        item = add_item(sequence_node, slicer.vtkMRMLScalarVolumeNode(), f"{name} {number}", value)
        set_volume(item, volume)
        set_attributes(item, attributes)
        yield (number + 1) / len(sequence), "storing the frames"
    return sequence_node


def set_attributes(node: slicer.vtkMRMLNode, attributes: Mapping[str, str]) -> None:
    """Add text attributes to a node."""
    for key, value in attributes.items():
        node.SetAttribute(key, value)
