"""Loads PyTorch while the panel is already in use: it takes seconds, for which Slicer's main thread should not wait."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from temporal_interp.errors import Progress
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.parameter_node import Device

FIRST_LOADS = ("temporal_interp.engines.pairs.student", "temporal_interp.engines.pairs.course")
"""The modules whose import loads PyTorch and what else the engines need."""

LARGEST_LIBRARY = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}
"""The library that takes longest to load, by platform."""


def load_ahead() -> Steps[tuple[Device, ...]]:
    """Return steps that load PyTorch before the user first moves the slider; they return the devices that it finds."""

    def load(progress: Progress) -> tuple[Device, ...]:
        _open_largest_library()
        for module in FIRST_LOADS:
            import_module(module)
        _make_an_optimiser()
        from temporal_interp.tensors.devices import available_devices

        return tuple(Device(kind) for kind in available_devices())

    return in_background(load)


def _make_an_optimiser() -> None:
    """Make one for nothing: the first loads the compiler of PyTorch, which takes as long as all the rest."""
    import torch

    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def _open_largest_library() -> None:
    """Open it by a function that lets other threads run, as `import` does not: that would hold the event loop.

    It stays open, and `import` then finds it. Where it cannot be opened `import` says so.
    """
    name, found = LARGEST_LIBRARY.get(sys.platform), find_spec("torch")
    if "torch" in sys.modules or name is None or found is None or found.origin is None:
        return
    library = Path(found.origin).parent / "lib" / name
    if library.is_file():
        open_library = ctypes.CDLL(None).dlopen
        open_library.argtypes, open_library.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
        open_library(os.fsencode(library), os.RTLD_NOW)
