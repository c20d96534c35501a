"""Runs independent pieces of work in parallel on the threads of the CPU.

PyTorch splits every operation among its threads. In networks as small as ours the threads spend much of their time
waiting for one another. Independent pieces, each on a thread of its own, do not.
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

    As many items run at once as PyTorch may use threads here (`torch.get_num_threads()`), each on one thread, with
    gradients and inference mode as on the calling thread. A single item runs on the calling thread, with all threads of
    PyTorch. Errors that `work` raises are raised here.

    Example:
        >>> parallel_map(lambda number: number**2, [1, 2, 3])
        [1, 4, 9]
    """
    threads = torch.get_num_threads()
    if min(threads, len(items)) < 2:
        return [work(item) for item in items]
    inference, gradients = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

    def work_alike(item: Item) -> Result:
        with torch.inference_mode(inference), torch.set_grad_enabled(gradients):  # every thread has its own
            return work(item)

    try:
        with ThreadPoolExecutor(min(threads, len(items)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work_alike, items))
    finally:
        # PyTorch keeps this number per thread, and as the default of new threads, which the pool has changed
        torch.set_num_threads(threads)
