"""What a user chooses in slice synthesis. It needs nothing but Python, so that a bare Slicer can ask, too."""

from enum import StrEnum

from temporal_interp.errors import InvalidInputError

FACTORS = (2, 3, 4)
"""How many times closer slices can come to lie (section 4.1)."""


class Quality(StrEnum):
    """How slices are made: at once, or after minutes of learning from the very images."""

    QUICK = "quick"
    FITTED = "fitted"


def require_factor(factor: int) -> None:
    """Raise InvalidInputError unless slices can come this many times closer."""
    if factor not in FACTORS:
        raise InvalidInputError(f"Slices can come {', '.join(map(str, FACTORS))} times closer, not {factor} times.")
