"""How much memory a piece of work takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"
"""What makes Linux count the peak of resident memory anew, see proc(5)."""


def with_peak_memory(work: Callable[[], Result], device: str = "cpu") -> tuple[Result, float | None]:
    """Return the result of some work, and by how many bytes memory grew at its peak.

    On a GPU that is the memory that PyTorch holds there; else it is the resident memory of the process, which only
    Linux tells. None where it is not known.

    Example:
        >>> result, grown = with_peak_memory(lambda: sum(range(10)))
        >>> result, grown is None or grown >= 0
        (45, True)
    """
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        result = work()
        return result, float(torch.cuda.max_memory_allocated(device) - before)
    try:
        CLEAR.write_text(RESET_PEAK)
        at_start = _resident_peak()
    except OSError:
        return work(), None
    result = work()
    return result, max(0.0, _resident_peak() - at_start)


def _resident_peak() -> float:
    found = re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text())
    return 1024.0 * int(found[1]) if found else 0.0
