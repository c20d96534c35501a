"""Which arrays a stage is given and gives back, and how many bytes they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from stages.patching import PACKAGE

Array = torch.Tensor | np.ndarray


def arrays_in(value: Any) -> Iterator[Array]:
    """Yield the tensors and NumPy arrays within a value: in containers and in objects of the program.

    The weights of networks are not among them.
    """
    if isinstance(value, Array):
        yield value
    elif isinstance(value, Mapping):
        yield from arrays_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from arrays_in(part)
    elif type(value).__module__.partition(".")[0] == PACKAGE and not isinstance(value, nn.Module):
        yield from arrays_in(getattr(value, "__dict__", {}))


def blocks(arrays: Iterable[Array]) -> dict[int, int]:
    """Return the bytes touched in every block of memory, by its address: what overlaps in a block counts once."""
    touched: dict[int, int] = {}
    for array in arrays:
        address, most = _block(array)
        touched[address] = min(most, touched.get(address, 0) + math.prod(array.shape) * array.itemsize)
    return touched


def _block(array: Array) -> tuple[int, int]:
    """Return address and bytes of the memory that an array is a view of."""
    if isinstance(array, torch.Tensor):
        return array.untyped_storage().data_ptr(), array.untyped_storage().nbytes()
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array.ctypes.data, array.nbytes


def bytes_moved(given: Sequence[Array], made: Sequence[Array]) -> int:
    """Return the bytes of what goes in and what comes out, each once: the least that a stage can move.

    A stage that gives back nothing but views of what it was given moves nothing.
    """
    if made and blocks(made).keys() <= blocks(given).keys():
        return 0
    return sum(blocks([*given, *made]).values())


def bytes_between(enters: Iterable[Array], leaves: Iterable[Array]) -> int:
    """Return the bytes of what a stage does between the stages within it.

    What it is given, or gets from a stage within, enters; what it hands to a stage within, or gives back, leaves. What
    does both only passes through, and costs nothing.
    """
    before, after = blocks(enters), blocks(leaves)
    return sum(size for one, other in ((before, after), (after, before)) for k, size in one.items() if k not in other)
