"""The self-test: the user's whole path through the module, inside Slicer, and its expected results.

It presses the panel's own buttons, so it also covers the .ui files and the parameter node. Every section brings its
steps, in a `self_test.py` in its folder. Without PyTorch the same path is walked with the linear blend. Slow parts work
on a small cine, cut from the sample.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

from TemporalInterpLib import sections
from TemporalInterpLib.self_test import scene
from TemporalInterpLib.self_test.facts import check_facts
from TemporalInterpLib.self_test.run import Run, Step

if TYPE_CHECKING:
    import unittest


def run_self_test(test: unittest.TestCase) -> None:
    """Walk the whole path on an empty scene; the first assertion that fails ends the test."""
    slicer.mrmlScene.Clear(0)
    check_facts(test)
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        run = Run(test, _open_module(), Path(folder))
        for step in steps(run.panel.sections):
            test.delayDisplay(step.walk.__doc__)
            step.walk(run)
    turn = f"longest turn of the event loop {run.turns.seconds:.2f} s: {run.turns.during}"
    print(f"TemporalInterp: {turn}")
    test.delayDisplay(f"TemporalInterp: passed; {turn}")


def steps(names: Iterable[str]) -> list[Step]:
    """Return the steps of these sections, and those of the scene, in the order in which the user meets them.

    A step that also goes through a section that is not among them is left out.
    """
    there = set(names)
    modules = [f"{sections.__name__}.{name}.self_test" for name in there]
    found = [*scene.STEPS]
    for module in filter(find_spec, modules):
        found += import_module(module).STEPS
    return sorted((step for step in found if there.issuperset(step.needs)), key=lambda step: step.place)


def _open_module() -> Any:
    widget = slicer.modules.temporalinterp.widgetRepresentation().self()
    if slicer.util.mainWindow() is not None:
        slicer.util.selectModule("TemporalInterp")
    else:
        widget.enter()
    return widget
