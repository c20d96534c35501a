"""Facts about Qt, CTK and qMRML that the panel relies on.

The self-test checks them inside the real Slicer, and the tests of the repository on the stand-ins for it: what the
stand-ins promise is what Slicer does. Every fact takes the test, and uses `qt`, `ctk` and `slicer` alone.
"""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import slicer

from TemporalInterpLib.self_test import facts_parameters, facts_qt, facts_selector

if TYPE_CHECKING:
    import unittest

FACTS: tuple[Callable[[Any], None], ...] = (*facts_qt.FACTS, *facts_selector.FACTS, *facts_parameters.FACTS)
"""All of them; what a fact adds to the scene, `check_facts` removes."""


def check_facts(test: unittest.TestCase) -> None:
    """Check every fact; those that do not hold are named together."""
    wrong = []
    for fact in FACTS:
        before = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
        try:
            fact(test)
        except Exception as error:
            wrong.append(f"{fact.__name__}: {error}")
        for node in slicer.util.getNodesByClass("vtkMRMLNode"):
            if node.GetID() not in before:
                slicer.mrmlScene.RemoveNode(node)
    test.assertEqual(wrong, [])
