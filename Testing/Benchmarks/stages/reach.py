"""What this machine reaches at best: operations of a matrix product, bytes of a large copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from stages.clock import best_seconds

MATRIX = 2048
"""Rows and columns: large enough to be limited by arithmetic, small enough for a second."""

COPIED = 2**28
"""Bytes: far more than any cache holds."""


@dataclass(frozen=True)
class Reach:
    """Best rates of this machine with the threads in use.

    Attributes:
        operations: per second, by precision; a multiplication and an addition are two.
        bytes: per second; a copied byte is read and written, which are two.
    """

    operations: Mapping[str, float]
    bytes: float

    def floor(self, operations: Mapping[str, float], moved: float) -> float:
        """Return the least seconds: arithmetic at its best or memory at its best, whichever takes longer."""
        arithmetic = sum(count / self.operations[precision] for precision, count in operations.items())
        return max(arithmetic, moved / self.bytes)

    def in_words(self) -> str:
        """Return the rates for a reader."""
        rates = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in self.operations.items())
        return f"Matrix product: {rates}; copy: {self.bytes / 1e9:.1f} GB/s"


def measure_reach(device: str, *, repeats: int = 5, matrix: int = MATRIX, copied: int = COPIED) -> Reach:
    """Measure the rates of a device.

    Args:
        device: as PyTorch names it.
        repeats: the best of so many counts.
        matrix: rows and columns of the product.
        copied: bytes of the copy.
    """
    operations = {}
    for dtype in (torch.float32, torch.bfloat16):
        factor = torch.rand(matrix, matrix, device=device).to(dtype)
        operations[str(dtype).removeprefix("torch.")] = 2 * matrix**3 / best_seconds(_product(factor), repeats)
    source = torch.rand(copied // 4, device=device)
    target = torch.empty_like(source)
    return Reach(operations, 2 * copied / best_seconds(lambda: target.copy_(source), repeats))


def _product(factor: torch.Tensor) -> Callable[[], object]:
    result = torch.empty_like(factor)
    return lambda: torch.mm(factor, factor, out=result)
