"""Checks in the scene: their nodes bear one mark, by which they are found again, also after saving and loading."""

from __future__ import annotations

import math
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass

import slicer

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.result_marks import ORIGIN_ROLE
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import index_values_of

MEASURES = {"psnr_moving": "PSNR of the moving region, dB", "ssim": "SSIM", "psnr": "PSNR of the whole image, dB"}
"""The measures in the table, and the names of their columns."""

SHORT = {"psnr_moving": "dB", "ssim": "SSIM", "psnr": "dB all"}
"""Their heads in the panel, which is narrow."""

DIGITS = {"psnr_moving": 2, "ssim": 3, "psnr": 2}
"""Decimals in the table."""

BLEND = "linear blend"
"""Ends the names of the columns of the linear blend."""

BLEND_ENGINE = "linear_blend"
"""Name of that engine."""

CHECK_KEY = PREFIX + "Check"
"""Attribute of all nodes of a check: text that no other check has."""

ENGINE_KEY = PREFIX + "CheckedEngine"
"""Attribute of the error maps: name of the engine."""


@dataclass(frozen=True)
class FrameScore:
    """One hidden frame and the scores of its predictions.

    Attributes:
        index_value: in the unit of the sequence.
        engine: measures of the engine, by the keys of MEASURES.
        blend: measures of the linear blend.
    """

    index_value: float
    engine: Mapping[str, float]
    blend: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class PatientCheck:
    """The result of a check, in the scene.

    Attributes:
        engine: name of the engine.
        scores: one for every hidden frame, in order.
        table: the scores, as a node.
        errors: sequence of |predicted - acquired|, as a share of the intensity range.
    """

    engine: str
    scores: abc.Sequence[FrameScore]
    table: slicer.vtkMRMLTableNode
    errors: slicer.vtkMRMLSequenceNode

    @property
    def gain(self) -> float:
        """Mean gain over the linear blend in dB, in the moving region; NaN where nothing moves."""
        gains = [s.engine["psnr_moving"] - s.blend["psnr_moving"] for s in self.scores]
        finite = [gain for gain in gains if math.isfinite(gain)]
        return sum(finite) / len(finite) if finite else math.nan

    @property
    def is_of_blend(self) -> bool:
        """Whether the linear blend itself was checked."""
        return self.engine == BLEND_ENGINE


def checks_of(sequence_node: slicer.vtkMRMLSequenceNode | None) -> list[PatientCheck]:
    """Return the checks on a sequence whose error maps and table are in the scene, the latest last."""
    if sequence_node is None:
        return []
    scene = sequence_node.GetScene()
    maps = [node for node in nodes_of(scene, "vtkMRMLSequenceNode") if node.GetAttribute(ENGINE_KEY)]
    tables = {node.GetAttribute(CHECK_KEY): node for node in nodes_of(scene, "vtkMRMLTableNode")}
    return [
        PatientCheck(errors.GetAttribute(ENGINE_KEY), _scores_in(table, errors), table, errors)
        for errors in maps
        if errors.GetNodeReferenceID(ORIGIN_ROLE) == sequence_node.GetID()
        and (table := tables.get(errors.GetAttribute(CHECK_KEY))) is not None
    ]


def check_nodes(errors_or_part: slicer.vtkMRMLNode) -> list[slicer.vtkMRMLNode]:
    """Return all nodes of the check that a node belongs to, except those that show its sequences."""
    mark = errors_or_part.GetAttribute(CHECK_KEY)
    return [node for node in nodes_of(errors_or_part.GetScene()) if node.GetAttribute(CHECK_KEY) == mark]


def images_behind_errors(scene: slicer.vtkMRMLScene) -> dict[str, slicer.vtkMRMLVolumeNode]:
    """Return the volume that shows the images of every check, by the identifier of the one that shows its errors."""
    found = {}
    for node in nodes_of(scene, "vtkMRMLSequenceNode"):
        if node.GetAttribute(ENGINE_KEY):
            errors, images = proxy_of(node), proxy_of(node.GetNodeReference(ORIGIN_ROLE))
            if errors is not None and images is not None:
                found[errors.GetID()] = images
    return found


def _scores_in(table: slicer.vtkMRMLTableNode, errors: slicer.vtkMRMLSequenceNode) -> list[FrameScore]:
    """Return the scores in a table, rounded, with the index values of the error maps."""
    cells = table.GetTable()

    def measures(row: int, ending: str) -> dict[str, float]:
        return {
            key: cells.GetValueByName(row, f"{name}{ending}").ToDouble()
            for key, name in MEASURES.items()
            if table.GetColumnIndex(f"{name}{ending}") >= 0
        }

    rows = range(table.GetNumberOfRows())
    engine = [measures(row, "") for row in rows]
    blend = [measures(row, f", {BLEND}") or engine[row] for row in rows]
    return [FrameScore(*row) for row in zip(index_values_of(errors), engine, blend, strict=False)]
