"""The peak memory of this process."""

from __future__ import annotations

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_gb() -> float | None:
    """Return the largest resident size of this process so far, in GB (10^9 bytes); None where it is not known
    (Windows).

    On Linux it is VmHWM: `ru_maxrss` of a process that was started by a large one is that of its parent.
    """
    if STATUS.is_file():
        found = re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text())
        return 1024 * int(found[1]) / 1e9 if found else None
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9
