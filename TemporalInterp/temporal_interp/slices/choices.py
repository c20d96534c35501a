"""The user's choices in slice synthesis. It needs only Python, so that a bare Slicer can use it."""

from enum import StrEnum

from temporal_interp.errors import InvalidInputError

FACTORS = (2, 3, 4)
"""Factors by which slices can be brought closer (section 4.1)."""


class Quality(StrEnum):
    """How slices are made: at once, by motion, or after minutes of fitting networks to the images themselves."""

    QUICK = "quick"
    FITTED = "fitted"


def require_factor(factor: int) -> None:
    """Raise InvalidInputError unless slices can be brought closer by this factor."""
    if factor not in FACTORS:
        choices = ", ".join(map(str, FACTORS))
        raise InvalidInputError(f"Slices can be brought {choices} times closer, not {factor} times.")
