"""Loads PyTorch while the panel is already in use: it takes seconds, for which Slicer's main thread should not wait."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from temporal_interp.errors import Progress
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.parameter_node import Device
from TemporalInterpLib.thread_waiting import wait_without_spinning

FIRST_LOADS = ("temporal_interp.engines.pairs.student", "temporal_interp.engines.pairs.course")
"""The modules whose import loads PyTorch and what else the engines need."""

LARGEST_LIBRARY = {"linux": "libtorch_cpu.so", "darwin": "libtorch_cpu.dylib"}
"""The library that takes longest to load, by platform."""

SETTLING_S = 1.0
"""Seconds before it begins, in which Slicer draws a new sequence for the first time. That would wait for the library:
the system opens one at a time."""


def load_ahead() -> Steps[tuple[Device, ...]]:
    """Return steps that load PyTorch before the user first moves the slider; they return the devices that it finds."""

    def load(progress: Progress) -> tuple[Device, ...]:
        time.sleep(SETTLING_S)
        progress(0.0, "")  # it may be cancelled by now
        wait_without_spinning()
        _open_largest_library()
        with _no_search_for_garbage():
            for module in FIRST_LOADS:
                import_module(module)
            _make_an_optimiser()
        from temporal_interp.tensors.devices import available_devices

        return tuple(Device(kind) for kind in available_devices())

    return in_background(load)


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Let Python look for no garbage meanwhile, nor ever among the objects that are there by then.

    PyTorch makes hundreds of thousands of them, for good. To look through all takes 0.2 to 0.4 s, again and again,
    during which no other thread runs: that would hold the event loop.
    """
    was_enabled, was_loaded = gc.isenabled(), _is_loaded()
    gc.disable()
    try:
        yield
    finally:
        if not was_loaded:
            gc.freeze()
        if was_enabled:
            gc.enable()


def _is_loaded() -> bool:
    return "torch" in sys.modules


def _make_an_optimiser() -> None:
    """Make one for nothing: the first loads the compiler of PyTorch, which takes as long as all the rest."""
    import torch

    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def _open_largest_library() -> None:
    """Open it by a function that lets other threads run, as `import` does not: that would hold the event loop.

    It stays open, and `import` then finds it. Where it cannot be opened `import` says so.
    """
    name, found = LARGEST_LIBRARY.get(sys.platform), find_spec("torch")
    if _is_loaded() or name is None or found is None or found.origin is None:
        return
    library = Path(found.origin).parent / "lib" / name
    if library.is_file():
        open_library = ctypes.CDLL(None).dlopen
        open_library.argtypes, open_library.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
        open_library(os.fsencode(library), os.RTLD_NOW)
