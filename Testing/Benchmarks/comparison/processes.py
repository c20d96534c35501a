"""The environment that every process of a benchmark starts with."""

from __future__ import annotations

import os
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a process with so many threads, which finds the benchmarks.

    The user's choice of how threads wait for one another is kept: one process runs at a time.
    """
    paths = os.pathsep.join(filter(None, (str(BENCHMARKS), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "PYTHONPATH": paths}
