"""The time, when all that was asked of the device is done."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def now() -> float:
    """Return the time in seconds; a GPU has then done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    start = now()
    work()
    return now() - start


def best_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the shortest of several runs, the least disturbed by other work; one before them is not timed."""
    work()
    return min(seconds(work) for _ in range(repeats))
