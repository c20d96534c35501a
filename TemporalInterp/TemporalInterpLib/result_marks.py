"""The marks by which the results of the module are known in a scene, also after saving and loading."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import slicer

from temporal_interp.data.provenance import PREFIX

RESULT_KEY = PREFIX + "Result"
"""Attribute of a node that was made here: a ResultKind."""

MADE_KEY = PREFIX + "Made"
"""Attribute of it: when, in local time."""

ORIGIN_ROLE = PREFIX + "MadeFrom"
"""Role of its reference to the sequence it was made from."""

COLORS_KEY = PREFIX + "VolumeChangeColors"
"""Attribute of a colour table that was made for the results that are drawn in it."""

BROWSER_KEY = PREFIX + "BrowserOfAddedSlices"
"""Attribute of a browser that was made for a result, since its source had none."""


class ResultKind(Enum):
    """What the module makes; the values are kept in scenes."""

    INTERPOLATION = "interpolation"
    CHECK = "check"
    MOTION = "tracked motion"
    SLICES = "added slices"
    REGION = "region to track in"
    FRAMES = "synthetic frames in a sequence"
    INSTANT = "instant in the slice views"


def mark_result(node: slicer.vtkMRMLNode, kind: ResultKind, origin: slicer.vtkMRMLSequenceNode | None = None) -> None:
    """Mark a node in the scene as made here, now."""
    node.SetAttribute(RESULT_KEY, kind.value)
    node.SetAttribute(MADE_KEY, datetime.now().strftime("%Y-%m-%d %H:%M"))
    if origin is not None:
        node.SetNodeReferenceID(ORIGIN_ROLE, origin.GetID())


def is_result(node: slicer.vtkMRMLNode, kind: ResultKind) -> bool:
    """Tell whether a node is marked as a result of a kind."""
    return node.GetAttribute(RESULT_KEY) == kind.value


def made_at(node: slicer.vtkMRMLNode) -> str:
    """Return when a node was made, "" where that is not known."""
    return node.GetAttribute(MADE_KEY) or ""
