"""Detects when a fit has stopped improving."""

from __future__ import annotations


class Plateau:
    """Detects that the mean loss of the last steps is no better than that of the steps before.

    Args:
        window: number of steps compared with as many before, once every `window` steps; 0 detects nothing.
        tolerance: relative improvement that counts.

    Example:
        >>> plateau = Plateau(window=2, tolerance=1e-3)
        >>> [plateau.reached(loss) for loss in (3.0, 2.0, 1.0, 1.0, 1.0, 1.0)]
        [False, False, False, False, False, True]
    """

    def __init__(self, window: int, tolerance: float) -> None:
        self.window, self.tolerance = window, tolerance
        self.count = 0
        self.losses: list[float] = []

    def reached(self, loss: float) -> bool:
        """Note the loss of a step, and tell whether there is a plateau."""
        self.count += 1
        self.losses = [*self.losses, loss][-2 * self.window :]
        if not self.window or self.count < 2 * self.window or self.count % self.window:
            return False
        earlier, later = sum(self.losses[: self.window]), sum(self.losses[self.window :])
        return earlier - later < self.tolerance * abs(earlier)
