"""Independent pieces of work side by side on the threads of the CPU.

PyTorch shares every single operation among its threads. With networks as small as ours they spend much of their time
waiting for one another; pieces that have nothing to do with each other, each on a thread of its own, do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return `work(item)` for every item.

    As many items are worked on at once as PyTorch may use threads here (`torch.get_num_threads()`), each by one thread.
    What holds for one thread only, such as `torch.inference_mode()`, has to be said within `work`. A single item is
    left to the thread that asks, with all of its threads. What `work` raises is raised here.

    Example:
        >>> parallel_map(lambda number: number**2, [1, 2, 3])
        [1, 4, 9]
    """
    threads = torch.get_num_threads()
    if min(threads, len(items)) < 2:
        return [work(item) for item in items]
    try:
        with ThreadPoolExecutor(min(threads, len(items)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, items))
    finally:
        # PyTorch keeps this number for every thread, and as what threads to come begin with: the pool has changed that
        torch.set_num_threads(threads)
